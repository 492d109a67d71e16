//! Which recipes are watched, and when one of them has changed.
//!
//! Editors save in different ways: some write the file in place, some write another and rename it over
//! the old one. So it is folders that are watched, by what the system tells of them; what happens to a
//! recipe's name counts, however it happens, and only once it has been quiet for a moment. A recipe that
//! is a link also changes when the file changes that it leads to, in whatever folder that is.

mod changes;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

pub(crate) use changes::Changes;
use gve_assets::replace::follow_links;

use crate::failure::{Failure, name};

/// What the name of a recipe ends with.
pub(crate) const RECIPE_SUFFIX: &str = ".gve.json";
/// Most recipes of the folders that are watched.
const MAX_RECIPES: usize = 10_000;
/// Deepest folders that are looked into.
const MAX_DEPTH: usize = 16;

/// What is watched. The system tells of absolute paths; people are told of those that they named.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    /// Recipes by their absolute paths, as they were named.
    files: BTreeMap<PathBuf, PathBuf>,
    /// Folders by their absolute paths, as they were named; those with links in them by both.
    folders: BTreeMap<PathBuf, PathBuf>,
    /// Folders that are links, by where they lead, as they are named.
    linked: BTreeMap<PathBuf, PathBuf>,
    /// What the links of recipes lead through and to, with the names of those recipes.
    sources: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
}

impl Watched {
    /// Sorts the paths into files and folders.
    pub(crate) fn new(paths: &[PathBuf]) -> Result<Self, Failure> {
        let mut watched = Self::default();
        for path in paths {
            let cannot = |error: io::Error| Failure::read(path, &error);
            let metadata = fs::metadata(path).map_err(cannot)?;
            let absolute = std::path::absolute(path).map_err(cannot)?;
            if metadata.is_dir() {
                watched.folders.insert(fs::canonicalize(path).map_err(cannot)?, path.clone());
                watched.folders.insert(absolute, path.clone());
            } else {
                watched.files.insert(place(&absolute), path.clone());
                watched.files.insert(absolute, path.clone());
            }
        }
        watched.look()?;
        Ok(watched)
    }

    /// The recipes there are now, as they are named and in the order of their names.
    pub(crate) fn recipes(&self) -> Result<Vec<PathBuf>, Failure> {
        let found = self.find()?;
        if found.recipes.is_empty() {
            let folders: BTreeSet<_> = self.folders.values().map(|folder| name(folder)).collect();
            let folders: Vec<_> = folders.into_iter().collect();
            let message = format!("no recipe (*{RECIPE_SUFFIX}) in {}", folders.join(", "));
            return Err(Failure::new("no_recipes", message));
        }
        // Not in that of their absolute paths: where links lead is nothing that a reader sees.
        Ok(found.recipes.into_values().collect::<BTreeSet<_>>().into_iter().collect())
    }

    /// Looks where the links lead now.
    fn look(&mut self) -> Result<(), Failure> {
        let Found { recipes, linked, .. } = self.find()?;
        self.linked = linked;
        self.sources.clear();
        for (absolute, named) in recipes {
            for source in sources(&absolute) {
                self.sources.entry(source).or_default().insert(named.clone());
            }
        }
        Ok(())
    }

    fn find(&self) -> Result<Found, Failure> {
        let mut found = Found::default();
        found.recipes.extend(self.files.iter().map(|(absolute, named)| (absolute.clone(), named.clone())));
        for (folder, named) in &self.folders {
            collect(folder, named, MAX_DEPTH, &mut found)?;
        }
        // Last, so that what can be reached without them has its plainer name.
        while let Some((link, named, depth)) = found.links.pop() {
            let Ok(target) = fs::canonicalize(&link) else { continue };
            if !found.seen.contains(&target) {
                found.linked.insert(target.clone(), named.clone());
                collect(&target, &named, depth, &mut found)?;
            }
        }
        // One that is found by two spellings of its folder is one.
        let mut named = BTreeSet::new();
        found.recipes.retain(|_, name| named.insert(name.clone()));
        Ok(found)
    }

    /// The names of the recipes that a path is or belongs to.
    fn names(&self, absolute: &Path) -> BTreeSet<PathBuf> {
        let mut names: BTreeSet<PathBuf> = self.sources.get(absolute).cloned().unwrap_or_default();
        names.extend(self.files.get(absolute).cloned());
        if is_recipe(absolute) {
            let below = |(folder, name): (&PathBuf, &PathBuf)| {
                let below = absolute.strip_prefix(folder).ok().filter(|below| is_visible(below))?;
                Some(join(name, below))
            };
            names.extend(self.folders.iter().chain(&self.linked).filter_map(below));
        }
        names
    }
}

/// What a look finds.
#[derive(Default)]
struct Found {
    /// Recipes by their absolute paths, as they are named.
    recipes: BTreeMap<PathBuf, PathBuf>,
    /// The folders that were looked into, without links.
    seen: BTreeSet<PathBuf>,
    /// Links to folders that were not looked into yet: where, as they are named, and how much deeper.
    links: Vec<(PathBuf, PathBuf, usize)>,
    /// Folders that only a link leads to, as that is named.
    linked: BTreeMap<PathBuf, PathBuf>,
}

/// A name below a folder's name.
fn join(folder: &Path, below: &Path) -> PathBuf {
    if folder == Path::new(".") { below.to_owned() } else { folder.join(below) }
}

fn is_recipe(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(RECIPE_SUFFIX))
}

/// Hidden files and folders are the editors' and our own.
fn is_visible(below: &Path) -> bool {
    below.components().all(|part| !part.as_os_str().to_string_lossy().starts_with('.'))
}

/// The path with no links in its folder; its last part may be one.
fn place(path: &Path) -> PathBuf {
    let folder = path.parent().and_then(|folder| fs::canonicalize(folder).ok());
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

/// Where the bytes of a recipe come from, if not from its own folder alone.
fn sources(recipe: &Path) -> Vec<PathBuf> {
    let chain = follow_links(recipe).unwrap_or_default();
    if chain.len() > 1 || has_other_names(recipe) {
        chain.iter().map(|path| place(path)).collect()
    } else {
        Vec::new()
    }
}

/// Whether a file may be written under a name that no watched folder knows.
#[cfg(unix)]
fn has_other_names(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| std::os::unix::fs::MetadataExt::nlink(&file) > 1)
}

#[cfg(not(unix))]
fn has_other_names(_: &Path) -> bool {
    false
}

fn collect(folder: &Path, named: &Path, depth: usize, found: &mut Found) -> Result<(), Failure> {
    // Links may lead in circles.
    if !found.seen.insert(fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned())) {
        return Ok(());
    }
    let cannot = |error: &io::Error| Failure::read(named, error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // Taken away since it was found.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(cannot(&error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| cannot(&error))?;
        let (path, kind) = (entry.path(), entry.file_type());
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let name_here = join(named, Path::new(&entry.file_name()));
        let is_link = kind.as_ref().is_ok_and(fs::FileType::is_symlink);
        if kind.is_ok_and(|kind| kind.is_dir()) {
            if depth > 0 {
                collect(&path, &name_here, depth - 1, found)?;
            }
        } else if is_link && path.is_dir() {
            if depth > 0 {
                found.links.push((path, name_here, depth - 1));
            }
        } else if is_recipe(&path) {
            found.recipes.insert(path, name_here);
        }
        if found.recipes.len() > MAX_RECIPES {
            let message = format!("more than {MAX_RECIPES} recipes in {}", name(named));
            return Err(Failure::new("too_many_recipes", message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
