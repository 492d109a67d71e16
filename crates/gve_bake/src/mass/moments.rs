//! Sums over a solid, in double precision.

use glam::{DMat3, DVec3};
use gve_types::MassProperties;

/// Volume, mass and the mass's first and second moments about a fixed point.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Moments {
    pub(super) volume: f64,
    pub(super) mass: f64,
    first: DVec3,
    /// Mass times x², y², z².
    squares: DVec3,
    /// Mass times yz, zx, xy.
    products: DVec3,
}

impl Moments {
    /// Adds a solid box of even density.
    pub(super) fn add_box(&mut self, center: DVec3, size: DVec3, density: f64) {
        let volume = size.element_product();
        let mass = volume * density;
        self.volume += volume;
        self.mass += mass;
        self.first += mass * center;
        self.squares += mass * (center * center + size * size / 12.0);
        self.products += mass * products(center);
    }

    /// Adds a thin bar along an axis: its middle, its length and its cross-section, whose own spread is
    /// left to the neighbouring bars.
    pub(super) fn add_bar(&mut self, middle: DVec3, axis: usize, length: f64, section: f64, density: f64) {
        let volume = length * section;
        let mass = volume * density;
        self.volume += volume;
        self.mass += mass;
        self.first += mass * middle;
        self.squares += mass * middle * middle;
        self.squares[axis] += mass * length * length / 12.0;
        self.products += mass * products(middle);
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.volume += other.volume;
        self.mass += other.mass;
        self.first += other.first;
        self.squares += other.squares;
        self.products += other.products;
    }

    /// Centre of mass, about the fixed point.
    pub(super) fn center(&self) -> DVec3 {
        if self.mass > 0.0 { self.first / self.mass } else { DVec3::ZERO }
    }

    /// The diagonal of the inertia tensor about the centre of mass.
    pub(super) fn diagonal(&self) -> DVec3 {
        let center = self.center();
        let squares = self.squares - self.mass * center * center;
        DVec3::splat(squares.element_sum()) - squares
    }

    /// As they stand in a file, without the estimates; `origin` is the fixed point.
    pub(super) fn properties(&self, origin: DVec3) -> MassProperties {
        let center = self.center();
        // Steiner: from the fixed point to the centre of mass.
        let squares = self.squares - self.mass * center * center;
        let products = self.products - self.mass * products(center);
        let inertia = DMat3::from_cols(
            DVec3::new(squares.y + squares.z, -products.z, -products.y),
            DVec3::new(-products.z, squares.z + squares.x, -products.x),
            DVec3::new(-products.y, -products.x, squares.x + squares.y),
        );
        MassProperties {
            mass_kg: self.mass as f32,
            volume_m3: self.volume as f32,
            center_of_mass: (origin + center).as_vec3().into(),
            inertia_kg_m2: inertia.to_cols_array_2d().map(|row| row.map(|x| x as f32)),
            relative_error: 0.0,
            inertia_relative_error: 0.0,
        }
    }
}

/// yz, zx, xy.
fn products(p: DVec3) -> DVec3 {
    DVec3::new(p.y * p.z, p.z * p.x, p.x * p.y)
}
