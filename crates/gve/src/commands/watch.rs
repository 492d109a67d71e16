//! `gve watch`: recipes to the Architect whenever they change.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::Ordering,
};

use gve_types::{
    AssetDna,
    compile::{CompilePriority, CompileResult},
    text::shown,
};
use serde_json::{Value, json};

use super::push::{compile_stored, is_compiled, last_result, load, psnr};
use crate::{
    architect::{
        args::WatchArgs,
        bars::Bars,
        compile::{Compiles, Ended},
        save::{Outcome, SaveOptions, Saved, save},
        server::Server,
    },
    failure::{Failure, name},
    output::Output,
    report, signals,
    watcher::{Changes, Watched},
};

/// Pushes the recipes, and each of them again when it changes, until Ctrl-C.
pub(crate) fn run(args: &WatchArgs, output: &mut Output) -> Result<(), Failure> {
    let watched = Watched::new(&args.paths)?;
    let recipes = watched.recipes()?;
    let server = Server::connect(&args.server)?;
    // Before the first push, so that no change is missed.
    let mut changes = Changes::start(watched)?;
    let stop = signals::end_in_order();
    let bars = Bars::new(!output.json());
    let mut watch = Watch {
        server: &server,
        bars: &bars,
        compiles: Compiles::new(&server, &bars),
        recipes: BTreeMap::new(),
        output,
        iterations_of_changes: args.fast.then_some(0),
    };
    watch.begin(recipes.len())?;
    for path in recipes {
        watch.push(&path, None)?;
    }
    while !stop.load(Ordering::Relaxed) {
        for ended in watch.compiles.glance()? {
            watch.tell_end(ended)?;
        }
        if watch.compiles.take_returned() {
            watch.push_unsaved()?;
        }
        for path in changes.settled()? {
            watch.push(&path, watch.iterations_of_changes)?;
        }
    }
    watch.end()
}

/// What is known of a recipe.
#[derive(Default)]
struct Known {
    /// The document's id, once it has one.
    id: Option<String>,
    /// What was saved last.
    saved: Option<AssetDna>,
    /// What was said last about what is wrong with it.
    complaint: Option<String>,
    /// What the last compile warned of.
    warnings: Vec<String>,
    /// The training of a save that the Architect was not there for.
    unsaved: Option<Option<u32>>,
}

struct Watch<'a> {
    server: &'a Server,
    bars: &'a Bars,
    compiles: Compiles<'a>,
    recipes: BTreeMap<PathBuf, Known>,
    output: &'a mut Output,
    iterations_of_changes: Option<u32>,
}

