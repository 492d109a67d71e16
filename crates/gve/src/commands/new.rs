//! `gve new`: a recipe to start from.

use std::path::PathBuf;

use gve_types::{AssetCategory, MaterialTable, limits::MAX_NAME_BYTES, parse_recipe};
use serde_json::json;

use crate::{
    args::NewArgs,
    failure::{Failure, name},
    output::Output,
    target::{self, Kind, Target},
};

/// A stool: few nodes, and each does something worth seeing change.
const TEMPLATE: &str = r#"{
  "dna_version": 1,
  "metadata": {"name": NAME, "version": 1, "category": CATEGORY, "material_spec": "WOOD_OAK"},
  "root_node": {
    "op": "union",
    "children": [
      {
        "op": "translate", "name": "seat", "offset": [0, 0.45, 0],
        "child": {"op": "rounded_box", "half_extents": [0.18, 0.025, 0.18], "radius": 0.02}
      },
      {
        "op": "polar_repeat", "name": "legs", "material": "WOOD_WALNUT", "count": 4,
        "child": {
          "op": "translate", "offset": [0.14, 0.22, 0],
          "child": {
            "op": "rotate", "axis": [0, 0, 1], "angle_rad": 0.12,
            "child": {"op": "capsule", "radius": 0.018, "half_height": 0.2}
          }
        }
      },
      {
        "op": "translate", "name": "foot ring", "material": "ASTM_A36", "offset": [0, 0.14, 0],
        "child": {"op": "torus", "major_radius": 0.148, "minor_radius": 0.009}
      }
    ]
  }
}
"#;

/// Writes the recipe.
pub(crate) fn run(args: &NewArgs, output: &mut Output) -> Result<(), Failure> {
    if args.name.trim().is_empty() || args.name.len() > MAX_NAME_BYTES {
        let found = args.name.len();
        let message = format!("a name has 1 to {MAX_NAME_BYTES} bytes of text, found {found} bytes");
        return Err(Failure::new("bad_name", message));
    }
    let text = recipe(&args.name, args.category.into());
    let path = match &args.output {
        Some(path) => path.clone(),
        None => PathBuf::from(format!("{}.gve.json", file_name(&args.name))),
    };
    let target = Target::check(&path, Kind::Recipe, &[], true)?;
    if target.is_output() {
        output.give_way();
    }
    if args.force || !target.is_file() {
        target.write(text.as_bytes())?;
    } else {
        target::create(&path, text.as_bytes())?;
    }
    if output.json() {
        output.document(&json!({"output": path.display().to_string(), "bytes": text.len()}))
    } else {
        output.text(&format!("{}: ready to be changed; see it with `gve render`", name(&path)))
    }
}

/// The template with its name and shelf filled in.
fn recipe(name: &str, category: AssetCategory) -> String {
    let category = serde_json::to_string(&category).unwrap_or_default();
    let text =
        TEMPLATE.replace("CATEGORY", &category).replace("NAME", &serde_json::Value::from(name).to_string());
    debug_assert!(parse_recipe(&text, MaterialTable::builtin()).is_ok(), "the template is a recipe");
    text
}

/// A name in snake case that every file system takes.
fn file_name(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_alphanumeric() {
            snake.extend(c.to_lowercase());
        } else if !snake.ends_with('_') && !snake.is_empty() {
            snake.push('_');
        }
    }
    let snake = snake.trim_end_matches('_');
    if snake.is_empty() { "asset".to_owned() } else { snake.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_a_recipe_whatever_the_name() {
        for name in ["Oak stool", "a \"quoted\" \\ name", "CATEGORY NAME", "\u{1}"] {
            let parsed = parse_recipe(&recipe(name, AssetCategory::Vehicle), MaterialTable::builtin());
            let dna = parsed.unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!((dna.metadata.name.as_str(), dna.metadata.category), (name, AssetCategory::Vehicle));
        }
    }

    #[test]
    fn file_names_are_snake_case() {
        assert_eq!(file_name("Oak  Stool, 2nd"), "oak_stool_2nd");
        assert_eq!(file_name("../../etc/passwd"), "etc_passwd");
        assert_eq!(file_name("!"), "asset");
    }
}
