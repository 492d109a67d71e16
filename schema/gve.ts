// Auto-generated - DO NOT EDIT

/** What kind of error it is; stable, for programs. */
export type ErrorCode =
    | "asset_not_found"
    | "material_not_found"
    | "not_compiled"
    | "compile_not_found"
    | "version_conflict"
    | "payload_too_large"
    | "invalid_recipe"
    | "invalid_request"
    | "store_unavailable"
    | "internal";

/** The body of every answer that is an error. */
export interface ErrorBody {
    /** For programs. */
    code: ErrorCode;
    /** For people: what was expected, what was found, and where. */
    message: string;
    /** What is wrong with the request, with JSON paths. */
    violations?: Violation[];
    /** The version that a save was made on top of. */
    expected_version?: number;
    /** The version that is stored. */
    current_version?: number;
}

/** Body of `POST /assets` and `PUT /assets/{id}`. */
export interface SaveAsset {
    /** The recipe. Its `metadata.version` is replaced by the one that the save gives. */
    dna: AssetDna;
    /**
     * The second level of the asset's place, such as `furniture`; `general` when left out at first,
     * unchanged when left out later.
     */
    subcategory?: string;
    /** The version that this save is made on top of; not compared when left out. */
    expected_version?: number;
    /** Which compile goes first. */
    priority?: CompilePriority;
    /** Training iterations of the compile that follows; 300 when left out, 0 for none. */
    splat_iterations?: number;
    /** Cells along the longest side of volume and mesh, as `gve bake --resolution` counts them; 128 when left out. */
    volume_resolution?: number;
}

/** One line of a list of assets. */
export interface AssetSummary {
    /** 24 hex digits. */
    id: string;
    /** The id in the binary protocol. */
    wire_id: number;
    /** A name for people. */
    name: string;
    /** The stored version. */
    version: number;
    /** The shelf. */
    category: AssetCategory;
    /** The second level. */
    subcategory: string;
    /** RFC 3339, UTC. */
    updated_at: string;
}

/** Answer of `GET /assets`. */
export interface AssetPage {
    /** In the order of their wire ids. */
    items: AssetSummary[];
    /** Pass it as `after` to get the next page; left out on the last one. */
    next_after?: number;
}

/** One line of a search's answer, best first. */
export interface SearchHit {
    /** What was found. */
    asset: AssetSummary;
    /** Cosine similarity of the texts' embeddings, -1 to 1. */
    score: number;
}

/** Answer of `GET /assets/{id}/cache`. */
export interface CacheReport {
    /** Whether the binary matches the store. */
    status: CacheStatus;
    /** The stored version. */
    version: number;
    /** The version in the binary's header, if there is one. */
    file_version?: number;
    /** Where the binary is or would be. */
    binary_path: string;
}

/** Answer of `GET /health`. */
export interface Health {
    /** `ok`, or what is wrong. */
    status: string;
    /** The Architect's version. */
    version: string;
    /** Where the heavy stages run: `cpu` or `cuda`. */
    device: string;
    /** Whether splats can be trained. */
    can_train: boolean;
    /** Random, made with the store: tells a store that began again from an Architect that was restarted. */
    store_id?: string;
}

/** How urgent a compile is; a number in JSON. */
export const CompilePriority = {
    /** Background batch. */
    Low: 0,
    /** Triggered by a user. */
    Normal: 1,
    /** Preview refresh. */
    High: 2,
    /** Somebody waits for it. */
    Immediate: 3,
} as const;
export type CompilePriority = (typeof CompilePriority)[keyof typeof CompilePriority];

/** The six stages of a compile, in order. */
export type CompileStage =
    | "Building SDF graph"
    | "Baking 3D texture"
    | "Generating mesh"
    | "Training splats"
    | "Creating embeddings"
    | "Writing binary";

/** Where a compile stands. */
export type CompileState =
    | "queued"
    | "running"
    | "complete"
    | "failed"
    | "cancelled";

/** Whether the binary of an asset matches what is stored. */
export type CacheStatus =
    | "valid"
    | "stale"
    | "missing";

