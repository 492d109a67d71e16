//! Axis-aligned boxes.

use glam::Vec3;

/// An axis-aligned box in metres. A side may be infinite; a box with `min > max` on an axis is empty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aabb {
    /// The corner with the smallest coordinates.
    pub min: Vec3,
    /// The corner with the largest coordinates.
    pub max: Vec3,
}

impl Aabb {
    /// No point at all; the identity of [`Aabb::union`].
    pub const EMPTY: Self = Self { min: Vec3::INFINITY, max: Vec3::NEG_INFINITY };
    /// Every point.
    pub const UNBOUNDED: Self = Self { min: Vec3::NEG_INFINITY, max: Vec3::INFINITY };

    /// The box between two corners.
    pub const fn new(min: Vec3, max: Vec3) -> Self {
        Self { min, max }
    }

    /// The box about `center` that reaches `half_size` to each side.
    pub fn from_center(center: Vec3, half_size: Vec3) -> Self {
        Self { min: center - half_size, max: center + half_size }
    }

    /// The smallest box about some points; empty without any.
    pub fn from_points(points: impl IntoIterator<Item = Vec3>) -> Self {
        points.into_iter().fold(Self::EMPTY, |b, p| Self { min: b.min.min(p), max: b.max.max(p) })
    }

    /// The middle of the box.
    pub fn center(&self) -> Vec3 {
        0.5 * (self.min + self.max)
    }

    /// From the middle to the faces.
    pub fn half_size(&self) -> Vec3 {
        0.5 * (self.max - self.min)
    }

    /// The lengths of the sides.
    pub fn size(&self) -> Vec3 {
        self.max - self.min
    }

    /// Whether no point is inside.
    pub fn is_empty(&self) -> bool {
        !self.min.cmple(self.max).all()
    }

    /// Whether every side is finite.
    pub fn is_finite(&self) -> bool {
        self.min.is_finite() && self.max.is_finite()
    }

    /// Whether `p` is inside or on the border.
    pub fn contains(&self, p: Vec3) -> bool {
        p.cmpge(self.min).all() && p.cmple(self.max).all()
    }

    /// Whether all of `other` is inside.
    pub fn contains_box(&self, other: &Self) -> bool {
        other.is_empty() || (self.contains(other.min) && self.contains(other.max))
    }

    /// Grown by `margin` metres on all sides.
    pub fn padded(&self, margin: f32) -> Self {
        if self.is_empty() {
            return *self;
        }
        Self { min: self.min - margin, max: self.max + margin }
    }

    /// The smallest box about both.
    pub fn union(&self, other: &Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    /// What both have in common; [`Aabb::EMPTY`] if that is nothing.
    pub fn intersection(&self, other: &Self) -> Self {
        let common = Self { min: self.min.max(other.min), max: self.max.min(other.max) };
        if common.is_empty() { Self::EMPTY } else { common }
    }

    /// The eight corners. Only useful for a finite box.
    pub fn corners(&self) -> [Vec3; 8] {
        std::array::from_fn(|i| {
            let pick = |bit: usize, lo: f32, hi: f32| if i & bit == 0 { lo } else { hi };
            Vec3::new(
                pick(1, self.min.x, self.max.x),
                pick(2, self.min.y, self.max.y),
                pick(4, self.min.z, self.max.z),
            )
        })
    }

    /// Distance from `p` to the box; 0 inside.
    pub fn distance(&self, p: Vec3) -> f32 {
        (p - p.clamp(self.min, self.max)).length()
    }

    /// The eight octants of the box.
    pub fn octants(&self) -> [Self; 8] {
        let center = self.center();
        self.corners().map(|corner| Self { min: corner.min(center), max: corner.max(center) })
    }
}
