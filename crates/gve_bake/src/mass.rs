//! Mass, centre and inertia of a field's solid, from the densities of its materials.
//!
//! Boxes wholly inside are weighed at once. In the bricks that the surface passes through each cell
//! counts with the share of it that lies behind the plane through the nearest surface point, which is
//! exact for flat faces; cells where that plane does not describe the solid (edges, thin walls) are cut
//! into smaller ones. Sums are in double precision and in a fixed order.

use glam::{DMat3, DVec3, Vec3, Vec4, Vec4Swizzles as _};
use gve_sdf::{Evaluator, Field, Region};
use gve_types::MassProperties;
use rayon::prelude::*;

use crate::{
    points::{Points, resize},
    survey::{Block, Grid, Keep, survey},
};

/// Cells along one side of a brick.
const CELLS: usize = 8;
/// Parts along one side of a cell that one plane does not describe.
const PARTS: usize = 4;
/// How far behind the surface, in cells, the solid must still be there, and how deep the field must
/// say that it is, for one plane to do.
const LOOK_BEHIND: f32 = 0.6;
const DEEP_ENOUGH: f32 = 0.45;
/// Distance, in cells and by the local gradient, at which a cell counts as wholly on one side.
const CLEAR: f32 = 1.1;

/// Weighs the solid on a grid of `resolution` cells along the longest side of the field's bounds.
///
/// The inertia tensor is about the centre of mass, its axes parallel to the asset's. An empty solid
/// weighs nothing. `resolution` is taken between 8 and 512.
pub fn weigh(field: &Field, resolution: u32) -> MassProperties {
    let bounds = field.bounds();
    let longest = (bounds.max - bounds.min).max_element();
    if !(longest > 0.0 && longest.is_finite()) {
        return Moments::default().properties(DVec3::ZERO);
    }
    let cell = longest / resolution.clamp(8, 512) as f32;
    let grid = Grid::covering(bounds, cell * CELLS as f32);
    let center = bounds.center();
    // Cells are looked into a little beyond their own brick.
    let blocks = survey(field, &grid, 1.5 * cell, Keep::SurfaceAndInside);
    let densities: Vec<f64> = field.materials().iter().map(|m| f64::from(m.density_kg_m3)).collect();
    let moments: Vec<Moments> = blocks
        .par_iter()
        .with_min_len(4)
        .map_init(
            || Scale::new(field, &densities, center, cell),
            |scale, block| {
                let mut moments = Moments::default();
                scale.block(&grid, block, &mut moments);
                moments
            },
        )
        .collect();
    let mut total = Moments::default();
    for part in &moments {
        total.add(part);
    }
    total.properties(center.as_dvec3())
}

/// Volume, mass and the mass's first and second moments about a fixed point.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    volume: f64,
    mass: f64,
    first: DVec3,
    /// Mass times x², y², z².
    squares: DVec3,
    /// Mass times yz, zx, xy.
    products: DVec3,
}

impl Moments {
    /// Adds a box of even density of which `share` is solid.
    fn add_box(&mut self, center: DVec3, size: DVec3, share: f64, density: f64) {
        let volume = size.element_product() * share;
        let mass = volume * density;
        self.volume += volume;
        self.mass += mass;
        self.first += mass * center;
        self.squares += mass * (center * center + size * size / 12.0);
        self.products += mass * DVec3::new(center.y * center.z, center.z * center.x, center.x * center.y);
    }

    fn add(&mut self, other: &Self) {
        self.volume += other.volume;
        self.mass += other.mass;
        self.first += other.first;
        self.squares += other.squares;
        self.products += other.products;
    }

    fn properties(&self, origin: DVec3) -> MassProperties {
        let center = if self.mass > 0.0 { self.first / self.mass } else { DVec3::ZERO };
        // Steiner: from the fixed point to the centre of mass.
        let squares = self.squares - self.mass * center * center;
        let products = self.products
            - self.mass * DVec3::new(center.y * center.z, center.z * center.x, center.x * center.y);
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
        }
    }
}

