"""The splat renderer in plain PyTorch: what runs on a GPU, and what checks the native rasteriser.

Every gaussian is expanded to the pixels of its footprint; all these fragments are sorted by pixel
and depth and blended by sums along the sorted list. A few large operations on any device; PyTorch
differentiates them by itself, but for those in `runs`. The model is that of `gve_bake::render`: its
formulas stand there.

What has one value for each gaussian or fragment is a row of its own in memory: a GPU reads rows far
faster than columns. Sums over the three axes are products and sums: its matrix products are made
for larger matrices.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import gve_native
import torch

from architect.training import runs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from architect.training.cloud import Cloud

MAX_ALPHA = 0.99
MIN_ALPHA = 1.0 / 255.0
MIN_TRANSMITTANCE = 1e-3
MIN_DEPTH = 1e-6

# The flat look.
_KEY = (0.48507, 0.72761, 0.48507)
_FILL = (-0.8165, 0.40825, 0.40825)
_BACKGROUND = ((0.75 + 0.055) / 1.055) ** 2.4


@dataclasses.dataclass(frozen=True)
class Lens:
    """What the projection needs of a camera; see `gve_native.camera_lens`."""

    numbers: torch.Tensor
    """Of the camera, for pictures of this size: (19,)."""
    size: tuple[int, int]
    """Width and height of the picture in pixels."""
    lights: torch.Tensor
    """Directions of the key and the fill light: (2, 3)."""

    @classmethod
    def of(cls, camera: NDArray[np.float32], size: tuple[int, int], device: str) -> Lens:
        """The lens of a camera for pictures of `size` (width, height)."""
        numbers = torch.from_numpy(gve_native.camera_lens(camera, size).copy()).to(device)
        return cls(numbers, size, torch.tensor((_KEY, _FILL), device=device))

    @property
    def eye(self) -> torch.Tensor:
        """Where it stands, in metres."""
        return self.numbers[0:3]

    @property
    def camera_from_world(self) -> torch.Tensor:
        """Turns world directions into x right, y down, z forward: (3, 3)."""
        return self.numbers[3:12].reshape(3, 3)

    @property
    def focal(self) -> torch.Tensor:
        """Pixels per unit at depth 1."""
        return self.numbers[12:14]

    @property
    def middle(self) -> torch.Tensor:
        """The middle of the picture in pixels."""
        return self.numbers[14:16]

    @property
    def limit(self) -> torch.Tensor:
        """The largest tangent that the projection is linearised at."""
        return self.numbers[16:18]

    @property
    def low_pass_px2(self) -> torch.Tensor:
        """Variance in square pixels that is added to every gaussian."""
        return self.numbers[18]


@dataclasses.dataclass(frozen=True)
class Surface:
    """What of a cloud stays as long as only its centres and log-scales move."""

    turn: torch.Tensor
    """Rotation matrices: their rows, their columns, gaussians; (3, 3, n)."""
    paint: torch.Tensor
    """Opacities and shaded colours: (4, n)."""
    reach: torch.Tensor
    """Standard deviations to where each gaussian is no longer drawn."""
    sound: torch.Tensor
    """Which of them have a rotation, and can be seen at all."""

    @classmethod
    def of(cls, cloud: Cloud, lens: Lens) -> Surface:
        """That of a cloud in the light of a lens."""
        turn = _matrices(cloud.rotations)
        # Not `clamp`: a value at its limit has a slope too.
        opacities = torch.where(cloud.opacities > 1.0, 1.0, cloud.opacities)
        paint = torch.cat((opacities[None], _shade(cloud.albedos, turn[:, 2], lens)))
        with torch.no_grad():
            reach = (2.0 * (opacities / MIN_ALPHA).log()).sqrt()
            sound = (opacities > MIN_ALPHA) & (cloud.rotations.square().sum(1) > 1e-24)
            sound = sound & paint.isfinite().all(0)
        return cls(turn, paint, reach, sound)


def _matrices(rotations: torch.Tensor) -> torch.Tensor:
    """Rotation matrices of quaternions xyzw of any length: (3, 3, n)."""
    x, y, z, w = torch.nn.functional.normalize(rotations, dim=1, eps=1e-12).unbind(1)
    xx, yy, zz = x * x, y * y, z * z
    xy, xz, yz = x * y, x * z, y * z
    wx, wy, wz = w * x, w * y, w * z
    numbers = (
        1.0 - 2.0 * (yy + zz),
        2.0 * (xy - wz),
        2.0 * (xz + wy),
        2.0 * (xy + wz),
        1.0 - 2.0 * (xx + zz),
        2.0 * (yz - wx),
        2.0 * (xz - wy),
        2.0 * (yz + wx),
        1.0 - 2.0 * (xx + yy),
    )
    return torch.stack(numbers).reshape(3, 3, -1)


def _shade(albedos: torch.Tensor, normals: torch.Tensor, lens: Lens) -> torch.Tensor:
    """Colours under the two lights: (3, n)."""
    light = (
        0.18
        + 0.22 * (0.5 + 0.5 * normals[1])
        + 0.50 * (lens.lights[0] @ normals).clamp(min=0.0)
        + 0.15 * (lens.lights[1] @ normals).clamp(min=0.0)
    )
    return (albedos.T * 0.85 + 0.08) * light


@dataclasses.dataclass(frozen=True)
class _Footprints:
    """Gaussians as a picture sees them."""

    shape: torch.Tensor
    """Centres in pixels, then the exponent's factors of xx, xy and yy: (5, n)."""
    extent: torch.Tensor
    """How far they reach from their centres, in pixels: (2, n)."""
    depth: torch.Tensor
    """In metres; 0 for one that is not seen."""


