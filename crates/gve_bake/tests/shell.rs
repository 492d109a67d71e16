//! The shell against closed forms, and against what a mesh must be.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use gve_assets::Shell;
use gve_bake::{
    BakeError,
    shell::{self, ShellReport, ThinKind},
};
use gve_sdf::{Evaluator, Field, Vec3};
use support::{Faults, faults, field, smooth_union_of_64};

/// How far simplification moves a smooth surface at most, in cells.
const SIMPLIFIED_CELLS: f32 = 0.08;

const BOX: &str = r#"{"op": "box", "half_extents": [0.8, 0.5, 0.4]}"#;

fn turned(child: &str) -> String {
    format!(r#"{{"op": "rotate", "axis": [0.3, 1.0, -0.4], "angle_rad": 0.7, "child": {child}}}"#)
}

fn generate(root: &str, resolution: u32) -> (Field, ShellReport) {
    let field = field(root);
    let report = shell::generate(&field, resolution).unwrap();
    assert_eq!(faults(&report.shell), Faults::default(), "{root} at {resolution}");
    (field, report)
}

fn points(shell: &Shell) -> impl Iterator<Item = Vec3> + '_ {
    shell.positions.iter().map(|&p| Vec3::from(p))
}

fn triangles(shell: &Shell) -> impl Iterator<Item = ([Vec3; 3], [Vec3; 3])> + '_ {
    shell.indices.chunks_exact(3).map(|t| {
        let at = |list: &[[f32; 3]], i: usize| Vec3::from(list[t[i] as usize]);
        ([0, 1, 2].map(|i| at(&shell.positions, i)), [0, 1, 2].map(|i| at(&shell.normals, i)))
    })
}

/// Largest distance in cells between the surface and the mesh, at corners and middles of triangles.
fn surface_error(field: &Field, report: &ShellReport) -> f32 {
    let mut evaluator = Evaluator::new(field);
    let root = evaluator.root();
    let middles = triangles(&report.shell).map(|([a, b, c], _)| (a + b + c) / 3.0);
    let worst =
        points(&report.shell).chain(middles).map(|p| evaluator.distance(&root, p).abs()).fold(0.0, f32::max);
    worst / report.cell_size_m
}

fn volume_m3(shell: &Shell) -> f64 {
    triangles(shell).map(|([a, b, c], _)| f64::from(a.dot(b.cross(c))) / 6.0).sum()
}

#[test]
fn a_boxs_corners_are_kept_to_a_hundredth_of_a_cell() {
    let corners = |turn: glam::Quat| {
        (0..8).map(move |i| {
            let sign = |bit: u32| if i >> bit & 1 == 1 { 1.0 } else { -1.0 };
            turn * (Vec3::new(0.8, 0.5, 0.4) * Vec3::new(sign(0), sign(1), sign(2)))
        })
    };
    let turn = glam::Quat::from_axis_angle(Vec3::new(0.3, 1.0, -0.4).normalize(), 0.7);
    for (root, turn) in [(BOX.to_owned(), glam::Quat::IDENTITY), (turned(BOX), turn)] {
        for resolution in [12, 31, 64, 97] {
            let (field, report) = generate(&root, resolution);
            for corner in corners(turn) {
                let nearest = points(&report.shell).map(|p| p.distance(corner)).fold(f32::INFINITY, f32::min);
                assert!(
                    nearest < 0.01 * report.cell_size_m,
                    "{} cells at {resolution}",
                    nearest / report.cell_size_m
                );
            }
            let error = surface_error(&field, &report);
            assert!(error < 0.01, "{error} cells at {resolution}");
            let volume = volume_m3(&report.shell);
            assert!((volume / 1.28 - 1.0).abs() < 1e-4, "{volume} m³");
            assert_eq!(report.thin, []);
        }
    }
}

#[test]
fn a_box_is_shaded_flat() {
    for root in [BOX.to_owned(), turned(BOX)] {
        let (_, report) = generate(&root, 48);
        for (corners, normals) in triangles(&report.shell) {
            let face = (corners[1] - corners[0]).cross(corners[2] - corners[0]);
            if face.length() > 1e-3 * report.cell_size_m * report.cell_size_m {
                for normal in normals {
                    assert!(
                        normal.dot(face.normalize()) > 0.999,
                        "{normal} on a face towards {}",
                        face.normalize()
                    );
                }
            }
        }
    }
}

