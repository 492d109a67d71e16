// Draws a distance volume in the main pass: opaque, with depth, lit as Bevy lights a StandardMaterial.

#import gve_bevy::volume::coverage::covered_samples
#import gve_bevy::volume::march::{
    depth_at,
    fragment_is_cut_off,
    march,
    normal_of,
    pixel_at,
    ray_through,
    world_at,
}
#import gve_bevy::volume::tree::{
    gradient,
    load_volume,
    load_volume_and_atlas,
    surface_at,
    volume,
    width_of,
}
#import gve_bevy::volume::walls::{corner_of_box, wall_position}
#import bevy_pbr::{
    decal::clustered::apply_decals,
    forward_io::{Vertex, VertexOutput},
    lighting,
    mesh_bindings::mesh,
    mesh_functions,
    mesh_view_bindings::view,
    pbr_functions::{apply_pbr_lighting, calculate_view, main_pass_post_lighting_processing},
    pbr_types,
}
#ifdef VISIBILITY_RANGE_DITHER
#import bevy_pbr::pbr_functions::visibility_range_dither
#endif
#ifdef SCREEN_SPACE_AMBIENT_OCCLUSION
#import bevy_pbr::mesh_view_bindings::screen_space_ambient_occlusion_texture
#import bevy_pbr::ssao_utils::ssao_multibounce
#endif

struct Output {
    @location(0) color: vec4<f32>,
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
    let samples = covered_samples(ray, hit, in.instance_index);
    if samples == 0u {
        discard;
    }
    var out: Output;
#if GVE_SAMPLES > 1
    out.samples = samples;
#endif
    let world_position = world_at(ray, hit.at);
    let pixel = pixel_at(ray, hit.at);
    let normal = normal_of(gradient(hit.brick, hit.local), ray, in.instance_index);

    let cell = volume.cell_size * width_of(hit.brick.level);
    let surface = surface_at(hit.brick, hit.local, pixel * ray.speed / cell);
    var input = pbr_types::pbr_input_new();
    input.flags = mesh[in.instance_index].flags;
    input.is_orthographic = view.clip_from_view[3].w == 1.0;
    input.frag_coord = in.position;
    input.world_position = vec4(world_position, 1.0);
    input.world_normal = normal;
    input.N = normal;
    input.clearcoat_N = normal;
    input.V = calculate_view(input.world_position, input.is_orthographic);
    input.material.base_color = vec4(surface.base_color, 1.0);
    input.material.perceptual_roughness = surface.perceptual_roughness;
    input.material.metallic = surface.metallic;
    input.material.flags |= pbr_types::STANDARD_MATERIAL_FLAGS_FOG_ENABLED_BIT;
    out.depth = min(depth_at(ray, hit.at), in.position.z);
    input.frag_coord.z = out.depth;

#ifdef SCREEN_SPACE_AMBIENT_OCCLUSION
    let occlusion = textureLoad(screen_space_ambient_occlusion_texture, vec2<i32>(in.position.xy), 0).r;
    input.diffuse_occlusion = ssao_multibounce(occlusion, surface.base_color);
    // Lagarde and de Rousiers, "Moving Frostbite to Physically Based Rendering", SIGGRAPH 2014.
    let facing = max(dot(normal, input.V), 0.0001);
    let roughness = lighting::perceptualRoughnessToRoughness(surface.perceptual_roughness);
    input.specular_occlusion =
        saturate(pow(facing + occlusion, exp2(-16.0 * roughness - 1.0)) - 1.0 + occlusion);
#endif

    apply_decals(&input);
    out.color = main_pass_post_lighting_processing(input, apply_pbr_lighting(input));
#ifdef DEPTH_PREPASS
    // The compiler may round differently in the two passes; a depth that is a little nearer always passes.
    out.depth = min(out.depth * 1.00001, in.position.z);
#endif
    return out;
}
