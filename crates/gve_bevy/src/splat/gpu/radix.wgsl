// Sorts pairs by key: a radix sort from the lowest digit of 8 bits to the highest, stable.
//
// Each digit takes three dispatches: `count_digits` counts the digits of each tile, `scan_digits` turns the counts of a digit
// into places among the tiles, `scatter_digits` puts the pairs there. No workgroup waits for another one (Merrill and
// Grimshaw, "Revisiting Sorting for GPGPU Stream Architectures", PACT 2010), and nothing is known about subgroups.

#import gve_bevy::splat_scene::State

// `Digit` in sort.rs.
struct Digit {
    // Where it begins in the key.
    shift: u32,
    // Tiles that `counts` has room for.
    tiles: u32,
}

@group(0) @binding(0) var<uniform> digit: Digit;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> from_pairs: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read_write> to_pairs: array<vec2<u32>>;
// For each value of the digit one number for each tile; then the sum for each value.
@group(0) @binding(4) var<storage, read_write> counts: array<u32>;

const VALUES: u32 = 256u;
const ROUNDS: u32 = #{ROUNDS}u;
const TILE: u32 = 256u * ROUNDS;

var<workgroup> histogram: array<atomic<u32>, 256>;
var<workgroup> sums: array<u32, 256>;
var<workgroup> total: u32;
// For each value which threads hold it, 32 to a word.
var<workgroup> holders: array<atomic<u32>, 2048>;

fn value_of(key: u32) -> u32 {
    return (key >> digit.shift) & 255u;
}

fn tiles_used() -> u32 {
    return (state.count + TILE - 1u) / TILE;
}

@compute @workgroup_size(256)
fn count_digits(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let tile = workgroup.x;
    if tile >= tiles_used() {
        return;
    }
    atomicStore(&histogram[lane], 0u);
    workgroupBarrier();
    for (var round = 0u; round < ROUNDS; round += 1u) {
        let i = tile * TILE + round * 256u + lane;
        if i < state.count {
            atomicAdd(&histogram[value_of(from_pairs[i].x)], 1u);
        }
    }
    workgroupBarrier();
    counts[lane * digit.tiles + tile] = atomicLoad(&histogram[lane]);
}

// Turns `sums` into the sums of what stands before; all threads call it.
fn exclusive_scan(lane: u32) {
    let own = sums[lane];
    for (var reach = 1u; reach < 256u; reach *= 2u) {
        var added = 0u;
        if lane >= reach {
            added = sums[lane - reach];
        }
        workgroupBarrier();
        sums[lane] += added;
        workgroupBarrier();
    }
    sums[lane] -= own;
    workgroupBarrier();
}

@compute @workgroup_size(256)
fn scan_digits(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let value = workgroup.x;
    let tiles = tiles_used();
    var before = 0u;
    for (var first = 0u; first < tiles; first += 256u) {
        let tile = first + lane;
        var own = 0u;
        if tile < tiles {
            own = counts[value * digit.tiles + tile];
        }
        sums[lane] = own;
        workgroupBarrier();
        exclusive_scan(lane);
        if tile < tiles {
            counts[value * digit.tiles + tile] = before + sums[lane];
        }
        if lane == 255u {
            total = sums[lane] + own;
        }
        workgroupBarrier();
        before += total;
        workgroupBarrier();
    }
    if lane == 0u {
        counts[VALUES * digit.tiles + value] = before;
    }
}

@compute @workgroup_size(256)
fn scatter_digits(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let tile = workgroup.x;
    if tile >= tiles_used() {
        return;
    }
    sums[lane] = counts[VALUES * digit.tiles + lane];
    for (var word = 0u; word < 8u; word += 1u) {
        atomicStore(&holders[word * 256u + lane], 0u);
    }
    workgroupBarrier();
    exclusive_scan(lane);
    // The next place of each value.
    sums[lane] += counts[lane * digit.tiles + tile];
    workgroupBarrier();
    for (var round = 0u; round < ROUNDS; round += 1u) {
        let i = tile * TILE + round * 256u + lane;
        let is_pair = i < state.count;
        var pair = vec2(0u);
        var value = 0u;
        if is_pair {
            pair = from_pairs[i];
            value = value_of(pair.x);
            atomicOr(&holders[value * 8u + lane / 32u], 1u << (lane % 32u));
        }
        workgroupBarrier();
        var rank = 0u;
        var of_value = 0u;
        if is_pair {
            for (var word = 0u; word < 8u; word += 1u) {
                let bits = atomicLoad(&holders[value * 8u + word]);
                of_value += countOneBits(bits);
                if word < lane / 32u {
                    rank += countOneBits(bits);
                } else if word == lane / 32u {
                    rank += countOneBits(bits & ((1u << (lane % 32u)) - 1u));
                }
            }
            to_pairs[sums[value] + rank] = pair;
        }
        workgroupBarrier();
        // The last holder of a value clears up after it.
        if is_pair && rank + 1u == of_value {
            sums[value] += of_value;
            for (var word = 0u; word < 8u; word += 1u) {
                atomicStore(&holders[value * 8u + word], 0u);
            }
        }
        workgroupBarrier();
    }
}
