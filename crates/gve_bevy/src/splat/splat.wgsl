// What every shader of splats shares: how a splat is unpacked, placed and projected.
#define_import_path gve_bevy::splat

// The 48 bytes of a splat in the file: position and scale, scale and rotation, rotation, colour, normal and
// material.
struct PackedSplat {
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
}

struct Splat {
    position: vec3<f32>,
    scale: vec3<f32>,
    rotation: vec4<f32>,
    // sRGB and opacity, as in the file.
    color: u32,
    normal: vec3<f32>,
    material: u32,
}

// What 8 bits can show.
const LEAST_ALPHA: f32 = 1.0 / 255.0;
// Squared standard deviations at which the quad ends at the latest.
const LARGEST_EXTENT: f32 = 8.0;
// A splat whose normal leans away from the eye by more than this cosine is hidden by nearer ones.
const FACING_MARGIN: f32 = 0.05;

fn srgb_to_linear(c: vec3<f32>) -> vec3<f32> {
    let high = pow((c + 0.055) / 1.055, vec3(2.4));
    return select(high, c / 12.92, c <= vec3(0.04045));
}

fn decode_octahedral(code: vec2<f32>) -> vec3<f32> {
    let z = 1.0 - abs(code.x) - abs(code.y);
    let fold = max(-z, 0.0);
    return normalize(vec3(code + select(vec2(fold), vec2(-fold), code >= vec2(0.0)), z));
}

fn encode_octahedral(n: vec3<f32>) -> vec2<f32> {
    let p = n.xy / (abs(n.x) + abs(n.y) + abs(n.z));
    let folded = (1.0 - abs(p.yx)) * select(vec2(-1.0), vec2(1.0), p >= vec2(0.0));
    return select(folded, p, n.z >= 0.0);
}

// `sigma_scale` makes up for splats that are left out.
fn unpack_splat(packed: PackedSplat, sigma_scale: f32) -> Splat {
    let tail = bitcast<u32>(packed.c.w);
    return Splat(
        packed.a.xyz,
        vec3(packed.a.w, packed.b.xy) * sigma_scale,
        vec4(packed.b.zw, packed.c.xy),
        bitcast<u32>(packed.c.z),
        decode_octahedral(unpack4x8snorm(tail).xy),
        (tail >> 16u) & 0xffu,
    );
}

// Linear albedo and opacity.
fn linear_color(packed: u32) -> vec4<f32> {
    let color = unpack4x8unorm(packed);
    return vec4(srgb_to_linear(color.rgb), color.a);
}

// The axes of the gaussian in world space, each one standard deviation long.
fn world_axes(linear: mat3x3<f32>, splat: Splat) -> mat3x3<f32> {
    let q = splat.rotation;
    let rotation = mat3x3(
        vec3(1.0 - 2.0 * (q.y * q.y + q.z * q.z), 2.0 * (q.x * q.y + q.w * q.z), 2.0 * (q.x * q.z - q.w * q.y)),
        vec3(2.0 * (q.x * q.y - q.w * q.z), 1.0 - 2.0 * (q.x * q.x + q.z * q.z), 2.0 * (q.y * q.z + q.w * q.x)),
        vec3(2.0 * (q.x * q.z + q.w * q.y), 2.0 * (q.y * q.z - q.w * q.x), 1.0 - 2.0 * (q.x * q.x + q.y * q.y)),
    );
    let axes = linear * rotation;
    return mat3x3(axes[0] * splat.scale.x, axes[1] * splat.scale.y, axes[2] * splat.scale.z);
}

// The ellipse of one standard deviation on the screen, in pixels, y up.
struct Footprint {
    major: vec2<f32>,
    minor: vec2<f32>,
    // What the centre is moved by.
    inset: vec2<f32>,
    // What the opacity is multiplied by.
    thinning: f32,
}