def _project(
    cloud: Cloud, surface: Surface, lens: Lens, scale: float | torch.Tensor
) -> _Footprints:
    camera, turn = lens.camera_from_world, surface.turn
    from_eye = cloud.positions.T - lens.eye[:, None]
    point = (camera[:, :, None] * from_eye).sum(1)
    with torch.no_grad():
        facing = (turn[:, 2] * from_eye).sum(0) < 0.0
        seen = surface.sound & facing & (point[2] > MIN_DEPTH)
    depth = torch.where(seen, point[2], 1.0)
    tangent = point[:2] / depth
    held = torch.clamp(tangent, -lens.limit[:, None], lens.limit[:, None])
    # The Jacobian's rows in the gaussian's own axes.
    own = (camera[:, :, None, None] * turn).sum(1)
    sizes = cloud.log_scales.T.exp() * scale
    along = (own[:2] - held[:, None] * own[2]) * (lens.focal[:, None] / depth)[:, None] * sizes
    variance = along.square().sum(1) + lens.low_pass_px2
    (xx, yy), xy = variance, (along[0] * along[1]).sum(0)
    determinant = xx * yy - xy * xy
    with torch.no_grad():
        seen = seen & (determinant > 0.0) & determinant.isfinite()
    inverse = torch.where(seen, determinant, 1.0).reciprocal()
    center = tangent * lens.focal[:, None] + lens.middle[:, None]
    factors = torch.stack((-0.5 * yy, xy, -0.5 * xx)) * inverse
    shape = torch.cat((center, factors))
    with torch.no_grad():
        seen = seen & shape.isfinite().all(0)
        extent = variance.sqrt() * surface.reach
        return _Footprints(shape, extent, torch.where(seen, point[2], 0.0))


@dataclasses.dataclass(frozen=True)
class _Spans:
    """The pixels that footprints reach, a rectangle each."""

    corner: torch.Tensor
    """The first pixel, row by row."""
    columns: torch.Tensor
    ends: torch.Tensor
    """How many pixels there are up to and with each rectangle."""


@torch.no_grad()
def _spans(footprints: _Footprints, size: tuple[int, int]) -> _Spans:
    width, height = size
    center, extent = footprints.shape[:2], footprints.extent
    low = (center - extent - 0.5).ceil().clamp(min=0.0)
    high = (center + extent - 0.5).floor()
    shown = (footprints.depth > 0.0) & (low.isfinite() & high.isfinite()).all(0)
    high = torch.stack((high[0].clamp(max=width - 1.0), high[1].clamp(max=height - 1.0)))
    columns, rows = torch.where(shown, (high - low + 1.0).clamp(min=0.0), 0.0).long()
    left, top = torch.where(shown, low, 0.0).long()
    return _Spans(top * width + left, columns, (columns * rows).cumsum(0))


