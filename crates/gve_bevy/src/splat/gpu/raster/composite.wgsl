// Puts a range of the splats, as the tiles have blended it, over the picture.

// `Tiling` in mod.rs.
struct Tiling {
    size: vec2<u32>,
    tiles: vec2<u32>,
    capacity: u32,
    ranges: u32,
    corner: vec2<u32>,
}

@group(0) @binding(0) var<uniform> tiling: Tiling;
// Which range.
@group(0) @binding(1) var<uniform> range_index: u32;
@group(0) @binding(2) var colors: texture_2d_array<f32>;
@group(0) @binding(3) var covers: texture_2d_array<f32>;

@vertex
fn vertex(@builtin(vertex_index) corner: u32) -> @builtin(position) vec4<f32> {
    let uv = vec2(f32(corner & 1u), f32(corner >> 1u)) * 2.0;
    return vec4(uv * 2.0 - 1.0, 0.5, 1.0);
}

struct Composite {
    @location(0) color: vec4<f32>,
#ifdef WRITES_DEPTH
    @builtin(frag_depth) depth: f32,
#endif
}

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> Composite {
    let pixel = vec2<u32>(position.xy) - tiling.corner;
    let color = textureLoad(colors, pixel, range_index, 0);
    if color.a == 0.0 {
        discard;
    }
#ifdef WRITES_DEPTH
    return Composite(color, textureLoad(covers, pixel, range_index, 0).x);
#else
    return Composite(color);
#endif
}