/** Asks for a compile. */
export interface CompileRequest {
    /** The document's id: 24 hex digits. */
    asset_id: string;
    /** Which compile goes first. */
    priority?: CompilePriority;
    /** Compile even if nothing has changed. */
    force_recompile?: boolean;
    /** Training iterations; 300 when left out, 0 for none. */
    splat_iterations?: number;
    /** Cells along the longest side of volume and mesh, as `gve bake --resolution` counts them; 128 when left out. */
    volume_resolution?: number;
}

/** How far a compile is. */
export interface CompileProgress {
    /** The stage that runs. */
    stage: CompileStage;
    /** 0 to 1 within the stage. */
    progress: number;
    /** What is going on, for people. */
    message: string;
}

/** How long a stage took. */
export interface StageReport {
    /** Which stage. */
    stage: CompileStage;
    /** Wall time in seconds. */
    seconds: number;
}

/** How the splats of a compile came out. */
export interface SplatReport {
    /** How many splats. */
    count: number;
    /** Whether training changed them; otherwise they are as seeded. */
    trained: boolean;
    /** Iterations that ran. */
    iterations: number;
    /** Peak signal-to-noise ratio of the seeded splats on held-out views, in decibels. */
    psnr_before_db?: number;
    /** The same of the splats in the file. */
    psnr_after_db?: number;
    /** Why they were not trained, for people. */
    reason?: string;
}

/** What a compile ended with. */
export interface CompileResult {
    /** Whether there is a binary. */
    success: boolean;
    /** Where the binary is. */
    binary_path?: string;
    /** Wall time in seconds. */
    compile_time_sec: number;
    /** The version that was compiled. */
    version?: number;
    /** Whether an earlier compile of the same recipe was used again. */
    reused?: boolean;
    /** The stages that ran, in order. */
    stages?: StageReport[];
    /** What became of the splats. */
    splats?: SplatReport;
    /** Where the heavy stages ran: `cpu` or `cuda`. */
    device?: string;
    /** What the designer should know. */
    warnings?: string[];
    /** What went wrong, for people. */
    error?: string;
}

/** A compile as a client sees it. */
export interface CompileStatus {
    /** The document's id. */
    asset_id: string;
    /** The version that is compiled. */
    version: number;
    /** Where it stands. */
    state: CompileState;
    /** How far it is, while it runs. */
    progress?: CompileProgress;
    /** What it ended with. */
    result?: CompileResult;
}

/** The five shelves of the library. */
export type AssetCategory =
    | "Architecture"
    | "Weapon"
    | "Vehicle"
    | "Prop"
    | "Character";

/** A whole recipe: what `*.gve.json` files hold. */
export interface AssetDna {
    /** Where an editor finds the schema of this file; ignored otherwise. */
    $schema?: string;
    /** The DNA version the recipe is written in; 1. */
    dna_version?: number;
    /** Name, version, category and default material. */
    metadata: AssetMetadata;
    /** A second level below the category, such as `furniture`; `general` when left out. */
    subcategory?: string;
    /** The shape. */
    root_node: DnaNode;
    /** How the asset sounds when struck. */
    audio_patch?: AudioPatch;
}

/** What an asset is called and where it belongs. */
export interface AssetMetadata {
    /** A name for people, such as `Oak chair`. */
    name: string;
    /** Counts up with every save. */
    version: number;
    /** The shelf it stands on. */
    category: AssetCategory;
    /** The material of every part that names none itself, e.g. `ASTM_A36`. */
    material_spec?: string;
}

/**
 * How an asset sounds when struck.
 *
 * Without `modes` the sound is derived from the shape and its materials; the three factors then
 * shape it. With `modes` those are used instead.
 */
export interface AudioPatch {
    /** Loudness factor, 0 to 4; 1 when left out. */
    gain?: number;
    /** Factor on every frequency, 0.125 to 8; 1 when left out. */
    pitch_scale?: number;
    /** Factor on the material's damping, 0.05 to 20; 1 when left out. */
    damping_scale?: number;
    /** Modes written by hand, at most 64; derived from the shape when empty. */
    modes?: AudioMode[];
}

