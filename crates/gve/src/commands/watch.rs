//! `gve watch`: recipes to the Architect whenever they change.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use gve_types::{AssetDna, compile::CompilePriority};
use serde_json::{Value, json};

use super::push::{compile_stored, details, is_compiled, load, psnr};
use crate::{
    architect::{
        args::WatchArgs,
        bars::Bars,
        compile::{Compiles, Ended},
        save::{Outcome, SaveOptions, Saved, save},
        server::Server,
    },
    failure::Failure,
    output::Output,
    report,
    watcher::{Changes, Watched},
};

/// Pushes the recipes, and each of them again when it changes, until Ctrl-C.
pub(crate) fn run(args: &WatchArgs, output: &mut Output) -> Result<(), Failure> {
    let watched = Watched::new(&args.paths)?;
    let recipes = watched.recipes()?;
    let server = Server::connect(&args.server)?;
    // Before the first push, so that no change is missed.
    let mut changes = Changes::start(watched)?;
    let stop = stop_on_interrupt()?;
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

/// Set when the user has had enough; a second time ends the program at once.
fn stop_on_interrupt() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .map_err(|error| Failure::new("cannot_watch", format!("cannot wait for Ctrl-C: {error}")))?;
    Ok(stop)
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
            unsaved: None,
        };
        if is_under_way {
            self.compiles.follow(&saved.document.id, saved.document.version, &saved.document.name);
        }
        self.tell_save(path, &saved)
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

    fn tell_save(&mut self, path: &Path, saved: &Saved) -> Result<(), Failure> {
        let document = &saved.document;
        let (id, version) = (document.wire_id, document.version);
        let text = match saved.outcome {
            Outcome::Created => format!("{}: new, asset {id}, version {version}", path.display()),
            Outcome::Updated => format!("{}: version {version} saved", path.display()),
            Outcome::Unchanged => format!("{}: unchanged, asset {id}, version {version}", path.display()),
        };
        let row = json!({
            "what": "saved", "file": path.display().to_string(), "id": document.id,
            "wire_id": id, "version": version, "outcome": saved.outcome.name(),
        });
        self.say(&text, row)
    }

    fn tell_end(&mut self, ended: Ended) -> Result<(), Failure> {
        let by_id = |(_, known): &(&PathBuf, &Known)| known.id.as_deref() == Some(ended.id.as_str());
        let Some(path) = self.recipes.iter().find(by_id).map(|(path, _)| path.clone()) else { return Ok(()) };
        let file = path.display().to_string();
        match ended.result {
            Ok(result) => {
                let mut text = format!(
                    "{file}: version {} is there after {:.2} s",
                    result.version, result.compile_time_sec
                );
                if let Some(psnr) = psnr(&result) {
                    text.push_str(&format!(", {psnr}"));
                }
                for warning in details(&result, None).lines().filter(|line| line.starts_with("  warning:")) {
                    text.push_str(&format!("\n{warning}"));
                }
                self.say(&text, json!({"what": "compiled", "file": file, "id": ended.id, "result": result}))
            }
            // The next save is followed in its place.
            Err(failure) if failure.code == "superseded" => Ok(()),
            Err(failure) => {
                let message = format!("{file}: {}", failure.message);
                self.show(&Failure::about(failure.code, &path, message))
            }
        }
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
            return self.output.text(&row.to_string());
        }
        let text = report::snippet::render(failure, std::io::IsTerminal::is_terminal(&std::io::stderr()));
        self.bars.suspend(|| self.output.note(&text))
    }

    /// Says what happened: a line for people, a JSON document on a line for machines.
    fn say(&mut self, text: &str, row: Value) -> Result<(), Failure> {
        if self.output.json() {
            return self.output.text(&row.to_string());
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