// Variance in pixels² of the low-pass filter. The box of a pixel has 1/12; more would blur contours.
const LOW_PASS: f32 = 0.02;
// Pixels by which splats right at the contour of a surface are moved inwards. Layers of gaussians cover half of
// what lies behind them this far outside the line that their centres stand on.
const CONTOUR_INSET: f32 = 0.12;

// Projects a gaussian by the derivative of the projection at its centre.
//
// `axes`: world space, one standard deviation each, the last one across the surface. `outside`: a direction that
// points away from the surface; the axes alone do not tell, since a mirroring transform turns their order around.
// `clip`: its centre. `viewport`: width and height in pixels.
//
// The low-pass filter widens splats without making them more transparent, since the splats of a surface must stay
// opaque together also when each is smaller than a pixel. But a splat seen edge on is widened many times over,
// and many of them share a pixel of the contour, which would grow: there opacity is lowered in proportion, so that
// a surface is as opaque seen at a slant as it is seen from the front (compare Yu et al., "Mip-Splatting", CVPR
// 2024, who lower it everywhere).
fn project(
    axes: mat3x3<f32>,
    outside: vec3<f32>,
    clip: vec4<f32>,
    clip_from_world: mat4x4<f32>,
    viewport: vec2<f32>,
) -> Footprint {
    // Far outside the picture the derivative says little about the splat; it is held at the edge.
    let ndc = clamp(clip.xy / clip.w, vec2(-1.3), vec2(1.3));
    let m = clip_from_world;
    let row_x = vec3(m[0].x, m[1].x, m[2].x);
    let row_y = vec3(m[0].y, m[1].y, m[2].y);
    let row_w = vec3(m[0].w, m[1].w, m[2].w);
    let pixels = 0.5 * viewport / clip.w;
    let jacobian_x = (row_x - ndc.x * row_w) * pixels.x;
    let jacobian_y = (row_y - ndc.y * row_w) * pixels.y;
    let x = jacobian_x * axes;
    let y = jacobian_y * axes;

    let xx = dot(x, x) + LOW_PASS;
    let xy = dot(x, y);
    let yy = dot(y, y) + LOW_PASS;
    let filtered_area = xx * yy - xy * xy;
    // The determinant without the filter as a sum of squares (Cauchy-Binet): a splat seen edge on has one of
    // nearly zero, which a difference of products would drown in rounding.
    let minors = cross(x, y);
    let per_metre = 0.5 * (length(jacobian_x) + length(jacobian_y));
    let front = vec2(dot(axes[0], axes[0]), dot(axes[1], axes[1])) * per_metre * per_metre;
    let front_share = front.x * front.y / ((front.x + LOW_PASS) * (front.y + LOW_PASS));
    let share = dot(minors, minors) / filtered_area;

    let across = normalize(cross(axes[0], axes[1]));
    let normal = select(-across, across, dot(across, outside) >= 0.0);
    let outward = vec2(dot(jacobian_x, normal), dot(jacobian_y, normal)) / per_metre;
    let slant = dot(outward, outward);

    let middle = 0.5 * (xx + yy);
    let spread = sqrt(max(0.25 * (xx - yy) * (xx - yy) + xy * xy, 0.0));
    let long = middle + spread;
    let short = max(filtered_area / long, LOW_PASS);
    var direction = vec2(1.0, 0.0);
    if spread > 1e-6 * middle {
        // Of the two rows that give the eigenvector, the one that does not cancel.
        direction = normalize(select(vec2(xy, long - xx), vec2(long - yy, xy), xx > yy));
    }
    return Footprint(
        direction * sqrt(long),
        vec2(-direction.y, direction.x) * sqrt(short),
        -outward * min(slant * slant, 1.0) * CONTOUR_INSET,
        sqrt(clamp(share / max(front_share, 1e-20), 0.0, 1.0)),
    );
}

