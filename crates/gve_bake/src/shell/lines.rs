//! All crossings of the surface with pieces of grid lines, also where it comes and goes between two samples.

use glam::{Vec3, Vec4};
use gve_sdf::{Evaluator, Field, Region};

use super::{
    crossings::{Bracket, Crossing},
    thin::{Suspect, ThinKind},
};
use crate::points::{Points, resize};

/// Most rounds in which a line is searched for surfaces between its ends.
const SEARCH_ROUNDS: usize = 8;
/// Rounds of root finding.
const ROOT_ROUNDS: usize = 12;
/// A root is found when the distance is less than this share of its line.
const TOLERANCE: f32 = 2e-5;

/// A piece of a grid line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// Its low end in metres.
    pub(super) low: Vec3,
    /// Along which axis it runs.
    pub(super) axis: usize,
    /// How far, in metres.
    pub(super) length_m: f32,
    /// Distances at its ends, their signs settled: negative is inside.
    pub(super) ends: [f32; 2],
    /// Whether to look for more than one crossing where the ends' signs differ.
    pub(super) is_searched: bool,
}

/// A crossing on a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    /// Which line.
    pub(super) line: u32,
    /// Whether the line leaves the solid here, going upwards.
    pub(super) low_inside: bool,
    /// The place on the line, 0 to 1.
    place: f32,
    /// The point.
    pub(super) crossing: Crossing,
}

/// How closely lines are searched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Care {
    /// Bound on the slope of the field.
    pub(super) slope: f32,
    /// Spans shorter than this are not searched further, metres.
    pub(super) least_m: f32,
    /// A surface counts when the field reaches this far beyond it, metres.
    pub(super) depth_m: f32,
    /// Walls and gaps thinner than this are left out, metres: of them only crumbs would be found.
    pub(super) thinnest_m: f32,
    /// Gaps that are narrower need not be as exact as they are narrow, metres.
    pub(super) gap_m: f32,
}

/// A part of a line, both ends on one side of the surface.
#[derive(Clone, Copy)]
struct Span {
    line: u32,
    places: [f32; 2],
    values: [f32; 2],
}

/// Buffers of one thread.
pub(super) struct Tracer {
    many_materials: bool,
    spans: Vec<Span>,
    next: Vec<Span>,
    found: Vec<Span>,
    brackets: Vec<(u32, Bracket)>,
    active: Vec<u32>,
    points: Points,
    distances: Vec<f32>,
    gradients: Vec<Vec4>,
    materials: Vec<u8>,
    /// One side of each wall and gap that was left out.
    pub(super) left_out: Vec<Suspect>,
}

