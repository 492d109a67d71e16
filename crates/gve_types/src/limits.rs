//! Every maximum in one place, each with its reason.

/// Longest recipe text in bytes. The largest sample recipe is 20 KiB; this leaves room for generated ones.
pub const MAX_RECIPE_BYTES: usize = 4 << 20;
/// Deepest nesting of nodes. JSON parsers in three languages stop at about 100 nested values, and a
/// node in a `children` list takes two.
pub const MAX_DEPTH: usize = 48;
/// Deepest nesting of JSON values in a recipe: a node in a `children` list takes two, and below the
/// deepest node there is room for its own fields.
pub const MAX_NESTED_VALUES: usize = 2 * MAX_DEPTH + 8;
/// Most mistakes that are reported together.
pub const MAX_VIOLATIONS: usize = 64;
/// Most nodes in one recipe; beyond it bakes leave interactive time.
pub const MAX_NODES: usize = 4096;
/// Most children of one node.
pub const MAX_CHILDREN: usize = 256;
/// Most corners of one polygon.
pub const MAX_POLYGON_POINTS: usize = 256;
/// Most copies that one repeat makes.
pub const MAX_REPEAT_COPIES: u64 = 4096;
/// Most copies of one part through all the repeats above it.
pub const MAX_NESTED_COPIES: u64 = 65_536;
/// Largest length or coordinate in metres: single precision still resolves a millimetre there.
pub const MAX_LENGTH_M: f32 = 10_000.0;
/// Smallest size in metres.
pub const MIN_LENGTH_M: f32 = 1e-5;
/// Largest angle or rate in a recipe, in radians (per metre).
pub const MAX_ANGLE_RAD: f32 = 1000.0;
/// Most octaves of a displacement.
pub const MAX_OCTAVES: u32 = 6;
/// Most modes in a sound patch; a struck object is indistinguishable from itself with 30.
pub const MAX_AUDIO_MODES: usize = 64;
/// Longest name of an asset or part, in bytes of UTF-8.
pub const MAX_NAME_BYTES: usize = 128;
/// Most materials in one asset: a splat stores its material in one byte.
pub const MAX_MATERIALS: usize = 255;
/// Most operations in a lowered field.
pub const MAX_TAPE_OPS: usize = 262_144;

/// Smallest and largest resolution of volume and mesh: cells along the longest side, rounded to powers of two of a metre.
pub const VOLUME_RESOLUTION: std::ops::RangeInclusive<u32> = 8..=512;
/// Volume resolution when nothing else is asked for.
pub const DEFAULT_VOLUME_RESOLUTION: u32 = 128;
/// Splat training iterations when nothing else is asked for.
pub const DEFAULT_SPLAT_ITERATIONS: u32 = 300;
/// Most splat training iterations.
pub const MAX_SPLAT_ITERATIONS: u32 = 30_000;

/// Largest `.gve_bin` in bytes: its header stores the length in 32 bits; half of that keeps a file
/// mappable and uploadable everywhere.
pub const MAX_FILE_BYTES: u64 = 1 << 31;
/// Most splats in a file: the 128 MiB that every Vulkan driver takes as one storage buffer.
pub const MAX_SPLATS: u32 = (128 << 20) / 48;
/// Most vertices of a shell.
pub const MAX_SHELL_VERTICES: u32 = 1 << 24;
/// Most triangles of a shell.
pub const MAX_SHELL_TRIANGLES: u32 = 1 << 25;
/// Largest side of a 3D texture in texels; what WebGPU guarantees.
pub const MAX_TEXTURE_3D_TEXELS: u32 = 2048;
/// Most levels of a distance volume: from a cell as large as the asset to 1/32768 of it, beyond which
/// single precision places no samples.
pub const MAX_VOLUME_LEVELS: u32 = 16;
/// Most bricks along one side of a volume's coarsest level: one more texture of that side.
pub const MAX_VOLUME_BRICKS: u32 = MAX_TEXTURE_3D_TEXELS;
/// Most bricks along one side of a volume's atlas: 8 samples each fill the largest 3D texture.
pub const MAX_ATLAS_BRICKS: u32 = MAX_TEXTURE_3D_TEXELS / 8;
/// Most parts of an asset: a sample of the volume stores its part in at most two bytes.
pub const MAX_PARTS: usize = 1 << 16;
/// Most sections of a file: its 16 levels, the others, and room for kinds that are not known yet.
pub const MAX_FILE_SECTIONS: u32 = 64;
/// Longest metadata section in bytes.
pub const MAX_METADATA_BYTES: u32 = 16 << 20;

/// Largest payload of a binary message: the largest file that is sent.
pub const MAX_PAYLOAD_BYTES: u32 = 256 << 20;
/// Wire ids stay below this, so that JavaScript holds them exactly.
pub const MAX_WIRE_ID: u64 = 1 << 53;
