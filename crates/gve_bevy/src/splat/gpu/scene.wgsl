// The splats of every object that one camera sees, in one table and one order.
#define_import_path gve_bevy::splat_scene

#import gve_bevy::splat::PackedSplat

// Threads of a workgroup, and splats of a group.
const GROUP: u32 = 256u;

// One run of splats of one object; `Row` in table.rs.
struct Row {
    // The rows of the affine transform from the object's space to the world's.
    world_from_local: array<vec4<f32>, 3>,
    // xyz: the columns of the inverse transpose of its linear part; w: bits of an integer each, see below.
    normal_from_local: array<vec4<f32>, 3>,
    // Makes up for splats that are left out.
    sigma_scale: f32,
    // Where the materials of its asset begin.
    palette: u32,
    // 0 or 1.
    receives_shadows: u32,
    // What the opacity of each splat is multiplied by.
    opacity_factor: f32,
    // Metres by which splats are drawn nearer than they are.
    lift: f32,
    padding: array<u32, 3>,
}

// The first splat in the page, how many, and the first group of 256 of them.
fn row_splat(row: Row) -> u32 { return bitcast<u32>(row.normal_from_local[0].w); }
fn row_count(row: Row) -> u32 { return bitcast<u32>(row.normal_from_local[1].w); }
fn row_group(row: Row) -> u32 { return bitcast<u32>(row.normal_from_local[2].w); }

fn linear(row: Row) -> mat3x3<f32> {
    let m = row.world_from_local;
    return transpose(mat3x3(m[0].xyz, m[1].xyz, m[2].xyz));
}

fn world_position(row: Row, position: vec3<f32>) -> vec3<f32> {
    let p = vec4(position, 1.0);
    let m = row.world_from_local;
    return vec3(dot(m[0], p), dot(m[1], p), dot(m[2], p));
}

fn world_normal(row: Row, normal: vec3<f32>) -> vec3<f32> {
    let m = row.normal_from_local;
    return normalize(mat3x3(m[0].xyz, m[1].xyz, m[2].xyz) * normal);
}

// A splat that is seen, as it is drawn: 32 bytes.
struct ScreenSplat {
    ndc: vec3<f32>,
    // In the middle.
    opacity: f32,
    slope: vec2<f32>,
    // Half axes in pixels, two half floats each.
    major: u32,
    minor: u32,
}

// The same as it is lit: 32 bytes.
struct Surfel {
    position: vec3<f32>,
    // Octahedral, two 16-bit numbers.
    normal: u32,
    // sRGB and opacity as in the file.
    color: u32,
    // Metallic and perceptual roughness, two 16-bit numbers.
    material: u32,
    receives_shadows: u32,
    padding: u32,
}

// Ranges of the order that are drawn one by one, with other transparent objects between them.
const MAX_RANGES: u32 = 16u;

struct Range {
    start: u32,
    end: u32,
}

// What the GPU finds out for itself; `State` in buffers.rs.
struct State {
    // How many splats are seen.
    count: u32,
    // Height in texels of the texture that holds the lit colours.
    lit_rows: u32,
    padding: array<u32, 2>,
    // Vertices, instances, first vertex, first instance of the pass that lights.
    light: array<u32, 4>,
    ranges: array<Range, 16>,
    // Indices, instances, first index, base vertex, first instance of each range.
    draws: array<u32, 80>,
}

// Distances are told apart from here, a power of two in metres, over 32 doublings.
const NEAREST_BITS: u32 = 0x3a800000u; // 2^-10
const KEY_BITS: u32 = 24u;

// Far before near. A positive float read as an integer is a piecewise linear logarithm of it: steps of a key are
// two millionths of the distance, wherever it is.
fn key_of_distance(distance: f32) -> u32 {
    let bits = max(bitcast<u32>(distance), NEAREST_BITS) - NEAREST_BITS;
    return 0xffffffu - min(bits >> 4u, 0xffffffu);
}