impl Watch<'_> {
    fn begin(&mut self, count: usize) -> Result<(), Failure> {
        let recipes = if count == 1 { "1 recipe".to_owned() } else { format!("{count} recipes") };
        let address = &self.server.address;
        self.say(
            &format!("watching {recipes} for {address}; Ctrl-C ends it"),
            json!({"what": "watching", "server": address, "recipes": count}),
        )
    }

    fn end(mut self) -> Result<(), Failure> {
        let count = self.recipes.len();
        // The bars first: what is said last stands last.
        drop(self.compiles);
        self.compiles = Compiles::new(self.server, self.bars);
        self.say("done", json!({"what": "done", "recipes": count}))
    }

    /// Saves a recipe if it says something new. What is wrong with it is told; the watch goes on.
    fn push(&mut self, path: &Path, iterations: Option<u32>) -> Result<(), Failure> {
        if !path.exists() {
            // Many editors take the old file away for a moment. The asset stays with the Architect.
            return Ok(());
        }
        let recipe = match load(path) {
            Ok(recipe) => recipe,
            Err(failure) => return self.complain(path, failure),
        };
        let known = self.recipes.entry(path.to_owned()).or_default();
        if known.saved.as_ref() == Some(&recipe.dna) {
            // Saved again as it was, maybe after a mistake.
            known.complaint = None;
            return Ok(());
        }
        let options = SaveOptions {
            subcategory: None,
            iterations,
            resolution: None,
            priority: CompilePriority::High,
            force: false,
            // Another `gve` may have saved the same meanwhile.
            only_changes: true,
        };
        let saved = save(self.server, &recipe, &options)
            .and_then(|saved| Ok((is_under_way(self.server, &saved, iterations)?, saved)));
        let (is_under_way, saved) = match saved {
            Ok(saved) => saved,
            Err(failure) => {
                if is_away(&failure) {
                    self.recipes.entry(path.to_owned()).or_default().unsaved = Some(iterations);
                }
                return self.complain(path, failure);
            }
        };
        let known = self.recipes.entry(path.to_owned()).or_default();
        *known = Known {
            id: Some(saved.document.id.clone()),
            saved: Some(recipe.dna),
            complaint: None,
            warnings: std::mem::take(&mut known.warnings),
            unsaved: None,
        };
        let mut warnings = Vec::new();
        if is_under_way {
            self.compiles.follow(&saved.document.id, saved.document.version, &saved.document.name);
        } else if let Some(Ok(result)) = last_result(self.server, &saved.document.id, saved.document.version)
        {
            // Compiled before anybody watched.
            warnings = result.warnings;
            known.warnings.clone_from(&warnings);
        }
        self.tell_save(path, &saved, &warnings)
    }

    /// Saves what the Architect was not there for.
    fn push_unsaved(&mut self) -> Result<(), Failure> {
        let unsaved: Vec<_> = self
            .recipes
            .iter_mut()
            .filter_map(|(path, known)| Some((path.clone(), known.unsaved.take()?)))
            .collect();
        unsaved.into_iter().try_for_each(|(path, iterations)| self.push(&path, iterations))
    }

    fn tell_save(&mut self, path: &Path, saved: &Saved, warnings: &[String]) -> Result<(), Failure> {
        let document = &saved.document;
        let (id, version) = (document.wire_id, document.version);
        let mut text = match saved.outcome {
            Outcome::Created => format!("{}: new, asset {id}, version {version}", name(path)),
            Outcome::Updated => format!("{}: version {version} saved", name(path)),
            Outcome::Unchanged => format!("{}: unchanged, asset {id}, version {version}", name(path)),
        };
        for warning in warnings {
            text.push_str(&format!("\n  warning: {}", shown(warning)));
        }
        let row = json!({
            "what": "saved", "warnings": warnings, "file": path.display().to_string(), "id": document.id,
            "wire_id": id, "version": version, "outcome": saved.outcome.name(),
        });
        self.say(&text, row)
    }

    fn tell_end(&mut self, ended: Ended) -> Result<(), Failure> {
        let by_id = |(_, known): &(&PathBuf, &Known)| known.id.as_deref() == Some(ended.id.as_str());
        let Some(path) = self.recipes.iter().find(by_id).map(|(path, _)| path.clone()) else { return Ok(()) };
        match ended.result {
            Ok(result) => {
                let mut text = format!(
                    "{}: version {} is there after {:.2} s",
                    name(&path),
                    result.version,
                    result.compile_time_sec
                );
                if let Some(psnr) = psnr(&result) {
                    text.push_str(&format!(", {psnr}"));
                }
                text.push_str(&self.new_warnings(&path, &result));
                let file = path.display().to_string();
                self.say(&text, json!({"what": "compiled", "file": file, "id": ended.id, "result": result}))
            }
            // The next save is followed in its place.
            Err(failure) if failure.code == "superseded" => Ok(()),
            Err(failure) => {
                let message = format!("{}: {}", name(&path), failure.message);
                self.show(&Failure::about(failure.code, &path, message))
            }
        }
    }

    /// The warnings of a compile that the one before did not have, each on a line of its own, and how many
    /// stay: what is known need not be read again at every save.
    fn new_warnings(&mut self, path: &Path, result: &CompileResult) -> String {
        let known = self.recipes.entry(path.to_owned()).or_default();
        let before = std::mem::replace(&mut known.warnings, result.warnings.clone());
        let mut text = String::new();
        for warning in result.warnings.iter().filter(|warning| !before.contains(warning)) {
            text.push_str(&format!("\n  warning: {}", shown(warning)));
        }
        let stay = result.warnings.iter().filter(|warning| before.contains(warning)).count();
        match stay {
            0 => {}
            1 => text.push_str("\n  1 warning as before"),
            _ => text.push_str(&format!("\n  {stay} warnings as before")),
        }
        text
    }

    /// Says what is wrong with a recipe, once.
    fn complain(&mut self, path: &Path, failure: Failure) -> Result<(), Failure> {
        let complaint = report::json::error(&failure).to_string();
        let known = self.recipes.entry(path.to_owned()).or_default();
        if known.complaint.as_ref() == Some(&complaint) {
            return Ok(());
        }
        known.complaint = Some(complaint);
        self.show(&failure)
    }

    fn show(&mut self, failure: &Failure) -> Result<(), Failure> {
        if self.output.json() {
            let mut row = report::json::error(failure);
            row["what"] = "failed".into();
            return self.output.row(&row);
        }
        let text = report::snippet::render(failure, std::io::IsTerminal::is_terminal(&std::io::stderr()));
        self.bars.suspend(|| self.output.note(&text))
    }

    /// Says what happened: a line for people, a JSON document on a line for machines.
    fn say(&mut self, text: &str, row: Value) -> Result<(), Failure> {
        if self.output.json() {
            return self.output.row(&row);
        }
        self.bars.suspend(|| self.output.text(text))
    }
}

/// Whether there is a compile to follow; begins one of what was not saved because it was there already.
fn is_under_way(server: &Server, saved: &Saved, iterations: Option<u32>) -> Result<bool, Failure> {
    if saved.outcome == Outcome::Unchanged {
        if is_compiled(server, &saved.document.id)? {
            return Ok(false);
        }
        compile_stored(server, &saved.document, iterations)?;
    }
    Ok(true)
}

/// Whether a save failed because the Architect is not there, now.
fn is_away(failure: &Failure) -> bool {
    matches!(failure.code, "unreachable" | "timeout" | "bad_answer" | "store_unavailable")
}
