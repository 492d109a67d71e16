# Auto-generated - DO NOT EDIT

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Annotated, Literal, Optional, Union

from pydantic import Field
from typing_extensions import TypeAliasType

from architect.base import BaseModel


class AssetCategory(str, Enum):
    ARCHITECTURE = "Architecture"
    WEAPON = "Weapon"
    VEHICLE = "Vehicle"
    PROP = "Prop"
    CHARACTER = "Character"


class Sphere(BaseModel):
    op: Literal["sphere"] = "sphere"
    radius: Annotated[float, Field(gt=0.0)]
    center: Optional[tuple[float, float, float]] = None
    material: Optional[str] = None
    name: Optional[str] = None


RadiiItem = TypeAliasType("RadiiItem", Annotated[float, Field(ge=1e-05)])


class Ellipsoid(BaseModel):
    op: Literal["ellipsoid"] = "ellipsoid"
    radii: tuple[RadiiItem, RadiiItem, RadiiItem]
    center: Optional[tuple[float, float, float]] = None
    material: Optional[str] = None
    name: Optional[str] = None


HalfExtent = TypeAliasType("HalfExtent", Annotated[float, Field(ge=1e-05)])


class BoxNode(BaseModel):
    op: Literal["box"] = "box"
    half_extents: tuple[HalfExtent, HalfExtent, HalfExtent]
    center: Optional[tuple[float, float, float]] = None
    material: Optional[str] = None
    name: Optional[str] = None


class RoundedBox(BaseModel):
    op: Literal["rounded_box"] = "rounded_box"
    half_extents: tuple[HalfExtent, HalfExtent, HalfExtent]
    radius: Annotated[float, Field(gt=0.0)]
    center: Optional[tuple[float, float, float]] = None
    material: Optional[str] = None
    name: Optional[str] = None


class Cylinder(BaseModel):
    op: Literal["cylinder"] = "cylinder"
    radius: Annotated[float, Field(gt=0.0)]
    half_height: Annotated[float, Field(gt=0.0)]
    center: Optional[tuple[float, float, float]] = None
    material: Optional[str] = None
    name: Optional[str] = None


class Capsule(BaseModel):
    op: Literal["capsule"] = "capsule"
    radius: Annotated[float, Field(gt=0.0)]
    half_height: Annotated[float, Field(gt=0.0)]
    center: Optional[tuple[float, float, float]] = None
    material: Optional[str] = None
    name: Optional[str] = None


class Cone(BaseModel):
    op: Literal["cone"] = "cone"
    radius_bottom: Annotated[float, Field(ge=0.0)]
    radius_top: Annotated[float, Field(ge=0.0)]
    half_height: Annotated[float, Field(gt=0.0)]
    center: Optional[tuple[float, float, float]] = None
    material: Optional[str] = None
    name: Optional[str] = None


class Torus(BaseModel):
    op: Literal["torus"] = "torus"
    major_radius: Annotated[float, Field(gt=0.0)]
    minor_radius: Annotated[float, Field(gt=0.0)]
    center: Optional[tuple[float, float, float]] = None
    material: Optional[str] = None
    name: Optional[str] = None


class Plane(BaseModel):
    op: Literal["plane"] = "plane"
    normal: tuple[float, float, float]
    offset: float = 0.0
    center: Optional[tuple[float, float, float]] = None
    material: Optional[str] = None
    name: Optional[str] = None


class HexagonalPrism(BaseModel):
    op: Literal["hexagonal_prism"] = "hexagonal_prism"
    apothem: Annotated[float, Field(gt=0.0)]
    half_height: Annotated[float, Field(gt=0.0)]
    center: Optional[tuple[float, float, float]] = None
    material: Optional[str] = None
    name: Optional[str] = None


Point = TypeAliasType("Point", Annotated[tuple[float, float], Field(max_length=2, min_length=2)])


class ExtrudedPolygon(BaseModel):
    op: Literal["extruded_polygon"] = "extruded_polygon"
    points: Annotated[list[Point], Field(max_length=256, min_length=3)]
    half_depth: Annotated[float, Field(gt=0.0)]
    center: Optional[tuple[float, float, float]] = None
    material: Optional[str] = None
    name: Optional[str] = None


