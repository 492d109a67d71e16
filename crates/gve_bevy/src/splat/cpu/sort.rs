//! Back-to-front order of the splats of one object for one eye.
//!
//! Splats are ordered by distance from the eye rather than by depth along the view direction: points on one
//! ray have the same order either way, and the order then survives a camera that only turns, so nothing is
//! sorted again and nothing pops (Radl et al., `StopThePop`, SIGGRAPH 2024, names the artefact).
//!
//! The sort is a counting sort on 16-bit keys, or for few splats, for which the table of all keys would cost more
//! than they do, a radix sort of the same keys by their bytes. A positive float read as an integer is a piecewise linear
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
/// Up to this many splats are sorted byte by byte.
const FEW: usize = 1 << 14;

/// What the sort needs of the splats, one array for each number so that the compiler can work on several
/// splats at once: 18 bytes a splat.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SortPoints {
    /// Centres in the asset's own space.
    position: [Vec<f32>; 3],
    /// Normals, scaled to ±32,767.
    normal: [Vec<i16>; 3],
}

impl SortPoints {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.position[0].len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Centre and unit normal of one of them.
    pub fn get(&self, index: usize) -> Option<(Vec3, Vec3)> {
        let [x, y, z] = &self.position;
        let position = Vec3::new(*x.get(index)?, *y.get(index)?, *z.get(index)?);
        let [x, y, z] = &self.normal;
        let normal = [x, y, z].map(|n| n.get(index).map_or(0.0, |&n| f32::from(n)));
        Some((position, Vec3::from(normal).normalize_or_zero()))
    }
}

/// From centres and normals of any length.
impl FromIterator<(Vec3, Vec3)> for SortPoints {
    fn from_iter<I: IntoIterator<Item = (Vec3, Vec3)>>(points: I) -> Self {
        let points = points.into_iter();
        let mut result = Self::default();
        let capacity = points.size_hint().0;
        result.position.iter_mut().for_each(|axis| axis.reserve_exact(capacity));
        result.normal.iter_mut().for_each(|axis| axis.reserve_exact(capacity));
        for (position, normal) in points {
            let normal = normal.normalize_or_zero() * f32::from(i16::MAX);
            for axis in 0..3 {
                result.position[axis].push(position[axis]);
                result.normal[axis].push(normal[axis].round() as i16);
            }
        }
        result
    }
}

impl<'a> FromIterator<&'a Splat> for SortPoints {
    fn from_iter<I: IntoIterator<Item = &'a Splat>>(splats: I) -> Self {
        let point = |splat: &Splat| (Vec3::from(splat.position), decode_octahedral(splat.normal_oct));
        splats.into_iter().map(point).collect()
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
#[derive(Debug, Default)]
pub struct DepthSorter {
    /// Distances as integers, then keys.
    keys: Vec<u32>,
    /// Where the splats of each key begin; empty until there are many splats to sort.
    starts: Vec<u32>,
    order: Vec<u32>,
    /// The order by the lower byte of the keys.
    half_ordered: Vec<u32>,
}

impl DepthSorter {
    /// Indices of those of the first `count` splats that face the eye, farthest first; splats within 1/65,535
    /// of the (logarithmic) range of distances keep the order of the file.
    pub fn sort(&mut self, points: &SortPoints, count: usize, eye: &Eye) -> &[u32] {
        let count = count.min(points.len());
        self.keys.resize(count, 0);
        match *eye {
            Eye::Point { position, metric } => {
                // A symmetric form in six products.
                let (xx, yy, zz) = (metric.x_axis.x, metric.y_axis.y, metric.z_axis.z);
                let (xy, xz, yz) = (2.0 * metric.y_axis.x, 2.0 * metric.z_axis.x, 2.0 * metric.z_axis.y);
                self.fill_keys(points, |p, n| {
                    let [x, y, z] = [position.x - p[0], position.y - p[1], position.z - p[2]];
                    let squared = x * (xx * x + xy * y + xz * z) + y * (yy * y + yz * z) + zz * z * z;
                    let facing = n[0] * x + n[1] * y + n[2] * z;
                    (squared, facing, x * x + y * y + z * z)
                });
            }
            Eye::Direction { toward, view } => {
                let (near, far) = self.depth_range(points, toward);
                // Depths moved to between 1 and 2, one octave of the floats, where the integers are linear in
                // them.
                let scale = 1.0 / (far - near).max(1e-30);
                let offset = 1.0 - near * scale;
                let t = toward * scale;
                let squared_view = view.length_squared();
                self.fill_keys(points, |p, n| {
                    let depth = offset - (t.x * p[0] + t.y * p[1] + t.z * p[2]);
                    (depth, n[0] * view.x + n[1] * view.y + n[2] * view.z, squared_view)
                });
            }
        }
        if count <= FEW {
            self.order_by_bytes();
        } else {
            self.order_by_keys();
        }
        &self.order
    }

