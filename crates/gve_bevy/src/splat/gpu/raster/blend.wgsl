// Blends the splats of each tile near to far, one thread for each pixel, until nothing behind would be seen.

#import gve_bevy::splat::{LEAST_ALPHA, LARGEST_EXTENT}
#import gve_bevy::splat_scene::{State, ScreenSplat}

// `Tiling` in mod.rs.
struct Tiling {
    size: vec2<u32>,
    tiles: vec2<u32>,
    capacity: u32,
    // How many ranges of the order are drawn one by one.
    ranges: u32,
    // Where the picture begins in the target.
    corner: vec2<u32>,
}

@group(0) @binding(0) var<uniform> tiling: Tiling;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> order: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> on_screen: array<ScreenSplat>;
@group(0) @binding(4) var<storage, read> entries: array<vec2<u32>>;
@group(0) @binding(5) var<storage, read> spans: array<vec2<u32>>;
@group(0) @binding(6) var lit: texture_2d<f32>;
#ifdef MULTISAMPLED
@group(0) @binding(7) var depths: texture_depth_multisampled_2d;
#else
@group(0) @binding(7) var depths: texture_depth_2d;
#endif
// One layer for each range: light towards the eye, and how much of what is behind is covered.
@group(0) @binding(8) var colors: texture_storage_2d_array<rgba16float, write>;
// Where half of what is behind is covered, or the nearest depth; 0 where there is nothing.
@group(0) @binding(9) var covers: texture_storage_2d_array<r32float, write>;

// What is left of the background when blending ends: a quarter of what 8 bits show.
const LEAST_LEFT: f32 = 1.0 / 1024.0;
const TILE: u32 = #{TILE}u;
// Threads of a workgroup, and splats that they load at a time.
const AT_ONCE: u32 = TILE * TILE;

// Centre in pixels, depth and opacity; inverse half axes; slope of the depth for each pixel; colour, and the squared
// deviations at which the splat has faded.
struct Loaded {
    center: vec4<f32>,
    axes: vec4<f32>,
    slope: vec2<f32>,
    color: vec2<u32>,
}

var<workgroup> loaded: array<Loaded, AT_ONCE>;
// Places in the order, near to far.
var<workgroup> ranks: array<u32, AT_ONCE>;
var<workgroup> open_pixels: atomic<u32>;
var<workgroup> is_open: u32;

fn load(near_rank: u32) -> Loaded {
    let place = order[state.count - 1u - near_rank].y;
    let splat = on_screen[place];
    let color = textureLoad(lit, vec2(place % #{LIT_WIDTH}u, place / #{LIT_WIDTH}u), 0);
    let major = unpack2x16float(splat.major);
    let minor = unpack2x16float(splat.minor);
    let size = vec2<f32>(tiling.size);
    let fade = max(2.0 * log(splat.opacity / LEAST_ALPHA), 0.0);
    return Loaded(
        vec4((splat.ndc.xy * vec2(0.5, -0.5) + 0.5) * size, splat.ndc.z, splat.opacity),
        vec4(major / max(dot(major, major), 1e-12), minor / max(dot(minor, minor), 1e-12)),
        splat.slope * 2.0 / size,
        vec2(pack2x16float(color.rg), pack2x16float(vec2(color.b, fade))),
    );
}

fn depth_behind(pixel: vec2<u32>) -> f32 {
    let at = pixel + tiling.corner;
#ifdef MULTISAMPLED
    // The farthest: nearer samples are sorted out where the picture is put over them.
    var farthest = 1.0;
    let samples = i32(textureNumSamples(depths));
    for (var i = 0; i < samples; i += 1) {
        farthest = min(farthest, textureLoad(depths, at, i));
    }
    return farthest;
#else
    return textureLoad(depths, at, 0);
#endif
}

@compute @workgroup_size(TILE, TILE)
fn blend(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(global_invocation_id) pixel: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let span = spans[workgroup.y * tiling.tiles.x + workgroup.x];
    let is_pixel = all(pixel.xy < tiling.size);
    let middle = vec2<f32>(pixel.xy) + 0.5;
    var behind = 2.0;
    if is_pixel && span.y > span.x {
        behind = depth_behind(pixel.xy);
    }
    // The nearest range is drawn last by the phase and first here.
    var range = tiling.ranges - 1u;
    var color = vec3(0.0);
    // What is left of the background in this range, and in all nearer ones with it.
    var left = 1.0;
    var left_before = 1.0;
    var cover = 0.0;
    for (var first = span.x; first < span.y; first += AT_ONCE) {
        atomicStore(&open_pixels, 0u);
        workgroupBarrier();
        if is_pixel && left * left_before >= LEAST_LEFT {
            atomicStore(&open_pixels, 1u);
        }
        if first + lane < span.y {
            let near_rank = entries[first + lane].y;
            ranks[lane] = near_rank;
            loaded[lane] = load(near_rank);
        }
        workgroupBarrier();
        if lane == 0u {
            is_open = atomicLoad(&open_pixels);
        }
        if workgroupUniformLoad(&is_open) == 0u {
            break;
        }
        let count = min(AT_ONCE, span.y - first);
        for (var i = 0u; i < count; i += 1u) {
            let place = state.count - 1u - ranks[i];
            while range > 0u && place < state.ranges[range].start {
                if is_pixel {
                    textureStore(colors, pixel.xy, range, vec4(color, 1.0 - left));
                    textureStore(covers, pixel.xy, range, vec4(cover));
                }
                left_before *= left;
                color = vec3(0.0);
                left = 1.0;
                cover = 0.0;
                range -= 1u;
            }
            if left * left_before < LEAST_LEFT {
                continue;
            }
            let splat = loaded[i];
            let from_center = (middle - splat.center.xy) * vec2(1.0, -1.0);
            let offset = vec2(dot(from_center, splat.axes.xy), dot(from_center, splat.axes.zw));
            let tail = unpack2x16float(splat.color.y);
            let squares = offset * offset;
            if squares.x + squares.y > tail.y || any(squares > vec2(LARGEST_EXTENT)) {
                continue;
            }
            let depth = splat.center.z + dot(from_center, splat.slope);
            if depth < behind {
                continue;
            }
            let alpha = splat.center.w * exp(-0.5 * (squares.x + squares.y));
            color += left * alpha * vec3(unpack2x16float(splat.color.x), tail.x);
            if left >= 0.5 {
                cover = depth;
            }
            left *= 1.0 - alpha;
        }
        workgroupBarrier();
    }
    if !is_pixel {
        return;
    }
    textureStore(colors, pixel.xy, range, vec4(color, 1.0 - left));
    textureStore(covers, pixel.xy, range, vec4(cover));
    while range > 0u {
        range -= 1u;
        textureStore(colors, pixel.xy, range, vec4(0.0));
        textureStore(covers, pixel.xy, range, vec4(0.0));
    }
}
