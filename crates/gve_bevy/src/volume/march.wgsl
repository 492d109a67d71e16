// The march of a ray through the distance volume of an asset.

#define_import_path gve_bevy::volume::march

#import bevy_pbr::mesh_functions
#import bevy_pbr::mesh_view_bindings::view
#import gve_bevy::volume::tree::{
    BRICK_CELLS,
    Brick,
    EMPTY,
    brick_of,
    descend,
    fine_enough,
    place_of,
    places,
    sample_brick,
    volume,
    width_of,
}

// The shortest step in cells. Near the surface a ray that grazes it would otherwise creep; what it cuts off a corner
// is far below what the samples resolve.
const MIN_STEP: f32 = 0.2;
// Cells that are finer than so many pixels are not looked at. A shadow map is blurred over more than one of its own.
#ifdef GVE_NO_NEAR_PLANE
const ENOUGH_PIXELS: f32 = 2.0;
#else
const ENOUGH_PIXELS: f32 = 1.0;
#endif
// Steps through one brick, at most: its diagonal is 12.2 cells long.
const MAX_STEPS: u32 = 64u;

// A ray in two spaces with one parameter: metres along it in the world, 0 at the fragment.
struct Ray {
    world_anchor: vec3<f32>,
    world_direction: vec3<f32>,
    anchor: vec3<f32>,
    direction: vec3<f32>,
    // Metres in the asset's space for each metre in the world.
    speed: f32,
    // The same across the ray, where it is least.
    least_stretch: f32,
    start: f32,
    end: f32,
    // Whether the ray starts at the near plane and not where it enters the box.
    cut: bool,
    clip_anchor: vec4<f32>,
    clip_direction: vec4<f32>,
}

