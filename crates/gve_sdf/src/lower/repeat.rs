//! Copies on a grid and about an axis.
//!
//! Where the child fits its cell, space is folded: the point is taken to its own cell and to the
//! neighbouring cell towards which it leans, and the smaller of the two distances is the result. That
//! is exact for true distances. Let cells have width s and the point stand at x >= 0 in its own. A
//! point q of the left neighbour's copy has x(q) <= -s/2, and the same point q' of the own copy lies s
//! further right, within -s/2 to s/2. If x(q') <= x, then x - x(q') < x - x(q); else
//! x(q') - x <= s/2 - x <= x + s/2 <= x - x(q). Either way q' is no farther than q, so the left copy
//! is never needed; copies farther away even less. With more axes the argument holds one axis at a
//! time. Clamping the cell at the ends of the grid only moves the point farther from both copies by
//! the same step. For angles about an axis the same argument holds with angles in place of lengths.
//! Cells stand about the child, which need not be about the origin.
//!
//! Whether a child fits is asked of its box first, and of the child itself where the box does not.
//!
//! For fields that are not true distances the result is still a safe bound with the right sign, but it
//! may jump where the leaning changes. So such children are copied one by one if there are few.

use gve_types::dna::{LinearRepeat, PolarRepeat};

use super::{
    Exact, Lowering, Place, Shape,
    extent::Range,
    transform::{exact_sin_cos, rotated_bounds, rotation},
};
use crate::{Vec3, aabb::Aabb, error::LowerError, tape::Id};

/// Most copies written out one by one where the child is too wide for its cell.
const MAX_WRITTEN_OUT: u32 = 64;
/// Most copies written out one by one only to keep a field that is no true distance continuous.
const MAX_CONTINUOUS: u32 = 16;
/// A child may overlap its cell by this share of the cell: decimal sizes rarely add up in binary.
const SLACK: f32 = 1e-5;

/// Copies along one axis.
#[derive(Clone, Copy)]
struct Run {
    count: u32,
    spacing: f32,
}

impl Run {
    /// Where copy `i` stands.
    fn at(&self, i: u32) -> f32 {
        if self.count == 1 { 0.0 } else { (i as f32 - 0.5 * (self.count - 1) as f32) * self.spacing }
    }
}