/// One thread's evaluator and buffers.
struct Scale<'a> {
    evaluator: Evaluator,
    lipschitz: f32,
    densities: &'a [f64],
    /// Moments are taken about this point.
    origin: Vec3,
    cell: f32,
    points: Points,
    distances: Vec<f32>,
    gradients: Vec<Vec4>,
    materials: Vec<u8>,
    /// Centres of the cells that the surface may pass through, and their materials.
    cut: Vec<(Vec3, u8)>,
}

impl<'a> Scale<'a> {
    fn new(field: &Field, densities: &'a [f64], origin: Vec3, cell: f32) -> Self {
        Self {
            evaluator: Evaluator::new(field),
            lipschitz: field.lipschitz().max(1.0),
            densities,
            origin,
            cell,
            points: Points::default(),
            distances: vec![],
            gradients: vec![],
            materials: vec![],
            cut: vec![],
        }
    }

    fn density(&self, material: u8) -> f64 {
        self.densities.get(usize::from(material)).copied().unwrap_or(0.0)
    }

    fn block(&mut self, grid: &Grid, block: &Block, moments: &mut Moments) {
        let uniform = block.region.uniform_material();
        if let (true, Some(material)) = (block.is_inside(), uniform) {
            let bounds = grid.aabb(block.first, block.size);
            let center = (bounds.center() - self.origin).as_dvec3();
            let size = Vec3::from(block.size.map(|n| n as f32)).as_dvec3() * f64::from(grid.brick);
            moments.add_box(center, size, 1.0, self.density(material));
            return;
        }
        let [x0, y0, z0] = block.first;
        let [nx, ny, nz] = block.size;
        for z in z0..z0 + nz {
            for y in y0..y0 + ny {
                for x in x0..x0 + nx {
                    let min = grid.aabb([x, y, z], [1; 3]).min;
                    self.brick(min, &block.region, uniform, moments);
                }
            }
        }
    }

    fn brick(&mut self, min: Vec3, region: &Region, uniform: Option<u8>, moments: &mut Moments) {
        self.points.clear();
        for i in 0..CELLS.pow(3) {
            let at = [i % CELLS, i / CELLS % CELLS, i / CELLS / CELLS].map(|n| n as f32 + 0.5);
            self.points.push(min + Vec3::from(at) * self.cell);
        }
        let count = self.points.len();
        resize(&mut self.distances, count);
        resize(&mut self.materials, count);
        let p = &self.points;
        self.evaluator.distances(region, &p.xs, &p.ys, &p.zs, &mut self.distances);
        match uniform {
            Some(material) => self.materials.fill(material),
            None => self.evaluator.materials(region, &p.xs, &p.ys, &p.zs, &mut self.materials),
        }
        // Half a cell's diagonal: beyond it the surface cannot be in the cell.
        let clear = 0.87 * self.cell * self.lipschitz;
        let size = DVec3::splat(f64::from(self.cell));
        self.cut.clear();
        for i in 0..count {
            let (distance, material) = (self.distances[i], self.materials[i]);
            let center = Vec3::new(self.points.xs[i], self.points.ys[i], self.points.zs[i]);
            if distance.abs() <= clear {
                self.cut.push((center, material));
            } else if distance < 0.0 {
                moments.add_box((center - self.origin).as_dvec3(), size, 1.0, self.density(material));
            }
        }
        self.cut_cells(region, moments);
    }

