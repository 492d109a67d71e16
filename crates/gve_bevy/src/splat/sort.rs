//! Back-to-front order of the splats of one object for one eye.
//!
//! Splats are ordered by distance from the eye rather than by depth along the view direction: points on one
//! ray have the same order either way, and the order then survives a camera that only turns, so nothing is
//! sorted again and nothing pops (Radl et al., "StopThePop", SIGGRAPH 2024, names the artefact).
//!
//! The sort is a counting sort on 16-bit keys. A positive float read as an integer is a piecewise linear
//! logarithm of it, so the keys are spread like the logarithm of the distance at the price of a cast: near
//! splats, which cover more pixels, are told apart more finely than far ones.

use bevy::math::{Affine3A, Mat3A, Vec3, Vec3A};
use gve_assets::Splat;

/// A splat is dropped when its normal leans away from the eye by more than this cosine. The shader drops
/// every splat that faces away from the eye of the current frame; the margin is for an order that is a few
/// frames old and for the splats right at the contour.
const FACING_MARGIN: f32 = 0.2;

/// Keys are 16 bits wide; the last one is free.
const BUCKETS: usize = 1 << 16;
const LAST_KEY: u32 = BUCKETS as u32 - 2;
/// Marks a splat that faces away. No finite positive float has these bits.
const DROPPED: u32 = u32::MAX;

/// What the sort needs of a splat: a third of its bytes, so that a million of them fit in the last-level cache.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C)]
pub struct SortPoint {
    /// Centre in the asset's own space.
    pub position: [f32; 3],
    /// Normal, scaled to ±127.
    pub normal: [i8; 3],
    padding: u8,
}

impl SortPoint {
    /// A point with a normal of any length.
    pub fn new(position: Vec3, normal: Vec3) -> Self {
        let n = normal.normalize_or_zero() * 127.0;
        Self {
            position: position.to_array(),
            normal: [n.x.round() as i8, n.y.round() as i8, n.z.round() as i8],
            padding: 0,
        }
    }
}

impl From<&Splat> for SortPoint {
    fn from(splat: &Splat) -> Self {
        Self::new(Vec3::from(splat.position), decode_octahedral(splat.normal_oct))
    }
}

/// The unit vector of an octahedral code: Cigolle et al., "A Survey of Efficient Representations for
/// Independent Unit Vectors", JCGT 2014.
pub fn decode_octahedral(code: [i8; 2]) -> Vec3 {
    let [x, y] = code.map(|c| (f32::from(c) / 127.0).clamp(-1.0, 1.0));
    let z = 1.0 - x.abs() - y.abs();
    let fold = (-z).max(0.0);
    let unfold = |v: f32| if v >= 0.0 { v - fold } else { v + fold };
    Vec3::new(unfold(x), unfold(y), z).normalize_or_zero()
}

/// From where one object is seen, in the object's own space.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Eye {
    /// A perspective camera.
    Point {
        /// Where it stands.
        position: Vec3A,
        /// `Lᵀ L` of the linear part `L` of `world_from_local`: turns local offsets into squared metres, also
        /// under a scale that is not uniform.
        metric: Mat3A,
    },
    /// An orthographic camera.
    Direction {
        /// Covector that measures depth: larger dot products are nearer to the camera.
        toward: Vec3A,
        /// Direction to the camera, for telling front from back.
        view: Vec3A,
    },
}

impl Eye {
    /// The eye of a camera, or `None` when the object is flattened to nothing.
    ///
    /// `world_from_view` places the camera, which looks along its -z.
    pub fn new(world_from_view: &Affine3A, orthographic: bool, world_from_local: &Affine3A) -> Option<Self> {
        let linear = world_from_local.matrix3;
        let local_from_world = world_from_local.inverse();
        if !local_from_world.is_finite() {
            return None;
        }
        if orthographic {
            let backward = world_from_view.matrix3.z_axis.normalize_or_zero();
            Some(Self::Direction {
                toward: linear.transpose() * backward,
                view: local_from_world.matrix3 * backward,
            })
        } else {
            Some(Self::Point {
                position: local_from_world.transform_point3a(world_from_view.translation),
                metric: linear.transpose() * linear,
            })
        }
    }
}

