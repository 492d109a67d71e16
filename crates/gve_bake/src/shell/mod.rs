//! The shell: a closed, manifold triangle mesh with the field's sharp edges and thin parts.
//!
//! Dual contouring (Ju, Losasso, Schaefer, Warren, SIGGRAPH 2002) on a sparse uniform grid, with one vertex
//! for each piece of surface in a cell (see [`table`]), which makes the mesh manifold. Every edge of it has
//! exactly two triangles because the signs at the samples are settled once, for all bricks, and everything
//! else follows from them. Where the grid is too coarse, its cells are taken by [`tree`]: sheets thinner
//! than a cell are found on its edges ([`inspect`]), and cells with wires, rims and tips are halved.

mod cells;
mod crossings;
mod crumbs;
mod fit;
mod inspect;
mod intersect;
mod key;
mod lines;
mod mend;
mod mesh;
mod normals;
mod qef;
mod quads;
mod repair;
mod signs;
mod simplify;
mod slender;
mod snap;
mod table;
mod thin;
mod tree;

use std::collections::BTreeMap;

use glam::{UVec3, Vec3};
use gve_assets::Shell;
use gve_sdf::{Evaluator, Field};
use gve_types::limits;
use rayon::prelude::*;

use crate::{
    BakeError, Watch,
    far::Far,
    watch::{Meter, check},
};
use cells::{CellSet, Placer};
use crossings::{Crossing, EdgeSet, Refiner};
use inspect::{Passage, Sheet};
use key::{Map, point_key};
use lines::Care;
use quads::{Quad, Vertices};
use signs::{SIDE, SignGrid};
use thin::{Limits, Suspect};
pub use thin::{ThinFeature, ThinKind};
use tree::{GridEdges, Seeds, Tree};

/// Most thin features that are named one by one in the warnings.
const MAX_NAMED_FEATURES: usize = 4;
/// Steepest slope of the field that the search for thin parts reckons with. Bounds are often far above it,
/// and what a steeper field hides between two samples only costs a thin part.
const MAX_SLOPE: f32 = 2.0;
/// Parts thinner than this share of the asset's longest side are always reported. What is drawn whole begins at
/// [`snap::THINNEST_SHARE`] of the asset; its box in a tilted frame is up to three quarters longer. What is in
/// between is reported where it is a wire or a bar, or the finest cells are too coarse for it.
const REPORTED_SHARE: f32 = 0.58 * snap::THINNEST_SHARE;
/// Most unresolved places that are looked at closely.
const MAX_UNRESOLVED: usize = 1024;

/// A shell and what is to be said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct ShellReport {
    /// The mesh.
    pub shell: Shell,
    /// Side of the grid's cells in metres.
    pub cell_size_m: f32,
    /// Points of the surface: vertices after welding.
    pub points: u32,
    /// Where so much had to be refined that some of it was not, node by node, the most extensive first; at most 4.
    pub cut_short: Vec<CutShort>,
    /// Triangles before those were joined where the surface is flat or gently curved.
    pub found_triangles: u32,
    /// Parts thinner than this may be incomplete, metres: a thousandth of the asset.
    pub limit_m: f32,
    /// Features thinner than that which may be incomplete: walls before gaps, the most extensive first; at
    /// most 16.
    pub thin: Vec<ThinFeature>,
}

/// Where detail was left coarse because there is too much of it.
#[derive(Debug, Clone, PartialEq)]
pub struct CutShort {
    /// The node that it belongs to: `$.json.path`, or `$.json.path (name)`.
    pub node: String,
    /// One place of it, in metres.
    pub position: Vec3,
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
                let [found, limit] = [feature.thickness_m, self.limit_m].map(|m| millimetres(m, self.limit_m));
                format!(
                    "{}: {what} of {found} mm at ({x:.4}, {y:.4}, {z:.4}) m is thinner than {limit} mm, too thin for an asset of this size: make it thicker, or an asset of its own",
                    feature.node,
                )
            })
            .collect();
        if self.thin.len() > MAX_NAMED_FEATURES {
            let more = self.thin.len() - MAX_NAMED_FEATURES;
            warnings.push(format!("{more} more features are too thin for an asset of this size"));
        }
        warnings.extend(self.cut_short.iter().map(|CutShort { node, position }| {
            let [x, y, z] = position.to_array();
            format!(
                "{node}: there is too much thin detail to refine all of it, as at ({x:.4}, {y:.4}, {z:.4}) m; it may be \
                 incomplete or joined: make it thicker, use less of it, or make an asset of its own of a part of it"
            )
        }));
        warnings
    }
}

/// A length with so many digits that it can be told from a limit wherever it is below [`Limits::unresolved_m`].
fn millimetres(length_m: f32, limit_m: f32) -> String {
    let digits = (3.0 - (1000.0 * limit_m).log10().floor()).clamp(3.0, 9.0) as usize;
    format!("{:.digits$}", 1000.0 * length_m)
}

