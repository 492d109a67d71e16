//! The pictures in `docs/dna.md`, and the check that its examples are the files they were drawn from.
//!
//! Every operation has `docs/dna/<op>.gve.json`, whose root node stands as the JSON example in the
//! section of that operation, and a picture of it in `docs/images/dna/<op>.png`.

use std::{
    fs,
    io::Cursor,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use gve_bake::render::{Camera, FieldScene, RenderOptions};
use gve_sdf::Field;
use gve_types::{AssetDna, DnaNode, MaterialTable, parse_recipe};
use serde_json::Value;

/// Width and height of a picture.
const SIZE: [u32; 2] = [320, 240];
/// A picture is small enough to look at in a page of thirty of them.
const MAX_PICTURE_BYTES: usize = 40 * 1024;
/// Mean difference of a channel, of 255, up to which two pictures count as the same: processors round
/// differently, and an edge may fall on the next pixel.
const SAME_PICTURE: f64 = 1.5;

const TEXT: &str = "docs/dna.md";
const RECIPES: &str = "docs/dna";
const PICTURES: &str = "docs/images/dna";

/// Draws the pictures; with `check` changes nothing and fails where text, recipes and pictures differ.
///
/// # Errors
/// Names the operation whose example, recipe or picture is missing, wrong or out of date.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let text = fs::read_to_string(TEXT).with_context(|| format!("cannot read {TEXT}"))?;
    let operations = operations_in_schema()?;
    check_text(&text, &operations)?;
    check_readme()?;
    for op in &operations {
        let dna = recipe(op)?;
        let picture = draw(&dna).with_context(|| format!("cannot draw {op}"))?;
        let png = encode(&picture)?;
        ensure!(png.len() <= MAX_PICTURE_BYTES, "the picture of {op} takes {} bytes", png.len());
        let path = picture_path(op);
        if check {
            let stored = decode(&path)?;
            let difference = mean_difference(&stored, &picture)
                .with_context(|| format!("{} has another size than {SIZE:?}", path.display()))?;
            ensure!(
                difference <= SAME_PICTURE,
                "{} does not show {} any more (mean difference {difference:.2}): run `cargo xtask docs`",
                path.display(),
                recipe_path(op).display()
            );
        } else {
            fs::create_dir_all(PICTURES)?;
            fs::write(&path, png).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    eprintln!("{} operations: examples, recipes and pictures agree", operations.len());
    Ok(())
}

fn recipe_path(op: &str) -> PathBuf {
    Path::new(RECIPES).join(format!("{op}.gve.json"))
}

fn picture_path(op: &str) -> PathBuf {
    Path::new(PICTURES).join(format!("{op}.png"))
}

/// Every value of `op` that the schema of the recipe knows, so that a new operation cannot go undocumented.
fn operations_in_schema() -> anyhow::Result<Vec<String>> {
    let schema = serde_json::to_value(schemars::schema_for!(AssetDna))?;
    let variants = schema.pointer("/$defs/DnaNode/oneOf").and_then(Value::as_array);
    let variants = variants.context("the schema of DnaNode has no list of variants")?;
    let name = |variant: &Value| variant.pointer("/properties/op/const")?.as_str().map(str::to_owned);
    variants.iter().map(|v| name(v).context("a variant of DnaNode has no op")).collect()
}

fn recipe(op: &str) -> anyhow::Result<AssetDna> {
    let path = recipe_path(op);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let dna = parse_recipe(&text, MaterialTable::builtin()).with_context(|| path.display().to_string())?;
    ensure!(uses(&dna.root_node, op), "{} does not use {op}", path.display());
    Ok(dna)
}

fn uses(node: &DnaNode, op: &str) -> bool {
    node.op() == op || node.children().iter().any(|(_, child)| uses(child, op))
}

/// Checks each section's example against its file, and that every other block of JSON is a recipe.
fn check_text(text: &str, operations: &[String]) -> anyhow::Result<()> {
    let mut op: Option<&str> = None;
    let mut seen = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if let Some(heading) = line.strip_prefix('#') {
            let heading = heading.trim_start_matches('#').trim();
            op = heading.strip_prefix('`').and_then(|h| h.strip_suffix('`'));
        }
        if line != "```json" {
            continue;
        }
        let block: Vec<&str> = lines.by_ref().map(|(_, l)| l).take_while(|l| *l != "```").collect();
        let block = block.join("\n");
        let place = format!("{TEXT}, line {}", number + 2);
        let example: Value = serde_json::from_str(&block).with_context(|| place.clone())?;
        let Some(op) = op else {
            parse_recipe(&block, MaterialTable::builtin()).with_context(|| place)?;
            continue;
        };
        let stored: Value = serde_json::from_str(&fs::read_to_string(recipe_path(op))?)?;
        ensure!(
            stored.get("root_node") == Some(&example),
            "{place}: the example of {op} is not the root_node of {}",
            recipe_path(op).display()
        );
        let link = format!("images/dna/{op}.png");
        ensure!(text.contains(&link), "{TEXT} does not show {link}");
        seen.push(op);
    }
    for op in operations {
        match seen.iter().filter(|s| *s == op).count() {
            0 => bail!("{TEXT} has no section `{op}` with an example"),
            1 => {}
            found => bail!("{TEXT} has {found} examples of {op}"),
        }
    }
    ensure!(seen.len() == operations.len(), "{TEXT} documents operations that do not exist: {seen:?}");
    Ok(())
}

/// The first snippet of the README is the example that is compiled.
fn check_readme() -> anyhow::Result<()> {
    const EXAMPLE: &str = "examples/minimal.rs";
    let text = fs::read_to_string("README.md").context("cannot read README.md")?;
    let snippet = text.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next());
    let snippet = snippet.context("README.md has a ```rust block")?;
    let example = fs::read_to_string(EXAMPLE).with_context(|| format!("cannot read {EXAMPLE}"))?;
    let code: Vec<&str> =
        example.lines().skip_while(|line| line.starts_with("//!") || line.is_empty()).collect();
    ensure!(code.join("\n") == snippet.trim_end(), "the first snippet of README.md is not {EXAMPLE}");
    Ok(())
}

/// An RGB picture, 8 bits per channel.
fn draw(dna: &AssetDna) -> anyhow::Result<Vec<u8>> {
    let field = Field::lower(dna, MaterialTable::builtin())?;
    let camera = Camera::three_quarter(field.bounds(), SIZE[0] as f32 / SIZE[1] as f32);
    let options = RenderOptions { size: SIZE, ..RenderOptions::default() };
    let rgba = FieldScene::new(&field).render(&camera, options).to_rgba8();
    Ok(rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect())
}

fn encode(rgb: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, SIZE[0], SIZE[1]);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    encoder.write_header()?.write_image_data(rgb)?;
    Ok(png)
}

fn decode(path: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info()?;
    let mut rgb = vec![0; reader.output_buffer_size().context("the picture is too large")?];
    let info = reader.next_frame(&mut rgb)?;
    rgb.truncate(info.buffer_size());
    Ok(rgb)
}

fn mean_difference(a: &[u8], b: &[u8]) -> Option<f64> {
    let sum: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    (a.len() == b.len()).then(|| sum as f64 / a.len().max(1) as f64)
}
