//! Keeps the dependencies between crates one way: rules here, the picture in ARCHITECTURE.md. Those between the
//! modules of a crate: [`modules`].

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use anyhow::{Context, bail};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

use crate::modules;

/// What a crate must never bring along, through any of its normal dependencies. A name ending in
/// `*` stands for all that begin with it. Optional dependencies of the workspace's crates do not
/// count: the rules are about a crate without its features.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("gve_types", &["bevy*", "wgpu*", "tokio*", "memmap2", "tempfile"]),
    ("gve_sdf", &["bevy*", "tokio*", "wgpu*"]),
    ("gve_bake", &["bevy*", "tokio*", "wgpu*"]),
    ("gve_assets", &["bevy*", "tokio*", "wgpu*"]),
    ("gve_interchange", &["bevy*", "gve_bake", "gve_sdf", "tokio*", "wgpu*"]),
    ("gve_net", &["bevy*", "wgpu*"]),
    ("gve_native", &["bevy*", "wgpu*"]),
    // What starts everything else is built first, on a machine that has nothing yet.
    ("xtask", &["gve*", "fidget*", "bevy*", "rayon", "schemars"]),
    // Without feature `net` the engine talks to no server; with it, to no database.
    ("gve_bevy", &["gve_bake", "reqwest", "hyper", "*tungstenite", "mongodb", "redis", "rusqlite"]),
];

/// Fails on a forbidden dependency, when the picture differs from the truth, and on modules in a circle.
pub(crate) fn run() -> anyhow::Result<()> {
    let metadata = MetadataCommand::new().exec().context("cargo metadata")?;
    let mut faults = forbidden(&metadata)?;
    let text = fs::read_to_string("ARCHITECTURE.md").context("ARCHITECTURE.md")?;
    faults.extend(differences(&drawn(&text)?, &actual(&metadata)));
    faults.extend(modules::circles(&metadata)?);
    if faults.is_empty() { Ok(()) } else { bail!("dependency arrows:\n  {}", faults.join("\n  ")) }
}

fn matches(pattern: &str, name: &str) -> bool {
    match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
        (Some(start), _) => name.starts_with(start),
        (_, Some(end)) => name.ends_with(end),
        _ => name == pattern,
    }
}

fn forbidden(metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let resolve = metadata.resolve.as_ref().context("cargo metadata resolves the workspace")?;
    let nodes: BTreeMap<&PackageId, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let mut faults = Vec::new();
    for &(name, patterns) in FORBIDDEN {
        let Some(package) = metadata.workspace_packages().into_iter().find(|p| p.name == name) else {
            faults.push(format!("the rules name `{name}`, which is no crate of the workspace"));
            continue;
        };
        let mut seen = BTreeSet::from([&package.id]);
        let mut open = vec![(&package.id, name.to_owned())];
        while let Some((id, path)) = open.pop() {
            for dep in nodes.get(id).into_iter().flat_map(|node| &node.deps) {
                let normal = dep.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
                if !normal || is_optional(&metadata[id], &metadata[&dep.pkg]) || !seen.insert(&dep.pkg) {
                    continue;
                }
                let package = &metadata[&dep.pkg];
                let path = format!("{path} -> {}", package.name);
                if patterns.iter().any(|pattern| matches(pattern, &package.name)) {
                    faults.push(format!("forbidden: {path}"));
                }
                open.push((&dep.pkg, path));
            }
        }
    }
    Ok(faults)
}

/// Whether a crate of this project takes another one only for a feature.
fn is_optional(package: &Package, dependency: &Package) -> bool {
    let declared = package.dependencies.iter().find(|dep| dep.name == dependency.name.as_str());
    package.source.is_none() && dependency.source.is_none() && declared.is_some_and(|dep| dep.optional)
}

type Arrows = BTreeSet<(String, String)>;

/// The arrows between crates of the workspace, normal dependencies only.
fn actual(metadata: &Metadata) -> Arrows {
    let packages = metadata.workspace_packages();
    let names: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let arrows = packages.iter().flat_map(|package| {
        let normal = package.dependencies.iter().filter(|dep| dep.kind == DependencyKind::Normal);
        normal.map(|dep| (package.name.to_string(), dep.name.clone()))
    });
    arrows.filter(|(_, to)| names.contains(to.as_str())).collect()
}

/// The arrows of the first mermaid block of the text: lines of the form `a --> b`.
fn drawn(text: &str) -> anyhow::Result<Arrows> {
    let block = text.split("```mermaid").nth(1).and_then(|rest| rest.split("```").next());
    let block = block.context("ARCHITECTURE.md has a ```mermaid block with the crates")?;
    let arrows = block.lines().filter_map(|line| line.split_once("-->"));
    Ok(arrows.map(|(from, to)| (from.trim().to_owned(), to.trim().to_owned())).collect())
}

fn differences(drawn: &Arrows, actual: &Arrows) -> Vec<String> {
    let missing = actual.difference(drawn).map(|(a, b)| format!("ARCHITECTURE.md does not draw {a} --> {b}"));
    let wrong =
        drawn.difference(actual).map(|(a, b)| format!("ARCHITECTURE.md draws {a} --> {b}, which is not so"));
    missing.chain(wrong).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_by_their_start_or_end() {
        assert!(
            matches("bevy*", "bevy_ecs")
                && matches("*tungstenite", "tokio-tungstenite")
                && matches("redis", "redis")
        );
        assert!(!matches("bevy*", "gve_bevy") && !matches("redis", "redis-rs"));
    }

    #[test]
    fn a_missing_and_a_wrong_arrow_are_reported() {
        let drawn = drawn("```mermaid\ngraph TD\n  a --> b\n  a --> c\n```").expect("has a block");
        let actual = Arrows::from([("a".into(), "b".into()), ("b".into(), "c".into())]);
        let faults = differences(&drawn, &actual);
        assert_eq!(faults.len(), 2);
        assert!(faults[0].contains("does not draw b --> c") && faults[1].contains("draws a --> c"));
    }
}
