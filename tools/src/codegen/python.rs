//! Pydantic v2 models, made from the JSON Schema by datamodel-code-generator and ruff.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
use serde_json::{Map, Value};

use super::Generated;

/// What datamodel-code-generator is told. Without the negated flags it writes `StrEnum` and
/// `str | None`; without type aliases each alias becomes a model with a `root` field.
const OPTIONS: &[&str] = &[
    "--input-file-type=jsonschema",
    "--output-model-type=pydantic_v2.BaseModel",
    "--target-python-version=3.11",
    "--base-class=architect.base.BaseModel",
    "--custom-file-header=# Auto-generated - DO NOT EDIT",
    "--disable-timestamp",
    "--formatters=builtin",
    "--no-use-specialized-enum",
    "--use-subclass-enum",
    "--capitalise-enum-members",
    "--deserialize-default-values=enum",
    "--no-use-union-operator",
    "--strict-nullable",
    "--use-annotated",
    "--use-one-literal-as-default",
    "--use-title-as-name",
    "--use-tuple-for-fixed-length-arrays",
    "--use-type-alias",
    "--skip-root-model",
];

/// The models; `python` is the interpreter of an environment with the packages of
/// `backend/requirements-dev.txt`.
pub(crate) fn files(schema: &Value, python: &Path) -> anyhow::Result<Vec<Generated>> {
    let text = generate(&flavour(schema)?, python)?;
    let text = default_factories(&integer_enums(&text))?;
    let imports = ["--select=I,F401", "--config", "lint.isort.known-first-party=['architect']"];
    let text =
        ruff(python, &[&["check", "--quiet", "--isolated", "--fix-only"], &imports[..]].concat(), &text)?;
    let text = ruff(python, &["format", "--quiet", "--isolated", "--line-length=100"], &text)?;
    Ok(vec![Generated { path: "backend/architect/generated/models.py", text }])
}

/// The schema less what would change the form of the models and is said elsewhere.
fn flavour(schema: &Value) -> anyhow::Result<Value> {
    let mut schema = schema.clone();
    let definitions = schema["$defs"].as_object_mut().context("the schema has $defs")?;
    // `EventEnvelope` holds the same with the time, which is what travels.
    definitions.shift_remove("Event");
    // The specification writes `version: int`; a number below 0 is refused by Rust.
    let version = &mut definitions["AssetMetadata"]["properties"]["version"];
    let version = version.as_object_mut().context("AssetMetadata has a version")?;
    version.retain(|key, _| key == "type");
    for definition in definitions.values_mut() {
        strip(definition);
    }
    Ok(schema)
}

fn strip(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            // Unknown fields are refused by the base class, once for all models.
            if object.get("additionalProperties") == Some(&Value::Bool(false)) {
                object.shift_remove("additionalProperties");
            }
            object.shift_remove("enumDescriptions");
            object.shift_remove("description");
            for (key, value) in object {
                match value {
                    // Names of fields, not keywords.
                    Value::Object(properties) if key == "properties" => strip_each(properties),
                    value => strip(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(strip),
        _ => {}
    }
}

fn strip_each(properties: &mut Map<String, Value>) {
    properties.values_mut().for_each(strip);
}

fn generate(schema: &Value, python: &Path) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    let input = folder.path().join("gve.schema.json");
    let output = folder.path().join("models.py");
    fs::write(&input, serde_json::to_string(schema)?)?;
    let run = Command::new(python)
        .args(["-m", "datamodel_code_generator"])
        .args(OPTIONS)
        .arg("--input")
        .arg(&input)
        .arg("--output")
        .arg(&output)
        // Without a pyproject.toml in sight only the options above count.
        .current_dir(folder.path())
        .output()
        .with_context(|| format!("cannot start {}", python.display()))?;
    if !run.status.success() {
        bail!("datamodel-code-generator failed:\n{}", String::from_utf8_lossy(&run.stderr));
    }
    fs::read_to_string(&output).context("datamodel-code-generator wrote nothing")
}

/// The generator writes `(int, Enum)` where the specification wants `IntEnum`.
fn integer_enums(text: &str) -> String {
    text.replace("(int, Enum):", "(IntEnum):").replacen(
        "from enum import Enum\n",
        "from enum import Enum, IntEnum\n",
        1,
    )
}

/// The default of a nested model is written as a dict, which type checkers refuse. All fields of such
/// a model have defaults of their own, so the model makes its default itself.
fn default_factories(text: &str) -> anyhow::Result<String> {
    const MARK: &str = ", Field(validate_default=True)] = {";
    let mut rest = text;
    let mut result = String::new();
    while let Some(at) = rest.find(MARK) {
        let (before, after) = rest.split_at(at);
        let (head, model) = before.rsplit_once("Annotated[").context("a default follows its type")?;
        let (_, tail) = after.split_once('}').context("a default ends")?;
        result.push_str(head);
        result.push_str(&format!("{model} = Field(default_factory={model})"));
        rest = tail;
    }
    result.push_str(rest);
    Ok(result)
}

fn ruff(python: &Path, arguments: &[&str], text: &str) -> anyhow::Result<String> {
    let mut child = Command::new(python)
        .args(["-m", "ruff"])
        .args(arguments)
        .args(["--stdin-filename=models.py", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", python.display()))?;
    // ruff reads all of its input before it writes, so neither pipe can block the other.
    child.stdin.take().context("ruff has an input")?.write_all(text.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("ruff failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}