    /// Least and largest depth along a direction, of as many points as there are keys.
    fn depth_range(&self, points: &SortPoints, toward: Vec3A) -> (f32, f32) {
        let count = self.keys.len();
        let [x, y, z] = points.position.each_ref().map(|axis| &axis[..count]);
        let (mut near, mut far) = (f32::MAX, f32::MIN);
        for i in 0..count {
            let depth = -(toward.x * x[i] + toward.y * y[i] + toward.z * z[i]);
            near = near.min(depth);
            far = far.max(depth);
        }
        (near, far)
    }

    /// Fills the keys with the bits of distances. `measure` maps a centre and a normal to a distance, the dot
    /// product of the normal with the vector to the eye, and the squared length of that vector.
    #[inline(always)]
    fn fill_keys(&mut self, points: &SortPoints, measure: impl Fn([f32; 3], [f32; 3]) -> (f32, f32, f32)) {
        let count = self.keys.len();
        let [px, py, pz] = points.position.each_ref().map(|axis| &axis[..count]);
        let [nx, ny, nz] = points.normal.each_ref().map(|axis| &axis[..count]);
        let keys = &mut self.keys[..count];
        let margin = FACING_MARGIN * FACING_MARGIN * f32::from(i16::MAX) * f32::from(i16::MAX);
        for i in 0..count {
            let normal = [f32::from(nx[i]), f32::from(ny[i]), f32::from(nz[i])];
            let (distance, facing, squared) = measure([px[i], py[i], pz[i]], normal);
            // Without a branch, so that it becomes vector instructions.
            let away = (facing < 0.0) & (facing * facing > margin * squared);
            let bits = distance.max(0.0).to_bits();
            keys[i] = if away { DROPPED } else { bits };
        }
    }

    /// The order that the last sort found.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// Turns distances into keys, nearest last, and tells each of them.
    fn quantize(&mut self, mut tell: impl FnMut(u32)) {
        let (mut least, mut most) = (u32::MAX, 0);
        for &bits in &self.keys {
            least = least.min(bits);
            most = most.max(if bits == DROPPED { 0 } else { bits });
        }
        let scale = LAST_KEY as f32 / (most.saturating_sub(least)).max(1) as f32;
        for key in &mut self.keys {
            if *key != DROPPED {
                // Rounding of the product can only reach one past the end.
                *key = LAST_KEY - (((*key - least) as f32 * scale) as u32).min(LAST_KEY);
                tell(*key);
            }
        }
    }

    fn order_by_keys(&mut self) {
        let mut starts = std::mem::take(&mut self.starts);
        starts.clear();
        starts.resize(BUCKETS, 0);
        self.quantize(|key| starts[key as usize] += 1);
        let total = sum_up(&mut starts);
        self.order.resize(total as usize, 0);
        for (index, &key) in (0u32..).zip(&self.keys) {
            if key != DROPPED {
                let slot = &mut starts[key as usize];
                self.order[*slot as usize] = index;
                *slot += 1;
            }
        }
        self.starts = starts;
    }

