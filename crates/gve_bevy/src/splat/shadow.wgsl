// The shell of an object that is drawn as splats: nothing for cameras, all of it for lights, whose shadow maps
// are drawn by the prepass shader of ordinary meshes.

@vertex
fn vertex() -> @builtin(position) vec4<f32> {
    // Beyond the far side of the clip volume.
    return vec4(0.0, 0.0, 2.0, 1.0);
}

@fragment
fn fragment() -> @location(0) vec4<f32> {
    return vec4(0.0);
}
