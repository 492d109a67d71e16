//! `gve lower`: the scalar program of a recipe.

use serde_json::json;

use crate::{
    cli::{Language, LowerArgs},
    failure::Failure,
    input::Recipe,
    output::Output,
    picture::file,
};

/// Prints or writes the program.
pub(crate) fn run(args: &LowerArgs, output: &mut Output) -> Result<(), Failure> {
    let field = Recipe::load(&args.recipe)?.field()?;
    let (language, text) = match args.to {
        Language::Tape => ("tape", field.tape().to_string()),
        Language::Wgsl => ("wgsl", gve_sdf::wgsl::source(field.tape())),
    };
    if let Some(path) = &args.output {
        file::replace(path, text.as_bytes())?;
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
        (Some(path), false) => output.text(&format!("{}: {operations} operations", path.display())),
        (None, false) => output.text(&text),
    }
}
