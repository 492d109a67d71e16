// Lights each splat once: pixel k of the target gets the colour of the k-th splat of the order.

#import gve_bevy::splat::{unpack_splat, linear_color}
#import gve_bevy::splat_object::{object, splats, order, world_position, world_normal}
#import gve_bevy::splat_lighting::{Surface, light}

// x metallic, y perceptual roughness.
@group(#{SPLAT_BIND_GROUP}) @binding(3) var<uniform> palette: array<vec4<f32>, 256>;

@fragment
fn fragment(@builtin(position) pixel: vec4<f32>) -> @location(0) vec4<f32> {
    let k = u32(pixel.y) * object.lit_width + u32(pixel.x);
    if k >= object.count {
        discard;
    }
    let splat = unpack_splat(splats[order[k]], object.sigma_scale);
    let material = palette[splat.material].xy;
    return light(Surface(
        world_position(splat),
        world_normal(splat),
        linear_color(splat.color),
        material.x,
        material.y,
        object.receives_shadows != 0u,
    ));
}
