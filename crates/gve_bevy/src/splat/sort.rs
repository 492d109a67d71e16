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

#[cfg(test)]
mod tests {
    use bevy::math::{EulerRot, Quat};

    use super::*;

    /// A small generator of random numbers, the same in every run.
    struct Random(u64);

    impl Random {
        fn unit(&mut self) -> f32 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 40) as f32 / (1 << 24) as f32
        }

        fn within(&mut self, reach: f32) -> f32 {
            (self.unit() * 2.0 - 1.0) * reach
        }

        fn vec(&mut self, reach: f32) -> Vec3 {
            Vec3::new(self.within(reach), self.within(reach), self.within(reach))
        }

        fn affine(&mut self, reach: f32) -> Affine3A {
            let turn = Quat::from_euler(EulerRot::XYZ, self.within(3.1), self.within(1.5), self.within(3.1));
            let scale = Vec3::new(0.2 + self.unit(), 0.2 + 3.0 * self.unit(), 0.2 + self.unit());
            Affine3A::from_scale_rotation_translation(scale, turn, self.vec(reach))
        }
    }

    /// Distance along which splats are ordered, the obvious way, in world space.
    fn distance(point: &SortPoint, camera: &Affine3A, orthographic: bool, object: &Affine3A) -> f32 {
        let world = object.transform_point3(Vec3::from(point.position));
        if orthographic {
            -camera.matrix3.z_axis.normalize().dot((world - Vec3::from(camera.translation)).into())
        } else {
            world.distance(camera.translation.into())
        }
    }

    /// The cosine between normal and eye in world space; negative for a splat that faces away.
    fn facing(point: &SortPoint, camera: &Affine3A, orthographic: bool, object: &Affine3A) -> f32 {
        let world = object.transform_point3(Vec3::from(point.position));
        let normal = Vec3::from(point.normal.map(f32::from));
        let normal = (object.matrix3.inverse().transpose() * Vec3A::from(normal)).normalize();
        let to_eye = if orthographic {
            camera.matrix3.z_axis
        } else {
            camera.translation - Vec3A::from(world)
        };
        normal.dot(to_eye.normalize())
    }

    #[test]
    fn agrees_with_a_comparison_sort() {
        let mut random = Random(7);
        for case in 0..60 {
            let orthographic = case % 3 == 0;
            let count = [1, 2, 17, 900, 5000][case % 5];
            let object = random.affine(2.0);
            let camera = Affine3A::from_rotation_translation(
                Quat::from_euler(EulerRot::XYZ, random.within(3.0), random.within(1.5), 0.0),
                random.vec(8.0),
            );
            let points: Vec<_> =
                (0..count).map(|_| SortPoint::new(random.vec(1.0), random.vec(1.0))).collect();
            let eye = Eye::new(&camera, orthographic, &object).expect("the object is not flat");
            let mut sorter = DepthSorter::default();
            let order = sorter.sort(&points, &eye).to_vec();

            let mut drawn = vec![false; points.len()];
            for &index in &order {
                assert!(!std::mem::replace(&mut drawn[index as usize], true), "case {case}: {index} twice");
            }
            for (point, drawn) in points.iter().zip(drawn) {
                let cosine = facing(point, &camera, orthographic, &object);
                assert!(drawn || cosine < 1e-3, "case {case}: a splat that faces the eye was dropped");
            }
            let distances: Vec<_> = order
                .iter()
                .map(|&index| distance(&points[index as usize], &camera, orthographic, &object))
                .collect();
            let far = distances.iter().copied().fold(f32::MIN, f32::max);
            let near = distances.iter().copied().fold(f32::MAX, f32::min);
            // A key is 1/65,535 of the range of the logarithm of the squared distance; the logarithm is
            // piecewise linear, so a key is at most twice as wide as that, and rounding adds a little.
            let step = if orthographic {
                (far - near) / 60_000.0
            } else {
                far * (far / near.max(1e-6)).ln().max(1e-3) * 2.0 / 60_000.0
            };
            for pair in distances.windows(2) {
                assert!(
                    pair[0] >= pair[1] - step.max(1e-5),
                    "case {case}: {} is drawn before {} ({near} to {far})",
                    pair[0],
                    pair[1]
                );
            }
        }
    }

    #[test]
    fn faces_that_turn_away_are_dropped() {
        let camera = Affine3A::from_translation(Vec3::new(0.0, 0.0, 5.0));
        let points = [
            SortPoint::new(Vec3::ZERO, Vec3::Z),
            SortPoint::new(Vec3::ZERO, Vec3::NEG_Z),
            SortPoint::new(Vec3::ZERO, Vec3::X),
        ];
        for orthographic in [false, true] {
            let eye = Eye::new(&camera, orthographic, &Affine3A::IDENTITY).expect("not flat");
            assert_eq!(DepthSorter::default().sort(&points, &eye), [0, 2]);
        }
    }

    #[test]
    fn equal_distances_keep_the_order_of_the_file() {
        let camera = Affine3A::from_translation(Vec3::new(0.0, 0.0, 5.0));
        let points = vec![SortPoint::new(Vec3::ZERO, Vec3::Z); 1000];
        for orthographic in [false, true] {
            let eye = Eye::new(&camera, orthographic, &Affine3A::IDENTITY).expect("not flat");
            let order = DepthSorter::default().sort(&points, &eye).to_vec();
            assert_eq!(order, (0..1000).collect::<Vec<_>>());
        }
    }

    #[test]
    fn numbers_that_are_not_finite_do_no_harm() {
        let camera = Affine3A::from_translation(Vec3::new(0.0, 0.0, 5.0));
        let eye = Eye::new(&camera, false, &Affine3A::IDENTITY).expect("not flat");
        let points = [Vec3::NAN, Vec3::INFINITY, Vec3::splat(3e38), Vec3::ZERO]
            .map(|position| SortPoint::new(position, Vec3::Z));
        assert!(DepthSorter::default().sort(&points, &eye).len() <= points.len());
        assert!(DepthSorter::default().sort(&[], &eye).is_empty());
        assert_eq!(Eye::new(&camera, false, &Affine3A::from_scale(Vec3::new(1.0, 0.0, 1.0))), None);
    }

    #[test]
    fn sorting_again_allocates_nothing() {
        let camera = |x| Affine3A::from_translation(Vec3::new(x, 0.0, 5.0));
        let points: Vec<_> =
            (0..2000).map(|i| SortPoint::new(Vec3::new(0.0, 0.0, i as f32 * 1e-3), Vec3::Z)).collect();
        let mut sorter = DepthSorter::default();
        let buffers = |sorter: &DepthSorter| {
            (sorter.keys.as_ptr(), sorter.starts.as_ptr(), sorter.order.as_ptr(), sorter.keys.capacity())
        };
        sorter.sort(&points, &Eye::new(&camera(0.0), false, &Affine3A::IDENTITY).expect("not flat"));
        let before = buffers(&sorter);
        for step in 1..10 {
            let eye = Eye::new(&camera(step as f32), step % 2 == 0, &Affine3A::IDENTITY).expect("not flat");
            sorter.sort(&points, &eye);
        }
        assert_eq!(buffers(&sorter), before);
    }

    #[test]
    fn a_camera_that_only_turns_needs_no_new_order() {
        let place = Vec3::new(1.0, 2.0, 3.0);
        let eyes = [0.0, 1.0].map(|angle| {
            let camera = Affine3A::from_rotation_translation(Quat::from_rotation_y(angle), place);
            Eye::new(&camera, false, &Affine3A::IDENTITY)
        });
        assert_eq!(eyes[0], eyes[1]);
    }

    #[test]
    fn octahedral_codes_are_decoded() {
        for (code, normal) in [
            ([0, 0], Vec3::Z),
            ([127, 0], Vec3::X),
            ([0, -127], Vec3::NEG_Y),
            ([127, 127], Vec3::NEG_Z),
            ([-64, -64], Vec3::new(-1.0, -1.0, 0.0).normalize()),
        ] {
            assert!(decode_octahedral(code).distance(normal) < 0.02, "{code:?} is not {normal}");
        }
    }

    /// `cargo test --workspace --lib -- --ignored --nocapture sort_time`
    #[test]
    #[ignore = "a measurement"]
    #[expect(clippy::print_stdout, reason = "a measurement")]
    fn sort_time() {
        let mut random = Random(3);
        for count in [100_000, 1_000_000] {
            let points: Vec<_> = (0..count)
                .map(|_| {
                    let normal = random.vec(1.0).normalize();
                    SortPoint::new(normal, normal)
                })
                .collect();
            let mut sorter = DepthSorter::default();
            for orthographic in [false, true] {
                let mut times: Vec<_> = (0..20)
                    .map(|i| {
                        let camera = Affine3A::from_translation(Vec3::new(i as f32 * 0.1, 0.0, 4.0));
                        let eye = Eye::new(&camera, orthographic, &Affine3A::IDENTITY).expect("not flat");
                        let start = std::time::Instant::now();
                        sorter.sort(&points, &eye);
                        start.elapsed().as_secs_f32() * 1e3
                    })
                    .collect();
                times.sort_by(f32::total_cmp);
                println!(
                    "{count} splats, orthographic {orthographic}: median {:.2} ms, least {:.2} ms, {} drawn",
                    times[10],
                    times[0],
                    sorter.order().len()
                );
            }
        }
    }
}