/** One decaying sine of a struck asset. */
export interface AudioMode {
    /** Frequency in hertz, 20 to 20000. */
    frequency_hz: number;
    /** Time to fall by 60 dB, in seconds, 0.005 to 60. */
    decay_secs: number;
    /** Amplitude relative to the other modes, 0 to 1. */
    gain: number;
}

/** A node of the shape tree, told apart by its `op`. */
export type DnaNode =
    | ({ op: "sphere" } & Sphere)
    | ({ op: "ellipsoid" } & Ellipsoid)
    | ({ op: "box" } & BoxNode)
    | ({ op: "rounded_box" } & RoundedBox)
    | ({ op: "cylinder" } & Cylinder)
    | ({ op: "capsule" } & Capsule)
    | ({ op: "cone" } & Cone)
    | ({ op: "torus" } & Torus)
    | ({ op: "plane" } & Plane)
    | ({ op: "hexagonal_prism" } & HexagonalPrism)
    | ({ op: "extruded_polygon" } & ExtrudedPolygon)
    | ({ op: "revolved_polygon" } & RevolvedPolygon)
    | ({ op: "union" } & UnionNode)
    | ({ op: "subtract" } & Subtract)
    | ({ op: "intersect" } & Intersect)
    | ({ op: "shell" } & Shell)
    | ({ op: "round" } & Round)
    | ({ op: "morph" } & Morph)
    | ({ op: "translate" } & Translate)
    | ({ op: "rotate" } & Rotate)
    | ({ op: "scale" } & Scale)
    | ({ op: "mirror" } & Mirror)
    | ({ op: "linear_repeat" } & LinearRepeat)
    | ({ op: "polar_repeat" } & PolarRepeat)
    | ({ op: "twist" } & Twist)
    | ({ op: "bend" } & Bend)
    | ({ op: "taper" } & Taper)
    | ({ op: "elongate" } & Elongate)
    | ({ op: "displace" } & Displace);

/** The kinds of seam besides the hard one. */
export type BlendKind =
    | "smooth"
    | "chamfer";

/** A coordinate axis. */
export type Axis =
    | "x"
    | "y"
    | "z";

/** The patterns of `displace`, both smooth and periodic. */
export type DisplacePattern =
    | "gyroid"
    | "sine";