@torch.no_grad()
def _expand(footprints: _Footprints, spans: _Spans, size: tuple[int, int], room: int) -> runs.Runs:
    """The fragments; those that there is no room for are left out."""
    width, height = size
    depth, ends = footprints.depth, spans.ends
    places = torch.arange(room, device=depth.device)
    owner = torch.searchsorted(ends, places, right=True).clamp(max=len(ends) - 1)
    begins = torch.cat((torch.zeros_like(ends[:1]), ends))
    place = places - begins[owner]
    across = spans.columns.clamp(min=1)[owner]
    down = place // across
    pixel = spans.corner[owner] + down * width + (place - down * across)
    pixel = torch.where(places < ends[-1], pixel, width * height)
    # Bits of positive floats sort like the floats.
    keys = (pixel << 32) | depth.view(torch.int32)[owner].long()
    keys, order = keys.sort(stable=True)
    pixel = keys >> 32
    starts = torch.searchsorted(pixel, torch.arange(width * height + 1, device=depth.device))
    return runs.Runs(owner[order], order, begins.clamp(max=room), pixel, starts)


def render(
    cloud: Cloud, lens: Lens, scale: float | torch.Tensor = 1.0, count: torch.Tensor | None = None
) -> torch.Tensor:
    """Draws a cloud in the flat look: linear colour and coverage, (height, width, 4).

    `scale` multiplies all standard deviations; only the first `count` gaussians are drawn.
    """
    return render_within(cloud, Surface.of(cloud, lens), lens, scale, count, None)[0]


@torch.no_grad()
def fragments_needed(cloud: Cloud, surface: Surface, lens: Lens) -> torch.Tensor:
    """How many fragments a picture of the whole cloud has."""
    return _spans(_project(cloud, surface, lens, 1.0), lens.size).ends[-1]


def render_within(
    cloud: Cloud,
    surface: Surface,
    lens: Lens,
    scale: float | torch.Tensor,
    count: torch.Tensor | None,
    capacity: int | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draws with room for so many fragments; returns the picture and how many it needs.

    With a capacity all shapes are known before anything is computed, as a CUDA graph wants it; what
    does not fit is left out.
    """
    width, height = lens.size
    if len(cloud.positions) == 0:
        empty = torch.zeros(height, width, 4, device=cloud.positions.device)
        empty[..., :3] = _BACKGROUND
        return empty, torch.zeros((), dtype=torch.long, device=empty.device)
    footprints = _project(cloud, surface, lens, scale)
    if count is not None:
        depth = footprints.depth
        drawn = torch.arange(len(depth), device=depth.device) < count
        footprints = dataclasses.replace(footprints, depth=torch.where(drawn, depth, 0.0))
    spans = _spans(footprints, lens.size)
    needed = spans.ends[-1]
    room = max(1, int(needed)) if capacity is None else capacity
    fragments = _expand(footprints, spans, lens.size, room)
    x, y, of_xx, of_xy, of_yy = fragments.spread(footprints.shape)
    opacity, *color = fragments.spread(surface.paint)
    unused = fragments.pixel == width * height
    dx = (fragments.pixel % width).float() + 0.5 - x
    dy = (fragments.pixel // width).float() + 0.5 - y
    exponent = dx * (of_xx * dx + of_xy * dy) + of_yy * dy * dy
    alpha = (opacity * exponent.exp()).clamp(max=MAX_ALPHA)
    alpha = torch.where((alpha < MIN_ALPHA) | unused, 0.0, alpha)
    # Transmittance is a product along each pixel's run, so a sum of logarithms.
    logs = torch.log1p(-alpha.double())
    transmittance = fragments.before(logs).exp()
    with torch.no_grad():
        open_ = transmittance >= MIN_TRANSMITTANCE
    weight = torch.where(open_, alpha * transmittance, 0.0).float()
    left = torch.where(open_, logs, 0.0).float()
    sums = fragments.totals(torch.stack((*(weight * channel for channel in color), left)))
    behind = sums[3:].exp()
    image = torch.cat((sums[:3] + _BACKGROUND * behind, 1.0 - behind))
    return image.T.reshape(height, width, 4), needed
