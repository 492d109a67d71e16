// Draws a range of the order, far to near, in the colours that the lighting pass found.

#import bevy_render::view::View
#import gve_bevy::splat::{LEAST_ALPHA, extent_of}
#import gve_bevy::splat_scene::{State, ScreenSplat}

@group(0) @binding(0) var<uniform> view: View;
// Which range.
@group(0) @binding(1) var<uniform> range_index: u32;
@group(0) @binding(2) var<storage, read> state: State;
// Key and place of each splat.
@group(0) @binding(3) var<storage, read> order: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read> on_screen: array<ScreenSplat>;
@group(0) @binding(5) var lit: texture_2d<f32>;

struct Varyings {
    @builtin(position) position: vec4<f32>,
    // Standard deviations from the centre.
    @location(0) offset: vec2<f32>,
    @location(1) @interpolate(flat) color: vec4<f32>,
}

@vertex
fn vertex(@builtin(vertex_index) vertex: u32, @builtin(instance_index) batch: u32) -> Varyings {
    let range = state.ranges[range_index];
    let k = range.start + batch * #{QUADS_PER_BATCH}u + vertex / 4u;
    if k >= range.end {
        return Varyings(vec4(0.0, 0.0, 2.0, 1.0), vec2(0.0), vec4(0.0));
    }
    let place = order[k].y;
    let splat = on_screen[place];
    let color = textureLoad(lit, vec2(place % #{LIT_WIDTH}u, place / #{LIT_WIDTH}u), 0);
    let side = vec2(f32(vertex & 1u), f32((vertex >> 1u) & 1u)) * 2.0 - 1.0;
    let offset = side * extent_of(splat.opacity);
    let shift = (unpack2x16float(splat.major) * offset.x + unpack2x16float(splat.minor) * offset.y)
        * 2.0 / view.main_pass_viewport.zw;
    return Varyings(
        vec4(splat.ndc.xy + shift, splat.ndc.z + dot(splat.slope, shift), 1.0),
        offset,
        vec4(color.rgb, splat.opacity),
    );
}

@fragment
fn fragment(in: Varyings) -> @location(0) vec4<f32> {
    let alpha = in.color.a * exp(-0.5 * dot(in.offset, in.offset));
    if alpha < LEAST_ALPHA {
        discard;
    }
    return vec4(in.color.rgb * alpha, alpha);
}