    fn cut_cells(&mut self, region: &Region, moments: &mut Moments) {
        let cut = std::mem::take(&mut self.cut);
        self.gradients_at(region, cut.iter().map(|&(center, _)| center));
        let planes = std::mem::take(&mut self.gradients);
        // A second look behind the surface tells whether the plane describes the solid.
        self.points.clear();
        for (&(center, _), &value) in cut.iter().zip(&planes) {
            let length = value.xyz().length().max(1e-6);
            let down = (value.w / length / self.cell).clamp(-0.9, 0.9) + LOOK_BEHIND;
            self.points.push(center - value.xyz() / length * (down * self.cell));
        }
        resize(&mut self.distances, self.points.len());
        let p = &self.points;
        self.evaluator.distances(region, &p.xs, &p.ys, &p.zs, &mut self.distances);
        let size = DVec3::splat(f64::from(self.cell));
        let mut parts: Vec<(Vec3, u8)> = vec![];
        for ((&(center, material), &value), &behind) in cut.iter().zip(&planes).zip(&self.distances) {
            let steepness = value.xyz().length();
            let clear = value.w.abs() > CLEAR * self.cell * steepness;
            if clear || behind <= -DEEP_ENOUGH * self.cell * steepness {
                let share = solid_share(value, self.cell);
                moments.add_box((center - self.origin).as_dvec3(), size, share, self.density(material));
                continue;
            }
            for i in 0..PARTS.pow(3) {
                let at = [i % PARTS, i / PARTS % PARTS, i / PARTS / PARTS];
                let offset = Vec3::from(at.map(|n| (n as f32 + 0.5) / PARTS as f32 - 0.5)) * self.cell;
                parts.push((center + offset, material));
            }
        }
        self.weigh_parts(region, &parts, moments);
        self.cut = cut;
    }

    /// Weighs parts of cells: most are wholly on one side, the others are cut by a plane.
    fn weigh_parts(&mut self, region: &Region, parts: &[(Vec3, u8)], moments: &mut Moments) {
        let side = self.cell / PARTS as f32;
        let size = DVec3::splat(f64::from(side));
        self.points.clear();
        for &(center, _) in parts {
            self.points.push(center);
        }
        resize(&mut self.distances, parts.len());
        let p = &self.points;
        self.evaluator.distances(region, &p.xs, &p.ys, &p.zs, &mut self.distances);
        let clear = 0.87 * side * self.lipschitz.min(2.0);
        let mut open: Vec<(Vec3, u8)> = vec![];
        for (&(center, material), &distance) in parts.iter().zip(&self.distances) {
            if distance.abs() <= clear {
                open.push((center, material));
            } else if distance < 0.0 {
                moments.add_box((center - self.origin).as_dvec3(), size, 1.0, self.density(material));
            }
        }
        self.gradients_at(region, open.iter().map(|&(center, _)| center));
        for (&(center, material), &value) in open.iter().zip(&self.gradients) {
            let share = solid_share(value, side);
            moments.add_box((center - self.origin).as_dvec3(), size, share, self.density(material));
        }
    }

    fn gradients_at(&mut self, region: &Region, centers: impl Iterator<Item = Vec3>) {
        self.points.clear();
        for center in centers {
            self.points.push(center);
        }
        resize(&mut self.gradients, self.points.len());
        let p = &self.points;
        self.evaluator.gradients(region, &p.xs, &p.ys, &p.zs, &mut self.gradients);
    }
}

/// Share of a cube that lies behind the plane given by gradient and distance at its centre.
fn solid_share(value: Vec4, side: f32) -> f64 {
    let gradient = value.xyz().as_dvec3();
    let length = gradient.length();
    if length < 1e-12 {
        return if value.w < 0.0 { 1.0 } else { 0.0 };
    }
    // Faces along an axis are tilted by a thousandth, which keeps the formula's divisor from zero and
    // errs to both sides alike.
    let n = (gradient / length).abs().max(DVec3::splat(1e-3));
    let level = 0.5 * n.element_sum() - f64::from(value.w) / length / f64::from(side);
    if level <= 0.0 {
        return 0.0;
    }
    if level >= n.element_sum() {
        return 1.0;
    }
    // A tetrahedron behind the plane, less what sticks out of each face, plus what was taken off twice.
    let cube = |x: f64| x.max(0.0).powi(3);
    let volume = cube(level) - cube(level - n.x) - cube(level - n.y) - cube(level - n.z)
        + cube(level - n.x - n.y)
        + cube(level - n.y - n.z)
        + cube(level - n.z - n.x);
    (volume / (6.0 * n.element_product())).clamp(0.0, 1.0)
}

#[cfg(test)]
#[path = "mass_tests.rs"]
mod tests;