impl Tracer {
    pub(super) fn new(field: &Field) -> Self {
        Self {
            many_materials: field.materials().len() > 1,
            spans: Vec::new(),
            next: Vec::new(),
            found: Vec::new(),
            brackets: Vec::new(),
            active: Vec::new(),
            points: Points::default(),
            distances: Vec::new(),
            gradients: Vec::new(),
            materials: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// The crossings of lines, line by line and upwards on each. Between ends of one sign there is an even
    /// number of them, else an odd one, and their directions alternate.
    pub(super) fn trace(
        &mut self,
        evaluator: &mut Evaluator,
        region: &Region,
        lines: &[Line],
        care: Care,
    ) -> Vec<Hit> {
        self.brackets.clear();
        self.spans.clear();
        for (i, line) in lines.iter().enumerate() {
            let [low, high] = line.ends;
            let span = Span { line: i as u32, places: [0.0, 1.0], values: line.ends };
            if (low < 0.0) == (high < 0.0) {
                self.spans.push(span);
            } else {
                self.brackets.push((i as u32, bracket(line, span)));
            }
        }
        self.find_roots(evaluator, region, lines, 0);
        // Between a root and the ends of its line there may be more of them, two by two.
        for (i, bracket) in &self.brackets {
            let line = &lines[*i as usize];
            if line.is_searched {
                let root = bracket.root;
                let [low, high] = line.ends;
                self.spans.push(Span { line: *i, places: [0.0, root], values: [low, 0f32.copysign(low)] });
                self.spans.push(Span { line: *i, places: [root, 1.0], values: [0f32.copysign(high), high] });
            }
        }
        self.search(evaluator, region, lines, care);
        let known = self.brackets.len();
        for span in std::mem::take(&mut self.found) {
            self.brackets.push((span.line, bracket(&lines[span.line as usize], span)));
        }
        self.find_roots(evaluator, region, lines, known);
        self.finish(evaluator, region, lines, care)
    }

    /// Looks between ends of one sign for places of the other, and leaves the spans about the roots.
    fn search(&mut self, evaluator: &mut Evaluator, region: &Region, lines: &[Line], care: Care) {
        for _ in 0..SEARCH_ROUNDS {
            self.points.clear();
            self.spans.retain(|span| {
                let line = &lines[span.line as usize];
                let Some([low, high]) = open_part(span, line.length_m, care) else { return false };
                self.points.push(along(line.low, line.axis, 0.5 * (low + high) * line.length_m));
                true
            });
            if self.spans.is_empty() {
                break;
            }
            evaluate(evaluator, region, &self.points, &mut self.distances);
            self.next.clear();
            for (span, &distance) in self.spans.iter().zip(&self.distances) {
                let line = &lines[span.line as usize];
                let Some([low, high]) = open_part(span, line.length_m, care) else { continue };
                let middle = 0.5 * (low + high);
                let [a, b] = span.places;
                let is_inside = span.values[0].is_sign_negative();
                let halves = |value: f32| {
                    [
                        Span { line: span.line, places: [a, middle], values: [span.values[0], value] },
                        Span { line: span.line, places: [middle, b], values: [value, span.values[1]] },
                    ]
                };
                // A touch by a rounding is no surface.
                let beyond = if is_inside { distance > care.depth_m } else { distance < -care.depth_m };
                if beyond {
                    self.found.extend(halves(distance));
                } else {
                    let value = if is_inside { distance.min(-0.0) } else { distance.max(0.0) };
                    self.next.extend(halves(value));
                }
            }
            std::mem::swap(&mut self.spans, &mut self.next);
        }
    }

    /// Narrows the brackets from the `first` on.
    fn find_roots(&mut self, evaluator: &mut Evaluator, region: &Region, lines: &[Line], first: usize) {
        let tolerance = |line: &Line| {
            let largest = line.low.abs().max_element();
            (TOLERANCE * line.length_m).max(2.0 * f32::EPSILON * largest)
        };
        self.active.clear();
        self.active.extend((first as u32..self.brackets.len() as u32).filter(|&k| {
            let (i, bracket) = &self.brackets[k as usize];
            bracket.residual > tolerance(&lines[*i as usize])
        }));
        for round in 0..ROOT_ROUNDS {
            if self.active.is_empty() {
                break;
            }
            self.points.clear();
            for &k in &self.active {
                let (i, bracket) = &self.brackets[k as usize];
                let line = &lines[*i as usize];
                self.points.push(along(line.low, line.axis, bracket.next(round) * line.length_m));
            }
            evaluate(evaluator, region, &self.points, &mut self.distances);
            let (brackets, distances) = (&mut self.brackets, &self.distances);
            let mut at = 0;
            self.active.retain(|&k| {
                let (i, bracket) = &mut brackets[k as usize];
                bracket.narrow(bracket.next(round), distances[at]);
                at += 1;
                bracket.residual > tolerance(&lines[*i as usize])
                    && (bracket.inside - bracket.outside).abs() > 1e-6
            });
        }
    }

    /// Gradients and materials at the roots.
    fn finish(&mut self, evaluator: &mut Evaluator, region: &Region, lines: &[Line], care: Care) -> Vec<Hit> {
        self.brackets.sort_by(|(i, a), (j, b)| i.cmp(j).then(a.root.total_cmp(&b.root)));
        self.points.clear();
        for (i, bracket) in &self.brackets {
            let line = &lines[*i as usize];
            self.points.push(along(line.low, line.axis, bracket.root * line.length_m));
        }
        let count = self.points.len();
        let (x, y, z) = (&self.points.xs, &self.points.ys, &self.points.zs);
        resize(&mut self.gradients, count);
        evaluator.gradients(region, x, y, z, &mut self.gradients);
        resize(&mut self.materials, count);
        if self.many_materials {
            evaluator.materials(region, x, y, z, &mut self.materials);
        }
        let mut hits: Vec<Hit> = (self.brackets.iter().enumerate())
            .map(|(k, (i, bracket))| Hit {
                line: *i,
                low_inside: bracket.inside < bracket.outside,
                place: bracket.root,
                crossing: Crossing {
                    point: Vec3::new(x[k], y[k], z[k]),
                    normal: self.gradients[k].truncate().try_normalize().unwrap_or(Vec3::ZERO),
                    material: self.materials[k],
                },
            })
            .collect();
        settle_directions(&mut hits, lines);
        let mut i = 0;
        while i + 1 < hits.len() {
            let (a, b) = (&hits[i], &hits[i + 1]);
            let axis = lines[a.line as usize].axis;
            let steep = a.crossing.normal[axis].abs().max(b.crossing.normal[axis].abs());
            let thickness_m = steep * (b.crossing.point[axis] - a.crossing.point[axis]);
            if a.line == b.line && thickness_m < care.thinnest_m {
                let kind = if a.low_inside { ThinKind::Gap } else { ThinKind::Wall };
                self.left_out.push(Suspect::new(a.crossing.point, a.crossing.normal, kind));
                hits.drain(i..i + 2);
            } else {
                i += 1;
            }
        }
        hits
    }
}

/// Makes directions alternate from the low end on. They do already but for roots that fell together.
fn settle_directions(hits: &mut [Hit], lines: &[Line]) {
    for on_line in hits.chunk_by_mut(|a, b| a.line == b.line) {
        let mut is_inside = lines[on_line[0].line as usize].ends[0] < 0.0;
        for hit in on_line.iter_mut() {
            hit.low_inside = is_inside;
            is_inside = !is_inside;
        }
        debug_assert!(on_line.is_sorted_by(|a, b| a.place <= b.place), "crossings out of order");
    }
}

/// The part of a span that may hold surfaces, if it is long enough to look at.
fn open_part(span: &Span, length_m: f32, care: Care) -> Option<[f32; 2]> {
    let reach = |value: f32| value.abs() / (care.slope * length_m);
    let [low, high] = [span.places[0] + reach(span.values[0]), span.places[1] - reach(span.values[1])];
    ((high - low) * length_m > care.least_m).then_some([low, high])
}

fn bracket(line: &Line, span: Span) -> Bracket {
    let [a, b] = span.places;
    let [at_a, at_b] = span.values;
    let a_inside = at_a.is_sign_negative();
    let (inside, outside, inside_distance, outside_distance) =
        if a_inside { (a, b, at_a, at_b) } else { (b, a, at_b, at_a) };
    Bracket::new(line.low, line.axis, [inside, outside], [inside_distance, outside_distance])
}

fn along(low: Vec3, axis: usize, by: f32) -> Vec3 {
    let mut point = low;
    point[axis] += by;
    point
}

fn evaluate(evaluator: &mut Evaluator, region: &Region, points: &Points, distances: &mut Vec<f32>) {
    resize(distances, points.len());
    evaluator.distances(region, &points.xs, &points.ys, &points.zs, distances);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_recipes::field;

    /// Lines through two plates of 2 mm, 4 mm apart, and one that passes them by.
    #[test]
    fn both_sides_of_two_plates_are_found() {
        let field = field(
            r#"{"op": "union", "children": [
                {"op": "box", "half_extents": [0.5, 0.001, 0.5], "center": [0.0, 0.002, 0.0]},
                {"op": "box", "half_extents": [0.5, 0.001, 0.5], "center": [0.0, -0.002, 0.0]}]}"#,
        );
        let mut evaluator = Evaluator::new(&field);
        let root = evaluator.root();
        let line = |x: f32, y: f32, length_m: f32, evaluator: &mut Evaluator| {
            let low = Vec3::new(x, y, 0.1);
            let ends = [0.0, length_m].map(|by| evaluator.distance(&root, low + by * Vec3::Y));
            Line { low, axis: 1, length_m, ends, is_searched: true }
        };
        let lines = [
            line(0.1, -0.009, 0.02, &mut evaluator),
            line(0.6, -0.009, 0.02, &mut evaluator),
            line(-0.3, 0.0023, 0.02, &mut evaluator),
            line(-0.3, -0.0166, 0.02, &mut evaluator),
            line(-0.3, -0.002, 0.01, &mut evaluator),
        ];
        let care = Care { slope: 1.0, least_m: 0.0005, depth_m: 1e-5, thinnest_m: 1e-4, gap_m: 1e-4 };
        let hits = Tracer::new(&field).trace(&mut evaluator, &root, &lines, care);
        let on = |line: u32| -> Vec<(f32, bool)> {
            let on_line = hits.iter().filter(|hit| hit.line == line);
            on_line.map(|hit| (hit.crossing.point.y, hit.low_inside)).collect()
        };
        let near = |found: Vec<(f32, bool)>, right: &[(f32, bool)]| {
            assert_eq!(found.len(), right.len(), "{found:?}");
            for (a, b) in found.iter().zip(right) {
                assert!((a.0 - b.0).abs() < 1e-5 && a.1 == b.1, "{found:?}");
            }
        };
        near(on(0), &[(-0.003, false), (-0.001, true), (0.001, false), (0.003, true)]);
        near(on(1), &[]);
        near(on(2), &[(0.003, true)]);
        near(on(3), &[(-0.003, false), (-0.001, true), (0.001, false), (0.003, true)]);
        near(on(4), &[(-0.001, true), (0.001, false), (0.003, true)]);
    }
}
