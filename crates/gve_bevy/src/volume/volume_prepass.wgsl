// Draws a distance volume into depth, normal and motion vector prepasses and into shadow maps.

#import gve_bevy::volume::coverage::covered_samples
#import gve_bevy::volume::march::{
    depth_at,
    fragment_is_cut_off,
    march,
    normal_of,
    point_at,
    ray_through,
    world_at,
}
#import gve_bevy::volume::tree::{
    gradient,
    load_volume,
    load_volume_and_atlas,
    volume,
}
#import gve_bevy::volume::walls::{corner_of_box, wall_position}
#import bevy_pbr::{
    mesh_functions,
    prepass_io::{Vertex, VertexOutput},
}
#ifdef MOTION_VECTOR_PREPASS
#import bevy_pbr::pbr_prepass_functions::calculate_motion_vector
#endif
#ifdef VISIBILITY_RANGE_DITHER
#import bevy_pbr::pbr_functions::visibility_range_dither
#endif

struct Output {
#ifdef NORMAL_PREPASS
    @location(0) normal: vec4<f32>,
#endif
#ifdef MOTION_VECTOR_PREPASS
    @location(1) motion_vector: vec2<f32>,
#endif
    @builtin(frag_depth) depth: f32,
#if GVE_SAMPLES > 1
    @builtin(sample_mask) samples: u32,
#endif
}

@vertex
fn vertex(in: Vertex) -> VertexOutput {
    var out: VertexOutput;
    let world_from_local = mesh_functions::get_world_from_local(in.instance_index);
    load_volume(mesh_functions::get_tag(in.instance_index));
    out.world_position = world_from_local * vec4(corner_of_box(in.position), 1.0);
    out.position = wall_position(out.world_position.xyz, world_from_local);
#ifdef UNCLIPPED_DEPTH_ORTHO_EMULATION
    out.unclipped_depth = out.position.z;
#endif
#ifdef VERTEX_OUTPUT_INSTANCE_INDEX
    out.instance_index = in.instance_index;
#endif
#ifdef VISIBILITY_RANGE_DITHER
    out.visibility_range_dither =
        mesh_functions::get_visibility_range_dither_level(in.instance_index, world_from_local[3]);
#endif
    return out;
}

// The depths that are written are never nearer than the wall's; depth is reversed.
#ifdef GVE_EARLY_DEPTH
@early_depth_test(less_equal)
#endif
@fragment
fn fragment(in: VertexOutput) -> Output {
#ifdef VISIBILITY_RANGE_DITHER
    visibility_range_dither(in.position, in.visibility_range_dither);
#endif
    load_volume_and_atlas(mesh_functions::get_tag(in.instance_index));
    let ray = ray_through(in.world_position.xyz, in.instance_index);
    if fragment_is_cut_off(ray) {
        discard;
    }
    let hit = march(ray);
    // As many samples as in the main pass: what lies behind the others must pass there.
    let samples = covered_samples(ray, hit, in.instance_index);
    if samples == 0u {
        discard;
    }
    var out: Output;
#if GVE_SAMPLES > 1
    out.samples = samples;
#endif
    out.depth = min(depth_at(ray, hit.at), in.position.z);
#ifdef NORMAL_PREPASS
    let normal = normal_of(gradient(hit.brick, hit.local), ray, in.instance_index);
    out.normal = vec4(0.5 * normal + 0.5, 1.0);
#endif
#ifdef MOTION_VECTOR_PREPASS
    let local = volume.origin + volume.cell_size * point_at(ray, hit.at);
    let before = mesh_functions::get_previous_world_from_local(in.instance_index) * vec4(local, 1.0);
    out.motion_vector = calculate_motion_vector(vec4(world_at(ray, hit.at), 1.0), before);
#endif
    return out;
}