struct Hit {
    // Parameter of the ray.
    at: f32,
    found: bool,
    // When nothing was hit: how far the ray was from the surface where it passed nearest, in stored metres.
    miss: f32,
    brick: Brick,
    // In cells from the brick's corner: finer than the ray's parameter tells.
    local: vec3<f32>,
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
    let right = (local_from_world * vec4(view.world_from_view[0].xyz, 0.0)).xyz;
    let up = (local_from_world * vec4(view.world_from_view[1].xyz, 0.0)).xyz;
    ray.least_stretch = min(min(length(right), length(up)), ray.speed);
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
    // Directional lights see everything in front of them, also what lies before the near plane of a cascade.
#ifndef GVE_NO_NEAR_PLANE
    let slope = ray.clip_direction.w - ray.clip_direction.z;
    if slope > 0.0 {
        let near_plane = (ray.clip_anchor.z - ray.clip_anchor.w) / slope;
        if near_plane > ray.start {
            ray.start = near_plane;
            ray.cut = true;
        }
    }
#endif
    // What lies behind the far plane, where there is one, is not seen either.
    if ray.clip_direction.z < 0.0 {
        ray.end = min(ray.end, -ray.clip_anchor.z / ray.clip_direction.z);
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

// The width of the cells that are fine enough there, in cells of level 0: no wider than a pixel.
fn fine_enough_at(ray: Ray, at: f32) -> f32 {
    return ENOUGH_PIXELS * pixel_at(ray, at) * ray.least_stretch / volume.cell_size;
}

// Where the ray goes from outside to inside first.
//
// It goes from brick to brick. In a stored one it steps by the stored distance and never beyond the brick, whose
// samples know nothing of what lies there; an empty one is passed, and is never hit.
fn march(ray: Ray) -> Hit {
    var hit: Hit;
    hit.found = false;
    hit.miss = 1e30;
    let direction = no_zero(ray.direction);
    let inverse = 1.0 / direction;
    let ahead = direction > vec3(0.0);
    let per_metre = volume.inverse_lipschitz / ray.speed;

    var at = ray.start;
    var place = place_of(point_at(ray, at));
    // A camera inside the solid sees out of it, as out of a mesh whose back faces are not drawn.
    var outside = !ray.cut;
    for (var visited = 0u; visited < volume.max_visits && at < ray.end; visited++) {
        fine_enough = fine_enough_at(ray, at);
        let node = descend(place);
        let width = width_of(node.level);
        let low = BRICK_CELLS * width * vec3<f32>(node.index);
        let walls = (low + select(vec3(0.0), vec3(BRICK_CELLS * width), ahead) - ray.anchor) * inverse;
        let wall = min(min(walls.x, walls.y), walls.z);
        let leave = max(wall, at);
        // Parameter of one cell.
        let one_cell = width * volume.cell_size / ray.speed;
        if node.place == EMPTY {
            outside = (node.link >> 31u) == 0u;
            // No point of this brick is nearer to the surface than that, so neither is the last one. A short
            // way is not worth leaving the exact path along the walls for.
            let clear = abs(bitcast<f32>(node.link)) / ray.speed;
            if clear > one_cell {
                at = leave + clear;
                place = place_of(point_at(ray, at));
                continue;
            }
        } else {
            let brick = brick_of(node);
            // In the brick's own cells and from its entry, so that rounding does not grow with the volume.
            let entry = (point_at(ray, at) - low) / width;
            let along = ray.direction / width;
            let length = min(leave, ray.end) - at;
            let shortest = MIN_STEP * one_cell;
            var before_at = 0.0;
            var before = sample_brick(brick, entry);
            if before <= 0.0 && outside {
                return Hit(at, true, 0.0, brick, entry);
            }
            for (var step = 0u; step < MAX_STEPS; step++) {
                outside = before > 0.0;
                if outside && before < hit.miss {
                    hit = Hit(at + before_at, false, before, brick, entry + before_at * along);
                }
                if before_at >= length {
                    break;
                }
                let after_at = min(before_at + max(abs(before) * per_metre, shortest), length);
                let after = sample_brick(brick, entry + after_at * along);
                if outside && after <= 0.0 {
                    let zero = refine(brick, entry, along, before_at, before, after_at, after);
                    return Hit(at + zero, true, 0.0, brick, entry + zero * along);
                }
                before_at = after_at;
                before = after;
            }
        }
        // Into the neighbour behind the nearest wall, whatever rounding says of the point there.
        let shift = volume.depth - node.level;
        let first = node.index << vec3(shift);
        let last = first + vec3((1i << shift) - 1);
        place = clamp(place_of(point_at(ray, leave)), first, last);
        let behind = select(first - 1, last + 1, ahead);
        place = select(place, behind, walls == vec3(wall));
        if any(place < vec3(0)) || any(place >= places()) {
            break;
        }
        at = leave;
    }
    return hit;
}

// Where a ray that has hit the surface is deepest behind it before it comes out again, or the first place that is
// deeper than `enough`; `miss` is the stored distance there, which is negative.
fn deepest(ray: Ray, hit: Hit, enough: f32) -> Hit {
    var found = hit;
    var at = hit.at;
    // As deep as straight behind the surface.
    var step = enough * volume.inverse_lipschitz / ray.speed;
    for (var i = 0u; i < 16u; i++) {
        at += step;
        // A ray that grazes a large ball stays near its surface for long.
        step *= 1.5;
        if at >= ray.end {
            break;
        }
        let node = descend(place_of(point_at(ray, at)));
        if node.place == EMPTY {
            if (node.link >> 31u) != 0u {
                found.miss = -enough;
            }
            break;
        }
        let width = width_of(node.level);
        let brick = brick_of(node);
        let local = point_at(ray, at) / width - BRICK_CELLS * vec3<f32>(node.index);
        let distance = sample_brick(brick, local);
        if distance >= 0.0 {
            break;
        }
        if distance < found.miss {
            found = Hit(at, true, distance, brick, local);
        }
        if distance <= -enough {
            break;
        }
    }
    return found;
}

// Gradients are covectors: the transpose of local_from_world takes them to the world.
fn world_gradient(slope: vec3<f32>, instance_index: u32) -> vec3<f32> {
    return (transpose(mesh_functions::get_local_from_world(instance_index)) * vec4(slope, 0.0)).xyz;
}

// The normal in the world where the gradient in the asset's space is `slope`.
fn normal_of(slope: vec3<f32>, ray: Ray, instance_index: u32) -> vec3<f32> {
    let world = world_gradient(slope, instance_index);
    let size = length(world);
    return select(-ray.world_direction, world / size, size > 1e-12);
}

// The zero between a point outside and a point inside, by false position; the Illinois variant halves the weight
// of an end that stays (Dowell and Jarratt, BIT 1971).
fn refine(
    brick: Brick,
    entry: vec3<f32>,
    along: vec3<f32>,
    outside_at: f32,
    outside: f32,
    inside_at: f32,
    inside: f32,
) -> f32 {
    var a = outside_at;
    var fa = outside;
    var b = inside_at;
    var fb = inside;
    var middle = b;
    for (var step = 0u; step < 5u; step++) {
        middle = a + (b - a) * fa / max(fa - fb, 1e-30);
        let f = sample_brick(brick, entry + middle * along);
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