/// Meshes the field on a grid of about `resolution` cubic cells along its longest side, finer where it must be.
///
/// The mesh is closed and manifold after welding, its triangles counter-clockwise seen from outside and
/// grouped by material. A vertex is split where normals differ by more than 30 degrees or materials meet.
/// Walls, wires and tips are there down to a thousandth of the longest side, whatever the resolution. The
/// bytes depend on the field and the resolution alone.
///
/// # Errors
/// When the resolution is outside [`limits::VOLUME_RESOLUTION`], the field has no finite bounds, all of it is
/// too thin, or the mesh would have more triangles or vertices than a file may hold.
pub fn generate(field: &Field, resolution: u32) -> Result<ShellReport, BakeError> {
    generate_watched(field, resolution, &())
}

/// [`generate`] for somebody who looks on.
///
/// # Errors
/// Those of [`generate`], and [`BakeError::Cancelled`].
pub fn generate_watched(field: &Field, resolution: u32, watch: &dyn Watch) -> Result<ShellReport, BakeError> {
    let far = Far::of(field);
    let field = far.near;
    let bounds = field.bounds();
    let lattice = snap::lattice(bounds, resolution, far.distance_m())?;
    let depth = snap::depth(bounds, &lattice, field.reach_m());
    let longest_m = bounds.size().max_element();
    let limits =
        Limits { always_m: REPORTED_SHARE * longest_m, doubtful_m: snap::THINNEST_SHARE * longest_m };
    let finest_m = lattice.cell_size_m / (1 << depth) as f32;
    let care = Care {
        slope: field.lipschitz().clamp(1.0, MAX_SLOPE),
        least_m: finest_m / 8.0,
        depth_m: finest_m / 64.0,
        thinnest_m: limits.always_m / 8.0,
        gap_m: limits.doubtful_m,
    };
    let grid = SignGrid::sample(field, lattice, watch);
    check(watch)?;
    let edges = find_edges(&grid)?;
    let meter = |shares| Meter::new(watch, grid.bricks.len(), shares);
    let edges = refine(field, &grid, edges, &meter([0.35, 0.55]));
    check(watch)?;
    let mut findings = inspect::inspect(field, &grid, care, &meter([0.55, 0.65]));
    check(watch)?;
    let cells = place(field, &grid, &edges, &meter([0.65, 0.8]));
    check(watch)?;
    let mut seeds = Seeds::default();
    seeds.doubtful.extend(cells.iter().flat_map(|set| &set.strained));
    let ambiguous: Vec<UVec3> = cells.iter().flat_map(|set| &set.ambiguous).copied().collect();
    findings.follow(field, &grid, care, &[&seeds.doubtful[..], &ambiguous].concat());
    seeds.doubtful.extend(findings.sheets.iter().flat_map(Sheet::cells));
    seeds.doubtful.extend_from_slice(&ambiguous);
    seeds.unresolved = findings.unseen(field, &grid, care);
    check(watch)?;
    let known = Known::new(&grid, &edges, &findings.sheets);
    let tree = Tree::grow(field, &grid, care, depth, &seeds, &known, &|| watch.is_cancelled());
    check(watch)?;
    watch.progress(0.9);
    let mut placed = tree.place();
    let faces = tree.faces(&mut placed);
    check(watch)?;

    let mut bases = Vec::with_capacity(cells.len());
    let mut tree_base = 0;
    for set in &cells {
        bases.push(tree_base);
        tree_base += set.positions.len() as u32;
    }
    let vertices = Vertices {
        cells: &cells,
        bases: &bases,
        tree: &tree,
        placed: &placed,
        tree_base,
        masks: tree.masks(),
    };
    let quads: Vec<Vec<Quad>> = (grid.bricks.par_iter().zip(&edges))
        .map(|(brick, edges)| {
            let rows = grid.rows(&grid.upper_slots(brick.at));
            quads::quads(&grid, brick.at, &rows, edges, &vertices)
        })
        .collect();
    check(watch)?;
    let mut mesh = mesh::Mesh::new(&cells, &quads, &placed, &faces, lattice.cell_size_m);
    mesh.drop_crumbs(field, limits);
    check(watch)?;
    let found_triangles = mesh.triangles.len() as u32;
    repair::simplify_soundly(&mut mesh, field, &grid);
    mesh.positions.iter_mut().for_each(|position| *position = far.rounded(*position));
    mesh.turn_normals();
    check(watch)?;
    let suspects = suspects(field, &findings, &tree, limits);
    let mut thin = thin::report(field, &lattice, limits, &suspects);
    thin.iter_mut().for_each(|feature| feature.position = far.written(feature.position));
    let cut_short = cut_short(far, &tree.cut_short);
    if mesh.triangles.is_empty() {
        let cell_size_m = finest_m;
        // The places of `thin` are as they are written already.
        return Err(match thin.first() {
            Some(ThinFeature { thickness_m, position, .. }) => BakeError::ThinnerThanCells {
                cell_size_m,
                thickness_m: *thickness_m,
                position: (*position).into(),
            },
            None => BakeError::NoSurface { cell_size_m },
        });
    }
    let mut shell = mesh.finish()?;
    shell.positions.iter_mut().for_each(|position| *position = far.written((*position).into()).into());
    check(watch)?;
    let points = shell.weld.iter().enumerate().filter(|&(i, &weld)| i == weld as usize).count() as u32;
    Ok(ShellReport {
        shell,
        cell_size_m: lattice.cell_size_m,
        points,
        cut_short,
        found_triangles,
        limit_m: limits.doubtful_m,
        thin,
    })
}

