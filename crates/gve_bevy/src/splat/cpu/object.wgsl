// The buffers of one object as one camera sees it.
#define_import_path gve_bevy::splat_object

#import gve_bevy::splat::{PackedSplat, Splat}

// `SplatObject` in prepare.rs.
struct SplatObject {
    world_from_local: mat4x4<f32>,
    // Inverse transpose of the upper left 3x3.
    world_from_local_normal: mat4x4<f32>,
    // How many entries of `order` are drawn.
    count: u32,
    // Texels along x of the texture that holds the lit colours.
    lit_width: u32,
    // Makes up for splats that are left out.
    sigma_scale: f32,
    // 0 or 1.
    receives_shadows: u32,
    // What the opacity of each splat is multiplied by.
    opacity_factor: f32,
    // Metres by which splats are drawn nearer than they are.
    lift: f32,
}

@group(#{SPLAT_BIND_GROUP}) @binding(0) var<uniform> object: SplatObject;
@group(#{SPLAT_BIND_GROUP}) @binding(1) var<storage, read> splats: array<PackedSplat>;
// Far to near.
@group(#{SPLAT_BIND_GROUP}) @binding(2) var<storage, read> order: array<u32>;

fn linear() -> mat3x3<f32> {
    let m = object.world_from_local;
    return mat3x3(m[0].xyz, m[1].xyz, m[2].xyz);
}

fn world_position(splat: Splat) -> vec3<f32> {
    return (object.world_from_local * vec4(splat.position, 1.0)).xyz;
}

fn world_normal(splat: Splat) -> vec3<f32> {
    let m = object.world_from_local_normal;
    return normalize(mat3x3(m[0].xyz, m[1].xyz, m[2].xyz) * splat.normal);
}