class RevolvedPolygon(BaseModel):
    op: Literal["revolved_polygon"] = "revolved_polygon"
    points: Annotated[list[Point], Field(max_length=256, min_length=3)]
    center: Optional[tuple[float, float, float]] = None
    material: Optional[str] = None
    name: Optional[str] = None


Count = TypeAliasType("Count", Annotated[int, Field(ge=1, le=1024)])


SpacingItem = TypeAliasType("SpacingItem", Annotated[float, Field(ge=0.0)])


HalfExtent2 = TypeAliasType("HalfExtent2", Annotated[float, Field(ge=0.0)])


class BlendKind(str, Enum):
    SMOOTH = "smooth"
    CHAMFER = "chamfer"


class Axis(str, Enum):
    X = "x"
    Y = "y"
    Z = "z"


class DisplacePattern(str, Enum):
    GYROID = "gyroid"
    SINE = "sine"


class AudioMode(BaseModel):
    frequency_hz: Annotated[float, Field(ge=20.0, le=20000.0)]
    decay_secs: Annotated[float, Field(ge=0.005, le=60.0)]
    gain: Annotated[float, Field(ge=0.0, le=1.0)]


BaseColorSrgbItem = TypeAliasType("BaseColorSrgbItem", Annotated[int, Field(ge=0, le=255)])


class ColorMode(str, Enum):
    RGB = "Rgb"
    OKLAB = "Oklab"


class AudioProperties(BaseModel):
    damping: float
    resonance_range: tuple[float, float]


class ImpactProperties(BaseModel):
    combined_damping: float
    avg_resonance_freq: float


class Bounds(BaseModel):
    min: tuple[float, float, float]
    max: tuple[float, float, float]


InertiaKgM2Item = TypeAliasType(
    "InertiaKgM2Item",
    Annotated[tuple[float, float, float], Field(max_length=3, min_length=3)],
)


class MassProperties(BaseModel):
    mass_kg: float
    volume_m3: float
    center_of_mass: tuple[float, float, float]
    inertia_kg_m2: tuple[InertiaKgM2Item, InertiaKgM2Item, InertiaKgM2Item]
    relative_error: float = 0.0
    inertia_relative_error: float = 0.0


class PartFrame(BaseModel):
    translation: tuple[float, float, float]
    rotation: tuple[float, float, float, float]
    scale: float


class MissingFeature(BaseModel):
    path: str
    place: tuple[float, float, float]
    thickness_m: float


class AssetType(str, Enum):
    GEOMETRY = "geometry"


class AssetMeta(BaseModel):
    category: AssetCategory
    subcategory: str


class CacheStatus(str, Enum):
    VALID = "valid"
    STALE = "stale"
    MISSING = "missing"


class CompilePriority(IntEnum):
    LOW = 0
    NORMAL = 1
    HIGH = 2
    IMMEDIATE = 3


class CompileStage(str, Enum):
    MATH_JIT = "Building SDF graph"
    VOLUME_BAKE = "Baking 3D texture"
    SHELL_GEN = "Generating mesh"
    SPLAT_TRAIN = "Training splats"
    INDEXING = "Creating embeddings"
    WRITING = "Writing binary"


class CompileState(str, Enum):
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StageReport(BaseModel):
    stage: CompileStage
    seconds: float


class SplatReport(BaseModel):
    count: Annotated[int, Field(ge=0, le=4294967295)]
    trained: bool
    iterations: Annotated[int, Field(ge=0, le=4294967295)]
    psnr_before_db: Optional[float] = None
    psnr_after_db: Optional[float] = None
    reason: Optional[str] = None


class AssetSummary(BaseModel):
    id: str
    wire_id: Annotated[int, Field(ge=1, le=9007199254740991)]
    name: str
    version: Annotated[int, Field(ge=0, le=4294967295)]
    category: AssetCategory
    subcategory: str
    updated_at: str


class SearchHit(BaseModel):
    asset: AssetSummary
    score: float


class CacheReport(BaseModel):
    status: CacheStatus
    version: Annotated[int, Field(ge=0, le=4294967295)]
    file_version: Annotated[Optional[int], Field(ge=0, le=4294967295)] = None
    binary_path: str


class ErrorCode(str, Enum):
    ASSET_NOT_FOUND = "asset_not_found"
    MATERIAL_NOT_FOUND = "material_not_found"
    NOT_COMPILED = "not_compiled"
    COMPILE_NOT_FOUND = "compile_not_found"
    VERSION_CONFLICT = "version_conflict"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    INVALID_RECIPE = "invalid_recipe"
    INVALID_REQUEST = "invalid_request"
    STORE_UNAVAILABLE = "store_unavailable"
    INTERNAL = "internal"


