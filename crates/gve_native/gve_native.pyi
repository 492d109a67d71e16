"""GVE-1's native parts: recipes, fields, bakers and `.gve_bin` files.

Everything that takes long works without the GIL. `progress` is called with the share that is done,
0 to 1, and a sentence, on the thread that called in, some twenty times a second at most; what it
raises stops the work and is raised again, and so is KeyboardInterrupt. A cancelled `cancel` ends the
work with `Cancelled`. Arrays are read-only views of native memory, which they keep alive.
"""

import os
from collections.abc import Callable
from typing import Literal, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

_Progress: TypeAlias = Callable[[float, str], object]

class RecipeError(ValueError):
    """A text that is no recipe, or one that has no field."""

    violations: list[tuple[str, str]]
    """Everything that is wrong: JSON path and message. Findings about the whole text have the path `$`."""

class AssetFileError(Exception):
    """A `.gve_bin` that cannot be read or written: what was expected, what was found, and where."""

    path: str | None
    """The file; None for one that stays in memory."""
    section: str | None
    """The part of the file that is wrong, when it is one part."""
    offset: int | None
    """The byte that is wrong."""

class BakeError(Exception):
    """A recipe that cannot be baked as it was asked for."""

class Cancelled(Exception):  # noqa: N818
    """The work was cancelled through its token."""

@final
class CancelToken:
    """Stops work that was given it; checked inside of long work. May be used from any thread."""

    def __new__(cls) -> CancelToken: ...
    def cancel(self) -> None:
        """Ends the work that holds this token with `Cancelled`. Cannot be taken back."""

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""

@final
class Tape:
    """The scalar program that defines a field, in static single assignment.

    Every operation reads the results of earlier ones; what each means stands in `gve_sdf::math`.
    """

    names: list[str]
    """Names of the operations; an opcode is the place of its name."""

    @property
    def opcodes(self) -> NDArray[np.uint8]:
        """What each operation is: shape (n,)."""

    @property
    def operands(self) -> NDArray[np.uint32]:
        """Places of each operation's operands, unused ones 0: shape (n, 3)."""

    @property
    def constants(self) -> NDArray[np.float32]:
        """A constant's value, a blend's radius in metres, else 0: shape (n,)."""

    @property
    def distance(self) -> int:
        """Place of the distance in metres."""

    @property
    def part(self) -> int:
        """Place of the part's index."""

    def __len__(self) -> int: ...