/** All its children together. */
export interface UnionNode {
    /** 1 to 256 nodes. */
    children: DnaNode[];
    /** How the seams look; hard when left out. */
    blend?: Blend;
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** The first child less all the others. The cut shows the first child's material. */
export interface Subtract {
    /** 1 to 256 nodes. */
    children: DnaNode[];
    /** How the seams look; hard when left out. */
    blend?: Blend;
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** What all children have in common. */
export interface Intersect {
    /** 1 to 256 nodes. */
    children: DnaNode[];
    /** How the seams look; hard when left out. */
    blend?: Blend;
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** A skin of even thickness about the child's surface; the inside is hollow. */
export interface Shell {
    /** Whole thickness, above 0, half to each side. */
    thickness: number;
    /** The shape it works on. */
    child: DnaNode;
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** The child grown by a radius, its edges rounded. */
export interface Round {
    /** By how much it grows, above 0. */
    radius: number;
    /** The shape it works on. */
    child: DnaNode;
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** A shape between two others. */
export interface Morph {
    /** 0 is `from`, 1 is `to`. */
    factor: number;
    /** The shape at factor 0. */
    from: DnaNode;
    /** The shape at factor 1. */
    to: DnaNode;
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** The child moved. */
export interface Translate {
    /** By how much, in metres. */
    offset: [number, number, number];
    /** The shape it works on. */
    child: DnaNode;
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** The child turned about an axis through the origin. */
export interface Rotate {
    /** Any length but 0. */
    axis: [number, number, number];
    /** Right-handed angle in radians. */
    angle_rad: number;
    /** The shape it works on. */
    child: DnaNode;
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** The child made larger or smaller about the origin. */
export interface Scale {
    /** Above 0. */
    factor: number;
    /** The shape it works on. */
    child: DnaNode;
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** The half of the child on the positive side of a plane, and its mirror image. */
export interface Mirror {
    /** Normal of the plane. */
    axis: Axis;
    /** Where on the axis the plane stands; 0 when left out. */
    offset?: number;
    /** The shape it works on. */
    child: DnaNode;
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** Copies of the child on a regular grid centred on the origin. */
export interface LinearRepeat {
    /** Copies along x, y and z, each 1 or more. */
    counts: [number, number, number];
    /** Distance between neighbours along x, y and z; above 0 where the count is above 1. */
    spacing: [number, number, number];
    /** The shape it works on. */
    child: DnaNode;
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** Copies of the child turned evenly about the y axis; the first stays where it is. */
export interface PolarRepeat {
    /** Copies, 1 or more. */
    count: number;
    /** The shape it works on. */
    child: DnaNode;
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** The child twisted about the y axis. */
export interface Twist {
    /** Turn per metre of height, in radians. */
    rate_rad_per_m: number;
    /** The shape it works on. */
    child: DnaNode;
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** The child's x axis bent into an arc in the x-y plane, towards +y; lengths along the axis stay. */
export interface Bend {
    /** One over the radius of the arc; negative bends towards -y. */
    curvature_per_m: number;
    /** The shape it works on. */
    child: DnaNode;
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** The child's cross-section scaled along y: linear between two heights, constant beyond. */
export interface Taper {
    /** The scale changes from `-half_height` to `+half_height`, above 0. */
    half_height: number;
    /** Factor on x and z at the bottom, above 0. */
    scale_bottom: number;
    /** Factor on x and z at the top, above 0. */
    scale_top: number;
    /** The shape it works on. */
    child: DnaNode;
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** The child cut at the origin and pulled apart; the gap is filled with its middle section. */
export interface Elongate {
    /** Half the gap along x, y and z, each 0 or more. */
    half_extents: [number, number, number];
    /** The shape it works on. */
    child: DnaNode;
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** The child's surface moved in and out by a smooth periodic pattern. */
export interface Displace {
    /** Which pattern. */
    pattern: DisplacePattern;
    /** The largest movement in metres, above 0. */
    amplitude: number;
    /** Period of the first octave in metres, above 0. */
    wavelength: number;
    /** 1 to 6; each has half the wavelength and half the amplitude of the one before. 1 when left out. */
    octaves?: number;
    /** The shape it works on. */
    child: DnaNode;
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** How two shapes meet. */
export interface Blend {
    /** Rounded or cut at 45 degrees. */
    kind: BlendKind;
    /** Size of the seam in metres, above 0. */
    radius: number;
}

/** A ball about the origin. */
export interface Sphere {
    /** Radius, above 0. */
    radius: number;
    /** Where the shape's origin stands, in metres; at the parent's when left out. */
    center?: [number, number, number];
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** An ellipsoid about the origin. */
export interface Ellipsoid {
    /** Half axes along x, y and z, each above 0. */
    radii: [number, number, number];
    /** Where the shape's origin stands, in metres; at the parent's when left out. */
    center?: [number, number, number];
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** A box about the origin with sharp edges. */
export interface BoxNode {
    /** Half sizes along x, y and z, each above 0. */
    half_extents: [number, number, number];
    /** Where the shape's origin stands, in metres; at the parent's when left out. */
    center?: [number, number, number];
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** A box about the origin with round edges. */
export interface RoundedBox {
    /** Half sizes along x, y and z, rounding included, each above 0. */
    half_extents: [number, number, number];
    /** Radius of the edges, above 0, at most the smallest half size. */
    radius: number;
    /** Where the shape's origin stands, in metres; at the parent's when left out. */
    center?: [number, number, number];
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** A cylinder about the y axis. */
export interface Cylinder {
    /** Radius, above 0. */
    radius: number;
    /** Half the height, above 0. */
    half_height: number;
    /** Where the shape's origin stands, in metres; at the parent's when left out. */
    center?: [number, number, number];
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** A cylinder about the y axis with half balls for ends. */
export interface Capsule {
    /** Radius, above 0. */
    radius: number;
    /** Half the length of the straight part, above 0. */
    half_height: number;
    /** Where the shape's origin stands, in metres; at the parent's when left out. */
    center?: [number, number, number];
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** A capped cone about the y axis. */
export interface Cone {
    /** Radius at the bottom, 0 or more. */
    radius_bottom: number;
    /** Radius at the top, 0 or more; one of the two is above 0. */
    radius_top: number;
    /** Half the height, above 0. */
    half_height: number;
    /** Where the shape's origin stands, in metres; at the parent's when left out. */
    center?: [number, number, number];
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** A ring about the y axis. */
export interface Torus {
    /** From the centre to the middle of the tube, above 0. */
    major_radius: number;
    /** Radius of the tube, above 0, below the major radius. */
    minor_radius: number;
    /** Where the shape's origin stands, in metres; at the parent's when left out. */
    center?: [number, number, number];
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** The half-space behind a plane. It has no end, so something bounded must cut it. */
export interface Plane {
    /** Points out of the solid; any length but 0. */
    normal: [number, number, number];
    /** Distance of the plane from the origin along the normal; 0 when left out. */
    offset?: number;
    /** Where the shape's origin stands, in metres; at the parent's when left out. */
    center?: [number, number, number];
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** A hexagonal prism about the y axis; two of its sides face along x. */
export interface HexagonalPrism {
    /** From the axis to the middle of a side, above 0. */
    apothem: number;
    /** Half the height, above 0. */
    half_height: number;
    /** Where the shape's origin stands, in metres; at the parent's when left out. */
    center?: [number, number, number];
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** A polygon in the x-y plane, extruded along z. It must not cross itself. */
export interface ExtrudedPolygon {
    /** Corners in order, either way round; 3 to 256. */
    points: [number, number][];
    /** Half the depth along z, above 0. */
    half_depth: number;
    /** Where the shape's origin stands, in metres; at the parent's when left out. */
    center?: [number, number, number];
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** A polygon turned about the y axis. It must not cross itself. */
export interface RevolvedPolygon {
    /** Corners in order, either way round, each as distance from the axis (0 or more) and height; 3 to 256. */
    points: [number, number][];
    /** Where the shape's origin stands, in metres; at the parent's when left out. */
    center?: [number, number, number];
    /** Material of this node and of the children that name none. */
    material?: string;
    /** What people call this part. */
    name?: string;
}

/** What an asset is made of; the first folder of its binary's path. */
export type AssetType =
    | "geometry";

/** Where an asset belongs; two more folders of its binary's path. */
export interface AssetMeta {
    /** The shelf. */
    category: AssetCategory;
    /** The second level, such as `furniture`. */
    subcategory: string;
}

/** A stored asset. */
export interface AssetDocument {
    /** 24 hex digits. */
    id: string;
    /** The id in the binary protocol: from 1, below 2^53. */
    wire_id: number;
    /** What it is made of. */
    type: AssetType;
    /** A name for people. */
    name: string;
    /** Counts up with every save. */
    version: number;
    /** Where it belongs. */
    meta: AssetMeta;
    /** The recipe. */
    dna: AssetDna;
    /** RFC 3339, UTC. */
    created_at: string;
    /** RFC 3339, UTC. */
    updated_at: string;
}

/** An event with its payload. */
export type Event =
    | { type: "asset:created"; payload: AssetCreated }
    | { type: "asset:updated"; payload: AssetUpdated }
    | { type: "asset:deleted"; payload: AssetDeleted }
    | { type: "compile:started"; payload: CompileStarted }
    | { type: "compile:progress"; payload: CompileProgressed }
    | { type: "compile:complete"; payload: CompileComplete }
    | { type: "compile:failed"; payload: CompileFailed };

/** What travels on `/ws/events`: an event and when it happened. */
export type EventEnvelope = Event & {
    /** RFC 3339, UTC. */
    timestamp: string;
};

/** Payload of `asset:created`. */
export interface AssetCreated {
    /** The document's id. */
    asset_id: string;
    /** The asset's name. */
    name: string;
}

/** Payload of `asset:updated`. */
export interface AssetUpdated {
    /** The document's id. */
    asset_id: string;
    /** The version just saved. */
    version: number;
}

/** Payload of `asset:deleted`. */
export interface AssetDeleted {
    /** The document's id. */
    asset_id: string;
}

/** Payload of `compile:started`. */
export interface CompileStarted {
    /** The document's id. */
    asset_id: string;
    /** The stages to come, in order. */
    stages: CompileStage[];
}

/** Payload of `compile:progress`. */
export interface CompileProgressed {
    /** The document's id. */
    asset_id: string;
    /** The stage that runs. */
    stage: CompileStage;
    /** 0 to 1 within the stage. */
    progress: number;
}

/** Payload of `compile:complete`. */
export interface CompileComplete {
    /** The document's id. */
    asset_id: string;
    /** Where the binary is. */
    binary_path: string;
}

/** Payload of `compile:failed`. */
export interface CompileFailed {
    /** The document's id. */
    asset_id: string;
    /** What went wrong, for people. */
    error: string;
}

/** The metadata section, stored as JSON. Readers ignore fields that they do not know. */
export interface FileMetadata {
    /** The asset's name. */
    name: string;
    /** The shelf it stands on. */
    category: AssetCategory;
    /** A box that holds the whole surface, in metres. */
    bounds: Bounds;
    /** The materials that the other sections refer to by index. */
    materials: MaterialSpec[];
    /** SHA-256 of the recipe as Rust writes it, its version left out: 64 hex digits. */
    dna_hash: string;
    /** Name and version of the program that wrote the file. */
    compiler_version: string;
    /** Mass, centre and inertia. */
    mass: MassProperties;
    /** Sentence embedding of the asset; empty when none was made. */
    embedding?: number[];
    /** Whether the splats were trained or only seeded. */
    splats_trained?: boolean;
    /**
     * What the compile found worth telling, such as features thinner than a cell; each begins with the JSON path of
     * the node that it is about.
     */
    warnings?: string[];
    /** The parts that the volume refers to by index, each with its mass. Empty in files of format version 1. */
    parts?: FilePart[];
    /** What the volume does not show. If there is anything, the shell shows the asset better. */
    volume_lacks?: MissingFeature[];
}

/** A part: the innermost named node above a primitive, with the material in effect there. */
export interface FilePart {
    /** JSON path of the node in the recipe. */
    path: string;
    /** The node's name; of what stands below no name, nothing. */
    name?: string;
    /** Index of its material. */
    material: number;
    /** Where the part's own space stands. */
    frame: PartFrame;
    /** Mass in kilograms, all copies together. */
    mass_kg: number;
    /** Volume in cubic metres, all copies together. */
    volume_m3: number;
    /** Estimated bound on the error of both, as a share of them; 0 where none was made. */
    relative_error?: number;
}

/** From a part's own space to the asset's: `asset = translation + rotation * (scale * part)`. */
export interface PartFrame {
    /** Metres. */
    translation: [number, number, number];
    /** Unit quaternion x, y, z, w. */
    rotation: [number, number, number, number];
    /** Above 0. */
    scale: number;
}

/** A feature too small for a representation. */
export interface MissingFeature {
    /** JSON path of its node in the recipe. */
    path: string;
    /** A point at it, in metres. */
    place: [number, number, number];
    /** How thin it is there, in metres. */
    thickness_m: number;
}

/** An axis-aligned box in metres. */
export interface Bounds {
    /** Smallest corner. */
    min: [number, number, number];
    /** Largest corner. */
    max: [number, number, number];
}

/** Mass, centre and inertia of a solid. */
export interface MassProperties {
    /** Mass in kilograms. */
    mass_kg: number;
    /** Volume of the material in cubic metres. */
    volume_m3: number;
    /** Centre of mass in metres. */
    center_of_mass: [number, number, number];
    /** Inertia tensor about the centre of mass, in kg·m², row by row. */
    inertia_kg_m2: [[number, number, number], [number, number, number], [number, number, number]];
    /** Estimated bound on the error of mass and volume, as a share of them; 0 where none was made. */
    relative_error?: number;
    /** The same for the inertia: for each element of the tensor's diagonal as a share of it; 0 where none was made. */
    inertia_relative_error?: number;
}

/** An engineering code such as `ASTM_A36`, `AMS_4911` or `WOOD_OAK`. */
export type MaterialSpecId = string;

/** In which space colours are mixed. */
export type ColorMode =
    | "Rgb"
    | "Oklab";

/** What a material weighs, how it bends, sounds and looks. */
export interface MaterialSpec {
    /** The engineering code. */
    spec_id: MaterialSpecId;
    /** A name for people. */
    display_name: string;
    /** Density in kg/m³. */
    density_kg_m3: number;
    /** Young's modulus in gigapascals. */
    youngs_modulus_gpa: number;
    /** Poisson's ratio. */
    poissons_ratio: number;
    /** Loss factor of a vibrating part: the share of energy lost per radian. */
    damping_coefficient: number;
    /** Lower end of the band in which hand-sized parts ring, in hertz. */
    resonance_freq_min_hz: number;
    /** Upper end of that band, in hertz. */
    resonance_freq_max_hz: number;
    /** Base colour (albedo, or specular colour of a metal), sRGB. */
    base_color_srgb: [number, number, number];
    /** 0 for dielectrics, 1 for bare metals. */
    metallic: number;
    /** Perceptual roughness, 0 to 1. */
    roughness: number;
    /** In which space colours of this material are mixed. */
    recommended_color_mode: ColorMode;
}

/** The part of a material that sound needs. */
export interface AudioProperties {
    /** Loss factor. */
    damping: number;
    /** Band in which parts ring, in hertz: from, to. */
    resonance_range: [number, number];
}

/** What two materials have in common when they strike each other. */
export interface ImpactProperties {
    /** Mean of the two loss factors. */
    combined_damping: number;
    /** Mean of the two band centres, in hertz. */
    avg_resonance_freq: number;
}

/** A material with the source of each of its figures. */
export interface MaterialRecord {
    /** The figures. */
    spec: MaterialSpec;
    /** For each field of the figures, where it comes from. */
    sources: Record<string, string>;
}

/** What a frame says. */
export const MessageType = {
    /** Architect to client; payload: the bytes of a `.gve_bin`. */
    AssetReady: 1,
    /** Architect to client; payload: stage (u8) and progress (f32). */
    AssetProgress: 2,
    /** Architect to client; payload: why, as UTF-8. */
    AssetInvalid: 3,
    /** Architect to client; no payload: the header's version is the new one. */
    VersionBump: 4,
    /** Client to Architect; no payload. */
    RequestAsset: 16,
    /** Client to Architect; payload: a recipe as JSON, or empty to compile what is stored. */
    RequestCompile: 17,
    /** Client to Architect; no payload. */
    CancelCompile: 18,
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** One thing wrong with a recipe. */
export interface Violation {
    /** JSON path of the offender. */
    path: string;
    /** What was expected and what was found. */
    message: string;
}

/**
 * What the entries of a snapshot are called, by their `asset_id`; an entry that is not here has no name.
 *
 * In JSON the ids are written in decimal, as the keys of one object: `labels[entry.asset_id]` finds a label in
 * JavaScript, also with an id that is a `bigint`.
 */
export type SceneLabels = Record<string, string>;

/** What an entry shows. */
export const SnapshotKind = {
    /** A mesh. */
    Mesh: 0,
    /** A raymarched field. */
    Sdf: 1,
} as const;
export type SnapshotKind = (typeof SnapshotKind)[keyof typeof SnapshotKind];
