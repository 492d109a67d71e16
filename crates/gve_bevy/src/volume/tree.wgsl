// The distance volume of an asset: a tree of bricks, and what it holds at a point.
//
// A brick is 7 cells wide and stores the 8 samples around them, so that every cell is interpolated from one brick
// alone, by the texture unit. The cells of a level are half as wide as those of the level before. A place in the
// tree counts bricks of the finest level along each axis: shifted right, it counts those of a coarser one.

#define_import_path gve_bevy::volume::tree

// The record of an asset.
struct Volume {
    // Position of sample (0, 0, 0) in the asset's space, and the length of a cell of level 0, in metres.
    origin: vec3<f32>,
    cell_size: f32,
    // The box that is marched, in cells of level 0.
    box_min: vec3<f32>,
    // One over the bound on the slope of the stored distances.
    inverse_lipschitz: f32,
    box_max: vec3<f32>,
    // Bricks that one ray visits at most.
    max_visits: u32,
    // Of level 0.
    bricks: vec3<u32>,
    // The finest level that is there.
    depth: u32,
    // Where its lists begin among the nodes: the cells of level 0, the materials of parts, how materials look.
    first_cell: u32,
    first_part: u32,
    first_surface: u32,
}

// How one material looks.
struct Surface {
    // Linear.
    base_color: vec3<f32>,
    perceptual_roughness: f32,
    metallic: f32,
}