class Violation(BaseModel):
    path: str
    message: str


class Health(BaseModel):
    status: str
    version: str
    device: str
    can_train: bool
    store_id: Optional[str] = None


class AssetCreated(BaseModel):
    asset_id: str
    name: str


class AssetUpdated(BaseModel):
    asset_id: str
    version: Annotated[int, Field(ge=0, le=4294967295)]


class AssetDeleted(BaseModel):
    asset_id: str


class CompileStarted(BaseModel):
    asset_id: str
    stages: list[CompileStage]


class CompileProgressed(BaseModel):
    asset_id: str
    stage: CompileStage
    progress: float


class CompileComplete(BaseModel):
    asset_id: str
    binary_path: str


class CompileFailed(BaseModel):
    asset_id: str
    error: str


class AssetCreatedEvent(BaseModel):
    type: Literal["asset:created"] = "asset:created"
    payload: AssetCreated
    timestamp: str


class AssetUpdatedEvent(BaseModel):
    type: Literal["asset:updated"] = "asset:updated"
    payload: AssetUpdated
    timestamp: str


class AssetDeletedEvent(BaseModel):
    type: Literal["asset:deleted"] = "asset:deleted"
    payload: AssetDeleted
    timestamp: str


class CompileStartedEvent(BaseModel):
    type: Literal["compile:started"] = "compile:started"
    payload: CompileStarted
    timestamp: str


class CompileProgressedEvent(BaseModel):
    type: Literal["compile:progress"] = "compile:progress"
    payload: CompileProgressed
    timestamp: str


class CompileCompleteEvent(BaseModel):
    type: Literal["compile:complete"] = "compile:complete"
    payload: CompileComplete
    timestamp: str


class CompileFailedEvent(BaseModel):
    type: Literal["compile:failed"] = "compile:failed"
    payload: CompileFailed
    timestamp: str


EventEnvelope = TypeAliasType(
    "EventEnvelope",
    Annotated[
        Union[
            AssetCreatedEvent,
            AssetUpdatedEvent,
            AssetDeletedEvent,
            CompileStartedEvent,
            CompileProgressedEvent,
            CompileCompleteEvent,
            CompileFailedEvent,
        ],
        Field(discriminator="type"),
    ],
)


class MessageType(IntEnum):
    ASSET_READY = 1
    ASSET_PROGRESS = 2
    ASSET_INVALID = 3
    VERSION_BUMP = 4
    REQUEST_ASSET = 16
    REQUEST_COMPILE = 17
    CANCEL_COMPILE = 18


class SnapshotKind(IntEnum):
    MESH = 0
    SDF = 1


class AssetMetadata(BaseModel):
    name: str
    version: int
    category: AssetCategory
    material_spec: Optional[str] = None


class Blend(BaseModel):
    kind: BlendKind
    radius: Annotated[float, Field(gt=0.0)]


class AudioPatch(BaseModel):
    gain: Annotated[float, Field(ge=0.0, le=4.0)] = 1.0
    pitch_scale: Annotated[float, Field(ge=0.125, le=8.0)] = 1.0
    damping_scale: Annotated[float, Field(ge=0.05, le=20.0)] = 1.0
    modes: Annotated[list[AudioMode], Field(max_length=64, validate_default=True)] = []


class MaterialSpec(BaseModel):
    spec_id: str
    display_name: str
    density_kg_m3: float
    youngs_modulus_gpa: float
    poissons_ratio: float
    damping_coefficient: float
    resonance_freq_min_hz: float
    resonance_freq_max_hz: float
    base_color_srgb: tuple[BaseColorSrgbItem, BaseColorSrgbItem, BaseColorSrgbItem]
    metallic: float
    roughness: float
    recommended_color_mode: ColorMode


class FilePart(BaseModel):
    path: str
    name: Optional[str] = None
    material: Annotated[int, Field(ge=0, le=4294967295)]
    frame: PartFrame
    mass_kg: float
    volume_m3: float
    relative_error: float = 0.0


