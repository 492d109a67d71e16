//! `gve push`: recipes to the Architect, and their compiles to the end.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use gve_types::{
    compile::{CacheStatus, CompilePriority, CompileRequest, CompileResult, CompileState},
    document::AssetDocument,
    text::shown,
};
use serde_json::{Value, json};

use super::verify::size;
use crate::{
    architect::{
        args::PushArgs,
        bars::Bars,
        compile::{Compiles, stage_name},
        save::{Outcome, SaveOptions, Saved, save},
        server::Server,
    },
    failure::{Failure, name},
    input::Recipe,
    output::Output,
};

/// A recipe on its way.
struct Push {
    recipe: Recipe,
    saved: Saved,
    /// What the compile ended with; `None` if it was not waited for.
    ended: Option<Result<CompileResult, Failure>>,
    /// Size of the binary.
    bytes: Option<u64>,
}

/// Checks all recipes, saves them, and follows their compiles.
pub(crate) fn run(args: &PushArgs, output: &mut Output) -> Result<(), Failure> {
    // All of them first: nothing is saved while one of them is wrong.
    let paths: BTreeSet<&PathBuf> = args.recipes.iter().collect();
    let recipes = paths.into_iter().map(|path| load(path)).collect::<Result<Vec<_>, _>>()?;
    let server = Server::connect(&args.server)?;
    let options = SaveOptions {
        subcategory: args.subcategory.clone(),
        iterations: args.iterations,
        resolution: args.resolution,
        priority: CompilePriority::Normal,
        force: args.force,
        only_changes: !args.force
            && args.subcategory.is_none()
            && args.iterations.is_none()
            && args.resolution.is_none(),
    };
    let mut pushes: Vec<Push> = Vec::new();
    let mut failure = None;
    for recipe in recipes {
        match save(&server, &recipe, &options) {
            Ok(saved) => pushes.push(Push { recipe, saved, ended: None, bytes: None }),
            Err(error) => {
                // What is saved already is followed to its end all the same.
                failure = Some(error);
                break;
            }
        }
    }
    if !args.no_wait {
        follow(&server, &mut pushes)?;
    }
    report(&server, pushes, failure, output)
}

/// Reads a recipe, with everything that can be found wrong without baking it.
pub(crate) fn load(path: &Path) -> Result<Recipe, Failure> {
    let recipe = Recipe::load(path)?;
    recipe.field()?;
    Ok(recipe)
}

fn follow(server: &Server, pushes: &mut [Push]) -> Result<(), Failure> {
    // On standard error, so it is in nobody's way where a machine reads the answer.
    let bars = Bars::new(true);
    let mut compiles = Compiles::new(server, &bars);
    for push in &mut *pushes {
        let document = &push.saved.document;
        if push.saved.outcome == Outcome::Unchanged && is_compiled(server, &document.id)? {
            push.ended = last_result(server, &document.id, document.version);
            push.bytes = binary_bytes(server, &document.id);
            continue;
        }
        if push.saved.outcome == Outcome::Unchanged {
            compile_stored(server, document, None)?;
        }
        compiles.follow(&document.id, document.version, &document.name);
    }
    while !compiles.is_empty() {
        for ended in compiles.glance()? {
            let Some(push) = pushes.iter_mut().find(|push| push.saved.document.id == ended.id) else {
                continue;
            };
            push.bytes = ended.result.is_ok().then(|| binary_bytes(server, &ended.id)).flatten();
            push.ended = Some(ended.result);
        }
    }
    Ok(())
}

/// Whether the binary of what is stored is there.
pub(crate) fn is_compiled(server: &Server, id: &str) -> Result<bool, Failure> {
    let id = id.to_owned();
    let cache = server.call(|rest| async move { rest.cache(&id).await })?;
    Ok(cache.status == CacheStatus::Valid)
}

/// Begins to compile what is stored, unless that is under way already.
pub(crate) fn compile_stored(
    server: &Server,
    document: &AssetDocument,
    iterations: Option<u32>,
) -> Result<(), Failure> {
    let id = document.id.clone();
    // None is known of an asset that was stored by an Architect which has ended since.
    if let Ok(status) = server.try_call(|rest| async move { rest.compile_status(&id).await })?
        && status.version == document.version
        && matches!(status.state, CompileState::Queued | CompileState::Running)
    {
        return Ok(());
    }
    let request = CompileRequest {
        asset_id: document.id.clone(),
        priority: CompilePriority::Normal,
        force_recompile: false,
        splat_iterations: iterations,
        volume_resolution: None,
    };
    server.call(|rest| async move { rest.compile(&request).await }).map(drop)
}

/// What the compile of this version ended with, if the Architect still knows.
pub(crate) fn last_result(server: &Server, id: &str, version: u32) -> Option<Result<CompileResult, Failure>> {
    let id = id.to_owned();
    let status = server.call(|rest| async move { rest.compile_status(&id).await }).ok()?;
    let is_it = status.version == version && status.state == CompileState::Complete;
    status.result.filter(|_| is_it).map(Ok)
}