// What all assets share: records, cells and looks; distances and parts of all bricks.
@group(#{MATERIAL_BIND_GROUP}) @binding(0) var nodes: texture_2d<u32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(1) var distances: texture_3d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var distance_sampler: sampler;
@group(#{MATERIAL_BIND_GROUP}) @binding(3) var parts: texture_3d<u32>;

// The asset that this invocation is about.
var<private> volume: Volume;
// One over the side of the atlas in texels.
var<private> texel_size: vec3<f32>;
// The width of the cells that are fine enough, in cells of level 0: finer ones would not be seen.
var<private> fine_enough: f32;

const BRICK_CELLS: f32 = 7.0;
const BRICK_SAMPLES: u32 = 8u;
// Bricks along x and y of a column of the atlas, and along z.
const COLUMN_BRICKS: u32 = 32u;
const COLUMN_LAYERS: u32 = #{GVE_COLUMN_LAYERS}u;
// The place of a brick without samples, and the link of one without children.
const EMPTY: u32 = 0xffffffffu;
const NONE: u32 = 0xffffffffu;

// What a lookup ends in.
struct Node {
    level: u32,
    // Among the bricks of its level.
    index: vec3<i32>,
    // Among the bricks of the atlas.
    place: u32,
    // For an empty brick, the bits of its bound.
    link: u32,
    // Metres per stored unit.
    scale: f32,
}

// A stored brick.
struct Brick {
    level: u32,
    index: vec3<i32>,
    // The atlas texel of its first sample.
    texel: vec3<u32>,
    // Metres per stored unit.
    scale: f32,
}

// Lists lie in the rows of the node texture.
fn node_at(i: u32) -> vec4<u32> {
    return textureLoad(nodes, vec2(i % #{GVE_ROW}u, i / #{GVE_ROW}u), 0);
}

// Takes the asset whose record is there; before anything else.
fn load_volume(record: u32) {
    let a = node_at(record);
    let b = node_at(record + 1u);
    let c = node_at(record + 2u);
    let d = node_at(record + 3u);
    let e = node_at(record + 4u);
    volume.origin = bitcast<vec3<f32>>(a.xyz);
    volume.cell_size = bitcast<f32>(a.w);
    volume.box_min = bitcast<vec3<f32>>(b.xyz);
    volume.inverse_lipschitz = bitcast<f32>(b.w);
    volume.box_max = bitcast<vec3<f32>>(c.xyz);
    volume.max_visits = c.w;
    volume.bricks = d.xyz;
    volume.depth = d.w;
    volume.first_cell = e.x;
    volume.first_part = e.y;
    volume.first_surface = e.z;
    fine_enough = 0.0;
}

// The same for whoever reads samples.
fn load_volume_and_atlas(record: u32) {
    load_volume(record);
    texel_size = 1.0 / vec3<f32>(textureDimensions(distances));
}

// The width of a level's cells in cells of level 0; exact.
fn width_of(level: u32) -> f32 {
    return 1.0 / f32(1u << level);
}

// Places beyond the last.
fn places() -> vec3<i32> {
    return vec3<i32>(volume.bricks << vec3(volume.depth));
}

// The place that a point in cells of level 0 lies in.
fn place_of(point: vec3<f32>) -> vec3<i32> {
    let place = vec3<i32>(floor(point * (f32(1u << volume.depth) / BRICK_CELLS)));
    return clamp(place, vec3(0), places() - 1);
}

// The finest brick at a place, or one that is fine enough. A brick that is empty, or stored and not refined, ends the
// descent.
fn descend(place: vec3<i32>) -> Node {
    var level = 0u;
    var index = place >> vec3(volume.depth);
    let first = vec3<u32>(index);
    var found = node_at(volume.first_cell + first.x + volume.bricks.x * (first.y + volume.bricks.y * first.z));
    while level < volume.depth && found.x != EMPTY && found.y != NONE && width_of(level) > fine_enough {
        level++;
        index = place >> vec3(volume.depth - level);
        let octant = vec3<u32>(index & vec3(1));
        found = node_at(found.y + octant.x + 2u * octant.y + 4u * octant.z);
    }
    return Node(level, index, found.x, found.y, bitcast<f32>(found.z));
}

// The samples of a node that has some.
fn brick_of(node: Node) -> Brick {
    let layer = node.place / (COLUMN_BRICKS * COLUMN_BRICKS);
    let column = layer / COLUMN_LAYERS;
    let x = column * COLUMN_BRICKS + node.place % COLUMN_BRICKS;
    let y = node.place / COLUMN_BRICKS % COLUMN_BRICKS;
    let z = layer % COLUMN_LAYERS;
    return Brick(node.level, node.index, BRICK_SAMPLES * vec3(x, y, z), node.scale);
}

// The stored distance in metres at a point in cells from the brick's corner.
fn sample_brick(brick: Brick, local: vec3<f32>) -> f32 {
    let inside = clamp(local, vec3(0.0), vec3(BRICK_CELLS));
    let texel = (vec3<f32>(brick.texel) + inside + 0.5) * texel_size;
    return brick.scale * textureSampleLevel(distances, distance_sampler, texel, 0.0).r;
}

// The same at a point that may lie a little beyond the brick, in whatever brick is there; in an empty one the
// nearest sample of this brick stands in. Returns the point that the sample is of, and the distance.
fn sample_around(brick: Brick, local: vec3<f32>) -> vec4<f32> {
    let inside = clamp(local, vec3(0.0), vec3(BRICK_CELLS));
    if all(inside == local) {
        return vec4(local, sample_brick(brick, local));
    }
    let shift = volume.depth - brick.level;
    let step = vec3<i32>(floor(local * (f32(1u << shift) / BRICK_CELLS)));
    let node = descend(clamp((brick.index << vec3(shift)) + step, vec3(0), places() - 1));
    let is_same = node.level == brick.level && all(node.index == brick.index);
    if node.place == EMPTY || is_same {
        return vec4(inside, sample_brick(brick, inside));
    }
    // Between the two corners, in bricks of this level: exact.
    let width = width_of(node.level) / width_of(brick.level);
    let between = vec3<f32>(node.index) * width - vec3<f32>(brick.index);
    return vec4(local, sample_brick(brick_of(node), (local - BRICK_CELLS * between) / width));
}

// The gradient of the stored distances, per metre in the asset's space. Differences over one cell of the
// trilinear field are continuous from cell to cell, and from brick to brick of one level.
fn gradient(brick: Brick, local: vec3<f32>) -> vec3<f32> {
    var slope: vec3<f32>;
    for (var axis = 0u; axis < 3u; axis++) {
        var half_cell = vec3(0.0);
        half_cell[axis] = 0.5;
        let after = sample_around(brick, local + half_cell);
        let before = sample_around(brick, local - half_cell);
        slope[axis] = (after.w - before.w) / max(after[axis] - before[axis], 1e-3);
    }
    return slope / (volume.cell_size * width_of(brick.level));
}

// The material of a sample, through its part: four bytes in a word, sixteen in a node.
fn material_at(texel: vec3<u32>) -> u32 {
    let part = textureLoad(parts, texel, 0).r;
    let word = node_at(volume.first_part + part / 16u)[part / 4u % 4u];
    return (word >> (8u * (part % 4u))) & 0xffu;
}

fn surface_of(material: u32) -> Surface {
    let found = node_at(volume.first_surface + material);
    let blue_and_roughness = unpack2x16unorm(found.y);
    let color = vec3(unpack2x16unorm(found.x), blue_and_roughness.x);
    return Surface(color, blue_and_roughness.y, bitcast<f32>(found.z));
}

// The surface at a point: the material that has the most weight among the samples around it. `pixel` is the width
// of a pixel in the brick's cells; over that width neighbouring materials are mixed, so that their border is smooth.
fn surface_at(brick: Brick, local: vec3<f32>, pixel: f32) -> Surface {
    let inside = clamp(local, vec3(0.0), vec3(BRICK_CELLS));
    let corner = min(floor(inside), vec3(BRICK_CELLS - 1.0));
    let share_of = inside - corner;
    let texel = brick.texel + vec3<u32>(corner);
    var ids: array<u32, 8>;
    var weights: array<f32, 8>;
    var same = true;
    for (var i = 0u; i < 8u; i++) {
        let offset = vec3(i & 1u, (i >> 1u) & 1u, i >> 2u);
        let weight = mix(1.0 - share_of, share_of, vec3<f32>(offset));
        ids[i] = material_at(texel + offset);
        weights[i] = weight.x * weight.y * weight.z;
        same = same && ids[i] == ids[0];
    }
    if same {
        return surface_of(ids[0]);
    }
    var first = ids[0];
    var second = ids[0];
    var first_weight = -1.0;
    var second_weight = -1.0;
    for (var i = 0u; i < 8u; i++) {
        var weight = 0.0;
        for (var j = 0u; j < 8u; j++) {
            weight += select(0.0, weights[j], ids[j] == ids[i]);
        }
        if ids[i] == first {
            first_weight = weight;
        } else if weight > first_weight {
            second = first;
            second_weight = first_weight;
            first = ids[i];
            first_weight = weight;
        } else if weight > second_weight {
            second = ids[i];
            second_weight = weight;
        }
    }
    let a = surface_of(first);
    let b = surface_of(second);
    let share = 0.5 + 0.5 * saturate((first_weight - second_weight) / max(pixel, 1e-3));
    return Surface(
        mix(b.base_color, a.base_color, share),
        mix(b.perceptual_roughness, a.perceptual_roughness, share),
        mix(b.metallic, a.metallic, share),
    );
}
