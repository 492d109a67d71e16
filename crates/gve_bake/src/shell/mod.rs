//! The shell: a closed, manifold triangle mesh with the field's sharp edges.
//!
//! Dual contouring (Ju, Losasso, Schaefer, Warren, SIGGRAPH 2002) on a sparse uniform grid, with one vertex
//! for each piece of surface in a cell (see [`table`]), which makes the mesh manifold. Every edge of it has
//! exactly two triangles because the signs at the samples are settled once, for all bricks, and everything
//! else follows from them.

mod cells;
mod crossings;
mod normals;
mod qef;
mod quads;
mod signs;
mod table;
mod thin;

use std::collections::BTreeMap;

use glam::Vec3;
use gve_assets::{Shell, ShellPart};
use gve_sdf::{Evaluator, Field};
use gve_types::limits;
use rayon::prelude::*;

use crate::{
    BakeError, Watch,
    lattice::Lattice,
    watch::{Meter, check},
};
use cells::{CellSet, Placer};
use crossings::{Crossing, EdgeSet, Refiner};
use quads::Quad;
use signs::SignGrid;
pub use thin::{ThinFeature, ThinKind};

/// Where the samples stand against the middle of the bounds, in cells. Without it the flat faces of
/// symmetric objects would run exactly through samples, where a rounding decides about in and out.
const SHIFT_CELLS: Vec3 = Vec3::new(0.137, -0.219, 0.291);

/// Most thin features that are named one by one in the warnings.
const MAX_NAMED_FEATURES: usize = 4;

/// A shell and what is to be said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct ShellReport {
    /// The mesh.
    pub shell: Shell,
    /// Side of the grid's cells in metres.
    pub cell_size_m: f32,
    /// Points of the surface: vertices after welding.
    pub points: u32,
    /// Features thinner than a cell: walls before gaps, the most extensive first; at most 16.
    pub thin: Vec<ThinFeature>,
}

impl ShellReport {
    /// What the designer should know, in sentences.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = self
            .thin
            .iter()
            .take(MAX_NAMED_FEATURES)
            .map(|feature| {
                let what = match feature.kind {
                    ThinKind::Wall => "a wall",
                    ThinKind::Gap => "a gap",
                };
                let [x, y, z] = feature.position.to_array();
                format!(
                    "{what} of {:.3} mm at ({x:.4}, {y:.4}, {z:.4}) m is thinner than a cell of {:.3} mm: raise the resolution to keep it",
                    1000.0 * feature.thickness_m,
                    1000.0 * self.cell_size_m,
                )
            })
            .collect();
        if self.thin.len() > MAX_NAMED_FEATURES {
            let more = self.thin.len() - MAX_NAMED_FEATURES;
            warnings.push(format!("{more} more features are thinner than a cell"));
        }
        warnings
    }
}

/// Meshes the field on a grid of `resolution` cubic cells along its longest side.
///
/// The mesh is closed and manifold after welding, its triangles counter-clockwise seen from outside and
/// grouped by material. A vertex is split where normals differ by more than 30 degrees or materials meet.
/// The bytes depend on the field and the resolution alone.
///
/// # Errors
/// When the resolution is outside [`limits::VOLUME_RESOLUTION`], the field has no finite bounds, no sample
/// of the grid lies inside it, or the mesh would have more triangles or vertices than a file may hold.
pub fn generate(field: &Field, resolution: u32) -> Result<ShellReport, BakeError> {
    generate_watched(field, resolution, &())
}

/// [`generate`] for somebody who looks on.
///
/// # Errors
/// Those of [`generate`], and [`BakeError::Cancelled`].
pub fn generate_watched(field: &Field, resolution: u32, watch: &dyn Watch) -> Result<ShellReport, BakeError> {
    let lattice = Lattice::around(field.bounds(), resolution, signs::SIDE as u32, SHIFT_CELLS)?;
    let grid = SignGrid::sample(field, lattice, watch);
    check(watch)?;
    let edges = find_edges(field, &grid)?;
    let meter = |shares| Meter::new(watch, grid.bricks.len(), shares);
    let (edges, suspects) = refine(field, &grid, edges, &meter([0.35, 0.7]));
    check(watch)?;
    let cells = place(field, &grid, &edges, &meter([0.7, 0.9]));
    check(watch)?;

    let mut bases = Vec::with_capacity(cells.len());
    let mut vertices = 0u64;
    for set in &cells {
        bases.push(vertices as u32);
        vertices += set.positions.len() as u64;
    }
    let max = u64::from(limits::MAX_SHELL_VERTICES);
    if vertices > max {
        return Err(BakeError::ShellTooLarge { what: "vertices", found: vertices, max });
    }
    let quads: Vec<Vec<Quad>> = (grid.bricks.par_iter().zip(&edges))
        .map(|(brick, edges)| {
            let rows = grid.rows(&grid.upper_slots(brick.at));
            quads::quads(&grid, brick.at, &rows, edges, &cells, &bases)
        })
        .collect();
    let thin = thin::report(field, &grid, suspects);
    check(watch)?;
    let shell = assemble(&cells, &bases, &quads);
    let points = shell.weld.iter().enumerate().filter(|&(i, &weld)| i == weld as usize).count() as u32;
    Ok(ShellReport { shell, cell_size_m: lattice.cell_size_m, points, thin })
}