impl Eye {
    /// Unit vector from a point of the object to the eye.
    pub fn direction_from(&self, point: Vec3A) -> Vec3A {
        match *self {
            Self::Point { position, .. } => (position - point).normalize_or_zero(),
            Self::Direction { view, .. } => view.normalize_or_zero(),
        }
    }
}

/// The buffers of a sort, kept so that sorting again allocates nothing.
#[derive(Debug)]
pub struct DepthSorter {
    /// Distances as integers, then keys.
    keys: Vec<u32>,
    starts: Vec<u32>,
    order: Vec<u32>,
}

impl Default for DepthSorter {
    fn default() -> Self {
        Self { keys: Vec::new(), starts: vec![0; BUCKETS], order: Vec::new() }
    }
}

impl DepthSorter {
    /// Indices of the splats that face the eye, farthest first; splats within 1/65,535 of the (logarithmic)
    /// range of distances keep the order of the file.
    pub fn sort(&mut self, points: &[SortPoint], eye: &Eye) -> &[u32] {
        self.keys.clear();
        match *eye {
            Eye::Point { position, metric } => {
                let m = metric;
                // A symmetric form in six products.
                let (xx, yy, zz) = (m.x_axis.x, m.y_axis.y, m.z_axis.z);
                let (xy, xz, yz) = (2.0 * m.y_axis.x, 2.0 * m.z_axis.x, 2.0 * m.z_axis.y);
                let eye = position;
                let margin = FACING_MARGIN * FACING_MARGIN * 127.0 * 127.0;
                self.keys.extend(points.iter().map(|point| {
                    let [px, py, pz] = point.position;
                    let (x, y, z) = (eye.x - px, eye.y - py, eye.z - pz);
                    let facing = facing(point, x, y, z);
                    let away = facing < 0.0 && facing * facing > margin * (x * x + y * y + z * z);
                    let squared = x * (xx * x + xy * y + xz * z) + y * (yy * y + yz * z) + zz * z * z;
                    if away { DROPPED } else { squared.max(0.0).to_bits() }
                }));
            }
            Eye::Direction { toward, view } => {
                let margin = FACING_MARGIN * FACING_MARGIN * 127.0 * 127.0 * view.length_squared();
                let depth = |point: &SortPoint| {
                    let [x, y, z] = point.position;
                    -(toward.x * x + toward.y * y + toward.z * z)
                };
                let (near, far) = points.iter().fold((f32::MAX, f32::MIN), |(near, far), point| {
                    let d = depth(point);
                    (near.min(d), far.max(d))
                });
                // Depths moved into one octave of the floats, where the integers are linear in them.
                let range = (far - near).max(f32::MIN_POSITIVE);
                let shift = range - near;
                self.keys.extend(points.iter().map(|point| {
                    let facing = facing(point, view.x, view.y, view.z);
                    let away = facing < 0.0 && facing * facing > margin;
                    if away { DROPPED } else { (depth(point) + shift).max(0.0).to_bits() }
                }));
            }
        }
        self.count();
        self.scatter();
        &self.order
    }

    /// The order that the last sort found.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// Turns distances into keys, nearest last, and counts them.
    fn count(&mut self) {
        let (mut least, mut most) = (u32::MAX, 0);
        for &bits in &self.keys {
            least = least.min(bits);
            most = most.max(if bits == DROPPED { 0 } else { bits });
        }
        let scale = LAST_KEY as f32 / (most.saturating_sub(least)).max(1) as f32;
        self.starts.fill(0);
        for key in &mut self.keys {
            if *key != DROPPED {
                // Rounding of the product can only reach one past the end.
                *key = LAST_KEY - (((*key - least) as f32 * scale) as u32).min(LAST_KEY);
                self.starts[*key as usize] += 1;
            }
        }
    }

    fn scatter(&mut self) {
        let mut total = 0;
        for start in &mut self.starts {
            total += std::mem::replace(start, total);
        }
        self.order.resize(total as usize, 0);
        for (index, &key) in (0u32..).zip(&self.keys) {
            if key != DROPPED {
                let slot = &mut self.starts[key as usize];
                self.order[*slot as usize] = index;
                *slot += 1;
            }
        }
    }
}

#[inline]
fn facing(point: &SortPoint, x: f32, y: f32, z: f32) -> f32 {
    let [nx, ny, nz] = point.normal;
    f32::from(nx) * x + f32::from(ny) * y + f32::from(nz) * z
}
