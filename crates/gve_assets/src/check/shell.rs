//! The shell section: positions, normals, weld, indices, parts.

use std::ops::Range;

use gve_types::limits::MAX_MATERIALS;

use super::{find_bad, is_finite, list};
use crate::{
    error::{Fault, Section},
    layout::UNIT_TOLERANCE,
    model::ShellPart,
};

/// Every position is finite.
pub(crate) fn positions(positions: &[[f32; 3]], first: usize, at: u64) -> Result<(), Fault> {
    let numbers = positions.as_flattened();
    match find_bad(numbers, |&x| is_finite(x)) {
        None => Ok(()),
        Some(i) => {
            let (what, at) = (format!("position of vertex {}", first + i / 3), at + 4 * i as u64);
            Err(Fault::new(Section::Shell, at, what, "a finite number", numbers[i]))
        }
    }
}

/// Every normal has length 1.
pub(crate) fn normals(normals: &[[f32; 3]], first: usize, at: u64) -> Result<(), Fault> {
    let is_unit = |n: &[f32; 3]| (n[0] * n[0] + n[1] * n[1] + n[2] * n[2] - 1.0).abs() <= UNIT_TOLERANCE;
    match find_bad(normals, is_unit) {
        None => Ok(()),
        Some(i) => {
            let (what, at) = (format!("normal of vertex {}", first + i), at + 12 * i as u64);
            Err(Fault::new(Section::Shell, at, what, "a unit vector", list(&normals[i])))
        }
    }
}

/// Every vertex is welded to the first one at its place.
pub(crate) fn weld(
    weld: &[u32],
    positions: &[[f32; 3]],
    vertices: Range<usize>,
    at: u64,
) -> Result<(), Fault> {
    for (i, vertex) in vertices.enumerate() {
        let target = weld[vertex] as usize;
        let fault = |expected: String, found: String| {
            let what = format!("weld of vertex {vertex}");
            Err(Fault::new(Section::Shell, at + 4 * i as u64, what, expected, found))
        };
        if target == vertex {
            continue;
        }
        if target > vertex {
            return fault(format!("this vertex or an earlier one, at most {vertex}"), target.to_string());
        }
        if weld[target] as usize != target {
            return fault("a vertex that is welded to itself".to_owned(), target.to_string());
        }
        if positions[target] != positions[vertex] {
            let (here, there) = (list(&positions[vertex]), list(&positions[target]));
            return fault(format!("a vertex at {here}"), format!("{target} at {there}"));
        }
    }
    Ok(())
}

/// Every index names a vertex.
pub(crate) fn indices(indices: &[u32], first: usize, at: u64, vertices: usize) -> Result<(), Fault> {
    match find_bad(indices, |&index| (index as usize) < vertices) {
        None => Ok(()),
        Some(i) => {
            let (what, at) = (format!("index {}", first + i), at + 4 * i as u64);
            Err(Fault::new(Section::Shell, at, what, format!("a vertex below {vertices}"), indices[i]))
        }
    }
}

/// The parts follow each other, cover all indices, and have a material each that exists.
pub(crate) fn parts(parts: &[ShellPart], indices: usize, at: u64, materials: u32) -> Result<(), Fault> {
    let mut seen = [false; MAX_MATERIALS];
    let mut next = 0;
    let mut after = at;
    for (i, part) in parts.iter().enumerate() {
        let fault = |field: u64, what: &str, expected: String, found: String| {
            let at = at + (i * size_of::<ShellPart>()) as u64 + field;
            Err(Fault::new(Section::Shell, at, format!("{what} of part {i}"), expected, found))
        };
        let known = seen.get_mut(part.material as usize).filter(|_| part.material < materials);
        match known {
            None => {
                return fault(
                    0,
                    "material",
                    format!("an index below {materials}"),
                    part.material.to_string(),
                );
            }
            Some(true) => {
                let expected = "a material without a part before".to_owned();
                return fault(0, "material", expected, part.material.to_string());
            }
            Some(fresh) => *fresh = true,
        }
        if u64::from(part.first_index) != next {
            return fault(4, "first index", next.to_string(), part.first_index.to_string());
        }
        let left = indices as u64 - next;
        if part.index_count == 0 || part.index_count % 3 != 0 || u64::from(part.index_count) > left {
            let expected = format!("a positive multiple of 3, at most {left}");
            return fault(8, "index count", expected, part.index_count.to_string());
        }
        next += u64::from(part.index_count);
        after += size_of::<ShellPart>() as u64;
    }
    if next != indices as u64 {
        let expected = format!("parts that cover all {indices} indices");
        return Err(Fault::new(Section::Shell, after, "parts", expected, next));
    }
    Ok(())
}