#[test]
fn a_sphere_is_smooth_and_close() {
    for resolution in [12, 24, 64] {
        let (field, report) = generate(r#"{"op": "sphere", "radius": 1.0}"#, resolution);
        let cells_per_radius = 1.0 / report.cell_size_m;
        // A chord of one cell's diagonal sags by an eighth of its square over the radius.
        let sag = (3.0 / 8.0 / cells_per_radius).max(SIMPLIFIED_CELLS);
        let error = surface_error(&field, &report);
        assert!(error < sag, "{error} cells, expected {sag}");
        for (position, normal) in points(&report.shell).zip(&report.shell.normals) {
            assert!(Vec3::from(*normal).dot(position.normalize()) > 0.9999);
        }
        assert_eq!(report.points as usize, report.shell.positions.len(), "no vertex is split");
        assert_eq!(report.thin, []);
        let exact = 4.0 / 3.0 * std::f64::consts::PI;
        assert!((volume_m3(&report.shell) / exact - 1.0).abs() < f64::from(sag / cells_per_radius) * 3.0);
    }
}

#[test]
fn triangles_face_outwards() {
    let root = r#"{"op": "subtract", "blend": {"kind": "smooth", "radius": 0.05}, "children": [
        {"op": "sphere", "radius": 0.6}, {"op": "torus", "major_radius": 0.6, "minor_radius": 0.2}]}"#;
    let (field, report) = generate(root, 64);
    let mut evaluator = Evaluator::new(&field);
    let region = evaluator.root();
    let (mut against, mut all) = (0, 0);
    for ([a, b, c], _) in triangles(&report.shell) {
        let gradient = evaluator.gradient(&region, (a + b + c) / 3.0).truncate();
        all += 1;
        against += usize::from((b - a).cross(c - a).dot(gradient) < 0.0);
    }
    assert!(against * 1000 <= all, "{against} of {all} triangles face inwards");
    assert!(volume_m3(&report.shell) > 0.0);
}

#[test]
fn edges_of_other_shapes_are_kept() {
    for root in [
        r#"{"op": "cylinder", "radius": 0.5, "half_height": 0.7}"#.to_owned(),
        turned(r#"{"op": "hexagonal_prism", "apothem": 0.5, "half_height": 0.3}"#),
        turned(
            r#"{"op": "subtract", "children": [{"op": "box", "half_extents": [0.6, 0.6, 0.6]},
            {"op": "translate", "offset": [0.6, 0.6, 0.6], "child": {"op": "box", "half_extents": [0.5, 0.4, 0.3]}}]}"#,
        ),
        r#"{"op": "union", "blend": {"kind": "chamfer", "radius": 0.1}, "children": [
            {"op": "box", "half_extents": [0.6, 0.1, 0.6]}, {"op": "box", "half_extents": [0.2, 0.6, 0.2]}]}"#
            .to_owned(),
    ] {
        let (field, report) = generate(&root, 64);
        let error = surface_error(&field, &report);
        assert!(error < 0.1, "{error} cells off: {root}");
    }
}

#[test]
fn parts_hold_their_materials() {
    let (field, report) = generate(
        r#"{"op": "union", "children": [
            {"op": "box", "half_extents": [0.5, 0.2, 0.5], "material": "ASTM_A36"},
            {"op": "translate", "offset": [0.0, 0.5, 0.0],
             "child": {"op": "cylinder", "radius": 0.2, "half_height": 0.4, "material": "WOOD_OAK"}}]}"#,
        64,
    );
    let shell = &report.shell;
    assert_eq!(shell.parts.len(), 2);
    for part in &shell.parts {
        let id = &field.materials()[part.material as usize].spec_id;
        let range = part.first_index as usize..(part.first_index + part.index_count) as usize;
        for triangle in shell.indices[range].chunks_exact(3) {
            let middle =
                triangle.iter().map(|&i| Vec3::from(shell.positions[i as usize])).sum::<Vec3>() / 3.0;
            let in_box = middle.y < 0.2 + 0.05 * report.cell_size_m;
            assert_eq!(id == "ASTM_A36", in_box, "{id} at {middle}");
        }
    }
    // No vertex serves two parts.
    let mut owner = vec![u32::MAX; shell.positions.len()];
    for part in &shell.parts {
        for &i in &shell.indices[part.first_index as usize..(part.first_index + part.index_count) as usize] {
            assert!(owner[i as usize] == u32::MAX || owner[i as usize] == part.material);
            owner[i as usize] = part.material;
        }
    }
}

#[test]
fn a_field_like_noise_still_gives_a_closed_manifold() {
    // Bumps of about a cell: nearly every arrangement of signs, and neighbours that pinch each other.
    let mut triangles = 0;
    for (wavelength, resolution) in [(0.11, 24), (0.07, 24), (0.045, 40), (0.031, 48)] {
        let root = format!(
            r#"{{"op": "displace", "pattern": "gyroid", "amplitude": 0.1, "wavelength": {wavelength}, "octaves": 2,
                "child": {{"op": "box", "half_extents": [0.3, 0.3, 0.3]}}}}"#
        );
        triangles += generate(&root, resolution).1.shell.indices.len() / 3;
    }
    assert!(triangles > 20_000, "{triangles}");
}

#[test]
fn a_smooth_union_is_closed_and_close() {
    let field = smooth_union_of_64();
    let report = shell::generate(&field, 96).unwrap();
    assert_eq!(faults(&report.shell), Faults::default());
    let error = surface_error(&field, &report);
    assert!(error < 0.3, "{error} cells");
}