impl Lowering<'_> {
    pub(super) fn linear_repeat(&mut self, n: &LinearRepeat, place: &Place) -> Result<Shape, LowerError> {
        let runs: [Run; 3] = std::array::from_fn(|i| Run { count: n.counts[i], spacing: n.spacing[i] });
        let child = self.measure(&n.child, place)?;
        let copies: u32 = runs.iter().fold(1, |all, run| all.saturating_mul(run.count));
        if copies == 1 {
            return self.node(&n.child, &place.below("child"));
        }
        let is_wide = |axis: usize| {
            let half = 0.5 * runs[axis].spacing * (1.0 + SLACK);
            runs[axis].count > 1 && (child.bounds.min[axis] < -half || child.bounds.max[axis] > half)
        };
        let limit = match child.exact {
            _ if (0..3).any(is_wide) => MAX_WRITTEN_OUT,
            Exact::No => MAX_CONTINUOUS,
            // Two copies on one axis cost as much either way, and separate ones are pruned better.
            _ => 2,
        };
        if copies <= limit {
            return self.write_out_grid(n, &runs, place);
        }
        let mut middles = [0.0; 3];
        for axis in (0..3).filter(|&axis| is_wide(axis)) {
            middles[axis] = self.middle_of_cell(n, axis, copies, place)?;
        }
        self.fold_grid(n, &runs, middles, child, place)
    }

    /// Where the cell of a child stands along an axis, if the child's box does not fit the one about the
    /// origin: the child may be smaller than its box, and it may stand off the origin.
    fn middle_of_cell(
        &mut self,
        n: &LinearRepeat,
        axis: usize,
        copies: u32,
        place: &Place,
    ) -> Result<f32, LowerError> {
        let spacing = n.spacing[axis];
        let cell = f64::from(spacing) * f64::from(1.0 + SLACK);
        let mut range = self.extent(&n.child, axis);
        if range.1 - range.0 > cell {
            range = self.searched_extent(&n.child, place, axis, spacing)?;
        }
        let (first, last) = range;
        if last - first > cell {
            let name = ["x", "y", "z"][axis];
            return Err(LowerError::new(
                format!("{}.spacing[{axis}]", place.path),
                format!(
                    "along {name} the child is {} m wide (from {} to {} m), but its cell {spacing} m; copies that \
                     overlap are written out one by one, at most {MAX_WRITTEN_OUT}, found {copies}",
                    readable(last - first),
                    readable(first),
                    readable(last),
                ),
            ));
        }
        let fits_as_it_is = first >= -0.5 * cell && last <= 0.5 * cell;
        Ok(if fits_as_it_is { 0.0 } else { (0.5 * (first + last)) as f32 })
    }

    fn write_out_grid(
        &mut self,
        n: &LinearRepeat,
        runs: &[Run; 3],
        place: &Place,
    ) -> Result<Shape, LowerError> {
        let mut shapes = Vec::new();
        for i in 0..runs[0].count {
            for j in 0..runs[1].count {
                for k in 0..runs[2].count {
                    let offset = [runs[0].at(i), runs[1].at(j), runs[2].at(k)];
                    let moved = self.moved(&place.below("child"), offset);
                    let child = self.node(&n.child, &moved)?;
                    let offset = Vec3::from(offset);
                    let bounds = Aabb::new(child.bounds.min + offset, child.bounds.max + offset);
                    shapes.push(Shape { bounds, ..child });
                }
            }
        }
        self.unite(&shapes, None, place)
    }

    fn fold_grid(
        &mut self,
        n: &LinearRepeat,
        runs: &[Run; 3],
        middles: [f32; 3],
        child: Shape,
        place: &Place,
    ) -> Result<Shape, LowerError> {
        // Per axis the coordinate in the own cell and in the neighbour's.
        let mut choices: [Vec<Id>; 3] = place.p.map(|v| vec![v]);
        for (axis, run) in runs.iter().enumerate() {
            if run.count > 1 {
                choices[axis] = self.fold_axis(place.p[axis], *run, middles[axis]);
            }
        }
        let mut shapes = Vec::new();
        for &x in &choices[0] {
            for &y in &choices[1] {
                for &z in &choices[2] {
                    let place = Place { stretch: f32::INFINITY, ..place.child([x, y, z]) };
                    shapes.push(self.node(&n.child, &place)?);
                }
            }
        }
        let mut bounds = child.bounds;
        for (axis, run) in runs.iter().enumerate() {
            bounds.min[axis] += run.at(0);
            bounds.max[axis] += run.at(run.count - 1);
        }
        let united = self.unite(&shapes, None, &Place { stretch: f32::INFINITY, ..place.clone() })?;
        Ok(folded_copies(united, child, bounds))
    }

    /// The coordinate as it is in the point's own cell and in the neighbour's. Cells stand about the copies of
    /// `middle`.
    fn fold_axis(&mut self, x: Id, run: Run, middle: f32) -> Vec<Id> {
        let b = &mut self.b;
        let last = (run.count - 1) as f32;
        // Cell i covers [i, i + 1) of u; its middle is i + 1/2.
        let from_middle = b.sub_c(x, middle);
        let cells = b.mul_c(from_middle, run.spacing.recip());
        let u = b.add_c(cells, 0.5 * run.count as f32);
        let floor = b.floor(u);
        let own = b.clamp_c(floor, 0.0, last);
        let middle = b.add_c(own, 0.5);
        let leans_left = b.less(u, middle);
        let two = b.mul_c(leans_left, -2.0);
        let side = b.add_c(two, 1.0);
        let neighbour = b.add(own, side);
        let neighbour = b.clamp_c(neighbour, 0.0, last);
        [own, neighbour]
            .map(|i| {
                let from_middle = b.sub_c(i, 0.5 * last);
                let offset = b.mul_c(from_middle, run.spacing);
                b.sub(x, offset)
            })
            .to_vec()
    }

    pub(super) fn polar_repeat(&mut self, n: &PolarRepeat, place: &Place) -> Result<Shape, LowerError> {
        if n.count == 1 {
            return self.node(&n.child, &place.below("child"));
        }
        let child = self.measure(&n.child, place)?;
        let wedge = std::f32::consts::TAU / n.count as f32;
        let boxed = seen_from_axis(&child.bounds).filter(|(_, half)| *half <= 0.5 * wedge * (1.0 + SLACK));
        let limit = match (boxed, child.exact) {
            (None, _) => MAX_WRITTEN_OUT,
            (Some(_), Exact::No) => MAX_CONTINUOUS,
            (Some(_), _) => 2,
        };
        if n.count <= limit {
            return self.write_out_ring(n, place);
        }
        let middle = match boxed {
            Some((middle, _)) => middle,
            None => self.middle_of_wedge(n, wedge, place)?,
        };
        self.fold_ring(n, child, middle, place)
    }

    /// In which direction from the axis the child stands, if its box is too wide for its share of the turn.
    fn middle_of_wedge(&mut self, n: &PolarRepeat, wedge: f32, place: &Place) -> Result<f32, LowerError> {
        let share = f64::from(wedge) * f64::from(1.0 + SLACK);
        let fits = |seen: &Option<(Range, f64)>| seen.is_some_and(|((first, last), _)| last - first <= share);
        let mut seen = self.angles(&n.child);
        if !fits(&seen) {
            let searched = self.searched_angles(&n.child, place, wedge)?;
            seen = match (seen, searched) {
                (Some((a, _)), Some((b, _))) if a.1 - a.0 < b.1 - b.0 => seen,
                (_, Some(_)) => searched,
                _ => seen,
            };
        }
        match seen {
            Some(((first, last), middle)) if fits(&seen) => Ok((middle + 0.5 * (first + last)) as f32),
            _ => {
                let width = seen.map_or("all around".to_owned(), |((first, last), _)| {
                    format!("{} rad wide", readable(last - first))
                });
                Err(LowerError::new(
                    format!("{}.count", place.path),
                    format!(
                        "seen from the axis the child is {width}, but its share of the turn is {} rad; copies that \
                         overlap are written out one by one, at most {MAX_WRITTEN_OUT}, found {}",
                        readable(f64::from(wedge)),
                        n.count
                    ),
                ))
            }
        }
    }

    fn write_out_ring(&mut self, n: &PolarRepeat, place: &Place) -> Result<Shape, LowerError> {
        let mut shapes = Vec::new();
        for i in 0..n.count {
            let angle = std::f64::consts::TAU * f64::from(i) / f64::from(n.count);
            let (sin, cos) = exact_sin_cos(angle);
            let matrix =
                [[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]].map(|row| row.map(|v| v as f32));
            let column = |i: usize| [matrix[0][i], matrix[1][i], matrix[2][i]];
            let turned = self.turned(&place.below("child"), [column(0), column(1), column(2)]);
            let child = self.node(&n.child, &turned)?;
            shapes.push(Shape { bounds: rotated_bounds(&child.bounds, &matrix), ..child });
        }
        self.unite(&shapes, None, place)
    }

    fn fold_ring(
        &mut self,
        n: &PolarRepeat,
        child: Shape,
        middle: f32,
        place: &Place,
    ) -> Result<Shape, LowerError> {
        let [x, y, z] = place.p;
        let b = &mut self.b;
        let wedge = std::f32::consts::TAU / n.count as f32;
        // Angles as the right-handed turn about y counts them: from z towards x.
        let angle = b.atan2(x, z);
        let from_middle = b.sub_c(angle, middle);
        let turns = b.mul_c(from_middle, wedge.recip());
        let u = b.add_c(turns, 0.5);
        let own = b.floor(u);
        let centre = b.add_c(own, 0.5);
        let leans_back = b.less(u, centre);
        let two = b.mul_c(leans_back, -2.0);
        let side = b.add_c(two, 1.0);
        let neighbour = b.add(own, side);
        let mut shapes = Vec::new();
        for i in [own, neighbour] {
            // The point turned back by i wedges.
            let b = &mut self.b;
            let angle = b.mul_c(i, wedge);
            let (sin, cos) = (b.sin(angle), b.cos(angle));
            let (xc, zs) = (b.mul(x, cos), b.mul(z, sin));
            let (xs, zc) = (b.mul(x, sin), b.mul(z, cos));
            let p = [b.sub(xc, zs), y, b.add(xs, zc)];
            shapes.push(self.node(&n.child, &Place { stretch: f32::INFINITY, ..place.child(p) })?);
        }
        let mut bounds = Aabb::EMPTY;
        for i in 0..n.count {
            let matrix = rotation([0.0, 1.0, 0.0], wedge * i as f32);
            bounds = bounds.union(&rotated_bounds(&child.bounds, &matrix));
        }
        let united = self.unite(&shapes, None, &Place { stretch: f32::INFINITY, ..place.clone() })?;
        Ok(folded_copies(united, child, bounds))
    }
}

