//! `gve lower`: the scalar program of a recipe.

use serde_json::json;

use crate::{
    args::{Language, LowerArgs},
    failure::{Failure, name},
    input::Recipe,
    output::Output,
    target::{Kind, Target},
};

/// Prints or writes the program.
pub(crate) fn run(args: &LowerArgs, output: &mut Output) -> Result<(), Failure> {
    let kind = match args.to {
        Language::Tape => Kind::Tape,
        Language::Wgsl => Kind::Wgsl,
    };
    let check = |path| Target::check(path, kind, &[&args.recipe], args.force);
    let target = args.output.as_deref().map(check).transpose()?;
    if target.as_ref().is_some_and(Target::is_output) {
        output.give_way();
    }
    let field = Recipe::load(&args.recipe)?.field()?;
    let (language, text) = match args.to {
        Language::Tape => ("tape", field.tape().to_string()),
        Language::Wgsl => ("wgsl", gve_sdf::wgsl::source(field.tape())),
    };
    if let Some(target) = &target {
        target.write(text.as_bytes())?;
    }
    let operations = field.tape().ops().len();
    match (&args.output, output.json()) {
        (path, true) => output.document(&json!({
            "language": language,
            "operations": operations,
            "lipschitz": field.lipschitz(),
            "output": path.as_ref().map(|p| p.display().to_string()),
            "text": if path.is_none() { Some(text) } else { None },
        })),
        (Some(path), false) => output.text(&format!("{}: {operations} operations", name(path))),
        (None, false) => output.verbatim(&text),
    }
}
