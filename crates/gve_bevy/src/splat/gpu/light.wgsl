// Lights each splat that is seen, once: pixel k of the target gets the colour of the k-th.

#import gve_bevy::splat::{linear_color, decode_octahedral}
#import gve_bevy::splat_scene::{Surfel, State}
#import gve_bevy::splat_lighting::{Surface, light}

@group(#{SPLAT_BIND_GROUP}) @binding(0) var<storage, read> surfels: array<Surfel>;
@group(#{SPLAT_BIND_GROUP}) @binding(1) var<storage, read> state: State;

@vertex
fn vertex(@builtin(vertex_index) corner: u32, @builtin(instance_index) row: u32) -> @builtin(position) vec4<f32> {
    // Two triangles over one row of pixels.
    let x = f32((0x32u >> corner) & 1u);
    let y = f32((0x2cu >> corner) & 1u);
    let v = (f32(row) + y) / f32(state.lit_rows);
    return vec4(x * 2.0 - 1.0, 1.0 - 2.0 * v, 0.0, 1.0);
}

@fragment
fn fragment(@builtin(position) pixel: vec4<f32>) -> @location(0) vec4<f32> {
    let k = u32(pixel.y) * #{LIT_WIDTH}u + u32(pixel.x);
    if k >= state.count {
        discard;
    }
    let surfel = surfels[k];
    let material = unpack2x16unorm(surfel.material);
    return light(Surface(
        surfel.position,
        decode_octahedral(unpack2x16snorm(surfel.normal)),
        linear_color(surfel.color),
        material.x,
        material.y,
        surfel.receives_shadows != 0u,
    ));
}
