//! What makes contents valid. Reader and writer use the same checks, piece by piece.

mod json;
pub(crate) mod shell;
pub(crate) mod splats;
pub(crate) mod volume;

pub(crate) use json::{audio_patch, metadata};
pub(crate) use volume::header as volume_header;

use std::ops::Range;

use crate::{
    error::{Fault, Section},
    layout::{
        Array, DirectoryEntry, KIND_LEVEL, KIND_SHELL, KIND_SPLATS, LevelLayout, ShellLayout, VolumePlan,
    },
    model::Splat,
    view::{LevelView, ShellView, VolumeView},
    volume::PartIdsRef,
};

/// Bytes of one piece: small enough to stay in a core's second cache between checksum and check.
const PIECE_BYTES: u64 = 256 << 10;

/// Lanes that are looked at together before deciding; lets the compiler use vector instructions.
const BLOCK: usize = 4096;

/// Where the large arrays stand: those of a whole file, or those that are there of one that is still
/// arriving.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    pub volume: Option<VolumePlan>,
    /// Coarse to fine.
    pub levels: Vec<LevelLayout>,
    pub splats: Option<Array>,
    pub shell: Option<ShellLayout>,
}

/// The arrays of a [`Layout`]; empty ones in place of those that are not there.
#[derive(Clone, Copy)]
pub(crate) struct Contents<'a> {
    pub layout: &'a Layout,
    pub volume: VolumeView<'a>,
    pub splats: &'a [Splat],
    pub shell: ShellView<'a>,
    /// How many materials there are to refer to.
    pub material_count: u32,
    /// How many parts there are to refer to.
    pub part_count: u32,
}

/// The arrays of a file; those of the volume with their level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Bytes to which a checksum is all that is applied.
    Raw,
    Cells(usize),
    Scales(usize),
    Distances(usize),
    PartIds(usize),
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
    /// Where the elements start in the file.
    at: u64,
    /// Which section they belong to.
    pub section: usize,
    /// The bytes from the end of the section's piece before to the end of the elements; the last piece
    /// of a section reaches to its end.
    pub bytes: Range<usize>,
}

#[cfg(test)]
impl Piece {
    /// A piece to be cut between, not checked.
    pub(crate) fn of_bytes(section: usize, bytes: Range<usize>) -> Self {
        Self { kind: Kind::Raw, elements: 0..0, at: bytes.start as u64, section, bytes }
    }
}

impl<'a> Contents<'a> {
    /// Everything there is to check in the given sections, in the order of the file: every byte of a
    /// section lies in one piece.
    pub(crate) fn pieces(&self, entries: &[DirectoryEntry]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for (section, entry) in entries.iter().enumerate() {
            let mut done = entry.offset as usize;
            for (kind, array, most_bytes) in self.arrays(entry) {
                let step = most_bytes / array.stride;
                let mut first = 0_u64;
                // An empty array makes a piece too: no parts are wrong where there are indices.
                loop {
                    let next = first.saturating_add(step).min(array.count);
                    let at = array.start + first * array.stride;
                    let end = (array.start + next * array.stride) as usize;
                    let elements = first as usize..next as usize;
                    pieces.push(Piece { kind, elements, at, section, bytes: done..end });
                    (done, first) = (end, next);
                    if first == array.count {
                        break;
                    }
                }
            }
        }
        pieces
    }

    /// The arrays of one section in their order, and how many bytes of each are checked at once.
    fn arrays(&self, entry: &DirectoryEntry) -> Vec<(Kind, Array, u64)> {
        // Cells and runs of triangles are checked as a whole: their elements must agree with each other.
        let whole = u64::MAX;
        let level = entry.index as usize;
        match (entry.kind, self.layout.levels.get(level), self.layout.splats, &self.layout.shell) {
            (KIND_LEVEL, Some(layout), _, _) => vec![
                (Kind::Cells(level), layout.cells, whole),
                (Kind::Scales(level), layout.scales, PIECE_BYTES),
                (Kind::Distances(level), layout.distances, PIECE_BYTES),
                (Kind::PartIds(level), layout.parts, PIECE_BYTES),
            ],
            (KIND_SPLATS, _, Some(splats), _) => vec![(Kind::Splats, splats, PIECE_BYTES)],
            (KIND_SHELL, _, _, Some(layout)) => vec![
                (Kind::Positions, layout.positions, PIECE_BYTES),
                (Kind::Normals, layout.normals, PIECE_BYTES),
                (Kind::Weld, layout.weld, PIECE_BYTES),
                (Kind::Indices, layout.indices, PIECE_BYTES),
                (Kind::Parts, layout.parts, whole),
            ],
            _ => {
                let raw = Array { start: u64::from(entry.offset), count: u64::from(entry.size), stride: 1 };
                vec![(Kind::Raw, raw, PIECE_BYTES)]
            }
        }
    }

    /// Checks one piece.
    pub(crate) fn check(&self, piece: &Piece) -> Result<(), Fault> {
        let at = piece.at;
        let elements = piece.elements.clone();
        let first = elements.start;
        let (materials, shell) = (self.material_count, &self.shell);
        match piece.kind {
            Kind::Raw => Ok(()),
            Kind::Cells(level) => {
                let Some(plan) = &self.layout.volume else { return Ok(()) };
                let stored = plan.counts.get(level).map_or(0, |counts| counts.stored);
                let groups = plan.groups_below(level);
                volume::cells(self.level(level).cells, level as u32, stored, groups, at)
            }
            Kind::Scales(level) => {
                volume::scales(&self.level(level).scales[elements], first, level as u32, at)
            }
            Kind::Distances(level) => {
                let section = Section::Level(level as u32);
                volume::distances(&self.level(level).distances[elements], first, section, at)
            }
            Kind::PartIds(level) => {
                let ids = match self.level(level).parts {
                    PartIdsRef::U8(ids) => PartIdsRef::U8(&ids[elements]),
                    PartIdsRef::U16(ids) => PartIdsRef::U16(&ids[elements]),
                };
                volume::parts(ids, first, Section::Level(level as u32), at, self.part_count)
            }
            Kind::Splats => splats::splats(&self.splats[elements], first, at, materials),
            Kind::Positions => shell::positions(&shell.positions[elements], first, at),
            Kind::Normals => shell::normals(&shell.normals[elements], first, at),
            Kind::Weld => shell::weld(shell.weld, shell.positions, elements, at),
            Kind::Indices => shell::indices(&shell.indices[elements], first, at, shell.positions.len()),
            Kind::Parts => shell::parts(shell.parts, shell.indices.len(), at, materials),
        }
    }

    fn level(&self, level: usize) -> LevelView<'a> {
        self.volume.levels().get(level).copied().unwrap_or(LevelView::NONE)
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
