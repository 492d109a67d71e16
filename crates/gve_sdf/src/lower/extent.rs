//! How far a shape truly reaches, for parents that must know it better than its box tells.
//!
//! The box about a turned child is larger than what is in it. Two ways lead closer: the *support* of a
//! shape along a direction, in closed form wherever the solid is a sum, a union or a rigid image of
//! solids whose support is known; and for the others (deformed, blended, cut) a search of the field itself
//! with intervals. Both give bounds that hold the shape; the smaller counts.

use std::{
    f64::consts::{FRAC_PI_2, PI},
    sync::Arc,
};

use gve_types::DnaNode;

use super::{Lowering, Place};
use crate::{Vec3, aabb::Aabb, builder::Builder, error::LowerError, eval, tape::Id};

/// Halvings of the angle that a side of a shape is looked for in.
const HALVINGS: u32 = 46;
/// A searched side is found when it is known to this share of the cell that it is compared with.
const SEARCH_PRECISION: f32 = 1.0 / 1024.0;

/// Stands for the angle about y where the others are axes.
const ANGLE: usize = 3;

/// A range of lengths or angles; empty where the first is larger.
pub(super) type Range = (f64, f64);

/// What both ranges have in common.
fn common(a: Range, b: Range) -> Range {
    (a.0.max(b.0), a.1.min(b.1))
}