    fn order_by_bytes(&mut self) {
        let (mut low, mut high) = ([0; 256], [0; 256]);
        self.quantize(|key| {
            low[(key & 255) as usize] += 1;
            high[(key >> 8) as usize] += 1;
        });
        let total = sum_up(&mut low);
        sum_up(&mut high);
        self.order.resize(total as usize, 0);
        self.half_ordered.resize(total as usize, 0);
        for (index, &key) in (0u32..).zip(&self.keys) {
            if key != DROPPED {
                let slot = &mut low[(key & 255) as usize];
                self.half_ordered[*slot as usize] = index;
                *slot += 1;
            }
        }
        for &index in &self.half_ordered {
            let slot = &mut high[(self.keys[index as usize] >> 8) as usize];
            self.order[*slot as usize] = index;
            *slot += 1;
        }
    }
}

/// Turns counts into the sums of those before them, and returns the sum of all.
fn sum_up(counts: &mut [u32]) -> u32 {
    let mut total = 0;
    for count in counts {
        total += std::mem::replace(count, total);
    }
    total
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
    fn distance(position: Vec3, camera: &Affine3A, orthographic: bool, object: &Affine3A) -> f32 {
        let world = object.transform_point3(position);
        if orthographic {
            -camera.matrix3.z_axis.normalize().dot((world - Vec3::from(camera.translation)).into())
        } else {
            world.distance(camera.translation.into())
        }
    }

    /// The cosine between normal and eye in world space; negative for a splat that faces away.
    fn facing(point: (Vec3, Vec3), camera: &Affine3A, orthographic: bool, object: &Affine3A) -> f32 {
        let (position, normal) = point;
        let world = object.transform_point3(position);
        let normal = (object.matrix3.inverse().transpose() * Vec3A::from(normal)).normalize();
        let to_eye =
            if orthographic { camera.matrix3.z_axis } else { camera.translation - Vec3A::from(world) };
        normal.dot(to_eye.normalize())
    }

    #[test]
    fn agrees_with_a_comparison_sort() {
        let mut random = Random(7);
        for case in 0..60 {
            let orthographic = case % 3 == 0;
            let count = [1, 2, 17, 900, FEW + 900][case % 5];
            let object = random.affine(2.0);
            let camera = Affine3A::from_rotation_translation(
                Quat::from_euler(EulerRot::XYZ, random.within(3.0), random.within(1.5), 0.0),
                random.vec(8.0),
            );
            let points: SortPoints = (0..count).map(|_| (random.vec(1.0), random.vec(1.0))).collect();
            let eye = Eye::new(&camera, orthographic, &object).expect("the object is not flat");
            let mut sorter = DepthSorter::default();
            let order = sorter.sort(&points, count, &eye).to_vec();

            let mut drawn = vec![false; points.len()];
            for &index in &order {
                assert!(!std::mem::replace(&mut drawn[index as usize], true), "case {case}: {index} twice");
            }
            for (index, drawn) in drawn.into_iter().enumerate() {
                let point = points.get(index).expect("it was put in");
                let cosine = facing(point, &camera, orthographic, &object);
                assert!(drawn || cosine < 1e-3, "case {case}: a splat that faces the eye was dropped");
            }
            let distances: Vec<_> = order
                .iter()
                .filter_map(|&index| points.get(index as usize))
                .map(|(position, _)| distance(position, &camera, orthographic, &object))
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
        let points: SortPoints =
            [Vec3::Z, Vec3::NEG_Z, Vec3::X].map(|normal| (Vec3::ZERO, normal)).into_iter().collect();
        for orthographic in [false, true] {
            let eye = Eye::new(&camera, orthographic, &Affine3A::IDENTITY).expect("not flat");
            assert_eq!(DepthSorter::default().sort(&points, 3, &eye), [0, 2]);
        }
    }

    #[test]
    fn equal_distances_keep_the_order_of_the_file() {
        let camera = Affine3A::from_translation(Vec3::new(0.0, 0.0, 5.0));
        let points: SortPoints = vec![(Vec3::ZERO, Vec3::Z); 1000].into_iter().collect();
        for orthographic in [false, true] {
            let eye = Eye::new(&camera, orthographic, &Affine3A::IDENTITY).expect("not flat");
            let order = DepthSorter::default().sort(&points, 1000, &eye).to_vec();
            assert_eq!(order, (0..1000).collect::<Vec<_>>());
        }
    }

    #[test]
    fn numbers_that_are_not_finite_do_no_harm() {
        let camera = Affine3A::from_translation(Vec3::new(0.0, 0.0, 5.0));
        let eye = Eye::new(&camera, false, &Affine3A::IDENTITY).expect("not flat");
        let positions = [Vec3::NAN, Vec3::INFINITY, Vec3::splat(3e38), Vec3::ZERO];
        let points: SortPoints = positions.map(|position| (position, Vec3::Z)).into_iter().collect();
        assert!(DepthSorter::default().sort(&points, 4, &eye).len() <= points.len());
        assert!(DepthSorter::default().sort(&SortPoints::default(), 4, &eye).is_empty());
        assert_eq!(Eye::new(&camera, false, &Affine3A::from_scale(Vec3::new(1.0, 0.0, 1.0))), None);
    }

    #[test]
    fn sorting_again_allocates_nothing() {
        let camera = |x| Affine3A::from_translation(Vec3::new(x, 0.0, 5.0));
        let many = 2 * FEW;
        let points: SortPoints = (0..many).map(|i| (Vec3::new(0.0, 0.0, i as f32 * 1e-4), Vec3::Z)).collect();
        let mut sorter = DepthSorter::default();
        let buffers = |sorter: &DepthSorter| {
            [&sorter.keys, &sorter.starts, &sorter.order, &sorter.half_ordered].map(Vec::as_ptr)
        };
        let eye = |x| Eye::new(&camera(x), false, &Affine3A::IDENTITY).expect("not flat");
        sorter.sort(&points, many, &eye(0.0));
        sorter.sort(&points, FEW, &eye(0.0));
        let before = buffers(&sorter);
        for step in 1..10 {
            let eye = Eye::new(&camera(step as f32), step % 2 == 0, &Affine3A::IDENTITY).expect("not flat");
            sorter.sort(&points, if step % 3 == 0 { many } else { 2000 }, &eye);
        }
        assert_eq!(buffers(&sorter), before);
    }

    #[test]
    fn few_and_many_splats_are_ordered_alike() {
        let mut random = Random(11);
        let points: SortPoints = (0..3000).map(|_| (random.vec(1.0), random.vec(1.0))).collect();
        let camera = Affine3A::from_translation(Vec3::new(0.0, 0.0, 3.0));
        let eye = Eye::new(&camera, false, &Affine3A::IDENTITY).expect("not flat");
        let mut sorter = DepthSorter::default();
        let few = sorter.sort(&points, points.len(), &eye).to_vec();
        // The same distances, by the other way.
        let mut other = DepthSorter::default();
        other.sort(&points, points.len(), &eye);
        other.keys.fill(0);
        let Eye::Point { position, .. } = eye else { unreachable!("a perspective camera") };
        other.fill_keys(&points, |p, n| {
            let [x, y, z] = [position.x - p[0], position.y - p[1], position.z - p[2]];
            let squared = x * x + y * y + z * z;
            (squared, n[0] * x + n[1] * y + n[2] * z, squared)
        });
        other.order_by_keys();
        assert_eq!(few, other.order);
        assert!(few.len() > 1000);
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
}