class CompileRequest(BaseModel):
    asset_id: str
    priority: CompilePriority = CompilePriority.NORMAL
    force_recompile: bool = False
    splat_iterations: Annotated[Optional[int], Field(ge=0, le=30000)] = None
    volume_resolution: Annotated[Optional[int], Field(ge=8, le=512)] = None


class CompileProgress(BaseModel):
    stage: CompileStage
    progress: Annotated[float, Field(ge=0.0, le=1.0)]
    message: str


class CompileResult(BaseModel):
    success: bool
    binary_path: Optional[str] = None
    compile_time_sec: float
    version: Annotated[int, Field(ge=0, le=4294967295)] = 0
    reused: bool = False
    stages: Annotated[list[StageReport], Field(validate_default=True)] = []
    splats: Optional[SplatReport] = None
    device: Optional[str] = None
    warnings: list[str] = []
    error: Optional[str] = None


class AssetPage(BaseModel):
    items: list[AssetSummary]
    next_after: Annotated[Optional[int], Field(ge=0)] = None


class ErrorBody(BaseModel):
    code: ErrorCode
    message: str
    violations: Annotated[list[Violation], Field(validate_default=True)] = []
    expected_version: Annotated[Optional[int], Field(ge=0, le=4294967295)] = None
    current_version: Annotated[Optional[int], Field(ge=0, le=4294967295)] = None


class MaterialRecord(BaseModel):
    spec: MaterialSpec
    sources: dict[str, str]


class FileMetadata(BaseModel):
    name: str
    category: AssetCategory
    bounds: Bounds
    materials: list[MaterialSpec]
    dna_hash: str
    compiler_version: str
    mass: MassProperties
    embedding: list[float] = []
    splats_trained: bool = False
    warnings: list[str] = []
    parts: Annotated[list[FilePart], Field(validate_default=True)] = []
    volume_lacks: Annotated[list[MissingFeature], Field(validate_default=True)] = []


class CompileStatus(BaseModel):
    asset_id: str
    version: Annotated[int, Field(ge=0, le=4294967295)]
    state: CompileState
    progress: Optional[CompileProgress] = None
    result: Optional[CompileResult] = None


class AssetDna(BaseModel):
    field_schema: Annotated[Optional[str], Field(alias="$schema")] = None
    dna_version: Annotated[int, Field(ge=1, le=1)] = 1
    metadata: AssetMetadata
    subcategory: Optional[str] = None
    root_node: DnaNode
    audio_patch: AudioPatch = Field(default_factory=AudioPatch)


class UnionNode(BaseModel):
    op: Literal["union"] = "union"
    children: Annotated[list[DnaNode], Field(max_length=256, min_length=1)]
    blend: Optional[Blend] = None
    material: Optional[str] = None
    name: Optional[str] = None


class Subtract(BaseModel):
    op: Literal["subtract"] = "subtract"
    children: Annotated[list[DnaNode], Field(max_length=256, min_length=1)]
    blend: Optional[Blend] = None
    material: Optional[str] = None
    name: Optional[str] = None


class Intersect(BaseModel):
    op: Literal["intersect"] = "intersect"
    children: Annotated[list[DnaNode], Field(max_length=256, min_length=1)]
    blend: Optional[Blend] = None
    material: Optional[str] = None
    name: Optional[str] = None


class Shell(BaseModel):
    op: Literal["shell"] = "shell"
    thickness: Annotated[float, Field(gt=0.0)]
    child: DnaNode
    material: Optional[str] = None
    name: Optional[str] = None


class Round(BaseModel):
    op: Literal["round"] = "round"
    radius: Annotated[float, Field(gt=0.0)]
    child: DnaNode
    material: Optional[str] = None
    name: Optional[str] = None


class Morph(BaseModel):
    op: Literal["morph"] = "morph"
    factor: Annotated[float, Field(ge=0.0, le=1.0)]
    from_: Annotated[DnaNode, Field(alias="from")]
    to: DnaNode
    material: Optional[str] = None
    name: Optional[str] = None


class Translate(BaseModel):
    op: Literal["translate"] = "translate"
    offset: tuple[float, float, float]
    child: DnaNode
    material: Optional[str] = None
    name: Optional[str] = None


class Rotate(BaseModel):
    op: Literal["rotate"] = "rotate"
    axis: tuple[float, float, float]
    angle_rad: float
    child: DnaNode
    material: Optional[str] = None
    name: Optional[str] = None


