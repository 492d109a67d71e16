//! The ellipsoid as a true distance, for offsets.
//!
//! The surface point nearest to `p` is `r² p / (r² + t)`, coordinate by coordinate, for the largest `t` with
//! `|u| = 1`, `u = r p / (r² + t)`. `1 - 1/|u|` is almost linear in `t`, so two steps arrive: Newton's from
//! `t = 0`, where the surface is, to `t = (k - 1) (k / l)²`, `k = |p / r|`, `l = |p / r²|`; and, from the larger
//! of that and of what `t` is at least, one that takes the second derivative into account,
//!
//! `t + s (1 + (|u| - 1) ((|u| |w| / u·w)² - 1))`, `s = (|u| - 1) |u|² / u·w`, `w = u / (r² + t)`.
//!
//! With `n = p / (r² + t)` made to length 1, the distance is that to the
//! plane that touches the ellipsoid where its normal is `n`: `(n·p - |r n|)`. An error of `n` counts only with
//! its square, and the result is never more than the true signed distance.

use super::{Exact, Lowering, Place, Shape, primitive::ELLIPSOID_SHARE};
use crate::{Vec3, aabb::Aabb, error::LowerError, tape::Id};

/// Deep inside, where the nearest point jumps, the field is at most this times the safe bound of the distance.
const INNER_SHARE: f32 = 1.4;
/// ... and no lower than this times the smallest radius.
const DEEPEST_SHARE: f32 = 0.7;
/// The field's slope, as measured: up to a ratio of radii, and beyond, where two steps do not always arrive.
const LIPSCHITZ: [f32; 2] = [1.4, 10.0];
/// That ratio.
const LARGEST_RATIO: f32 = 8.0;

impl Lowering<'_> {
    /// `max(n·p - |r n|, low)`, `low = max(min(1.4 s, -t), -0.7 min(r))` with `s = (|p / r| - 1) min(r)` and
    /// `t` as in [`Lowering::ellipsoid`], the two bounds between which the field stays inside.
    pub(super) fn true_ellipsoid(&mut self, radii: [f32; 3], place: &Place) -> Result<Shape, LowerError> {
        let smallest = radii.into_iter().fold(f32::INFINITY, f32::min);
        let largest = radii.into_iter().fold(0.0, f32::max);
        let squares = radii.map(|r| r * r);
        let p = place.p;
        let b = &mut self.b;
        // At the centre no direction is nearest; any will do.
        let tiny = 1e-9 / largest;
        let scaled = [0, 1, 2].map(|i| b.mul_c(p[i], radii[i]));
        let divisors = squares.map(|square| b.constant(square));

        // |u| = 1 has no solution below these: leave out the axes longer than one, and take the others as long
        // as it.
        let mut order = [0, 1, 2];
        order.sort_by(|&i, &j| radii[j].total_cmp(&radii[i]));
        let [_, c, d] = order.map(|i| scaled[i]);
        let all = b.length3(scaled, place.stretch * largest);
        let two = b.length2(c, d, place.stretch * radii[order[1]]);
        let least = {
            let (all, two) = (b.sub_c(all, squares[order[0]]), b.sub_c(two, squares[order[1]]));
            b.max(all, two)
        };

        let u = [0, 1, 2].map(|i| b.div(scaled[i], divisors[i]));
        let k = b.length3(u, place.stretch / smallest);
        let centred = b.sub_c(k, 1.0);
        let flattened = [0, 1, 2].map(|i| {
            let radius = b.constant(radii[i]);
            b.div(u[i], radius)
        });
        let l = b.length3(flattened, place.stretch / (smallest * smallest));
        let l = b.max_c(l, 1e-12);
        let ratio = b.div(k, l);
        let ratio = b.square(ratio);
        let step = b.mul(centred, ratio);
        let t = b.max(step, least);
        let t = b.max_c(t, -0.95 * smallest * smallest);

        let along = divisors.map(|square| b.add(t, square));
        let u = [0, 1, 2].map(|i| b.div(scaled[i], along[i]));
        let length = b.length3(u, f32::INFINITY);
        let w = [0, 1, 2].map(|i| b.div(u[i], along[i]));
        let sum = self.dot_of(u, w);
        let b = &mut self.b;
        let sum = b.max_c(sum, 1e-12);
        let off = b.sub_c(length, 1.0);
        let square = b.square(length);
        let step = b.mul(off, square);
        let step = b.div(step, sum);
        // What Newton's step misses by the second derivative.
        let steep = b.length3(w, f32::INFINITY);
        let steep = b.mul(length, steep);
        let steep = b.div(steep, sum);
        let steep = b.square(steep);
        let more = b.sub_c(steep, 1.0);
        let more = b.mul(more, off);
        let more = b.add_c(more, 1.0);
        let step = b.mul(step, more);
        let t = b.add(t, step);

        let n = [0, 1, 2].map(|i| {
            let along = b.add(t, divisors[i]);
            b.div(p[i], along)
        });
        let stretched = [0, 1, 2].map(|i| b.mul_c(n[i], radii[i]));
        let reach = b.length3(stretched, f32::INFINITY);
        let reach = b.max_c(reach, tiny * smallest);
        let length = b.length3(n, f32::INFINITY);
        let length = b.max_c(length, tiny);
        // n·p = |r n|² + t |n|²
        let past = b.sub_c(reach, 1.0);
        let past = b.mul(past, reach);
        let past = b.div(past, length);
        let offset = b.mul(t, length);
        let touching = b.add(offset, past);

        let low = b.mul_c(centred, INNER_SHARE * smallest);
        let low = b.min_c(low, -ELLIPSOID_SHARE * smallest * smallest / largest);
        let low = b.max_c(low, -DEEPEST_SHARE * smallest);
        let distance = b.max(touching, low);
        let normal = n.map(|v| b.div(v, length));
        self.b.know_gradient(distance, p, normal);

        let exact = self.exact(distance, Aabb::from_center(Vec3::ZERO, Vec3::from(radii)), place)?;
        Ok(Shape {
            lipschitz: LIPSCHITZ[usize::from(largest > LARGEST_RATIO * smallest)],
            growth: smallest / largest,
            exact: Exact::No,
            ..exact
        })
    }

    fn dot_of(&mut self, u: [Id; 3], v: [Id; 3]) -> Id {
        let b = &mut self.b;
        let terms = [0, 1, 2].map(|i| b.mul(u[i], v[i]));
        let sum = b.add(terms[0], terms[1]);
        b.add(sum, terms[2])
    }
}