/// The nodes that most of the places belong to where refinement was cut short.
fn cut_short(far: Far<'_>, places: &[Vec3]) -> Vec<CutShort> {
    let places: Vec<Vec3> =
        places.iter().copied().step_by(places.len().div_ceil(MAX_UNRESOLVED).max(1)).collect();
    let mut evaluator = Evaluator::new(far.near);
    let root = evaluator.root();
    let mut of_part: BTreeMap<u16, Vec<Vec3>> = BTreeMap::new();
    for place in places {
        let ([x, y, z], mut part) = (place.to_array(), [0]);
        evaluator.parts(&root, &[x], &[y], &[z], &mut part);
        of_part.entry(part[0]).or_default().push(place);
    }
    let mut all: Vec<(u16, Vec<Vec3>)> = of_part.into_iter().collect();
    all.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
    all.truncate(MAX_NAMED_FEATURES);
    let named = |(part, places): (u16, Vec<Vec3>)| CutShort {
        node: thin::node_name(far.near, part),
        position: far.written(places[places.len() / 2]),
    };
    all.into_iter().map(named).collect()
}

/// Where something may be thinner than is promised.
fn suspects(field: &Field, findings: &inspect::Findings, tree: &Tree<'_>, limits: Limits) -> Vec<Suspect> {
    let mut suspects = findings.left_out.clone();
    suspects.extend_from_slice(&tree.left_out);
    suspects.extend(tree.slender(limits.slender_m()));
    for sheet in &findings.sheets {
        for pair in sheet.passages.windows(2) {
            let kind = if pair[0].1 { ThinKind::Gap } else { ThinKind::Wall };
            suspects.push(Suspect::new(pair[0].0.point, pair[0].0.normal, kind));
        }
    }
    let mut evaluator = Evaluator::new(field);
    let points: Vec<Vec3> = tree.unresolved().collect();
    for &point in points.iter().step_by(points.len().div_ceil(MAX_UNRESOLVED).max(1)) {
        suspects.extend(Suspect::near(&mut evaluator, point).into_iter().flatten());
    }
    suspects
}

/// What is known about the edges of the grid.
struct Known<'a> {
    grid: &'a SignGrid,
    edges: &'a [Crossed],
    sheets: Map<(u64, u8), &'a Sheet>,
}

impl<'a> Known<'a> {
    fn new(grid: &'a SignGrid, edges: &'a [Crossed], sheets: &'a [Sheet]) -> Self {
        let key = |sheet: &Sheet| (point_key(sheet.low), sheet.axis as u8);
        Self { grid, edges, sheets: sheets.iter().map(|sheet| (key(sheet), sheet)).collect() }
    }
}

impl GridEdges for Known<'_> {
    fn passages(&self, low: UVec3, axis: usize, out: &mut Vec<Passage>) {
        if let Some(sheet) = self.sheets.get(&(point_key(low), axis as u8)) {
            out.extend_from_slice(&sheet.passages);
            return;
        }
        let slot = self.grid.slot((low / SIDE as u32).as_ivec3());
        let Some((set, crossings)) = self.edges.get(slot as usize) else { return };
        let Some(i) = set.find(axis, (low % SIDE as u32).to_array().map(|i| i as usize)) else { return };
        if let Some(&crossing) = crossings.get(i) {
            out.push((crossing, self.grid.is_inside(low.as_ivec3())));
        }
    }
}

/// The edges that cross the surface, and whether there are too many.
fn find_edges(grid: &SignGrid) -> Result<Vec<EdgeSet>, BakeError> {
    let edges: Vec<EdgeSet> =
        grid.bricks.par_iter().map(|brick| EdgeSet::new(&grid.rows(&grid.upper_slots(brick.at)))).collect();
    let found = 2 * edges.iter().map(|set| set.len() as u64).sum::<u64>();
    let max = u64::from(limits::MAX_SHELL_TRIANGLES);
    if found > max {
        return Err(BakeError::ShellTooLarge { what: "triangles", found, max });
    }
    Ok(edges)
}

type Crossed = (EdgeSet, Vec<Crossing>);

fn refine(field: &Field, grid: &SignGrid, edges: Vec<EdgeSet>, meter: &Meter<'_>) -> Vec<Crossed> {
    (grid.bricks.par_iter().zip(edges))
        .map_init(
            || (Evaluator::new(field), Refiner::new(field)),
            |(evaluator, refiner), (brick, set)| {
                meter.count();
                if set.len() == 0 || meter.is_cancelled() {
                    return (set, Vec::new());
                }
                let upper = grid.upper_slots(brick.at);
                let crossings = refiner.refine(evaluator, grid, brick, &upper, &grid.rows(&upper), &set);
                (set, crossings)
            },
        )
        .collect()
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
