// Places of what is seen, and after the sort what each draw call draws.

#import gve_bevy::splat_scene::{State, Range, MAX_RANGES}

struct Group {
    seen: array<u32, 8>,
    count: u32,
}

// `Cuts` in split.rs.
struct Cuts {
    // Groups of the table.
    groups: u32,
    // Splats that fit into the buffers.
    capacity: u32,
    // Texels of the texture that holds the lit colours.
    lit_width: u32,
    lit_rows: u32,
    // How many ranges are drawn: one more than there are cuts.
    ranges: u32,
    // Keys at which ranges end, ascending: four to a vector.
    keys: array<vec4<u32>, 4>,
}

@group(0) @binding(0) var<uniform> cuts: Cuts;
@group(0) @binding(1) var<storage, read_write> groups: array<Group>;
@group(0) @binding(2) var<storage, read_write> state: State;
@group(0) @binding(3) var<storage, read> order: array<vec2<u32>>;

const PER_THREAD: u32 = 4u;
const AT_ONCE: u32 = 256u * PER_THREAD;

var<workgroup> sums: array<u32, 256>;

@compute @workgroup_size(256)
fn scan(@builtin(local_invocation_index) lane: u32) {
    var before = 0u;
    for (var first = 0u; first < cuts.groups; first += AT_ONCE) {
        let mine = first + lane * PER_THREAD;
        var counts: array<u32, PER_THREAD>;
        var sum = 0u;
        for (var i = 0u; i < PER_THREAD; i += 1u) {
            counts[i] = 0u;
            if mine + i < cuts.groups {
                counts[i] = groups[mine + i].count;
            }
            sum += counts[i];
        }
        sums[lane] = sum;
        workgroupBarrier();
        for (var reach = 1u; reach < 256u; reach *= 2u) {
            var added = 0u;
            if lane >= reach {
                added = sums[lane - reach];
            }
            workgroupBarrier();
            sums[lane] += added;
            workgroupBarrier();
        }
        var place = before + sums[lane] - sum;
        for (var i = 0u; i < PER_THREAD; i += 1u) {
            if mine + i < cuts.groups {
                groups[mine + i].count = place;
            }
            place += counts[i];
        }
        before += sums[255];
        workgroupBarrier();
    }
    if lane == 0u {
        let count = min(before, cuts.capacity);
        state.count = count;
        state.lit_rows = cuts.lit_rows;
        state.light = array(6u, (count + cuts.lit_width - 1u) / cuts.lit_width, 0u, 0u);
    }
}

// The first place of the order whose key is not below this one.
fn lower_bound(key: u32) -> u32 {
    var low = 0u;
    var high = state.count;
    while low < high {
        let middle = (low + high) / 2u;
        if order[middle].x < key {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    return low;
}

@compute @workgroup_size(16)
fn split(@builtin(local_invocation_index) range: u32) {
    var start = 0u;
    var end = 0u;
    if range < cuts.ranges {
        if range > 0u {
            start = lower_bound(cuts.keys[(range - 1u) / 4u][(range - 1u) % 4u]);
        }
        end = state.count;
        if range + 1u < cuts.ranges {
            end = lower_bound(cuts.keys[range / 4u][range % 4u]);
        }
        end = max(start, end);
    }
    state.ranges[range] = Range(start, end);
    let first = range * 5u;
    state.draws[first] = #{QUADS_PER_BATCH}u * 6u;
    state.draws[first + 1u] = (end - start + #{QUADS_PER_BATCH}u - 1u) / #{QUADS_PER_BATCH}u;
    state.draws[first + 2u] = 0u;
    state.draws[first + 3u] = 0u;
    state.draws[first + 4u] = 0u;
}