/// What is known about folded copies of a child.
fn folded_copies(united: Shape, child: Shape, bounds: Aabb) -> Shape {
    let exact = child.exact >= Exact::Outside;
    Shape {
        distance: united.distance,
        part: united.part,
        bounds,
        lipschitz: child.lipschitz,
        growth: child.growth,
        exact: child.exact.min(Exact::Outside),
        continuous: child.continuous && exact,
    }
}

/// A measure as a message shows it.
fn readable(value: f64) -> f64 {
    format!("{value:.4e}").parse().unwrap_or(value)
}

/// The direction of a box from the y axis and half its angular width, as the right-handed turn about
/// y counts angles (from z towards x); `None` if the axis passes through it.
fn seen_from_axis(bounds: &Aabb) -> Option<(f32, f32)> {
    let around = bounds.min.x <= 0.0 && bounds.max.x >= 0.0 && bounds.min.z <= 0.0 && bounds.max.z >= 0.0;
    if around || !bounds.is_finite() || bounds.is_empty() {
        return None;
    }
    let center = bounds.center();
    let middle = center.x.atan2(center.z);
    let (sin, cos) = middle.sin_cos();
    // Relative to the middle, angles lie within half a turn to either side, so they do not wrap.
    let angles = bounds.corners().map(|c| (c.x * cos - c.z * sin).atan2(c.x * sin + c.z * cos));
    let (low, high) =
        angles.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), &a| (l.min(a), h.max(a)));
    Some((middle + 0.5 * (low + high), 0.5 * (high - low)))
}