/// The edges that cross the surface, and whether there are too many or none.
fn find_edges(field: &Field, grid: &SignGrid) -> Result<Vec<EdgeSet>, BakeError> {
    let edges: Vec<EdgeSet> =
        grid.bricks.par_iter().map(|brick| EdgeSet::new(&grid.rows(&grid.upper_slots(brick.at)))).collect();
    let found = 2 * edges.iter().map(|set| set.len() as u64).sum::<u64>();
    let max = u64::from(limits::MAX_SHELL_TRIANGLES);
    if found == 0 {
        let cell_size_m = grid.lattice.cell_size_m;
        return Err(match thin::report(field, grid, Vec::new()).first() {
            Some(&ThinFeature { thickness_m, position, .. }) => {
                BakeError::ThinnerThanCells { cell_size_m, thickness_m, position: position.into() }
            }
            None => BakeError::NoSurface { cell_size_m },
        });
    }
    if found > max {
        return Err(BakeError::ShellTooLarge { what: "triangles", found, max });
    }
    Ok(edges)
}

type Crossed = (EdgeSet, Vec<Crossing>);

fn refine(
    field: &Field,
    grid: &SignGrid,
    edges: Vec<EdgeSet>,
    meter: &Meter<'_>,
) -> (Vec<Crossed>, Vec<thin::Suspect>) {
    let found: Vec<(Crossed, Vec<thin::Suspect>)> = (grid.bricks.par_iter().zip(edges))
        .map_init(
            || (Evaluator::new(field), Refiner::new(field), thin::Prober::default()),
            |(evaluator, refiner, prober), (brick, set)| {
                meter.count();
                if set.len() == 0 || meter.is_cancelled() {
                    return ((set, Vec::new()), Vec::new());
                }
                let upper = grid.upper_slots(brick.at);
                let rows = grid.rows(&upper);
                let crossings = refiner.refine(evaluator, grid, brick, &upper, &rows, &set);
                let suspects = prober.probe(evaluator, grid, brick, &crossings);
                ((set, crossings), suspects)
            },
        )
        .collect();
    let (edges, suspects): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    (edges, suspects.into_iter().flatten().collect())
}

fn place(field: &Field, grid: &SignGrid, edges: &[Crossed], meter: &Meter<'_>) -> Vec<CellSet> {
    grid.bricks
        .par_iter()
        .map_init(
            || (Evaluator::new(field), Placer::new()),
            |(evaluator, placer), brick| {
                meter.count();
                if meter.is_cancelled() {
                    return CellSet::default();
                }
                let upper = grid.upper_slots(brick.at);
                let rows = grid.rows(&upper);
                placer.place(evaluator, grid, brick, &upper, &rows, edges)
            },
        )
        .collect()
}

/// Strings the bricks together, triangles sorted by material.
fn assemble(cells: &[CellSet], bases: &[u32], quads: &[Vec<Quad>]) -> Shell {
    let mut shell = Shell::default();
    for (set, base) in cells.iter().zip(bases) {
        shell.positions.extend(set.positions.iter().map(Vec3::to_array));
        shell.normals.extend(set.normals.iter().map(Vec3::to_array));
        shell.weld.extend(set.weld.iter().map(|weld| base + weld));
    }
    let mut counts: BTreeMap<u8, u32> = BTreeMap::new();
    for quad in quads.iter().flatten() {
        *counts.entry(quad.material).or_default() += 6;
    }
    let mut ends = [0usize; 256];
    let mut first_index = 0;
    for (&material, &index_count) in &counts {
        shell.parts.push(ShellPart { material: u32::from(material), first_index, index_count });
        ends[usize::from(material)] = first_index as usize;
        first_index += index_count;
    }
    shell.indices.resize(first_index as usize, 0);
    for quad in quads.iter().flatten() {
        let end = &mut ends[usize::from(quad.material)];
        shell.indices[*end..*end + 6].copy_from_slice(quad.triangles.as_flattened());
        *end += 6;
    }
    shell
}
