//! Sums of squared distances to planes.

use glam::Vec3;

/// Sum of squared distances to planes, weighted by area, about a point.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Quadric {
    /// xx, xy, xz, yy, yz, zz.
    a: [f32; 6],
    b: Vec3,
    c: f32,
    area: f32,
}

impl Quadric {
    /// Adds a plane through the point, with its unit normal.
    pub(super) fn add_plane(&mut self, n: Vec3, area: f32) {
        let products = [n.x * n.x, n.x * n.y, n.x * n.z, n.y * n.y, n.y * n.z, n.z * n.z];
        for (sum, product) in self.a.iter_mut().zip(products) {
            *sum += area * product;
        }
        self.area += area;
    }

    fn times(&self, v: Vec3) -> Vec3 {
        let [xx, xy, xz, yy, yz, zz] = self.a;
        Vec3::new(
            xx * v.x + xy * v.y + xz * v.z,
            xy * v.x + yy * v.y + yz * v.z,
            xz * v.x + yz * v.y + zz * v.z,
        )
    }

    /// Mean squared distance at `d` from the point it stands about. Planes with more than `most_area` count as if
    /// they had no more: next to a large flat face, what is small must not be lost in the mean.
    pub(super) fn at(&self, d: Vec3, most_area: f32) -> f32 {
        let area = self.area.min(most_area).max(f32::MIN_POSITIVE);
        ((self.times(d) + 2.0 * self.b).dot(d) + self.c).max(0.0) / area
    }

    /// The same quadric about a point at `d`.
    pub(super) fn moved(&self, d: Vec3) -> Self {
        let ad = self.times(d);
        Self { a: self.a, b: self.b + ad, c: self.c + (ad + 2.0 * self.b).dot(d), area: self.area }
    }

    /// Tells it from others, nearly always.
    pub(super) fn print(&self) -> u32 {
        self.area.to_bits() ^ self.c.to_bits().rotate_left(11) ^ self.b.x.to_bits().rotate_left(22)
    }

    /// Both sums together, which stand about the same point.
    pub(super) fn plus(&self, other: &Self) -> Self {
        let mut a = self.a;
        for (sum, more) in a.iter_mut().zip(other.a) {
            *sum += more;
        }
        Self { a, b: self.b + other.b, c: self.c + other.c, area: self.area + other.area }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_squared_distance_is_the_same_about_every_point() {
        let mut planes = Quadric::default();
        planes.add_plane(Vec3::Z, 1.0);
        planes.add_plane(Vec3::X, 3.0);
        assert!((planes.at(Vec3::new(2.0, 5.0, 4.0), 9.0) - 7.0).abs() < 1e-5);
        assert!((planes.at(Vec3::new(2.0, 5.0, 4.0), 2.0) - 14.0).abs() < 1e-5);
        let step = Vec3::new(0.5, -1.0, 2.0);
        let moved = planes.moved(step);
        assert!((moved.at(Vec3::new(2.0, 5.0, 4.0) - step, 9.0) - 7.0).abs() < 1e-5);
        let mut more = Quadric::default();
        more.add_plane(Vec3::Y, 4.0);
        assert!((planes.plus(&more).at(Vec3::new(2.0, 5.0, 4.0), 9.0) - 16.0).abs() < 1e-5);
    }
}
