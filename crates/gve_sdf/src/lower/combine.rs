//! Shapes made from several others: union, subtract, intersect, morph.

use gve_types::{
    DnaNode,
    dna::{Blend, BlendKind, Intersect, Morph, Subtract, UnionNode},
};

use super::{Exact, Lowering, Place, Shape};
use crate::{aabb::Aabb, builder::chamfer_bound, error::LowerError, tape::Id};

impl Lowering<'_> {
    fn children(&mut self, children: &[DnaNode], place: &Place) -> Result<Vec<Shape>, LowerError> {
        let mut shapes = Vec::with_capacity(children.len());
        for (i, child) in children.iter().enumerate() {
            shapes.push(self.node(child, &place.below(format_args!("children[{i}]")))?);
        }
        Ok(shapes)
    }

    pub(super) fn union(&mut self, n: &UnionNode, place: &Place) -> Result<Shape, LowerError> {
        let shapes = self.children(&n.children, place)?;
        let united = self.unite(&shapes, n.blend, place)?;
        Ok(self.blended(united, n.blend, place))
    }

    /// All the shapes together; the part is that of the smallest field.
    pub(super) fn unite(
        &mut self,
        shapes: &[Shape],
        blend: Option<Blend>,
        place: &Place,
    ) -> Result<Shape, LowerError> {
        let (first, rest) = self.at_least_one(shapes, place)?;
        let part = self.nearest_part(shapes, first, false);
        let mut out = Shape { part, ..*first };
        for shape in rest {
            out.distance = self.join(out.distance, shape.distance, blend, place, [out, *shape]);
            out = folded(out, shape, blend);
        }
        let sunk = sunk(blend, shapes.len());
        out.bounds = shapes.iter().fold(Aabb::EMPTY, |all, shape| all.union(&shape.level_bounds(sunk)));
        out.growth = shapes.iter().fold(1.0, |growth, shape| growth.min(shape.growth));
        if shapes.len() > 1 {
            let outside = shapes.iter().all(|shape| shape.exact >= Exact::Outside);
            out.exact = if outside && blend.is_none() { Exact::Outside } else { Exact::No };
        }
        Ok(out)
    }

    /// The smaller of two fields, or their blend.
    fn join(&mut self, a: Id, b: Id, blend: Option<Blend>, place: &Place, of: [Shape; 2]) -> Id {
        let joined = match blend {
            None => self.b.min(a, b),
            Some(Blend { kind: BlendKind::Smooth, radius }) => self.b.smooth_min(a, b, radius),
            Some(Blend { kind: BlendKind::Chamfer, radius }) => self.b.chamfer_min(a, b, radius),
        };
        self.declare_fold(joined, blend, place, of);
        joined
    }

    /// The larger of two fields, or their blend.
    fn meet(&mut self, a: Id, b: Id, blend: Option<Blend>, place: &Place, of: [Shape; 2]) -> Id {
        let met = match blend {
            None => self.b.max(a, b),
            Some(Blend { kind: BlendKind::Smooth, radius }) => self.b.smooth_max(a, b, radius),
            Some(Blend { kind: BlendKind::Chamfer, radius }) => self.b.chamfer_max(a, b, radius),
        };
        self.declare_fold(met, blend, place, of);
        met
    }

    fn declare_fold(&mut self, id: Id, blend: Option<Blend>, place: &Place, [a, b]: [Shape; 2]) {
        if a.continuous && b.continuous {
            self.b.declare(id, folded(a, &b, blend).lipschitz * place.stretch);
        }
    }

    /// The part of the child with the smallest field, or the largest.
    fn nearest_part(&mut self, shapes: &[Shape], first: &Shape, largest: bool) -> Id {
        let mut part = first.part;
        if shapes.iter().all(|shape| shape.part == part) {
            return part;
        }
        let mut best = first.distance;
        for shape in shapes.iter().skip(1) {
            let b = &mut self.b;
            let (closer, winner) = if largest {
                (b.less(best, shape.distance), b.max(best, shape.distance))
            } else {
                (b.less(shape.distance, best), b.min(best, shape.distance))
            };
            part = b.select(closer, shape.part, part);
            best = winner;
        }
        part
    }

    pub(super) fn subtract(&mut self, n: &Subtract, place: &Place) -> Result<Shape, LowerError> {
        let shapes = self.children(&n.children, place)?;
        let (first, rest) = self.at_least_one(&shapes, place)?;
        let mut out = *first;
        for shape in rest {
            let cut = self.b.neg(shape.distance);
            out.distance = self.meet(out.distance, cut, n.blend, place, [out, *shape]);
            out = folded(out, shape, n.blend);
            out.exact = Exact::No;
        }
        Ok(self.blended(out, n.blend, place))
    }

    pub(super) fn intersect(&mut self, n: &Intersect, place: &Place) -> Result<Shape, LowerError> {
        let shapes = self.children(&n.children, place)?;
        let (first, rest) = self.at_least_one(&shapes, place)?;
        let mut out = Shape { part: self.nearest_part(&shapes, first, true), ..*first };
        for shape in rest {
            out.distance = self.meet(out.distance, shape.distance, n.blend, place, [out, *shape]);
            out = folded(out, shape, n.blend);
            out.bounds = out.bounds.intersection(&shape.bounds);
            out.exact = Exact::No;
        }
        // A point's distance to a common box is, on each axis, that to one of the boxes; so at least
        // one box is within a factor of the root of the number of axes or boxes.
        let boxes = shapes.len().min(3) as f32;
        out.growth = shapes.iter().fold(1.0_f32, |growth, shape| growth.min(shape.growth)) / boxes.sqrt();
        Ok(self.blended(out, n.blend, place))
    }

    pub(super) fn morph(&mut self, n: &Morph, place: &Place) -> Result<Shape, LowerError> {
        let from = self.node(&n.from, &place.below("from"))?;
        let to = self.node(&n.to, &place.below("to"))?;
        // At the very ends the other shape plays no part, not even in the bounds.
        if n.factor <= 0.0 {
            return Ok(from);
        }
        if n.factor >= 1.0 {
            return Ok(to);
        }
        let (a, b) = (self.b.mul_c(from.distance, 1.0 - n.factor), self.b.mul_c(to.distance, n.factor));
        Ok(Shape {
            distance: self.b.add(a, b),
            part: if n.factor < 0.5 { from.part } else { to.part },
            bounds: from.bounds.union(&to.bounds),
            lipschitz: (1.0 - n.factor) * from.lipschitz + n.factor * to.lipschitz,
            growth: from.growth.min(to.growth),
            exact: Exact::No,
            continuous: from.continuous && to.continuous,
        })
    }

    fn at_least_one<'s>(
        &self,
        shapes: &'s [Shape],
        place: &Place,
    ) -> Result<(&'s Shape, &'s [Shape]), LowerError> {
        shapes.split_first().ok_or_else(|| {
            LowerError::new(format!("{}.children", place.path), "at least one child, found none")
        })
    }
}

/// The bound and the continuity of two shapes folded into one.
fn folded(a: Shape, b: &Shape, blend: Option<Blend>) -> Shape {
    let lipschitz = match blend {
        Some(Blend { kind: BlendKind::Chamfer, .. }) => chamfer_bound(a.lipschitz, b.lipschitz),
        _ => a.lipschitz.max(b.lipschitz),
    };
    Shape { lipschitz, continuous: a.continuous && b.continuous, ..a }
}

/// How far a union of `count` shapes, folded pair by pair, can lie below the smallest of them.
///
/// With the running value `s` lower than the smallest operand by `d`, one more smooth fold lowers it
/// by at most `(k - d)² / 4k`; one more chamfer takes `d` to `(d + r) / 2`. Neither passes its radius.
fn sunk(blend: Option<Blend>, count: usize) -> f32 {
    let Some(Blend { kind, radius }) = blend else { return 0.0 };
    let share = (1..count).fold(0.0_f32, |d, _| match kind {
        BlendKind::Smooth => d + (1.0 - d).powi(2) * 0.25,
        BlendKind::Chamfer => 0.5 * (d + 1.0),
    });
    share * radius
}
