// Which splats each tile of the picture shows, near to far.
//
// `count_tiles` counts the tiles that each splat touches, `place_tiles` turns the counts into places, `list_tiles`
// writes an entry for each; a stable sort by tile keeps them in the order of their distances, and `find_tiles` notes
// where each tile's entries begin and end (Kerbl et al., "3D Gaussian Splatting for Real-Time Radiance Field
// Rendering", SIGGRAPH 2023, sorts tiles and depths together; the order by depth is there already).

#import gve_bevy::splat_scene::{State, ScreenSplat}
#import gve_bevy::splat::{LEAST_ALPHA, LARGEST_EXTENT}

// `Tiling` in mod.rs.
struct Tiling {
    // Pixels of the picture.
    size: vec2<u32>,
    // Tiles along x and y.
    tiles: vec2<u32>,
    // Entries that there is room for.
    capacity: u32,
}

@group(0) @binding(0) var<uniform> tiling: Tiling;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> order: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> on_screen: array<ScreenSplat>;
// One sum for each group of 256 splats: entries, and after `place_tiles` entries of the groups before.
@group(0) @binding(4) var<storage, read_write> sums: array<u32>;
// Tile and place in the order, near to far.
@group(0) @binding(5) var<storage, read_write> entries: array<vec2<u32>>;
// How many entries there are.
@group(0) @binding(6) var<storage, read_write> listed: array<u32, 4>;
// Where the entries of each tile begin and end.
@group(0) @binding(7) var<storage, read_write> spans: array<vec2<u32>>;
// The tiles of each splat: the first ones along x and y, and how many, 16 bits each. They are found once: another
// shader might round otherwise, and the counts would not be those of the entries.
@group(0) @binding(8) var<storage, read_write> rects: array<vec2<u32>>;

const TILE: f32 = f32(#{TILE}u);

var<workgroup> shared_sums: array<u32, 256>;

struct Rect {
    low: vec2<u32>,
    size: vec2<u32>,
}

// The tiles that the splat at this place of the order touches.
fn rect_of(near_rank: u32) -> Rect {
    if near_rank >= state.count {
        return Rect(vec2(0u), vec2(0u));
    }
    let splat = on_screen[order[state.count - 1u - near_rank].y];
    let major = unpack2x16float(splat.major);
    let minor = unpack2x16float(splat.minor);
    // The ellipse where it fades, within the square where it ends.
    let fade = 2.0 * log(splat.opacity / LEAST_ALPHA);
    let ellipse = sqrt(major * major + minor * minor) * sqrt(max(fade, 0.0));
    let square = (abs(major) + abs(minor)) * sqrt(clamp(fade, 0.0, LARGEST_EXTENT));
    let reach = min(ellipse, square);
    let size = vec2<f32>(tiling.size);
    let center = (splat.ndc.xy * vec2(0.5, -0.5) + 0.5) * size;
    // The pixels whose middles are within reach.
    let first = ceil(center - reach - 0.5);
    let last = floor(center + reach - 0.5);
    if any(last < first) || any(last < vec2(0.0)) || any(first >= size) {
        return Rect(vec2(0u), vec2(0u));
    }
    let low = vec2<u32>(clamp(first, vec2(0.0), size - 1.0) / TILE);
    let high = vec2<u32>(clamp(last, vec2(0.0), size - 1.0) / TILE);
    return Rect(low, high - low + 1u);
}

@compute @workgroup_size(256)
fn count_tiles(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let near_rank = workgroup.x * 256u + lane;
    let rect = rect_of(near_rank);
    if near_rank < state.count {
        rects[near_rank] = vec2(rect.low.x | (rect.low.y << 16u), rect.size.x | (rect.size.y << 16u));
    }
    shared_sums[lane] = rect.size.x * rect.size.y;
    workgroupBarrier();
    for (var reach = 128u; reach > 0u; reach /= 2u) {
        if lane < reach {
            shared_sums[lane] += shared_sums[lane + reach];
        }
        workgroupBarrier();
    }
    if lane == 0u {
        sums[workgroup.x] = shared_sums[0];
    }
}

// Inclusive sums; all threads call it.
fn scan_sums(lane: u32) {
    for (var reach = 1u; reach < 256u; reach *= 2u) {
        var added = 0u;
        if lane >= reach {
            added = shared_sums[lane - reach];
        }
        workgroupBarrier();
        shared_sums[lane] += added;
        workgroupBarrier();
    }
}

@compute @workgroup_size(256)
fn place_tiles(@builtin(local_invocation_index) lane: u32) {
    let tiles = tiling.tiles.x * tiling.tiles.y;
    for (var tile = lane; tile < tiles; tile += 256u) {
        spans[tile] = vec2(0u);
    }
    let groups = (state.count + 255u) / 256u;
    var before = 0u;
    for (var first = 0u; first < groups; first += 256u) {
        let group = first + lane;
        var own = 0u;
        if group < groups {
            own = sums[group];
        }
        shared_sums[lane] = own;
        workgroupBarrier();
        scan_sums(lane);
        if group < groups {
            sums[group] = before + shared_sums[lane] - own;
        }
        before += shared_sums[255];
        workgroupBarrier();
    }
    if lane == 0u {
        listed[0] = min(before, tiling.capacity);
    }
}

@compute @workgroup_size(256)
fn list_tiles(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let near_rank = workgroup.x * 256u + lane;
    var rect = Rect(vec2(0u), vec2(0u));
    if near_rank < state.count {
        let packed = rects[near_rank];
        rect = Rect(vec2(packed.x & 0xffffu, packed.x >> 16u), vec2(packed.y & 0xffffu, packed.y >> 16u));
    }
    let own = rect.size.x * rect.size.y;
    shared_sums[lane] = own;
    workgroupBarrier();
    scan_sums(lane);
    if own == 0u {
        return;
    }
    var place = sums[workgroup.x] + shared_sums[lane] - own;
    for (var y = 0u; y < rect.size.y; y += 1u) {
        for (var x = 0u; x < rect.size.x; x += 1u) {
            if place >= tiling.capacity {
                return;
            }
            let tile = (rect.low.y + y) * tiling.tiles.x + rect.low.x + x;
            entries[place] = vec2(tile, near_rank);
            place += 1u;
        }
    }
}

@compute @workgroup_size(256)
fn find_tiles(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    for (var i = workgroup.x * 256u + lane; i < listed[0]; i += workgroups.x * 256u) {
        let tile = entries[i].x;
        if i == 0u || entries[i - 1u].x != tile {
            spans[tile].x = i;
        }
        if i + 1u == listed[0] || entries[i + 1u].x != tile {
            spans[tile].y = i + 1u;
        }
    }
}
