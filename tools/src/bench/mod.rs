//! Measures what the project promises, beside its peers in the same run.
//!
//! Each module holds the figures of one layer. Medians are reported; the machine's speed drifts, so
//! only ratios of jobs that ran in turn are worth comparing between machines.

mod backend;
mod bake;
mod figure;
mod file;
mod mesh;
mod peer;
mod pick;
mod reload;
mod render;
mod splats;
mod volume;

use std::{fs, io::Write as _, path::Path};

use anyhow::Context;
use clap::ValueEnum;
use figure::Figure;
use gve_sdf::Field;
use gve_types::{AssetDna, DnaNode, MaterialTable, parse_recipe};
use xtask::tool::Group;

/// Runs the groups (all when none is named) and prints the figures.
pub(crate) fn run(groups: &[Group], json: bool) -> anyhow::Result<()> {
    let all = Group::value_variants();
    let mut figures = Vec::new();
    for group in if groups.is_empty() { all } else { groups } {
        figures.extend(match group {
            Group::Volume => volume::figures()?,
            Group::Mesh => mesh::figures()?,
            Group::Splats => splats::figures()?,
            Group::Bake => bake::figures()?,
            Group::File => file::figures()?,
            Group::Reload => reload::figures()?,
            Group::Pick => pick::figures()?,
            Group::Render => render::figures()?,
            Group::Backend => backend::figures()?,
        });
    }
    let mut out = std::io::stdout();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&figures)?)?;
    } else {
        for figure in &figures {
            writeln!(out, "{}", line(figure))?;
        }
    }
    Ok(())
}

fn line(figure: &Figure) -> String {
    let mut line = format!("{:44} {:>9.2} {:4}", figure.name, figure.value, figure.unit);
    if figure.runs > 1 {
        line += &format!(" ({:.2} to {:.2}, {} runs)", figure.min, figure.max, figure.runs);
    }
    if let Some(peer) = &figure.peer {
        line += &format!("  {}: {:.2} {}, {:.2} times ours", peer.name, peer.value, figure.unit, peer.ratio);
    }
    if let Some(aim) = &figure.aim {
        line += &format!("  aim: {aim}");
    }
    if !figure.note.is_empty() {
        line += &format!("  {}", figure.note);
    }
    line
}

/// A sample recipe with its file name.
struct Sample {
    name: String,
    dna: AssetDna,
}

impl Sample {
    fn field(&self) -> anyhow::Result<Field> {
        Ok(Field::lower(&self.dna, MaterialTable::builtin())?)
    }
}

fn samples() -> anyhow::Result<Vec<Sample>> {
    xtask::recipes()?.iter().map(|path| sample(path)).collect()
}

fn sample(path: &Path) -> anyhow::Result<Sample> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let dna = parse_recipe(&text, MaterialTable::builtin()).with_context(|| path.display().to_string())?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().replace(".gve.json", "");
    Ok(Sample { name, dna })
}

/// The sample with exactly 64 primitives in one smooth union.
fn sample_of_64() -> anyhow::Result<Sample> {
    let of_64 = samples()?.into_iter().find(|sample| {
        let DnaNode::Union(union) = &sample.dna.root_node else { return false };
        union.blend.is_some() && primitives(&sample.dna.root_node) == 64
    });
    of_64.context("the library has a smooth union of 64 primitives")
}

fn primitives(node: &DnaNode) -> usize {
    let children = node.children();
    if children.is_empty() { 1 } else { children.iter().map(|(_, child)| primitives(child)).sum() }
}