#[test]
fn walls_and_wires_that_are_too_thin_are_reported() {
    let with_ball =
        |thin: &str| format!(r#"{{"op": "union", "children": [{{"op": "sphere", "radius": 0.3}}, {thin}]}}"#);
    let plate = r#"{"op": "box", "half_extents": [1.0, 0.0004, 0.8]}"#;
    let wire = r#"{"op": "capsule", "radius": 0.0004, "half_height": 0.95}"#;
    for root in [plate.to_owned(), turned(plate), wire.to_owned(), turned(wire)].map(|thin| with_ball(&thin))
    {
        let (field, report) = generate(&root, 128);
        let thin = &report.thin;
        assert!(!thin.is_empty() && thin.len() <= 16, "{root}: {thin:?}");
        assert!(report.warnings()[0].contains("a wall of 0."), "{:?}", report.warnings());
        for feature in thin {
            assert_eq!(feature.kind, ThinKind::Wall, "{root}");
            assert!((feature.thickness_m / 0.0008 - 1.0).abs() < 0.3, "{feature:?}: {root}");
            let mut evaluator = Evaluator::new(&field);
            let region = evaluator.root();
            assert!(evaluator.distance(&region, feature.position) < 0.0, "the middle of the wall is solid");
        }
    }
}

#[test]
fn a_slot_that_is_too_thin_is_reported() {
    let slot = |width: f32| {
        format!(
            r#"{{"op": "subtract", "children": [{{"op": "box", "half_extents": [1.0, 0.5, 0.5]}},
            {{"op": "translate", "offset": [0.1, 0.5, 0.0], "child": {{"op": "box", "half_extents": [{}, 0.3, 0.6]}}}}]}}"#,
            0.5 * width
        )
    };
    let (_, report) = generate(&slot(0.0008), 64);
    assert!(!report.thin.is_empty());
    for feature in &report.thin {
        assert_eq!(feature.kind, ThinKind::Gap);
        assert!((feature.position.x - 0.1).abs() < 0.01, "{feature:?}");
        assert!((feature.thickness_m - 0.0008).abs() < 0.0002, "{feature:?}");
    }
    let (_, report) = generate(&slot(0.008), 64);
    assert_eq!(report.thin, []);
    assert!((volume_m3(&report.shell) - (2.0 - 0.008 * 0.3)).abs() < 2e-4, "{}", volume_m3(&report.shell));
}

#[test]
fn thick_things_raise_no_alarm() {
    for root in [
        r#"{"op": "sphere", "radius": 1.0}"#.to_owned(),
        BOX.to_owned(),
        turned(BOX),
        turned(r#"{"op": "cylinder", "radius": 0.3, "half_height": 0.7}"#),
        turned(r#"{"op": "torus", "major_radius": 0.6, "minor_radius": 0.15}"#),
        r#"{"op": "union", "children": [{"op": "box", "half_extents": [0.6, 0.1, 0.6]},
            {"op": "box", "half_extents": [0.2, 0.6, 0.2]}]}"#
            .to_owned(),
        turned(r#"{"op": "hexagonal_prism", "apothem": 0.5, "half_height": 0.3}"#),
        // Four cells thick: not under a cell.
        turned(r#"{"op": "box", "half_extents": [1.0, 0.03, 1.0]}"#),
    ] {
        for resolution in [32, 64, 100] {
            let thin = generate(&root, resolution).1.thin;
            if resolution > 64 || !root.contains("0.03") {
                assert_eq!(thin, [], "{root} at {resolution}");
            }
        }
    }
}

#[test]
fn a_solid_that_is_too_thin_is_an_error_that_says_where() {
    let field = field(&turned(r#"{"op": "cylinder", "radius": 0.00002, "half_height": 1.0}"#));
    match shell::generate(&field, 32) {
        Err(BakeError::ThinnerThanCells { thickness_m, cell_size_m, position }) => {
            assert!((thickness_m - 0.00004).abs() < 1e-5, "{thickness_m}");
            assert!(cell_size_m < 0.001);
            let mut evaluator = Evaluator::new(&field);
            let region = evaluator.root();
            assert!(evaluator.distance(&region, position.into()) < 0.0, "{position:?}");
        }
        other => panic!("{:?}", other.map(|report| report.points)),
    }
}

#[test]
fn bytes_do_not_depend_on_the_number_of_threads() {
    let field = smooth_union_of_64();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| shell::generate(&field, 70).unwrap())
    };
    let one = with(1);
    assert_eq!(one, with(2));
    assert_eq!(one, with(5));
}

#[test]
fn a_bad_resolution_is_refused() {
    let field = field(r#"{"op": "sphere", "radius": 1.0}"#);
    for found in [0, 7, 513, u32::MAX] {
        assert_eq!(shell::generate(&field, found), Err(BakeError::Resolution { found, range: 8..=512 }));
    }
}
