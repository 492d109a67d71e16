// How a splat is lit: exactly as a StandardMaterial at that point would be.
#define_import_path gve_bevy::splat_lighting

#import bevy_pbr::{
    mesh_types::MESH_FLAGS_SHADOW_RECEIVER_BIT,
    mesh_view_bindings::view,
    pbr_functions,
    pbr_types,
}
#import gve_bevy::splat::FACING_MARGIN

struct Surface {
    world_position: vec3<f32>,
    normal: vec3<f32>,
    // Linear albedo and opacity.
    color: vec4<f32>,
    metallic: f32,
    perceptual_roughness: f32,
    receives_shadows: bool,
}

// The light that leaves the surface towards the eye, and its opacity; all 0 where it is not seen.
fn light(surface: Surface) -> vec4<f32> {
    // Bevy's lighting of the very origin of the world is not a number on some GPUs; it is one a micrometre away.
    let is_origin = all(surface.world_position == vec3(0.0));
    let world = vec4(select(surface.world_position, vec3(1e-6), is_origin), 1.0);
    let clip = view.clip_from_world * world;
    let is_orthographic = view.clip_from_view[3].w == 1.0;
    let to_eye = pbr_functions::calculate_view(world, is_orthographic);
    if clip.w <= 0.0 || dot(surface.normal, to_eye) < -FACING_MARGIN {
        return vec4(0.0);
    }
    var input = pbr_types::pbr_input_new();
    input.material.base_color = vec4(surface.color.rgb, 1.0);
    input.material.metallic = surface.metallic;
    input.material.perceptual_roughness = surface.perceptual_roughness;
    input.material.flags |= pbr_types::STANDARD_MATERIAL_FLAGS_FOG_ENABLED_BIT;
    let uv = clip.xy / clip.w * vec2(0.5, -0.5) + 0.5;
    input.frag_coord = vec4(view.main_pass_viewport.xy + uv * view.main_pass_viewport.zw, clip.z / clip.w, clip.w);
    input.world_position = world;
    input.world_normal = surface.normal;
    input.N = surface.normal;
    input.V = to_eye;
    input.is_orthographic = is_orthographic;
    input.flags = select(0u, MESH_FLAGS_SHADOW_RECEIVER_BIT, surface.receives_shadows);

    var color = pbr_functions::apply_pbr_lighting(input);
    color = pbr_functions::main_pass_post_lighting_processing(input, color);
    // The target holds half floats: infinity would spread over everything it is blended with.
    return vec4(clamp(color.rgb, vec3(0.0), vec3(65000.0)), surface.color.a);
}