class Scale(BaseModel):
    op: Literal["scale"] = "scale"
    factor: Annotated[float, Field(gt=0.0)]
    child: DnaNode
    material: Optional[str] = None
    name: Optional[str] = None


class Mirror(BaseModel):
    op: Literal["mirror"] = "mirror"
    axis: Axis
    offset: float = 0.0
    child: DnaNode
    material: Optional[str] = None
    name: Optional[str] = None


class LinearRepeat(BaseModel):
    op: Literal["linear_repeat"] = "linear_repeat"
    counts: tuple[Count, Count, Count]
    spacing: tuple[SpacingItem, SpacingItem, SpacingItem]
    child: DnaNode
    material: Optional[str] = None
    name: Optional[str] = None


class PolarRepeat(BaseModel):
    op: Literal["polar_repeat"] = "polar_repeat"
    count: Annotated[int, Field(ge=1, le=1024)]
    child: DnaNode
    material: Optional[str] = None
    name: Optional[str] = None


class Twist(BaseModel):
    op: Literal["twist"] = "twist"
    rate_rad_per_m: float
    child: DnaNode
    material: Optional[str] = None
    name: Optional[str] = None


class Bend(BaseModel):
    op: Literal["bend"] = "bend"
    curvature_per_m: float
    child: DnaNode
    material: Optional[str] = None
    name: Optional[str] = None


class Taper(BaseModel):
    op: Literal["taper"] = "taper"
    half_height: Annotated[float, Field(gt=0.0)]
    scale_bottom: Annotated[float, Field(gt=0.0)]
    scale_top: Annotated[float, Field(gt=0.0)]
    child: DnaNode
    material: Optional[str] = None
    name: Optional[str] = None


class Elongate(BaseModel):
    op: Literal["elongate"] = "elongate"
    half_extents: tuple[HalfExtent2, HalfExtent2, HalfExtent2]
    child: DnaNode
    material: Optional[str] = None
    name: Optional[str] = None


class Displace(BaseModel):
    op: Literal["displace"] = "displace"
    pattern: DisplacePattern
    amplitude: Annotated[float, Field(gt=0.0)]
    wavelength: Annotated[float, Field(gt=0.0)]
    octaves: Annotated[int, Field(ge=1, le=6)] = 1
    child: DnaNode
    material: Optional[str] = None
    name: Optional[str] = None


DnaNode = TypeAliasType(
    "DnaNode",
    Annotated[
        Union[
            Sphere,
            Ellipsoid,
            BoxNode,
            RoundedBox,
            Cylinder,
            Capsule,
            Cone,
            Torus,
            Plane,
            HexagonalPrism,
            ExtrudedPolygon,
            RevolvedPolygon,
            UnionNode,
            Subtract,
            Intersect,
            Shell,
            Round,
            Morph,
            Translate,
            Rotate,
            Scale,
            Mirror,
            LinearRepeat,
            PolarRepeat,
            Twist,
            Bend,
            Taper,
            Elongate,
            Displace,
        ],
        Field(discriminator="op"),
    ],
)


class AssetDocument(BaseModel):
    id: str
    wire_id: Annotated[int, Field(ge=1, le=9007199254740991)]
    type: AssetType
    name: str
    version: Annotated[int, Field(ge=0, le=4294967295)]
    meta: AssetMeta
    dna: AssetDna
    created_at: str
    updated_at: str


class SaveAsset(BaseModel):
    dna: AssetDna
    subcategory: Optional[str] = None
    expected_version: Annotated[Optional[int], Field(ge=0, le=4294967295)] = None
    priority: CompilePriority = CompilePriority.NORMAL
    splat_iterations: Annotated[Optional[int], Field(ge=0, le=30000)] = None
    volume_resolution: Annotated[Optional[int], Field(ge=8, le=512)] = None


AssetDna.model_rebuild()
UnionNode.model_rebuild()
Subtract.model_rebuild()
Intersect.model_rebuild()
Shell.model_rebuild()
Round.model_rebuild()
Morph.model_rebuild()
Translate.model_rebuild()
Rotate.model_rebuild()
Scale.model_rebuild()
Mirror.model_rebuild()
LinearRepeat.model_rebuild()
PolarRepeat.model_rebuild()
Twist.model_rebuild()
Bend.model_rebuild()
Taper.model_rebuild()
Elongate.model_rebuild()
Displace.model_rebuild()
