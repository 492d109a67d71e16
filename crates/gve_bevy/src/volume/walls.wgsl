// The box that a volume is drawn on.

#define_import_path gve_bevy::volume::walls

#import bevy_pbr::mesh_view_bindings::view
#import gve_bevy::volume::tree::volume

// A corner of the box in the asset's space, for a corner of the cube that stands for it.
fn corner_of_box(cube: vec3<f32>) -> vec3<f32> {
    return volume.origin + mix(volume.box_min, volume.box_max, cube + 0.5) * volume.cell_size;
}

// Where a corner of the box lies on the screen, and at which depth it is drawn.
//
// All walls are drawn at the depth of the corner that is nearest to the eye, or at the near plane when one lies in front
// of it. So a camera in the box does not lose its walls, and the march never ends nearer than the depth that its wall is
// tested with: a GPU that is told so drops what is hidden before it is marched.
fn wall_position(world_position: vec3<f32>, world_from_local: mat4x4<f32>) -> vec4<f32> {
    let clip_from_local = view.clip_from_world * world_from_local;
    var nearest = 0.0;
    for (var i = 0u; i < 8u; i++) {
        let side = vec3<f32>(vec3(i & 1u, (i >> 1u) & 1u, i >> 2u));
        let corner = clip_from_local * vec4(corner_of_box(side - 0.5), 1.0);
        // Reverse z; behind the eye w is negative.
        nearest = max(nearest, select(corner.z / corner.w, 1.0, corner.z >= corner.w));
    }
    let clip = view.clip_from_world * vec4(world_position, 1.0);
    return vec4(clip.xy, nearest * clip.w, clip.w);
}
