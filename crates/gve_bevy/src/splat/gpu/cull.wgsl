// Which splats are seen, where each goes, and what is drawn of it.
//
// Three dispatches: `cull` marks what is seen of each group and counts it, `scan` turns the counts into places,
// `project` writes what is seen to its place. The order of the table stays, so a frame drawn twice is the same.

#import bevy_render::view::View
#import gve_bevy::splat::{PackedSplat, Splat, FACING_MARGIN, Projected, UNSEEN, unpack_splat, lifted_depth, world_axes, project_splat, encode_octahedral}
#import gve_bevy::splat_scene::{
    GROUP, Row, ScreenSplat, Surfel, State,
    row_splat, row_count, row_group, linear, world_position, world_normal, key_of_distance,
}

// A part of the table whose splats are in one page of the pool; `Page` in table.rs.
struct Page {
    first_row: u32,
    rows: u32,
    first_group: u32,
    groups: u32,
    // Workgroups along x of the dispatch.
    stride: u32,
}

// Bits of the splats that are seen, and how many: after the scan how many there are in the groups before.
struct Group {
    seen: array<u32, 8>,
    count: u32,
}

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var<uniform> page: Page;
@group(0) @binding(2) var<storage, read> rows: array<Row>;
@group(0) @binding(3) var<storage, read> splats: array<PackedSplat>;
// Metallic and perceptual roughness of each material of each asset, two 16-bit numbers.
@group(0) @binding(4) var<storage, read> palettes: array<u32>;
@group(0) @binding(5) var<storage, read_write> groups: array<Group>;
@group(0) @binding(6) var<storage, read_write> on_screen: array<ScreenSplat>;
@group(0) @binding(7) var<storage, read_write> surfels: array<Surfel>;
// Key and place of each.
@group(0) @binding(8) var<storage, read_write> pairs: array<vec2<u32>>;

var<workgroup> seen: array<atomic<u32>, 8>;

// The last row that begins at this group or before.
fn row_of(group: u32) -> u32 {
    var low = page.first_row;
    var high = page.first_row + page.rows;
    while high - low > 1u {
        let middle = (low + high) / 2u;
        if row_group(rows[middle]) <= group {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

fn to_eye(world: vec3<f32>) -> vec3<f32> {
    let is_orthographic = view.clip_from_view[3].w == 1.0;
    if is_orthographic {
        let m = view.clip_from_world;
        return normalize(vec3(m[0].z, m[1].z, m[2].z));
    }
    return normalize(view.world_position - world);
}

fn projected(row: Row, splat: Splat, world: vec3<f32>) -> Projected {
    let normal = world_normal(row, splat.normal);
    if dot(normal, to_eye(world)) < -FACING_MARGIN {
        return UNSEEN;
    }
    return project_splat(
        world_axes(linear(row), splat),
        normal,
        world,
        unpack4x8unorm(splat.color).a * row.opacity_factor,
        view.clip_from_world,
        view.world_from_clip,
        view.main_pass_viewport.zw,
    );
}

@compute @workgroup_size(256)
fn cull(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let index = workgroup.y * page.stride + workgroup.x;
    let group = page.first_group + index;
    if lane < 8u {
        atomicStore(&seen[lane], 0u);
    }
    workgroupBarrier();
    if index < page.groups {
        let row = rows[row_of(group)];
        let k = (group - row_group(row)) * GROUP + lane;
        if k < row_count(row) {
            let splat = unpack_splat(splats[row_splat(row) + k], row.sigma_scale);
            let shown = projected(row, splat, world_position(row, splat.position));
            if shown.opacity > 0.0 {
                atomicOr(&seen[lane / 32u], 1u << (lane % 32u));
            }
        }
    }
    workgroupBarrier();
    if index < page.groups {
        if lane < 8u {
            groups[group].seen[lane] = atomicLoad(&seen[lane]);
        }
        if lane == 0u {
            var count = 0u;
            for (var word = 0u; word < 8u; word += 1u) {
                count += countOneBits(atomicLoad(&seen[word]));
            }
            groups[group].count = count;
        }
    }
}

@compute @workgroup_size(256)
fn project(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let index = workgroup.y * page.stride + workgroup.x;
    if index >= page.groups {
        return;
    }
    let group = page.first_group + index;
    let word = lane / 32u;
    let bit = 1u << (lane % 32u);
    let bits = groups[group].seen[word];
    if (bits & bit) == 0u {
        return;
    }
    var place = groups[group].count + countOneBits(bits & (bit - 1u));
    for (var before = 0u; before < word; before += 1u) {
        place += countOneBits(groups[group].seen[before]);
    }
    let row = rows[row_of(group)];
    let k = (group - row_group(row)) * GROUP + lane;
    let splat = unpack_splat(splats[row_splat(row) + k], row.sigma_scale);
    let world = world_position(row, splat.position);
    let shown = projected(row, splat, world);
    on_screen[place] = ScreenSplat(
        vec3(shown.ndc.xy, lifted_depth(shown.ndc.z, world, to_eye(world), row.lift, view.clip_from_world)),
        shown.opacity,
        shown.slope,
        pack2x16float(shown.major),
        pack2x16float(shown.minor),
    );
    surfels[place] = Surfel(
        world,
        pack2x16snorm(encode_octahedral(world_normal(row, splat.normal))),
        splat.color,
        palettes[row.palette + splat.material],
        row.receives_shadows,
        0u,
    );
    pairs[place] = vec2(key_of_distance(distance_to_eye(world)), place);
}

// Along the rays of the picture: points on one ray have this order, and turning the camera keeps it.
fn distance_to_eye(world: vec3<f32>) -> f32 {
    if view.clip_from_view[3].w == 1.0 {
        return max(-(view.view_from_world * vec4(world, 1.0)).z, 0.0);
    }
    return distance(view.world_position, world);
}
