//! The Rust ends of the round trips through other languages: recipes go out as JSON, come back as
//! JSON, and must be the same values.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};
use gve_types::{AssetDna, MaterialTable, parse_recipe, testing::random_dna};
use xtask::{
    setup,
    shell::{self, note, root},
    tool::{RECIPES, Roundtrip},
};

/// Runs one end.
pub(crate) fn run(end: Roundtrip) -> anyhow::Result<()> {
    match end {
        Roundtrip::Run => all(&setup::all()?.python),
        Roundtrip::Emit { folder, count } => emit(&folder, count),
        Roundtrip::Check { folder, count } => check(&folder, count),
    }
}

/// Sends random recipes through Python, with all the other Python tests, and through TypeScript, which reads the golden
/// scene snapshots too.
///
/// `python` is the interpreter of an environment with the packages of `backend/requirements-dev.txt`;
/// the npm packages of `tests/typescript` must be there.
fn all(python: &Path) -> anyhow::Result<()> {
    let root = root()?;
    let folder = root.join("out/roundtrip");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    let sent = folder.join("rust");
    emit(&sent, RECIPES)?;
    fs::write(folder.join("recipes.ts"), literals(RECIPES)?)?;

    let mut pytest = Command::new(python);
    pytest.args(["-m", "pytest", "--quiet", "tests/python"]).env("GVE_ROUNDTRIP", &folder);
    shell::run(pytest.current_dir(&root))?;
    check(&folder.join("python"), RECIPES)?;

    let tests = root.join("tests/typescript");
    shell::run(Command::new("node").args(["node_modules/typescript/bin/tsc", "-p", "."]).current_dir(tests))?;
    let programs = root.join("out/typescript/tests/typescript/src");
    let back = folder.join("typescript");
    shell::run(Command::new("node").arg(programs.join("roundtrip.mjs")).arg(&sent).arg(&back))?;
    check(&back, RECIPES)?;
    let snapshots = root.join("tests/golden/snapshots");
    shell::run(Command::new("node").arg(programs.join("snapshots.mjs")).arg(snapshots))
}

/// The recipes as a TypeScript source, so that the type checker reads every field of them.
fn literals(count: u64) -> anyhow::Result<String> {
    let mut text = "import type { AssetDna } from \"../../schema/gve.ts\";\n\n".to_owned();
    text.push_str("export const recipes: AssetDna[] = [\n");
    for seed in 0..count {
        writeln!(text, "{},", serde_json::to_string(&random_dna(seed))?)?;
    }
    text.push_str("];\n");
    Ok(text)
}

fn file(folder: &Path, seed: u64) -> PathBuf {
    folder.join(format!("{seed:04}.gve.json"))
}

fn emit(folder: &Path, count: u64) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for seed in 0..count {
        let path = file(folder, seed);
        fs::write(&path, serde_json::to_string(&random_dna(seed))?)
            .with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn check(folder: &Path, count: u64) -> anyhow::Result<()> {
    let mut nodes = 0;
    for seed in 0..count {
        let path = file(folder, seed);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let found = parse_recipe(&text, MaterialTable::builtin())
            .with_context(|| format!("{} came back as no recipe", path.display()))?;
        let sent = random_dna(seed);
        if found != sent {
            bail!(
                "{} came back changed:\nsent  {}\nfound {}",
                path.display(),
                serde_json::to_string(&sent)?,
                serde_json::to_string(&found)?
            );
        }
        nodes += size(&sent);
    }
    note(&format!("{count} recipes with {nodes} nodes came back unchanged"));
    Ok(())
}

fn size(dna: &AssetDna) -> usize {
    let mut open = vec![&dna.root_node];
    let mut count = 0;
    while let Some(node) = open.pop() {
        count += 1;
        open.extend(node.children().into_iter().map(|(_, child)| child));
    }
    count
}
