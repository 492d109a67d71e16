// Which samples of a pixel the surface covers.

#define_import_path gve_bevy::volume::coverage

#import gve_bevy::volume::march::{
    Hit,
    Ray,
    deepest,
    pixel_at,
    world_gradient,
}
#import gve_bevy::volume::tree::{
    gradient,
    volume,
}
#import bevy_pbr::mesh_view_bindings::view

const ALL_SAMPLES: u32 = 0xffffffffu;

#if GVE_SAMPLES > 1
// Where the samples of a pixel lie, in pixels from its middle: the standard places of Vulkan, Direct3D and Metal.
#if GVE_SAMPLES == 2
const SAMPLE_PLACES = array<vec2<f32>, 2>(vec2(0.25, 0.25), vec2(-0.25, -0.25));
#else if GVE_SAMPLES == 4
const SAMPLE_PLACES = array<vec2<f32>, 4>(
    vec2(-0.125, -0.375), vec2(0.375, -0.125), vec2(-0.375, 0.125), vec2(0.125, 0.375),
);
#else
const SAMPLE_PLACES = array<vec2<f32>, 8>(
    vec2(0.0625, -0.1875), vec2(-0.0625, 0.1875), vec2(0.3125, 0.0625), vec2(-0.1875, -0.3125),
    vec2(-0.3125, 0.3125), vec2(-0.4375, -0.0625), vec2(0.1875, 0.4375), vec2(0.4375, -0.4375),
);
#endif
// No sample lies farther than that from the middle, in pixels.
const REACH: f32 = 0.65;
#endif

// A bit for each sample that is covered. The march goes through the middle of the pixel. Where that ray misses the
// surface by less than a pixel, or goes into it by less, each sample is tested against the plane that touches the
// surface there.
fn covered_samples(ray: Ray, hit: Hit, instance_index: u32) -> u32 {
#if GVE_SAMPLES > 1
    let pixel = pixel_at(ray, hit.at);
    // Stored metres within which a sample may fall to the other side.
    let near = REACH * pixel * ray.speed / volume.inverse_lipschitz;
    var closest = hit;
    if hit.found {
        closest = deepest(ray, hit, near);
        if closest.miss <= -near {
            return ALL_SAMPLES;
        }
    } else if hit.miss > near {
        return 0u;
    }
    let slope = world_gradient(gradient(closest.brick, closest.local), instance_index);
    let size = max(length(slope), 1e-6);
    let distance = closest.miss / size;
    let right = dot(slope, view.world_from_view[0].xyz) / size * pixel;
    let down = -dot(slope, view.world_from_view[1].xyz) / size * pixel;
    var samples = 0u;
    for (var i = 0u; i < #{GVE_SAMPLES}u; i++) {
        let place = SAMPLE_PLACES[i];
        if distance + place.x * right + place.y * down <= 0.0 {
            samples |= 1u << i;
        }
    }
    return samples;
#else
    return select(0u, ALL_SAMPLES, hit.found);
#endif
}