/// The binary's size; it is left out where the file is not at hand.
fn binary_bytes(server: &Server, id: &str) -> Option<u64> {
    let id = id.to_owned();
    let cache = server.call(|rest| async move { rest.cache(&id).await }).ok()?;
    std::fs::metadata(cache.binary_path).ok().map(|metadata| metadata.len())
}

fn report(
    server: &Server,
    pushes: Vec<Push>,
    failure: Option<Failure>,
    output: &mut Output,
) -> Result<(), Failure> {
    let failed = |push: &&Push| matches!(push.ended, Some(Err(_)));
    let failures = pushes.iter().filter(failed).count() + usize::from(failure.is_some());
    if output.json() {
        let rows: Vec<Value> = pushes.iter().map(row).collect();
        let mut document = json!({ "server": server.address, "assets": rows });
        if failures == 0 {
            return output.document(&document);
        }
        let failure = failure.or_else(|| pushes.into_iter().find_map(|push| push.ended?.err()));
        let failure = failure.unwrap_or_else(|| Failure::new("internal", "a push failed"));
        document["error"] = crate::report::json::error(&failure)["error"].take();
        return Err(Failure { document: Some(document), ..failure });
    }
    let mut text = String::new();
    let mut first = failure;
    for push in pushes {
        text.push_str(&summary(&push));
        if let Some(Err(error)) = push.ended {
            let message = format!("{}: {}", name(&push.recipe.path), error.message);
            first.get_or_insert(Failure::about(error.code, &push.recipe.path, message));
        }
    }
    if !text.is_empty() {
        output.text(&text)?;
    }
    match first {
        Some(mut failure) if failures > 1 => {
            failure.message.push_str(&format!(" (and {} more failed)", failures - 1));
            Err(failure)
        }
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

fn row(push: &Push) -> Value {
    let document = &push.saved.document;
    let mut row = json!({
        "file": push.recipe.path.display().to_string(),
        "id": document.id,
        "wire_id": document.wire_id,
        "name": document.name,
        "version": document.version,
        "outcome": push.saved.outcome.name(),
    });
    match &push.ended {
        Some(Ok(result)) => {
            row["result"] = json!(result);
            row["bytes"] = json!(push.bytes);
        }
        Some(Err(error)) => row["error"] = json!({"code": error.code, "message": error.message}),
        None => {}
    }
    row
}

fn summary(push: &Push) -> String {
    let document = &push.saved.document;
    let outcome = match push.saved.outcome {
        Outcome::Created => "new, version",
        Outcome::Updated => "saved as version",
        Outcome::Unchanged => "unchanged since version",
    };
    let mut text = format!(
        "{}: {} is asset {} ({}), {outcome} {}\n",
        name(&push.recipe.path),
        shown(&document.name),
        document.wire_id,
        document.id,
        document.version
    );
    if let Some(Ok(result)) = &push.ended {
        text.push_str(&details(result, push.bytes));
    }
    text
}

/// Stages with their times, what became of the splats, size and warnings, indented.
fn details(result: &CompileResult, bytes: Option<u64>) -> String {
    let mut text = String::new();
    for stage in &result.stages {
        text.push_str(&format!("  {:<20} {:>9.1} ms\n", stage_name(stage.stage), stage.seconds * 1e3));
    }
    text.push_str(&format!("  {:<20} {:>9.1} ms", "Together", result.compile_time_sec * 1e3));
    if result.reused {
        text.push_str(", an earlier compile was used again");
    } else if let Some(device) = &result.device {
        text.push_str(&format!(" on {device}"));
    }
    text.push('\n');
    let mut facts = Vec::new();
    facts.extend(bytes.map(size));
    if let Some(splats) = &result.splats {
        facts.push(format!("{} splats", splats.count));
        match (splats.trained, &splats.reason) {
            (true, _) => facts.push(format!("trained for {} iterations", splats.iterations)),
            (false, Some(reason)) => facts.push(format!("not trained: {}", shown(reason))),
            (false, None) => facts.push("not trained".to_owned()),
        }
        if let Some(psnr) = psnr(result) {
            facts.push(psnr);
        }
    }
    if !facts.is_empty() {
        text.push_str(&format!("  {}\n", facts.join(", ")));
    }
    for warning in &result.warnings {
        text.push_str(&format!("  warning: {}\n", shown(warning)));
    }
    text
}

/// How true the splats are, before and after training.
pub(crate) fn psnr(result: &CompileResult) -> Option<String> {
    let splats = result.splats.as_ref()?;
    match (splats.psnr_before_db, splats.psnr_after_db) {
        (Some(before), Some(after)) => Some(format!("PSNR {before:.1} dB before, {after:.1} dB after")),
        (None, Some(one)) | (Some(one), None) => Some(format!("PSNR {one:.1} dB")),
        (None, None) => None,
    }
}
