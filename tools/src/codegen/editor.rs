//! The schema that editors check and complete a recipe with as it is typed.
//!
//! It says the same as the main schema in a form that stays fast on deep trees and points at the
//! mistake: a node is told apart by `op` with `if` and `then` instead of `oneOf`, which makes a
//! validator try every operation at every level.

use anyhow::Context;
use gve_types::MaterialTable;
use serde_json::{Map, Value, json};

/// The schema of a `*.gve.json` file, made from the main document.
pub(crate) fn document(main: &Value) -> anyhow::Result<Value> {
    let mut definitions = main["$defs"].as_object().context("the main schema has $defs")?.clone();
    let root = definitions.get("AssetDna").context("the main schema has AssetDna")?.clone();
    let needed = reachable(&root, &definitions);
    definitions.retain(|name, _| needed.contains(name));
    let node = definitions.get_mut("DnaNode").context("the main schema has DnaNode")?;
    *node = by_operation(node)?;
    definitions.values_mut().for_each(complete_materials);
    definitions.insert("Material".into(), materials());

    let mut document = Map::new();
    document.insert("$schema".into(), main["$schema"].clone());
    document.insert("title".into(), json!("GVE-1 recipe"));
    document.insert("$comment".into(), main["description"].clone());
    document.extend(root.as_object().context("AssetDna is an object")?.clone());
    document.insert("$defs".into(), Value::Object(definitions));
    Ok(Value::Object(document))
}

/// Names of the definitions that a schema refers to, directly or not.
fn reachable(root: &Value, definitions: &Map<String, Value>) -> Vec<String> {
    let mut names = Vec::new();
    let mut open = vec![root];
    while let Some(schema) = open.pop() {
        match schema {
            Value::Object(object) => open.extend(object.values()),
            Value::Array(values) => open.extend(values),
            Value::String(text) => {
                if let Some(name) = text.strip_prefix("#/$defs/")
                    && !names.iter().any(|known| known == name)
                {
                    names.push(name.to_owned());
                    open.extend(definitions.get(name));
                }
            }
            _ => {}
        }
    }
    names
}

fn by_operation(node: &Value) -> anyhow::Result<Value> {
    let branches = node["oneOf"].as_array().context("DnaNode is a list of operations")?;
    let mut operations = Vec::new();
    let mut descriptions = Vec::new();
    let mut rules = Vec::new();
    for branch in branches {
        let operation = branch["properties"]["op"]["const"].clone();
        rules.push(json!({
            "if": { "type": "object", "properties": { "op": { "const": operation } }, "required": ["op"] },
            "then": branch,
        }));
        operations.push(operation);
        descriptions.push(branch["description"].clone());
    }
    Ok(json!({
        "description": node["description"],
        "type": "object",
        "required": ["op"],
        "properties": {
            "op": {
                "description": "Which shape or operation.",
                "enum": operations,
                "enumDescriptions": descriptions,
            }
        },
        "allOf": rules,
    }))
}

fn materials() -> Value {
    let table = MaterialTable::builtin();
    json!({
        "enum": table.iter().map(|m| m.spec_id.as_str()).collect::<Vec<_>>(),
        "enumDescriptions": table.iter().map(|m| m.display_name.as_str()).collect::<Vec<_>>(),
    })
}

/// Lets every field that names a material offer the codes of the table.
fn complete_materials(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            for (name, value) in object.iter_mut() {
                let names_a_material = (name == "material" || name == "material_spec") && value.is_object();
                if names_a_material {
                    let description = value["description"].take();
                    *value = json!({ "$ref": "#/$defs/Material", "description": description });
                } else {
                    complete_materials(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(complete_materials),
        _ => {}
    }
}
