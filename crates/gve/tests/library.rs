//! What the sample library promises.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use gve_sdf::Field;
use gve_types::{AssetCategory, AssetDna, DnaNode, MaterialTable, dna::BlendKind, parse_recipe};

/// The recipe for benchmarks: one smooth union of as many primitives.
const BENCHMARK: (&str, usize) = ("sheep", 64);
/// Resolution of the search for features that are too thin.
const RESOLUTION: u32 = 128;
/// Assets whose wedges end in an edge on purpose, and so are thin there at any resolution.
const MEANT_TO_BE_THIN: [&str; 1] = ["arming_sword"];

fn library() -> Vec<(String, AssetDna)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../assets/library");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.to_string_lossy().ends_with(".gve.json"));
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path).unwrap();
            let dna = parse_recipe(&text, MaterialTable::builtin());
            let name = path.file_name().unwrap().to_string_lossy().replace(".gve.json", "");
            (name, dna.unwrap_or_else(|e| panic!("{}: {e}", path.display())))
        })
        .collect()
}

fn visit<'a>(node: &'a DnaNode, f: &mut impl FnMut(&'a DnaNode)) {
    f(node);
    for (_, child) in node.children() {
        visit(child, f);
    }
}

fn count(dna: &AssetDna, wanted: impl Fn(&DnaNode) -> bool) -> usize {
    let mut found = 0;
    visit(&dna.root_node, &mut |node| found += usize::from(wanted(node)));
    found
}

#[test]
fn twelve_recipes_over_five_shelves() {
    let library = library();
    assert_eq!(library.len(), 12);
    for category in [
        AssetCategory::Architecture,
        AssetCategory::Weapon,
        AssetCategory::Vehicle,
        AssetCategory::Prop,
        AssetCategory::Character,
    ] {
        let found = library.iter().filter(|(_, dna)| dna.metadata.category == category).count();
        assert!(found >= 2, "{category:?}: {found}");
    }
}

#[test]
fn each_has_5_to_80_nodes_and_several_materials() {
    for (name, dna) in library() {
        let nodes = count(&dna, |_| true);
        assert!((5..=80).contains(&nodes), "{name}: {nodes} nodes");
        let mut materials = BTreeSet::new();
        visit(&dna.root_node, &mut |node| materials.extend(node.material()));
        materials.extend(dna.metadata.material_spec.as_deref());
        assert!(materials.len() >= 2, "{name}: {materials:?}");
        assert!(dna.schema.as_deref() == Some("../../schema/gve.editor.schema.json"), "{name}");
    }
}

#[test]
fn the_benchmark_is_one_smooth_union_of_64_primitives() {
    let (_, dna) = library().into_iter().find(|(name, _)| name == BENCHMARK.0).unwrap();
    let DnaNode::Union(union) = &dna.root_node else { panic!("its root is a {}", dna.root_node.op()) };
    assert_eq!(union.blend.map(|b| b.kind), Some(BlendKind::Smooth));
    assert_eq!(union.children.len(), BENCHMARK.1);
    for child in &union.children {
        let mut ops = vec![];
        visit(child, &mut |node| ops.push(node.op()));
        let primitive = ops.pop().unwrap();
        assert!(ops.iter().all(|op| *op == "rotate"), "{ops:?} {primitive}");
    }
    let spheres = count(&dna, |node| node.op() == "sphere");
    assert!((28..=36).contains(&spheres), "about half are spheres, found {spheres}");
}

#[test]
fn the_library_shows_walls_edges_and_roughness() {
    let library = library();
    let uses = |op: &str| library.iter().any(|(_, dna)| count(dna, |node| node.op() == op) > 0);
    for op in ["shell", "displace", "twist", "bend", "taper", "mirror", "polar_repeat", "linear_repeat"] {
        assert!(uses(op), "{op}");
    }
    let (_, gears) = library.iter().find(|(name, _)| name == "gear_train").unwrap();
    assert!(count(gears, |node| node.op() == "extruded_polygon") >= 3);
}

#[test]
fn nothing_is_too_thin_to_be_baked() {
    for (name, dna) in library() {
        let field = Field::lower(&dna, MaterialTable::builtin()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let report = gve_bake::shell::generate(&field, RESOLUTION).unwrap_or_else(|e| panic!("{name}: {e}"));
        let meant = MEANT_TO_BE_THIN.contains(&name.as_str());
        assert!(meant || report.thin.is_empty(), "{name}: {:?}", report.thin);
    }
}

#[test]
fn each_stands_on_the_ground_and_has_a_real_size() {
    for (name, dna) in library() {
        let bounds = Field::lower(&dna, MaterialTable::builtin()).unwrap().bounds();
        let longest = (bounds.half_size() * 2.0).max_element();
        assert!((0.1..=40.0).contains(&longest), "{name} is {longest} m long");
    }
}