impl Lowering<'_> {
    /// Where a node that was lowered before begins and ends along an axis of its parent's space.
    pub(super) fn extent(&self, node: &DnaNode, axis: usize) -> Range {
        let mut d = [0.0; 3];
        d[axis] = 1.0;
        (-self.support(node, d.map(|v| -v)), self.support(node, d))
    }

    /// [`Self::extent`], looked for in the field where that may be closer. `cell` is the length that it is
    /// compared with, in metres.
    pub(super) fn searched_extent(
        &mut self,
        node: &DnaNode,
        place: &Place,
        axis: usize,
        cell: f32,
    ) -> Result<Range, LowerError> {
        let key = (std::ptr::from_ref(node).addr(), axis);
        let found = match self.searched.get(&key) {
            Some(found) => *found,
            None => self.search_along(node, place, axis, SEARCH_PRECISION * cell)?,
        };
        self.searched.insert(key, found);
        let known = self.extent(node, axis);
        Ok(found.map_or(known, |found| common(known, found)))
    }

    fn search_along(
        &self,
        node: &DnaNode,
        place: &Place,
        axis: usize,
        precision: f32,
    ) -> Result<Option<Range>, LowerError> {
        let Some(bounds) = self.known_bounds(node).filter(Aabb::is_finite) else { return Ok(None) };
        let mut scratch = self.scratch();
        let p = [scratch.b.x(), scratch.b.y(), scratch.b.z()];
        scratch.search(node, place, p, bounds, axis, precision)
    }

    /// Between which angles about the y axis a node that was lowered before stands, counted as the
    /// right-handed turn does (from z towards x) and relative to the second result; `None` if it does not
    /// keep to one side of the axis.
    pub(super) fn angles(&self, node: &DnaNode) -> Option<(Range, f64)> {
        let middle = self.direction_from_axis(node)?;
        // All of it lies at angles below `angle`, within half a turn.
        let ends_before = |angle: f64| {
            let (sin, cos) = angle.sin_cos();
            self.support(node, [cos, 0.0, -sin]) <= 0.0
        };
        let begins_after = |angle: f64| {
            let (sin, cos) = angle.sin_cos();
            self.support(node, [-cos, 0.0, sin]) <= 0.0
        };
        // In front of the axis as seen in the direction of the middle, so the halves below hold it.
        if !ends_before(middle + FRAC_PI_2) || !begins_after(middle - FRAC_PI_2) {
            return None;
        }
        let (mut below, mut above) = (-FRAC_PI_2, FRAC_PI_2);
        for _ in 0..HALVINGS {
            let angle = 0.5 * (below + above);
            if ends_before(middle + angle) { above = angle } else { below = angle }
        }
        let last = above;
        (below, above) = (-FRAC_PI_2, FRAC_PI_2);
        for _ in 0..HALVINGS {
            let angle = 0.5 * (below + above);
            if begins_after(middle + angle) { below = angle } else { above = angle }
        }
        Some(((below, last), middle))
    }

    /// [`Self::angles`], looked for in the field. `wedge` is the angle that they are compared with.
    pub(super) fn searched_angles(
        &mut self,
        node: &DnaNode,
        place: &Place,
        wedge: f32,
    ) -> Result<Option<(Range, f64)>, LowerError> {
        let Some(middle) = self.direction_from_axis(node) else { return Ok(None) };
        let key = (std::ptr::from_ref(node).addr(), ANGLE);
        let found = match self.searched.get(&key) {
            Some(found) => *found,
            None => self.search_around(node, place, middle, wedge)?,
        };
        self.searched.insert(key, found);
        // More than half a turn is no side of the axis.
        Ok(found.filter(|(low, high)| high - low < PI).map(|angles| (angles, middle)))
    }

    fn search_around(
        &self,
        node: &DnaNode,
        place: &Place,
        middle: f64,
        wedge: f32,
    ) -> Result<Option<Range>, LowerError> {
        let Some(bounds) = self.known_bounds(node).filter(Aabb::is_finite) else { return Ok(None) };
        // Polar coordinates: the arc at the farthest radius, the height, the distance from the axis. A metre
        // of them is at most a metre of space.
        let reach = |axis: usize| bounds.min[axis].abs().max(bounds.max[axis].abs());
        let radius = 1.01 * reach(0).hypot(reach(2));
        let mut scratch = self.scratch();
        let b = &mut scratch.b;
        let (arc, height, away) = (b.x(), b.y(), b.z());
        let angle = b.mul_c(arc, radius.recip());
        let angle = b.add_c(angle, middle as f32);
        let (sin, cos) = (b.sin(angle), b.cos(angle));
        let (x, z) = (b.mul(away, sin), b.mul(away, cos));
        b.declare(x, 1.0);
        b.declare(z, 1.0);
        let half_turn = std::f32::consts::PI * radius;
        let outer = Aabb::new(
            Vec3::new(-half_turn, bounds.min.y, 0.0),
            Vec3::new(half_turn, bounds.max.y, radius / 1.01),
        );
        let precision = SEARCH_PRECISION * wedge * radius;
        let found = scratch.search(node, place, [x, height, z], outer, 0, precision)?;
        Ok(found.map(|(low, high)| (low / f64::from(radius), high / f64::from(radius))))
    }

    /// The direction in which a node stands from the y axis, roughly.
    fn direction_from_axis(&self, node: &DnaNode) -> Option<f64> {
        let ((x0, x1), (z0, z1)) = (self.extent(node, 0), self.extent(node, 2));
        let (x, z) = (x0 + x1, z0 + z1);
        (x.is_finite() && z.is_finite() && (x != 0.0 || z != 0.0)).then(|| x.atan2(z))
    }

    fn known_bounds(&self, node: &DnaNode) -> Option<Aabb> {
        self.facts.get(&std::ptr::from_ref(node).addr()).map(|shape| shape.bounds)
    }

    /// A lowering that writes elsewhere and knows as much.
    fn scratch(&self) -> Self {
        Self {
            b: Builder::new(),
            table: self.table,
            palette: self.palette.clone(),
            facts: self.facts.clone(),
            searched: self.searched.clone(),
            parts: self.parts.clone(),
            offsets: self.offsets.clone(),
            visits: 0,
            reach_m: 0.0,
        }
    }

    /// Where a node begins and ends along the first, second or third coordinate, between the sides of `outer`;
    /// `None` if nothing is there.
    fn search(
        mut self,
        node: &DnaNode,
        place: &Place,
        p: [Id; 3],
        outer: Aabb,
        axis: usize,
        precision: f32,
    ) -> Result<Option<Range>, LowerError> {
        let shape = self.node(node, &place.below("child").apart(p))?;
        let tape = self.b.finish(shape.distance, shape.distance);
        let program = Arc::new(eval::Program::of_distance(&tape));
        let found = eval::tight_extent(&program, outer, axis, precision);
        Ok(found.map(|(low, high)| (f64::from(low), f64::from(high))))
    }
}
