//! Where an example's assets come from: a `.gve_bin` is taken as it is, a recipe is baked, a folder is listed, an
//! Architect is asked for what it has.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use gve_bake::{BakeOptions, bake};
use gve_bevy::net::{
    self,
    gve_net::{Client, Config, rest::AssetQuery},
};
use gve_types::{MaterialTable, parse_recipe};

/// The ending of binary assets.
pub const BINARY: &str = ".gve_bin";
/// The ending of recipes.
pub const RECIPE: &str = ".gve.json";

/// An asset that can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// A name for people and for pictures, without an ending.
    pub name: String,
    /// What the asset server loads: a file name, or an address such as `gve://42`.
    pub address: String,
}

/// Assets, ready for the asset server.
pub struct Source {
    /// The folder that the asset server reads.
    pub root: PathBuf,
    /// What there is, sorted.
    pub entries: Vec<Entry>,
    /// The Architect that serves the addresses, if one does.
    pub architect: Option<String>,
    /// Holds baked recipes; deleted with this value.
    _baked: Option<tempfile::TempDir>,
}

impl Source {
    /// Opens a `.gve_bin`, a recipe, or a folder of either.
    ///
    /// # Errors
    /// When the path is none of these, or a recipe cannot be baked.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let path = path.canonicalize().with_context(|| format!("cannot open {}", path.display()))?;
        if path.is_dir() {
            return Self::open_folder(&path);
        }
        if ends_with(&path, BINARY) {
            let root = path.parent().context("a file stands in a folder")?.to_path_buf();
            return Ok(Self::of_files(root, vec![file_name(&path)], None));
        }
        if ends_with(&path, RECIPE) {
            return Self::bake_all(&[path]);
        }
        bail!("{} is neither a {BINARY} file, nor a {RECIPE} recipe, nor a folder", path.display())
    }

    /// Everything that an Architect has, in the order of its wire ids.
    ///
    /// # Errors
    /// When the address is none, the Architect does not answer, or has nothing.
    pub fn ask(architect: &str) -> anyhow::Result<Self> {
        let client = Client::start(&Config::new(architect)?)?;
        let mut entries = Vec::new();
        let mut query = AssetQuery::default();
        loop {
            let page = query.clone();
            let answer = client.call(|rest| async move { rest.list_assets(&page).await }).wait();
            let page = answer.context("the client runs")?.with_context(|| format!("asking {architect}"))?;
            entries.extend(page.items.iter().map(|asset| Entry {
                name: asset.name.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "_"),
                address: net::address(asset.wire_id).to_string(),
            }));
            query.after = page.next_after;
            if query.after.is_none() {
                break;
            }
        }
        if entries.is_empty() {
            bail!("the Architect at {architect} has no assets yet: `gve push RECIPE` gives it some");
        }
        Ok(Self { root: "assets".into(), entries, architect: Some(architect.to_owned()), _baked: None })
    }

    fn of_files(root: PathBuf, files: Vec<String>, baked: Option<tempfile::TempDir>) -> Self {
        let entries = files.into_iter().map(|file| Entry { name: file.replace(BINARY, ""), address: file });
        Self { root, entries: entries.collect(), architect: None, _baked: baked }
    }

    fn open_folder(folder: &Path) -> anyhow::Result<Self> {
        let mut paths: Vec<PathBuf> = fs::read_dir(folder)
            .with_context(|| folder.display().to_string())?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .collect();
        paths.sort();
        let of_kind =
            |ending: &str| paths.iter().filter(|p| ends_with(p, ending)).cloned().collect::<Vec<_>>();
        let binaries = of_kind(BINARY);
        if !binaries.is_empty() {
            let files = binaries.iter().map(|path| file_name(path)).collect();
            return Ok(Self::of_files(folder.to_path_buf(), files, None));
        }
        let recipes = of_kind(RECIPE);
        if recipes.is_empty() {
            bail!("{} holds neither {BINARY} files nor {RECIPE} recipes", folder.display());
        }
        Self::bake_all(&recipes)
    }

    fn bake_all(recipes: &[PathBuf]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder for baked assets")?;
        let mut files = Vec::new();
        for recipe in recipes {
            let name = file_name(recipe).replace(RECIPE, BINARY);
            bake_file(recipe, &folder.path().join(&name))?;
            files.push(name);
        }
        Ok(Self::of_files(folder.path().to_path_buf(), files, Some(folder)))
    }
}

/// Bakes a recipe into a file; what stood there before is replaced in one step.
///
/// # Errors
/// When the recipe cannot be read, is wrong, or the file cannot be written.
pub fn bake_file(recipe: &Path, file: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(recipe).with_context(|| format!("cannot read {}", recipe.display()))?;
    bake_text(&text, file).with_context(|| recipe.display().to_string())
}

/// Bakes a recipe's text into a file; what stood there before is replaced in one step.
///
/// # Errors
/// When the recipe is wrong, or the file cannot be written.
pub fn bake_text(text: &str, file: &Path) -> anyhow::Result<()> {
    let materials = MaterialTable::builtin();
    let dna = parse_recipe(text, materials)?;
    let baked = bake(&dna, materials, &BakeOptions::default(), &())?;
    gve_assets::write(file, &baked.data)?;
    Ok(())
}

fn ends_with(path: &Path, ending: &str) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(ending))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
