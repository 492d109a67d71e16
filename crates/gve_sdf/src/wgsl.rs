//! A tape as WGSL source.

use std::fmt::Write as _;

use crate::tape::{Id, Op, Tape};

const HELPERS: &str = include_str!("helpers.wgsl");

/// Source of two functions: `gve_distance(p: vec3<f32>) -> f32` in metres, negative inside, and
/// `gve_part(p: vec3<f32>) -> u32`, the index of the nearest part; with the helpers they need, whose names
/// begin with `gve_` too.
///
/// The helpers are the polynomials of [`crate::math`]; WGSL's own sine may be off by 5e-4.
pub fn source(tape: &Tape) -> String {
    let mut out = String::from(HELPERS);
    function(&mut out, tape, "gve_distance", "f32", tape.distance());
    function(&mut out, tape, "gve_part", "u32", tape.part());
    out
}

fn function(out: &mut String, tape: &Tape, name: &str, result: &str, id: Id) {
    let live = Tape::live(tape.ops(), &[id]);
    // Writing to a String cannot fail.
    let _ = writeln!(out, "\nfn {name}(p: vec3<f32>) -> {result} {{");
    for (i, op) in tape.ops().iter().enumerate() {
        if live[i] && !matches!(op, Op::Const(_)) {
            let _ = writeln!(out, "    let v{i} = {};", expression(tape, op));
        }
    }
    let value = operand(tape, id);
    let _ = match result {
        "u32" => writeln!(out, "    return u32({value});\n}}"),
        _ => writeln!(out, "    return {value};\n}}"),
    };
}

fn operand(tape: &Tape, id: Id) -> String {
    match tape.ops()[id.index()] {
        Op::Const(value) => number(value),
        _ => format!("v{}", id.index()),
    }
}

/// A literal that reads back as the same number.
fn number(value: f32) -> String {
    let text = format!("{value:e}f");
    if value < 0.0 { format!("({text})") } else { text }
}

fn expression(tape: &Tape, op: &Op) -> String {
    let v = |id: Id| operand(tape, id);
    match *op {
        Op::X => "p.x".to_owned(),
        Op::Y => "p.y".to_owned(),
        Op::Z => "p.z".to_owned(),
        Op::Const(value) => number(value),
        Op::Neg(a) => format!("-{}", v(a)),
        Op::Abs(a) => format!("abs({})", v(a)),
        Op::Sqrt(a) => format!("sqrt(max({}, 0.0))", v(a)),
        Op::Square(a) => format!("{0} * {0}", v(a)),
        Op::Sin(a) => format!("gve_sin({})", v(a)),
        Op::Cos(a) => format!("gve_cos({})", v(a)),
        Op::Floor(a) => format!("floor({})", v(a)),
        Op::Add(a, b) => format!("{} + {}", v(a), v(b)),
        Op::Sub(a, b) => format!("{} - {}", v(a), v(b)),
        Op::Mul(a, b) => format!("{} * {}", v(a), v(b)),
        Op::Div(a, b) => format!("{} / {}", v(a), v(b)),
        Op::Min(a, b) => format!("min({}, {})", v(a), v(b)),
        Op::Max(a, b) => format!("max({}, {})", v(a), v(b)),
        Op::Atan2(a, b) => format!("gve_atan2({}, {})", v(a), v(b)),
        Op::Less(a, b) => format!("select(0.0, 1.0, {} < {})", v(a), v(b)),
        Op::Select(c, a, b) => format!("select({}, {}, {} != 0.0)", v(b), v(a), v(c)),
        Op::Length2(a, b) => format!("gve_length2({}, {})", v(a), v(b)),
        Op::Length3(a, b, c) => format!("gve_length3({}, {}, {})", v(a), v(b), v(c)),
        Op::Corner2(a, b) => format!("gve_corner2({}, {})", v(a), v(b)),
        Op::Corner3(a, b, c) => format!("gve_corner3({}, {}, {})", v(a), v(b), v(c)),
        Op::SmoothMin(a, b, k) => format!("gve_smooth_min({}, {}, {})", v(a), v(b), number(k)),
        Op::SmoothMax(a, b, k) => format!("gve_smooth_max({}, {}, {})", v(a), v(b), number(k)),
        Op::ChamferMin(a, b, r) => format!("gve_chamfer_min({}, {}, {})", v(a), v(b), number(r)),
        Op::ChamferMax(a, b, r) => format!("gve_chamfer_max({}, {}, {})", v(a), v(b), number(r)),
    }
}
