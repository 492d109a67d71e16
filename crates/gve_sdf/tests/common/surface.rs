//! Surfaces as dense points with normals, in double precision, for truths that no field has a part in.

pub(crate) type Point = [f64; 3];
pub(crate) type Map = fn(Point) -> Point;

/// Points along each side of a sheet.
const FINE: usize = 60;

/// A piece of surface over the unit square; the normal points out.
pub(crate) struct Sheet {
    at: Box<dyn Fn(f64, f64) -> Point>,
}

fn cross(a: Point, b: Point) -> Point {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn minus(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn length(a: Point) -> f64 {
    (a[0] * a[0] + a[1] * a[1] + a[2] * a[2]).sqrt()
}

impl Sheet {
    fn new(at: impl Fn(f64, f64) -> Point + 'static) -> Self {
        Self { at: Box::new(at) }
    }

    /// The sheet in a deformed space.
    pub(crate) fn carried(self, map: Map) -> Self {
        Self::new(move |s, t| map((self.at)(s, t)))
    }

    fn normal(&self, s: f64, t: f64) -> Point {
        let h = 1e-5;
        let along = minus((self.at)(s + h, t), (self.at)(s - h, t));
        let up = minus((self.at)(s, t + h), (self.at)(s, t - h));
        let n = cross(along, up);
        n.map(|v| v / length(n))
    }

    /// Points at a distance from the surface, above `count` places of it that keep off its border.
    pub(crate) fn above(&self, distance: f64, count: usize) -> Vec<Point> {
        (0..count)
            .map(|i| {
                // Spread evenly: the golden ratio and its square.
                let s = 0.03 + 0.94 * (0.5 + i as f64 * 0.754_877_666_2).fract();
                let t = 0.03 + 0.94 * (0.5 + i as f64 * 0.569_840_290_9).fract();
                let (p, n) = ((self.at)(s, t), self.normal(s, t));
                [0, 1, 2].map(|axis| p[axis] + distance * n[axis])
            })
            .collect()
    }
}

/// A surface by points that lie close to each other.
pub(crate) struct Cloud<'a> {
    sheets: &'a [Sheet],
    pub(crate) points: Vec<Point>,
    /// The sheet of each point and its place there.
    places: Vec<(usize, f64, f64)>,
}

impl<'a> Cloud<'a> {
    pub(crate) fn new(sheets: &'a [Sheet]) -> Self {
        let (mut points, mut places) = (Vec::new(), Vec::new());
        for (index, sheet) in sheets.iter().enumerate() {
            for i in 0..=FINE {
                for j in 0..=FINE {
                    let (s, t) = (i as f64 / FINE as f64, j as f64 / FINE as f64);
                    points.push((sheet.at)(s, t));
                    places.push((index, s, t));
                }
            }
        }
        Self { sheets, points, places }
    }

    /// To the nearest point of the surface: from the nearest of the points, ever smaller steps along its sheet.
    pub(crate) fn distance(&self, p: Point) -> f64 {
        let square = |q: Point| {
            let d = minus(p, q);
            d[0] * d[0] + d[1] * d[1] + d[2] * d[2]
        };
        // The nearest sample of every sheet: the foot may lie across a border.
        let mut starts = vec![(f64::INFINITY, 0.0, 0.0); self.sheets.len()];
        for (point, &(sheet, s, t)) in self.points.iter().zip(&self.places) {
            let found = square(*point);
            if found < starts[sheet].0 {
                starts[sheet] = (found, s, t);
            }
        }
        let nearest = starts.iter().map(|start| start.0).fold(f64::INFINITY, f64::min).sqrt();
        let mut distance = nearest;
        for (sheet, (mut best, mut s, mut t)) in self.sheets.iter().zip(starts) {
            if best.sqrt() > nearest + 0.03 {
                continue;
            }
            let mut step = 1.0 / FINE as f64;
            while step > 1e-7 {
                let (from_s, from_t) = (s, t);
                for (ds, dt) in [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)] {
                    let other_s = (from_s + f64::from(ds) * step).clamp(0.0, 1.0);
                    let other_t = (from_t + f64::from(dt) * step).clamp(0.0, 1.0);
                    let found = square((sheet.at)(other_s, other_t));
                    if found < best {
                        (best, s, t) = (found, other_s, other_t);
                    }
                }
                if (s, t) == (from_s, from_t) {
                    step *= 0.5;
                }
            }
            distance = distance.min(best.sqrt());
        }
        distance
    }
}

fn direction(s: f64, t: f64) -> Point {
    let (around, up) = (std::f64::consts::TAU * s, 2.0 * t - 1.0);
    let flat = (1.0 - up * up).max(0.0).sqrt();
    [flat * around.cos(), flat * around.sin(), up]
}

