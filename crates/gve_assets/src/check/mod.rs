//! What makes contents valid. Reader and writer use the same checks, piece by piece.

mod json;
mod shell;
mod splats;
mod volume;

pub(crate) use json::{audio_patch, metadata};
pub(crate) use volume::header as sdf_header;

use std::ops::Range;

use crate::{
    error::Fault,
    layout::{Array, Layout},
    model::Splat,
    view::{ShellView, VolumeView},
};

/// Bytes of one piece: small enough to stay in a core's second cache between checksum and check.
const PIECE_BYTES: u64 = 256 << 10;

/// Lanes that are looked at together before deciding; lets the compiler use vector instructions.
const BLOCK: usize = 4096;

/// All arrays of an asset, and where each stands in the file.
#[derive(Clone, Copy)]
pub(crate) struct Contents<'a> {
    pub layout: &'a Layout,
    pub volume: VolumeView<'a>,
    pub splats: &'a [Splat],
    pub shell: ShellView<'a>,
    /// How many materials there are to refer to.
    pub material_count: u32,
}

/// The arrays of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Grid,
    Distances,
    AtlasMaterials,
    Splats,
    Positions,
    Normals,
    Weld,
    Indices,
    Parts,
}

/// A run of elements of one array, checked in one go.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    kind: Kind,
    elements: Range<usize>,
    /// The bytes they take in the file.
    pub bytes: Range<usize>,
}

#[cfg(test)]
impl Piece {
    /// A piece to be cut between, not checked.
    pub(crate) fn of_bytes(bytes: Range<usize>) -> Self {
        Self { kind: Kind::Splats, elements: 0..0, bytes }
    }
}

impl Contents<'_> {
    /// Everything there is to check, in the order of the file.
    pub(crate) fn pieces(&self) -> Vec<Piece> {
        let Layout { sdf, splats, shell, .. } = self.layout;
        // The grid and the parts are checked as a whole: their elements must agree with each other.
        let arrays = [
            (Kind::Grid, sdf.grid, u64::MAX),
            (Kind::Distances, sdf.distances, PIECE_BYTES),
            (Kind::AtlasMaterials, sdf.materials, PIECE_BYTES),
            (Kind::Splats, *splats, PIECE_BYTES),
            (Kind::Positions, shell.positions, PIECE_BYTES),
            (Kind::Normals, shell.normals, PIECE_BYTES),
            (Kind::Weld, shell.weld, PIECE_BYTES),
            (Kind::Indices, shell.indices, PIECE_BYTES),
            (Kind::Parts, shell.parts, u64::MAX),
        ];
        let mut pieces = Vec::new();
        for (kind, array, most_bytes) in arrays {
            let step = most_bytes / array.stride;
            let mut first = 0_u64;
            // An empty array makes a piece too: no parts are wrong where there are indices.
            loop {
                let end = first.saturating_add(step).min(array.count);
                let bytes = Array { start: array.start + first * array.stride, count: end - first, ..array };
                let elements = first as usize..end as usize;
                pieces.push(Piece { kind, elements, bytes: bytes.bytes() });
                first = end;
                if first == array.count {
                    break;
                }
            }
        }
        // Nothing says that sections stand in the order of their fields in the header; an empty array
        // may stand where the next one starts.
        pieces.sort_by_key(|piece| (piece.bytes.start, piece.bytes.end));
        pieces
    }

    /// Checks one piece.
    pub(crate) fn check(&self, piece: &Piece) -> Result<(), Fault> {
        let at = piece.bytes.start as u64;
        let elements = piece.elements.clone();
        let first = elements.start;
        let materials = self.material_count;
        match piece.kind {
            Kind::Grid => volume::grid(self.volume.grid, self.layout.sdf.distances.count, at),
            Kind::Distances => volume::distances(&self.volume.distances[elements], first, at),
            Kind::AtlasMaterials => volume::materials(&self.volume.materials[elements], first, at, materials),
            Kind::Splats => splats::splats(&self.splats[elements], first, at, materials),
            Kind::Positions => shell::positions(&self.shell.positions[elements], first, at),
            Kind::Normals => shell::normals(&self.shell.normals[elements], first, at),
            Kind::Weld => shell::weld(self.shell.weld, self.shell.positions, elements, at),
            Kind::Indices => {
                shell::indices(&self.shell.indices[elements], first, at, self.shell.positions.len())
            }
            Kind::Parts => shell::parts(self.shell.parts, self.shell.indices.len(), at, materials),
        }
    }
}

/// The first element of a slice that does not pass. Whole blocks are folded without a branch first:
/// nearly always nothing is wrong, and then this runs at the speed of memory.
fn find_bad<T>(values: &[T], is_good: impl Fn(&T) -> bool) -> Option<usize> {
    let block =
        values.chunks(BLOCK).position(|block| !block.iter().fold(true, |good, v| good & is_good(v)))?;
    let first = block * BLOCK;
    let within = values[first..].iter().position(|value| !is_good(value));
    debug_assert!(within.is_some(), "a check is a pure function");
    within.map(|within| first + within)
}

/// Whether a float is neither infinite nor NaN, in a form that vectorises.
fn is_finite(value: f32) -> bool {
    value.abs() < f32::INFINITY
}

/// A list of numbers for a message.
fn list(values: &[f32]) -> String {
    let values: Vec<_> = values.iter().map(ToString::to_string).collect();
    format!("({})", values.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bad_element_is_found_in_any_block() {
        let mut values = vec![1.0_f32; 3 * BLOCK + 5];
        assert_eq!(find_bad(&values, |&v| is_finite(v)), None);
        for at in [3 * BLOCK + 4, 3 * BLOCK, 2 * BLOCK - 1, BLOCK, 7, 0] {
            values[at] = f32::NAN;
            assert_eq!(find_bad(&values, |&v| is_finite(v)), Some(at));
        }
    }

    #[test]
    fn finite_means_finite() {
        for value in [0.0, -0.0, f32::MIN_POSITIVE / 2.0, f32::MAX, f32::MIN] {
            assert!(is_finite(value));
        }
        for value in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(!is_finite(value));
        }
    }
}
