// What the lighting pass and the drawing pass share: the buffers of one object, and how a splat is unpacked
// and projected.
#define_import_path gve_bevy::splat

// One object as one camera sees it; `SplatObject` in prepare.rs.
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
}

// The 48 bytes of a splat in the file: position and scale, scale and rotation, rotation, colour, normal and
// material.
struct PackedSplat {
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
}

@group(#{SPLAT_BIND_GROUP}) @binding(0) var<uniform> object: SplatObject;
@group(#{SPLAT_BIND_GROUP}) @binding(1) var<storage, read> splats: array<PackedSplat>;
// Far to near.
@group(#{SPLAT_BIND_GROUP}) @binding(2) var<storage, read> order: array<u32>;

struct Splat {
    position: vec3<f32>,
    scale: vec3<f32>,
    rotation: vec4<f32>,
    // Linear albedo and opacity.
    color: vec4<f32>,
    normal: vec3<f32>,
    material: u32,
}

fn srgb_to_linear(c: vec3<f32>) -> vec3<f32> {
    let high = pow((c + 0.055) / 1.055, vec3(2.4));
    return select(high, c / 12.92, c <= vec3(0.04045));
}

fn decode_octahedral(code: vec2<f32>) -> vec3<f32> {
    let z = 1.0 - abs(code.x) - abs(code.y);
    let fold = max(-z, 0.0);
    return normalize(vec3(code + select(vec2(fold), vec2(-fold), code >= vec2(0.0)), z));
}

fn unpack_splat(index: u32) -> Splat {
    let packed = splats[index];
    let color = unpack4x8unorm(bitcast<u32>(packed.c.z));
    let tail = bitcast<u32>(packed.c.w);
    return Splat(
        packed.a.xyz,
        vec3(packed.a.w, packed.b.xy) * object.sigma_scale,
        vec4(packed.b.zw, packed.c.xy),
        vec4(srgb_to_linear(color.rgb), color.a),
        decode_octahedral(unpack4x8snorm(tail).xy),
        (tail >> 16u) & 0xffu,
    );
}

fn world_position(splat: Splat) -> vec3<f32> {
    return (object.world_from_local * vec4(splat.position, 1.0)).xyz;
}

fn world_normal(splat: Splat) -> vec3<f32> {
    let m = object.world_from_local_normal;
    return normalize(mat3x3(m[0].xyz, m[1].xyz, m[2].xyz) * splat.normal);
}

// The axes of the gaussian in world space, each one standard deviation long.
fn world_axes(splat: Splat) -> mat3x3<f32> {
    let q = splat.rotation;
    let rotation = mat3x3(
        vec3(1.0 - 2.0 * (q.y * q.y + q.z * q.z), 2.0 * (q.x * q.y + q.w * q.z), 2.0 * (q.x * q.z - q.w * q.y)),
        vec3(2.0 * (q.x * q.y - q.w * q.z), 1.0 - 2.0 * (q.x * q.x + q.z * q.z), 2.0 * (q.y * q.z + q.w * q.x)),
        vec3(2.0 * (q.x * q.z + q.w * q.y), 2.0 * (q.y * q.z - q.w * q.x), 1.0 - 2.0 * (q.x * q.x + q.y * q.y)),
    );
    let m = object.world_from_local;
    let axes = mat3x3(m[0].xyz, m[1].xyz, m[2].xyz) * rotation;
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
