// Lights each splat once: pixel k of the target gets the colour of the k-th splat of the order, exactly as
// a StandardMaterial at that point would get it.

#import bevy_pbr::{
    mesh_types::MESH_FLAGS_SHADOW_RECEIVER_BIT,
    mesh_view_bindings::view,
    pbr_functions,
    pbr_types,
}
#import gve_bevy::splat::{object, order, unpack_splat, world_position, world_normal}

// x metallic, y perceptual roughness.
@group(#{SPLAT_BIND_GROUP}) @binding(3) var<uniform> palette: array<vec4<f32>, 256>;

// A splat whose normal leans away from the eye by more than this cosine is hidden by nearer ones.
const FACING_MARGIN: f32 = 0.05;

@fragment
fn fragment(@builtin(position) pixel: vec4<f32>) -> @location(0) vec4<f32> {
    let k = u32(pixel.y) * object.lit_width + u32(pixel.x);
    if k >= object.count {
        discard;
    }
    let splat = unpack_splat(order[k]);
    let world = vec4(world_position(splat), 1.0);
    let clip = view.clip_from_world * world;
    let is_orthographic = view.clip_from_view[3].w == 1.0;
    if clip.w <= 0.0 {
        discard;
    }
    let normal = world_normal(splat);
    let to_eye = pbr_functions::calculate_view(world, is_orthographic);
    if dot(normal, to_eye) < -FACING_MARGIN {
        discard;
    }

    var input = pbr_types::pbr_input_new();
    input.material.base_color = vec4(splat.color.rgb, 1.0);
    input.material.metallic = palette[splat.material].x;
    input.material.perceptual_roughness = palette[splat.material].y;
    input.material.flags |= pbr_types::STANDARD_MATERIAL_FLAGS_FOG_ENABLED_BIT;
    let uv = clip.xy / clip.w * vec2(0.5, -0.5) + 0.5;
    input.frag_coord = vec4(view.main_pass_viewport.xy + uv * view.main_pass_viewport.zw, clip.z / clip.w, clip.w);
    input.world_position = world;
    input.world_normal = normal;
    input.N = normal;
    input.V = to_eye;
    input.is_orthographic = is_orthographic;
    input.flags = select(0u, MESH_FLAGS_SHADOW_RECEIVER_BIT, object.receives_shadows != 0u);

    var color = pbr_functions::apply_pbr_lighting(input);
    color = pbr_functions::main_pass_post_lighting_processing(input, color);
    // The target holds half floats: infinity would spread over everything it is blended with.
    return vec4(clamp(color.rgb, vec3(0.0), vec3(65000.0)), splat.color.a);
}
