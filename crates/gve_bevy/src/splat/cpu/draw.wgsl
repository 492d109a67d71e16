// Draws the splats as ellipses, far to near, in the colours that the lighting pass found.

#import bevy_render::view::View
#import gve_bevy::splat::{LEAST_ALPHA, unpack_splat, world_axes, project_splat, lifted_depth, extent_of}
#import gve_bevy::splat_object::{object, splats, order, linear, world_position, world_normal}

@group(0) @binding(0) var<uniform> view: View;
@group(2) @binding(0) var lit: texture_2d<f32>;

struct Varyings {
    @builtin(position) position: vec4<f32>,
    // Standard deviations from the centre.
    @location(0) offset: vec2<f32>,
    @location(1) @interpolate(flat) color: vec4<f32>,
}

fn nothing() -> Varyings {
    return Varyings(vec4(0.0, 0.0, 2.0, 1.0), vec2(0.0), vec4(0.0));
}

fn to_eye(world: vec3<f32>) -> vec3<f32> {
    if view.clip_from_view[3].w == 1.0 {
        let m = view.clip_from_world;
        return normalize(vec3(m[0].z, m[1].z, m[2].z));
    }
    return normalize(view.world_position - world);
}

@vertex
fn vertex(@builtin(vertex_index) vertex: u32, @builtin(instance_index) batch: u32) -> Varyings {
    let k = batch * #{QUADS_PER_BATCH}u + vertex / 4u;
    if k >= object.count {
        return nothing();
    }
    let color = textureLoad(lit, vec2(k % object.lit_width, k / object.lit_width), 0);
    let splat = unpack_splat(splats[order[k]], object.sigma_scale);
    let viewport = view.main_pass_viewport.zw;
    let world = world_position(splat);
    let on_screen = project_splat(
        world_axes(linear(), splat),
        world_normal(splat),
        world,
        color.a * object.opacity_factor,
        view.clip_from_world,
        view.world_from_clip,
        viewport,
    );
    if on_screen.opacity == 0.0 {
        return nothing();
    }
    let side = vec2(f32(vertex & 1u), f32((vertex >> 1u) & 1u)) * 2.0 - 1.0;
    let offset = side * extent_of(on_screen.opacity);
    let shift = (on_screen.major * offset.x + on_screen.minor * offset.y) * 2.0 / viewport;
    let depth = lifted_depth(on_screen.ndc.z, world, to_eye(world), object.lift, view.clip_from_world);
    return Varyings(
        vec4(on_screen.ndc.xy + shift, depth + dot(on_screen.slope, shift), 1.0),
        offset,
        vec4(color.rgb, on_screen.opacity),
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