// The depth of the splat's own plane, per unit of x and y on the screen from its centre: a plane has a depth that
// is linear over the screen, so a floor that cuts through a splat cuts it along a straight line. Seen edge on, the
// plane leaves the splat behind; the depth then stays within the splat's extent.
//
// `reach`: half the width and height of the quad, all in normalised device coordinates.
fn depth_slope(
    axes: mat3x3<f32>,
    world: vec3<f32>,
    clip: vec4<f32>,
    reach: vec2<f32>,
    clip_from_world: mat4x4<f32>,
    world_from_clip: mat4x4<f32>,
) -> vec2<f32> {
    let normal = normalize(cross(axes[0], axes[1]));
    let plane = vec4(normal, -dot(normal, world)) * world_from_clip;
    let m = clip_from_world;
    let row_z = vec3(m[0].z, m[1].z, m[2].z);
    let row_w = vec3(m[0].w, m[1].w, m[2].w);
    let deviation = ((row_z - clip.z / clip.w * row_w) / clip.w) * axes;
    let limit = 3.0 * length(deviation);
    let largest = (abs(plane.x) * reach.x + abs(plane.y) * reach.y) / max(abs(plane.z), 1e-30);
    let slope = -plane.xy / select(min(plane.z, -1e-30), max(plane.z, 1e-30), plane.z >= 0.0);
    return slope * min(1.0, limit / max(largest, 1e-30));
}

// A splat on the screen.
struct Projected {
    // Centre of the quad in normalised device coordinates, with its depth.
    ndc: vec3<f32>,
    // Half axes of the ellipse of one standard deviation, in pixels, y up.
    major: vec2<f32>,
    minor: vec2<f32>,
    slope: vec2<f32>,
    // In the middle; 0 when nothing of it is seen.
    opacity: f32,
}

const UNSEEN: Projected = Projected(vec3(0.0), vec2(0.0), vec2(0.0), vec2(0.0), 0.0);

// The depth of a splat that is drawn nearer to the eye than it is, by so many metres.
fn lifted_depth(
    depth: f32,
    world: vec3<f32>,
    to_eye: vec3<f32>,
    lift: f32,
    clip_from_world: mat4x4<f32>,
) -> f32 {
    if lift <= 0.0 {
        return depth;
    }
    let clip = clip_from_world * vec4(world + lift * to_eye, 1.0);
    // What would be lifted through the near plane stays in the picture.
    return select(1.0, clip.z / clip.w, clip.w > 0.0 && clip.z <= clip.w);
}

// How many standard deviations of a splat of this opacity are drawn.
fn extent_of(opacity: f32) -> f32 {
    return sqrt(max(min(LARGEST_EXTENT, 2.0 * log(opacity / LEAST_ALPHA)), 0.0));
}

// Projects a splat; its opacity is 0 when nothing of it is seen.
//
// `outside`: its normal in world space. `opacity`: in front view.
fn project_splat(
    axes: mat3x3<f32>,
    outside: vec3<f32>,
    world: vec3<f32>,
    opacity: f32,
    clip_from_world: mat4x4<f32>,
    world_from_clip: mat4x4<f32>,
    viewport: vec2<f32>,
) -> Projected {
    let clip = clip_from_world * vec4(world, 1.0);
    if !(opacity >= LEAST_ALPHA && clip.w > 0.0 && clip.z >= 0.0 && clip.z <= clip.w) {
        return UNSEEN;
    }
    let footprint = project(axes, outside, clip, clip_from_world, viewport);
    let seen_opacity = opacity * footprint.thinning;
    if !(seen_opacity >= LEAST_ALPHA) {
        return UNSEEN;
    }
    let extent = extent_of(seen_opacity);
    let ndc = clip.xyz / clip.w;
    let per_pixel = 2.0 / viewport;
    let reach = (abs(footprint.major) + abs(footprint.minor)) * per_pixel * extent;
    if any(abs(ndc.xy) > 1.0 + reach) {
        return UNSEEN;
    }
    return Projected(
        vec3(ndc.xy + footprint.inset * per_pixel, ndc.z),
        footprint.major,
        footprint.minor,
        depth_slope(axes, world, clip, reach, clip_from_world, world_from_clip),
        seen_opacity,
    );
}