/// All directions: a cube's faces, blown up.
fn directions(at: impl Fn(Point) -> Point + Clone + 'static) -> Vec<Sheet> {
    cuboid([1.0; 3])
        .into_iter()
        .map(|sheet| {
            let at = at.clone();
            Sheet::new(move |s, t| {
                let p = (sheet.at)(s, t);
                at(p.map(|v| v / length(p)))
            })
        })
        .collect()
}

pub(crate) fn ellipsoid(radii: Point) -> Vec<Sheet> {
    directions(move |d| [0, 1, 2].map(|i| radii[i] * d[i]))
}

/// Where rays from the origin cross 0 of a function that is negative there.
pub(crate) fn star(field: fn(Point) -> f64) -> Vec<Sheet> {
    directions(move |d| {
        let (mut low, mut high) = (0.0, 2.0);
        for _ in 0..45 {
            let middle = 0.5 * (low + high);
            if field(d.map(|v| middle * v)) < 0.0 { low = middle } else { high = middle }
        }
        d.map(|v| low * v)
    })
}

pub(crate) fn cuboid(half: Point) -> Vec<Sheet> {
    (0..3)
        .flat_map(|axis| [1.0, -1.0].map(|side| (axis, side)))
        .map(|(axis, side)| {
            let (one, two) = ((axis + 1) % 3, (axis + 2) % 3);
            Sheet::new(move |s, t| {
                let mut p = [0.0; 3];
                p[axis] = side * half[axis];
                p[one] = side * (2.0 * s - 1.0) * half[one];
                p[two] = (2.0 * t - 1.0) * half[two];
                p
            })
        })
        .collect()
}

pub(crate) fn cylinder(radius: f64, half_height: f64) -> Vec<Sheet> {
    let cap = move |side: f64| {
        Sheet::new(move |s, t| {
            let (sin, cos) = (std::f64::consts::TAU * s).sin_cos();
            let r = radius * t.abs();
            [-side * r * sin, side * half_height, r * cos]
        })
    };
    let flank = Sheet::new(move |s, t| {
        let (sin, cos) = (-std::f64::consts::TAU * s).sin_cos();
        [radius * cos, (2.0 * t - 1.0) * half_height, radius * sin]
    });
    vec![flank, cap(1.0), cap(-1.0)]
}

/// A capsule along x.
pub(crate) fn capsule(radius: f64, half_length: f64) -> Vec<Sheet> {
    let end = move |side: f64| {
        Sheet::new(move |s, t| {
            let d = direction(s, 0.5 + 0.5 * t);
            [side * (half_length + radius * d[2]), radius * d[0], side * radius * d[1]]
        })
    };
    let flank = Sheet::new(move |s, t| {
        let (sin, cos) = (std::f64::consts::TAU * s).sin_cos();
        [(2.0 * t - 1.0) * half_length, radius * sin, -radius * cos]
    });
    vec![flank, end(1.0), end(-1.0)]
}

pub(crate) fn bent(q: Point, curvature: f64) -> Point {
    let radius = 1.0 / curvature;
    let angle = q[0] / radius;
    [(radius - q[1]) * angle.sin(), radius - (radius - q[1]) * angle.cos(), q[2]]
}

pub(crate) fn twisted(q: Point, rate: f64) -> Point {
    let (sin, cos) = (rate * q[1]).sin_cos();
    [cos * q[0] + sin * q[2], q[1], cos * q[2] - sin * q[0]]
}

pub(crate) fn tapered(q: Point, half_height: f64, bottom: f64, top: f64) -> Point {
    let share = 0.5 + 0.5 * (q[1] / half_height).clamp(-1.0, 1.0);
    let scale = bottom + share * (top - bottom);
    [scale * q[0], q[1], scale * q[2]]
}

pub(crate) fn rough_ball(p: Point, radius: f64, amplitude: f64, wavelength: f64) -> f64 {
    let k = std::f64::consts::TAU / wavelength;
    let [x, y, z] = p.map(|v| k * v);
    let pattern = (x.sin() * y.cos() + y.sin() * z.cos() + z.sin() * x.cos()) / 1.5;
    length(p) - radius + amplitude * pattern
}

/// Two balls on the x axis in a smooth union.
pub(crate) fn two_balls(p: Point, radius: f64, apart: f64, seam: f64) -> f64 {
    let ball = |x: f64| length([p[0] - x, p[1], p[2]]) - radius;
    let (a, b) = (ball(-apart), ball(apart));
    let near = (seam - (a - b).abs()).max(0.0);
    a.min(b) - near * near / (4.0 * seam)
}