@final
class Field:
    """A lowered recipe: a signed distance field with a material at every point.

    Metres, negative inside. Immutable; may be shared between threads. Points are finite float32 of
    shape (n, 3).
    """

    def __new__(cls, dna_json: str) -> Field:
        """Reads, checks and lowers a recipe; raises RecipeError."""

    @property
    def bounds(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """A box that holds the whole surface: smallest and largest corner in metres."""

    @property
    def lipschitz(self) -> float:
        """A bound on the length of the gradient, 1 or more."""

    @property
    def warnings(self) -> list[str]:
        """What is not quite as the recipe asks for, each with its JSON path."""

    @property
    def materials(self) -> str:
        """The palette that material indices refer to: a JSON list of `MaterialSpec`."""

    @property
    def dna_json(self) -> str:
        """The recipe, as Rust writes it."""

    @property
    def dna_hash(self) -> str:
        """The hash of the recipe; see the function `dna_hash`."""

    def tape(self) -> Tape:
        """The program that defines the field."""

    def distances(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Distances in metres, by the fast evaluator: shape (n,)."""

    def gradients(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Gradients and distances, d/dx, d/dy, d/dz, distance: shape (n, 4)."""

    def material_indices(self, points: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Palette indices of the nearest part's material: shape (n,)."""

    def interpret(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Distances by the plain interpreter, which every other evaluator is checked against."""

@final
class Volume:
    """A sparse distance volume: a tree of bricks, level by level, coarse to fine."""

    @property
    def origin(self) -> tuple[float, float, float]:
        """Position of sample (0, 0, 0) of every level in metres."""

    @property
    def cell_size_m(self) -> float:
        """Distance between samples of level 0 in metres; each level has half of the one before."""

    @property
    def lipschitz(self) -> float:
        """Bound on the slope of the interpolated distances."""

    @property
    def bricks(self) -> tuple[int, int, int]:
        """Bricks of level 0 along x, y and z."""

    @property
    def slab(self) -> tuple[int, int]:
        """Bricks along x and y of the atlas, the same for all levels."""

    @property
    def levels(self) -> list[VolumeLevel]:
        """The levels, coarse to fine."""

    @property
    def lacks(self) -> list[tuple[str, list[float], float]]:
        """Parts too thin for it, one place of each: path of the node, place and thickness in m."""

    @property
    def warnings(self) -> list[str]:
        """What the designer should know of what it lacks."""

@final
class VolumeLevel:
    """One level of a volume."""

    @property
    def cell_size_m(self) -> float:
        """Distance between samples in metres."""

    @property
    def cells(self) -> NDArray[np.uint32]:
        """Slot and link of each brick: shape (n, 2).

        Slot 0xFFFFFFFF: without samples, the link then holds the bits of a bound. Otherwise the link is
        the group of eight of the next level, 0xFFFFFFFF for none.
        """

    @property
    def scales(self) -> NDArray[np.float32]:
        """Metres per unit of distance of each stored brick, by slot: shape (n,)."""

    @property
    def distances(self) -> NDArray[np.float16]:
        """Distances over the scale of their brick as a 3D texture: shape (z, y, x)."""

    @property
    def parts(self) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """Part of each texel of `distances`, same shape."""

@final
class Shell:
    """A closed triangle mesh of a field's surface, counter-clockwise seen from outside."""

    @property
    def warnings(self) -> list[str]:
        """What the designer should know, such as walls thinner than a cell."""

    @property
    def cell_size_m(self) -> float:
        """Side of the cells that it was made with, in metres."""

    @property
    def vertex_count(self) -> int:
        """How many vertices."""

    @property
    def triangle_count(self) -> int:
        """How many triangles."""

    @property
    def positions(self) -> NDArray[np.float32]:
        """Positions of the vertices in metres: shape (n, 3)."""

    @property
    def normals(self) -> NDArray[np.float32]:
        """Unit normals of the vertices: shape (n, 3)."""

    @property
    def indices(self) -> NDArray[np.uint32]:
        """Three vertices per triangle: shape (3 * triangle_count,)."""

@final
class Splats:
    """Gaussians on a surface, most important first, in the layout of a `.gve_bin`."""

    @staticmethod
    def from_arrays(
        positions: NDArray[np.float32],
        scales: NDArray[np.float32],
        rotations: NDArray[np.float32],
        colors: NDArray[np.uint8],
        normals_oct: NDArray[np.int8],
        materials: NDArray[np.uint8],
    ) -> Splats:
        """Splats from arrays of the shapes below, in their order; copied.

        Raises ValueError for other shapes, numbers that are not finite, scales that are not
        positive, and rotations whose length is not 1.
        """

    @property
    def positions(self) -> NDArray[np.float32]:
        """Centres in metres: shape (n, 3)."""

    @property
    def scales(self) -> NDArray[np.float32]:
        """Standard deviations along each gaussian's axes in metres, the last across the surface: (n, 3)."""

    @property
    def rotations(self) -> NDArray[np.float32]:
        """Unit quaternions (x, y, z, w) from a gaussian's axes to the asset's: shape (n, 4)."""

    @property
    def colors(self) -> NDArray[np.uint8]:
        """sRGB albedo and opacity: shape (n, 4)."""

    @property
    def normals_oct(self) -> NDArray[np.int8]:
        """Octahedral surface normals: shape (n, 2)."""

    @property
    def materials(self) -> NDArray[np.uint8]:
        """Palette indices: shape (n,)."""

    @property
    def warnings(self) -> list[str]:
        """What the designer should know of what the seeding left out; splats from arrays have none."""

    def __len__(self) -> int: ...

@final
class Header:
    """What the first 64 bytes of a file say."""

    @property
    def asset_id(self) -> int:
        """The asset's `wire_id`; 0 for one that no Architect has numbered."""

    @property
    def version(self) -> int:
        """The version that was compiled."""

    @property
    def file_bytes(self) -> int:
        """Bytes in the whole file."""

    @property
    def splat_count(self) -> int:
        """How many splats."""

    @property
    def format_version(self) -> int:
        """The format version of the file."""

    @property
    def refinement(self) -> int:
        """How far the compile had come: 0 geometry with seeded splats, 1 sound, 2 trained splats."""

    @property
    def splats_trained(self) -> bool:
        """Whether the splats were trained."""

FORMAT_VERSION: int
"""The format version that is written."""

COMPILER_VERSION: str
"""What files say of who made them: a file that says something else may come out differently now."""

def check_recipe(text: str) -> str:
    """Checks a recipe all the way to its field, and returns it as Rust writes it.

    Raises RecipeError with everything that is wrong.
    """

def dna_hash(dna_json: str) -> str:
    """The hash of what a recipe says, 64 hex digits.

    Spelling, order, defaults left out and `metadata.version` do not count: a recipe that is saved
    again unchanged hashes alike. Raises RecipeError.
    """

def materials() -> str:
    """The table of engineering materials: a JSON list of `MaterialSpec`."""

def impact_properties(a: str, b: str) -> str:
    """What two materials have in common when they strike each other, as JSON; symmetric.

    Raises KeyError for a material that the table lacks.
    """

def weigh(field: Field, tolerance: float = 0.0025) -> str:
    """Mass, centre and inertia of the solid and the mass of each part.

    JSON with `total` (`MassProperties`), `parts` in the order of the field's parts, and `warnings`. `tolerance`, 0.0001
    to 0.1, is the error to aim at, as a share of the mass.
    """

def bake_volume(
    field: Field,
    resolution: int = 128,
    progress: _Progress | None = None,
    cancel: CancelToken | None = None,
    *,
    budget_bytes: int = 33_554_432,
) -> Volume:
    """Bakes the distance volume.

    It has as many cells as a cube with `resolution` along each side, but at most three times as many
    along its longest side. Parts that are too thin for them may add `budget_bytes`. Raises BakeError and
    Cancelled.
    """

def bake_volume_with(
    field: Field,
    resolution: int,
    evaluate: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    progress: _Progress | None = None,
    cancel: CancelToken | None = None,
    *,
    points_per_call: int = 131_072,
    budget_bytes: int = 33_554_432,
) -> Volume:
    """Bakes the same volume from distances that `evaluate` computes.

    It is given points of shape (n, 3) in metres, at most `points_per_call` (512 and up) at a time, on
    the thread that called in, and returns n distances. They are those of the bricks of all levels, level
    by level. Which bricks are looked at, and the parts, come from the field, whose `lipschitz` must hold for `evaluate` too. Raises BakeError, Cancelled, and what `evaluate` raises.
    """

def generate_shell(
    field: Field,
    resolution: int = 128,
    progress: _Progress | None = None,
    cancel: CancelToken | None = None,
) -> Shell:
    """Meshes the surface on a grid of `resolution` cells along its longest side.

    Raises BakeError and Cancelled.
    """

def seed_splats(
    field: Field,
    count: int = 100_000,
    progress: _Progress | None = None,
    cancel: CancelToken | None = None,
) -> Splats:
    """Lays splats on the surface: at most `count`, usually 92 to 98 % of it. Nothing is trained.

    Raises BakeError and Cancelled.
    """

def bake(
    dna_json: str,
    *,
    volume_resolution: int = 128,
    shell_resolution: int | None = None,
    splat_count: int = 100_000,
    asset_id: int = 0,
    version: int | None = None,
    progress: _Progress | None = None,
    cancel: CancelToken | None = None,
) -> bytes:
    """Bakes a recipe to the bytes of a `.gve_bin`, splats seeded and not trained, as `gve bake` does.

    `shell_resolution` is that of the volume when left out, `version` the recipe's own. Progress counts
    from 0 to 1 over all stages. Raises RecipeError, BakeError, AssetFileError and Cancelled.
    """

def write_asset(
    path: str | os.PathLike[str],
    dna_json: str,
    field: Field,
    volume: Volume,
    shell: Shell,
    splats: Splats,
    mass_json: str,
    *,
    asset_id: int,
    version: int,
    embedding: NDArray[np.float32] | None = None,
    splats_trained: bool = False,
    warnings: list[str] = ...,
) -> int:
    """Writes what the stages made of a recipe, as a whole or not at all; returns the file's bytes.

    `dna_json` must be the field's own recipe, `mass_json` is what `weigh` returned. `warnings` stand in
    the file as given: add the shell's own. Raises AssetFileError, RecipeError, and ValueError for
    arguments that do not belong together.
    """

def read_header(path: str | os.PathLike[str]) -> Header:
    """Reads the header alone: cheap; checks the magic, the format version and the length.

    Raises AssetFileError.
    """

def read_stamp(path: str | os.PathLike[str]) -> tuple[Header, str]:
    """Reads the header and the compiler version, and compares the checksums of what it reads.

    Raises AssetFileError.
    """

def read_metadata(path: str | os.PathLike[str]) -> str:
    """Checks a whole file and returns its metadata as JSON (`FileMetadata`); raises AssetFileError."""

def verify(path: str | os.PathLike[str]) -> None:
    """Checks a whole file: checksums, every offset, count and number; raises AssetFileError."""

def restamp(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    asset_id: int,
    version: int,
) -> int:
    """Writes the contents of a checked file under another id and version; returns the new file's bytes.

    As a whole or not at all; source and target may be the same. Raises AssetFileError.
    """

def render(
    field: Field,
    *,
    size: tuple[int, int] = ...,
    azimuth_rad: float = ...,
    elevation_rad: float = ...,
    vertical_fov_rad: float = ...,
    look: Literal["studio", "flat"] = "studio",
    samples_per_side: int = 2,
    cancel: CancelToken | None = None,
) -> NDArray[np.uint8]:
    """Draws the exact field, all of it in the picture: opaque 8-bit sRGB of shape (height, width, 4).

    `size` is (width, height). The azimuth turns from +z (the front) towards +x, the elevation upwards.
    Raises ValueError and Cancelled.
    """

def render_linear(
    field: Field,
    *,
    size: tuple[int, int] = ...,
    azimuth_rad: float = ...,
    elevation_rad: float = ...,
    vertical_fov_rad: float = ...,
    look: Literal["studio", "flat"] = "studio",
    samples_per_side: int = 2,
    cancel: CancelToken | None = None,
) -> NDArray[np.float32]:
    """The same picture in linear colours, background included, and coverage: (height, width, 4)."""

@final
class SplatRendering:
    """A picture of gaussians, with what its gradient needs."""

    @property
    def image(self) -> NDArray[np.float32]:
        """Linear colour over the background of the flat look, and coverage: (height, width, 4)."""

    def backward(
        self,
        positions: NDArray[np.float32],
        log_scales: NDArray[np.float32],
        rotations: NDArray[np.float32],
        opacities: NDArray[np.float32],
        albedos: NDArray[np.float32],
        by_pixel: NDArray[np.float32],
    ) -> tuple[
        NDArray[np.float32],
        NDArray[np.float32],
        NDArray[np.float32],
        NDArray[np.float32],
        NDArray[np.float32],
    ]:
        """The gradients of a loss by the parameters, in their order, from those by the pixels.

        `by_pixel` has shape (height, width, 4); the parameters are those that were drawn. Raises
        ValueError.
        """

def rasterize(
    positions: NDArray[np.float32],
    log_scales: NDArray[np.float32],
    rotations: NDArray[np.float32],
    opacities: NDArray[np.float32],
    albedos: NDArray[np.float32],
    camera: NDArray[np.float32],
    size: tuple[int, int],
    *,
    scale: float = 1.0,
) -> SplatRendering:
    """Draws gaussians in the flat look, as the splat renderer does, in a way that has a gradient.

    Positions in metres (n, 3), natural logarithms of the standard deviations in metres (n, 3),
    quaternions xyzw of any length but 0 (n, 4), opacities (n,), linear albedos (n, 3); contiguous, and
    not copied. `camera` holds position, target, up and the vertical field of view in radians: (10,).
    `size` is (width, height); `scale` multiplies every standard deviation. Raises ValueError.
    """

def camera_lens(camera: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """What a renderer needs of a camera of ten numbers, as shape (19,).

    Position (3), the rotation into its axes x right, y down, z forward row by row (9), pixels per unit
    at depth 1 (2), the picture's middle in pixels (2), the largest tangent that the projection is
    linearised at (2), the variance in square pixels that is added to every gaussian. Raises ValueError.
    """

def frame_cameras(
    field: Field, angles: NDArray[np.float32], vertical_fov_rad: float
) -> NDArray[np.float32]:
    """Cameras that see the whole field from (azimuth, elevation) in radians: (n, 2) to (n, 10).

    Azimuth turns from +z, the front, towards +x; pictures are square. Raises ValueError.
    """

def render_views(
    field: Field,
    cameras: NDArray[np.float32],
    size: tuple[int, int],
    *,
    samples_per_side: int = 2,
    progress: _Progress | None = None,
    cancel: CancelToken | None = None,
) -> NDArray[np.float32]:
    """Draws the exact field in the flat look for cameras of shape (n, 10): (n, height, width, 4).

    Linear colours over the background, and coverage; `size` is (width, height). Raises ValueError and
    Cancelled.
    """

@final
class HeldOutViews:
    """Pictures of the exact field that no splats are made from, to judge splats by.

    Spread evenly about it, square, 16 samples per pixel. Raises ValueError and Cancelled.
    """

    def __new__(
        cls,
        field: Field,
        count: int = 8,
        size: int = 256,
        progress: _Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> HeldOutViews: ...
    @property
    def cameras(self) -> NDArray[np.float32]:
        """The cameras: (n, 10)."""

    def compare(self, splats: Splats, drawn: int | None = None) -> tuple[list[float], float]:
        """Peak signal-to-noise ratio of each view in decibels, and intersection over union of silhouettes.

        Of the first `drawn` splats, all if None.
        """
