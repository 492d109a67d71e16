// Draws the splats as ellipses, far to near, in the colours that the lighting pass found.

#import bevy_render::view::View
#import gve_bevy::splat::{object, order, unpack_splat, world_position, world_normal, world_axes, project}

@group(0) @binding(0) var<uniform> view: View;
@group(2) @binding(0) var lit: texture_2d<f32>;

struct Varyings {
    @builtin(position) position: vec4<f32>,
    // Standard deviations from the centre.
    @location(0) offset: vec2<f32>,
    @location(1) @interpolate(flat) color: vec4<f32>,
}

// What 8 bits can show.
const LEAST_ALPHA: f32 = 1.0 / 255.0;
// Squared standard deviations at which the quad ends at the latest.
const LARGEST_EXTENT: f32 = 8.0;

fn nothing() -> Varyings {
    return Varyings(vec4(0.0, 0.0, 2.0, 1.0), vec2(0.0), vec4(0.0));
}

@vertex
fn vertex(@builtin(vertex_index) vertex: u32, @builtin(instance_index) batch: u32) -> Varyings {
    let k = batch * #{QUADS_PER_BATCH}u + vertex / 4u;
    if k >= object.count {
        return nothing();
    }
    let color = textureLoad(lit, vec2(k % object.lit_width, k / object.lit_width), 0);
    if color.a < LEAST_ALPHA {
        return nothing();
    }
    let splat = unpack_splat(order[k]);
    let world = world_position(splat);
    let clip = view.clip_from_world * vec4(world, 1.0);
    if clip.w <= 0.0 || clip.z < 0.0 || clip.z > clip.w {
        return nothing();
    }
    let axes = world_axes(splat);
    let viewport = view.main_pass_viewport.zw;
    let footprint = project(axes, world_normal(splat), clip, view.clip_from_world, viewport);
    let opacity = color.a * footprint.thinning;
    if opacity < LEAST_ALPHA {
        return nothing();
    }
    let extent = sqrt(min(LARGEST_EXTENT, 2.0 * log(opacity / LEAST_ALPHA)));
    let ndc = clip.xyz / clip.w;
    let per_pixel = 2.0 / viewport;
    let major = footprint.major * per_pixel * extent;
    let minor = footprint.minor * per_pixel * extent;
    let reach = abs(major) + abs(minor);
    if any(abs(ndc.xy) > 1.0 + reach) {
        return nothing();
    }

    let side = vec2(f32(vertex & 1u), f32((vertex >> 1u) & 1u)) * 2.0 - 1.0;
    let shift = major * side.x + minor * side.y;
    return Varyings(
        vec4(ndc.xy + footprint.inset * per_pixel + shift, ndc.z + depth_slope(axes, world, clip, reach, shift), 1.0),
        side * extent,
        vec4(color.rgb, opacity),
    );
}

// The depth of the splat's own plane at a point of the quad, against its centre: a plane has a depth that is
// linear over the screen, so a floor that cuts through a splat cuts it along a straight line. Seen edge on, the
// plane leaves the splat behind; the depth then stays within the splat's extent.
fn depth_slope(axes: mat3x3<f32>, world: vec3<f32>, clip: vec4<f32>, reach: vec2<f32>, shift: vec2<f32>) -> f32 {
    let normal = normalize(cross(axes[0], axes[1]));
    let plane = vec4(normal, -dot(normal, world)) * view.world_from_clip;
    let m = view.clip_from_world;
    let row_z = vec3(m[0].z, m[1].z, m[2].z);
    let row_w = vec3(m[0].w, m[1].w, m[2].w);
    let deviation = ((row_z - clip.z / clip.w * row_w) / clip.w) * axes;
    let limit = 3.0 * length(deviation);
    let largest = (abs(plane.x) * reach.x + abs(plane.y) * reach.y) / max(abs(plane.z), 1e-30);
    let slope = -plane.xy / select(min(plane.z, -1e-30), max(plane.z, 1e-30), plane.z >= 0.0);
    return dot(slope, shift) * min(1.0, limit / max(largest, 1e-30));
}

@fragment
fn fragment(in: Varyings) -> @location(0) vec4<f32> {
    let alpha = in.color.a * exp(-0.5 * dot(in.offset, in.offset));
    if alpha < LEAST_ALPHA {
        discard;
    }
    return vec4(in.color.rgb * alpha, alpha);
}
