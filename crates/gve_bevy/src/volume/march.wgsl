// The distance volume of an asset, and the march of a ray through it.
//
// Grid coordinates count cells from sample (0, 0, 0). A brick is 7 cells wide and stores the 8 samples around
// them, so that every cell is interpolated from one brick alone, by the texture unit.

#define_import_path gve_bevy::volume::march

#import bevy_pbr::mesh_functions
#import bevy_pbr::mesh_view_bindings::view

struct Volume {
    // Position of sample (0, 0, 0) in the asset's space, and the length of a cell, in metres.
    origin: vec3<f32>,
    cell_size: f32,
    // The box that is marched, in grid coordinates.
    box_min: vec3<f32>,
    // One over the bound on the gradient of the stored distances.
    inverse_lipschitz: f32,
    box_max: vec3<f32>,
    bricks: vec3<u32>,
    atlas_bricks: vec3<u32>,
}

// How one material of the palette looks.
struct Surface {
    // Linear.
    base_color: vec3<f32>,
    perceptual_roughness: f32,
    metallic: f32,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> volume: Volume;
@group(#{MATERIAL_BIND_GROUP}) @binding(1) var grid: texture_3d<u32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var distances: texture_3d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(3) var distance_sampler: sampler;
@group(#{MATERIAL_BIND_GROUP}) @binding(4) var materials: texture_3d<u32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(5) var<uniform> palette: array<Surface, #{GVE_PALETTE}>;

const BRICK_CELLS: f32 = 7.0;
const BRICK_SAMPLES: u32 = 8u;
const EMPTY: u32 = 0xffffffffu;
// Bricks that one ray visits, and samples that it takes in all of them, at most. A ray through the diagonal of
// the largest volume (512 cells) visits 3 * 74 bricks.
const MAX_BRICKS: u32 = 256u;
const MAX_SAMPLES: u32 = 1024u;
// The shortest step in cells. Near the surface a ray that grazes it would otherwise creep; what it cuts off a corner
// is far below what the samples resolve.
const MIN_STEP: f32 = 0.2;
// How far behind the wall between two bricks the march goes on, in cells.
const NUDGE: f32 = 1e-3;

// A ray in two spaces with one parameter: metres along it in the world, 0 at the fragment.
struct Ray {
    world_anchor: vec3<f32>,
    world_direction: vec3<f32>,
    anchor: vec3<f32>,
    direction: vec3<f32>,
    // Metres in the asset's space for each metre in the world.
    speed: f32,
    start: f32,
    end: f32,
    // Whether the ray starts at the near plane and not where it enters the box.
    cut: bool,
    clip_anchor: vec4<f32>,
    clip_direction: vec4<f32>,
}

// The brick that a point lies in.
struct Brick {
    index: vec3<i32>,
    // The atlas texel of its first sample.
    texel: vec3<u32>,
}

struct Hit {
    // Parameter of the ray.
    at: f32,
    found: bool,
    // When nothing was hit: where the ray passed nearest to the surface, in stored metres.
    miss: f32,
    brick: Brick,
}

fn fragment_is_cut_off(ray: Ray) -> bool {
    return ray.end <= ray.start;
}

// The ray from the eye, or from the light, through a point on a wall of the box. The box is drawn from both
// sides, so that neither a camera inside it nor a mirroring transform loses it; each pixel is marched from its
// far wall.
fn ray_through(world_position: vec3<f32>, instance_index: u32) -> Ray {
    var ray: Ray;
    let orthographic = view.clip_from_view[3].w == 1.0;
    let to_fragment = world_position - view.world_position;
    ray.world_anchor = world_position;
    ray.world_direction = select(
        to_fragment / max(length(to_fragment), 1e-20),
        -normalize(view.world_from_view[2].xyz),
        orthographic
    );

    let local_from_world = mesh_functions::get_local_from_world(instance_index);
    let anchor = (local_from_world * vec4(world_position, 1.0)).xyz;
    let direction = (local_from_world * vec4(ray.world_direction, 0.0)).xyz;
    ray.speed = max(length(direction), 1e-20);
    ray.anchor = (anchor - volume.origin) / volume.cell_size;
    ray.direction = direction / volume.cell_size;

    let inverse = 1.0 / no_zero(ray.direction);
    let a = (volume.box_min - ray.anchor) * inverse;
    let b = (volume.box_max - ray.anchor) * inverse;
    let near = min(a, b);
    let far = max(a, b);
    ray.start = max(max(near.x, near.y), near.z);
    ray.end = min(min(far.x, far.y), far.z);
    // On a near wall the ray's entry is here, at 0; on a far wall its exit is.
    if abs(ray.start) < abs(ray.end) {
        ray.end = ray.start;
    }

    ray.clip_anchor = view.clip_from_world * vec4(world_position, 1.0);
    ray.clip_direction = view.clip_from_world * vec4(ray.world_direction, 0.0);
    ray.cut = false;
#ifdef PREPASS_PIPELINE
    // Directional lights see everything in front of them, also what lies before the near plane of a cascade.
    let has_near_plane = !orthographic;
#else
    let has_near_plane = true;
#endif
    let slope = ray.clip_direction.w - ray.clip_direction.z;
    if has_near_plane && slope > 0.0 {
        let near_plane = (ray.clip_anchor.z - ray.clip_anchor.w) / slope;
        if near_plane > ray.start {
            ray.start = near_plane;
            ray.cut = true;
        }
    }
    return ray;
}

fn no_zero(v: vec3<f32>) -> vec3<f32> {
    return select(v, vec3(1e-20), abs(v) < vec3(1e-20));
}

fn point_at(ray: Ray, at: f32) -> vec3<f32> {
    return ray.anchor + at * ray.direction;
}

fn world_at(ray: Ray, at: f32) -> vec3<f32> {
    return ray.world_anchor + at * ray.world_direction;
}

// Depth as the depth buffer stores it.
fn depth_at(ray: Ray, at: f32) -> f32 {
    let clip = ray.clip_anchor + at * ray.clip_direction;
    return saturate(clip.z / clip.w);
}

// Width of a pixel in the world at that distance, in metres.
fn pixel_at(ray: Ray, at: f32) -> f32 {
    let clip_w = ray.clip_anchor.w + at * ray.clip_direction.w;
    return 2.0 * clip_w / (view.viewport.w * abs(view.clip_from_view[1][1]));
}

fn atlas_texel(slot: u32) -> vec3<u32> {
    let size = volume.atlas_bricks;
    let row = slot / size.x;
    return BRICK_SAMPLES * vec3(slot - row * size.x, row % size.y, row / size.y);
}

// The stored distance at a point, with the samples of one brick.
fn sample_brick(brick: Brick, point: vec3<f32>) -> f32 {
    let local = clamp(point - BRICK_CELLS * vec3<f32>(brick.index), vec3(0.0), vec3(BRICK_CELLS));
    let size = vec3<f32>(volume.atlas_bricks * BRICK_SAMPLES);
    return textureSampleLevel(distances, distance_sampler, (vec3<f32>(brick.texel) + local + 0.5) / size, 0.0).r;
}

// The same at a point that may lie beyond the brick; in an empty brick the nearest stored sample stands in.
// Returns the point that the sample is of, and the distance.
fn sample_around(brick: Brick, point: vec3<f32>) -> vec4<f32> {
    let index = clamp(vec3<i32>(floor(point / BRICK_CELLS)), vec3(0), vec3<i32>(volume.bricks) - 1);
    if all(index == brick.index) {
        return vec4(point, sample_brick(brick, point));
    }
    let cell = textureLoad(grid, index, 0);
    if cell.x != EMPTY {
        return vec4(point, sample_brick(Brick(index, atlas_texel(cell.x)), point));
    }
    let low = BRICK_CELLS * vec3<f32>(brick.index);
    let inside = clamp(point, low, low + BRICK_CELLS);
    return vec4(inside, sample_brick(brick, inside));
}

// The gradient of the stored distances, per metre in the asset's space. Differences over one cell of the
// trilinear field are continuous from cell to cell and from brick to brick.
fn gradient(brick: Brick, point: vec3<f32>) -> vec3<f32> {
    var slope: vec3<f32>;
    for (var axis = 0u; axis < 3u; axis++) {
        var half_cell = vec3(0.0);
        half_cell[axis] = 0.5;
        let after = sample_around(brick, point + half_cell);
        let before = sample_around(brick, point - half_cell);
        slope[axis] = (after.w - before.w) / max(after[axis] - before[axis], 1e-3);
    }
    return slope / volume.cell_size;
}

// Where the ray goes from outside to inside first.
fn march(ray: Ray) -> Hit {
    var hit: Hit;
    hit.found = false;
    hit.miss = 1e30;
    let inverse = 1.0 / no_zero(ray.direction);
    let ahead = vec3<f32>(ray.direction > vec3(0.0));
    // Steps, in parameter.
    let one_cell = volume.cell_size / ray.speed;
    let nudge = NUDGE * one_cell;
    let shortest = MIN_STEP * one_cell;
    let per_metre = volume.inverse_lipschitz / ray.speed;
    let last = vec3<i32>(volume.bricks) - 1;

    var at = ray.start;
    // A camera inside the solid sees out of it, as out of a mesh whose back faces are not drawn.
    var outside = !ray.cut;
    var samples = 0u;
    for (var visited = 0u; visited < MAX_BRICKS && at < ray.end; visited++) {
        let point = point_at(ray, at);
        let index = clamp(vec3<i32>(floor(point / BRICK_CELLS)), vec3(0), last);
        let walls = (BRICK_CELLS * (vec3<f32>(index) + ahead) - ray.anchor) * inverse;
        let leave = max(min(min(walls.x, walls.y), walls.z), at);
        let cell = textureLoad(grid, index, 0);
        if cell.x == EMPTY {
            let distance = bitcast<f32>(cell.y);
            outside = distance > 0.0;
            // No point of this brick is nearer to the surface than that, so neither is the last one.
            at = max(leave, at + abs(distance) / ray.speed) + nudge;
            continue;
        }
        let brick = Brick(index, atlas_texel(cell.x));
        let stop = min(leave, ray.end);
        var before_at = at;
        var before = sample_brick(brick, point);
        if before <= 0.0 && outside {
            hit.at = at;
            hit.found = true;
            hit.brick = brick;
            return hit;
        }
        loop {
            outside = before > 0.0;
            if outside && before < hit.miss {
                hit.miss = before;
                hit.at = before_at;
                hit.brick = brick;
            }
            if before_at >= stop || samples >= MAX_SAMPLES {
                break;
            }
            samples++;
            let after_at = min(before_at + max(abs(before) * per_metre, shortest), stop);
            let after = sample_brick(brick, point_at(ray, after_at));
            if outside && after <= 0.0 {
                hit.at = refine(ray, brick, before_at, before, after_at, after);
                hit.found = true;
                hit.brick = brick;
                return hit;
            }
            before_at = after_at;
            before = after;
        }
        at = stop + nudge;
    }
    return hit;
}

// The zero between a point outside and a point inside, by false position; the Illinois variant halves the weight
// of an end that stays (Dowell and Jarratt, BIT 1971).
fn refine(ray: Ray, brick: Brick, outside_at: f32, outside: f32, inside_at: f32, inside: f32) -> f32 {
    var a = outside_at;
    var fa = outside;
    var b = inside_at;
    var fb = inside;
    var middle = b;
    for (var step = 0u; step < 5u; step++) {
        middle = a + (b - a) * fa / max(fa - fb, 1e-30);
        let f = sample_brick(brick, point_at(ray, middle));
        if f > 0.0 {
            a = middle;
            fa = f;
            fb *= 0.5;
        } else {
            b = middle;
            fb = f;
            fa *= 0.5;
        }
    }
    return middle;
}

// The surface at a point: the material that has the most weight among the samples around it. `pixel` is the width
// of a pixel in cells; over that width neighbouring materials are mixed, so that their border is smooth.
fn surface_at(brick: Brick, point: vec3<f32>, pixel: f32) -> Surface {
    let local = clamp(point - BRICK_CELLS * vec3<f32>(brick.index), vec3(0.0), vec3(BRICK_CELLS));
    let corner = min(floor(local), vec3(BRICK_CELLS - 1.0));
    let part = local - corner;
    let texel = brick.texel + vec3<u32>(corner);
    var ids: array<u32, 8>;
    var weights: array<f32, 8>;
    var same = true;
    for (var i = 0u; i < 8u; i++) {
        let offset = vec3(i & 1u, (i >> 1u) & 1u, i >> 2u);
        let weight = mix(1.0 - part, part, vec3<f32>(offset));
        ids[i] = min(textureLoad(materials, texel + offset, 0).r, #{GVE_PALETTE}u - 1u);
        weights[i] = weight.x * weight.y * weight.z;
        same = same && ids[i] == ids[0];
    }
    if same {
        return palette[ids[0]];
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
    let a = palette[first];
    let b = palette[second];
    let share = 0.5 + 0.5 * saturate((first_weight - second_weight) / max(pixel, 1e-3));
    return Surface(
        mix(b.base_color, a.base_color, share),
        mix(b.perceptual_roughness, a.perceptual_roughness, share),
        mix(b.metallic, a.metallic, share),
    );
}
