//! TypeScript from the Rust source: typeshare parses, this writes.
//!
//! typeshare's own writer knows neither string unions nor internally tagged enums, so the source is
//! prepared before it is parsed and the parsed types are written here. A type that nothing defines
//! is an error.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, bail};
use serde_json::Value;
use syn::{spanned::Spanned, visit::Visit};
use typeshare_core::{
    context::{ParseContext, ParseFileContext},
    language::CrateName,
    parser::{ParsedData, parse},
    rust_types::{
        RustEnum, RustEnumShared, RustEnumVariant, RustField, RustStruct, RustType, RustTypeAlias,
        SpecialRustType,
    },
};

/// Stands for the missing `content` of an internally tagged enum.
const INLINE: &str = "__inline";
/// Stands for the name of a flattened field.
const FLATTEN: &str = "__flatten";

/// The TypeScript of all `#[typeshare]` types under `source`.
pub(crate) fn document(source: &Path, schema: &Value) -> anyhow::Result<String> {
    let files = files(source)?;
    let parsed = files.iter().map(|file| parse_file(file)).collect::<anyhow::Result<Vec<_>>>()?;
    let parsed: Vec<ParsedData> = parsed.into_iter().flatten().collect();
    let names = parsed.iter().flat_map(|data| data.type_names.iter().cloned()).collect();
    let mut writer = Writer { text: "// Auto-generated - DO NOT EDIT\n".to_owned(), schema, names };
    for data in &parsed {
        for alias in &data.aliases {
            writer.alias(alias)?;
        }
        for item in &data.enums {
            writer.enumeration(item)?;
        }
        for item in &data.structs {
            writer.structure(item)?;
        }
    }
    Ok(writer.text)
}

/// All source files, in an order that does not depend on the file system.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn parse_file(path: &Path) -> anyhow::Result<Option<ParsedData>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let name = path.display().to_string();
    let context = ParseFileContext {
        source_code: prepare(&text).with_context(|| name.clone())?,
        crate_name: CrateName::from("gve_types"),
        file_name: name.clone(),
        file_path: path.to_owned(),
    };
    let parsed = parse(&ParseContext::default(), context).map_err(|error| anyhow!("{name}: {error}"))?;
    if let Some(error) = parsed.as_ref().and_then(|data| data.errors.first()) {
        bail!("{}: {}", error.file_name, error.error);
    }
    Ok(parsed)
}

/// Rewrites the serde attributes that typeshare refuses or overlooks into ones that it reads.
fn prepare(text: &str) -> anyhow::Result<String> {
    #[derive(Default)]
    struct Attributes(Vec<std::ops::Range<usize>>);
    impl<'a> Visit<'a> for Attributes {
        fn visit_attribute(&mut self, attribute: &'a syn::Attribute) {
            if attribute.path().is_ident("serde") {
                self.0.push(attribute.span().byte_range());
            }
        }
    }
    let mut attributes = Attributes::default();
    attributes.visit_file(&syn::parse_file(text)?);
    let mut prepared = text.to_owned();
    for range in attributes.0.into_iter().rev() {
        let attribute = text.get(range.clone()).context("an attribute lies in its file")?;
        prepared.replace_range(range, &rewrite(attribute));
    }
    Ok(prepared)
}

fn rewrite(attribute: &str) -> String {
    let mut rewritten = attribute.replace("flatten", &format!("rename = \"{FLATTEN}\""));
    if rewritten.contains("tag = ") && !rewritten.contains("content = ") {
        rewritten = rewritten.replacen("tag = ", &format!("content = \"{INLINE}\", tag = "), 1);
    }
    // `default = "function"` makes a field optional just as `default` does.
    if let Some((before, rest)) = rewritten.split_once("default = \"")
        && let Some((_, after)) = rest.split_once('"')
    {
        rewritten = format!("{before}default{after}");
    }
    rewritten
}

struct Writer<'a> {
    text: String,
    schema: &'a Value,
    names: BTreeSet<String>,
}

impl Writer<'_> {
    fn comment(&mut self, indent: &str, lines: &[String]) -> std::fmt::Result {
        let lines: Vec<String> = lines.iter().map(|line| line.trim().replace("*/", "*\u{200b}/")).collect();
        match lines.as_slice() {
            [] => Ok(()),
            [line] => writeln!(self.text, "{indent}/** {line} */"),
            lines => {
                writeln!(self.text, "{indent}/**")?;
                for line in lines {
                    writeln!(self.text, "{}", format!("{indent} * {line}").trim_end())?;
                }
                writeln!(self.text, "{indent} */")
            }
        }
    }

    fn alias(&mut self, alias: &RustTypeAlias) -> anyhow::Result<()> {
        self.text.push('\n');
        self.comment("", &alias.comments)?;
        let target = self.type_name(&alias.r#type)?;
        writeln!(self.text, "export type {} = {target};", alias.id.renamed)?;
        Ok(())
    }

    fn structure(&mut self, item: &RustStruct) -> anyhow::Result<()> {
        self.text.push('\n');
        self.comment("", &item.comments)?;
        let (flat, own): (Vec<_>, Vec<_>) = item.fields.iter().partition(|field| field.id.renamed == FLATTEN);
        if flat.is_empty() {
            writeln!(self.text, "export interface {} {{", item.id.renamed)?;
        } else {
            let parts =
                flat.iter().map(|field| self.type_name(&field.ty)).collect::<anyhow::Result<Vec<_>>>()?;
            writeln!(self.text, "export type {} = {} & {{", item.id.renamed, parts.join(" & "))?;
        }
        for field in own {
            self.field(field)?;
        }
        self.text.push_str(if flat.is_empty() { "}\n" } else { "};\n" });
        Ok(())
    }

    fn field(&mut self, field: &RustField) -> anyhow::Result<()> {
        self.comment("    ", &field.comments)?;
        let name = &field.id.renamed;
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
        let name = if plain { name.clone() } else { format!("{name:?}") };
        let (optional, ty) = match &field.ty {
            RustType::Special(SpecialRustType::Option(inner)) => (true, inner.as_ref()),
            ty => (field.has_default, ty),
        };
        let mark = if optional { "?" } else { "" };
        let ty = self.type_name(ty)?;
        writeln!(self.text, "    {name}{mark}: {ty};")?;
        Ok(())
    }

    fn enumeration(&mut self, item: &RustEnum) -> anyhow::Result<()> {
        self.text.push('\n');
        let shared = item.shared();
        self.comment("", &shared.comments)?;
        match item {
            RustEnum::Unit(_) => match self.numbers(&shared.id.renamed)? {
                Some(numbers) => self.numbered(shared, &numbers),
                None => self.union(shared, |variant| Ok(format!("{:?}", variant.shared().id.renamed))),
            },
            RustEnum::Algebraic { tag_key, content_key, .. } => {
                let branches = shared
                    .variants
                    .iter()
                    .map(|variant| self.branch(variant, tag_key, content_key))
                    .collect::<anyhow::Result<Vec<_>>>()?;
                let mut branches = branches.into_iter();
                self.union(shared, |_| branches.next().context("one branch per variant"))
            }
        }
    }

    /// The numbers of an enum that JSON carries as numbers; typeshare's parser drops them.
    fn numbers(&self, name: &str) -> anyhow::Result<Option<Vec<u64>>> {
        let definition = self.schema["$defs"]
            .get(name)
            .with_context(|| format!("{name} is missing in the JSON Schema"))?;
        let values = definition["enum"].as_array().with_context(|| format!("{name} is an enum"))?;
        Ok(values.iter().map(Value::as_u64).collect())
    }

    fn numbered(&mut self, shared: &RustEnumShared, numbers: &[u64]) -> anyhow::Result<()> {
        let name = &shared.id.renamed;
        writeln!(self.text, "export const {name} = {{")?;
        for (variant, number) in shared.variants.iter().zip(numbers) {
            self.comment("    ", &variant.shared().comments)?;
            writeln!(self.text, "    {}: {number},", variant.shared().id.original)?;
        }
        writeln!(self.text, "}} as const;")?;
        writeln!(self.text, "export type {name} = (typeof {name})[keyof typeof {name}];")?;
        Ok(())
    }

    fn union(
        &mut self,
        shared: &RustEnumShared,
        mut branch: impl FnMut(&RustEnumVariant) -> anyhow::Result<String>,
    ) -> anyhow::Result<()> {
        write!(self.text, "export type {} =", shared.id.renamed)?;
        for variant in &shared.variants {
            write!(self.text, "\n    | {}", branch(variant)?)?;
        }
        self.text.push_str(";\n");
        Ok(())
    }

    fn branch(&self, variant: &RustEnumVariant, tag: &str, content: &str) -> anyhow::Result<String> {
        let name = &variant.shared().id;
        let RustEnumVariant::Tuple { ty, .. } = variant else {
            bail!("variant {} must hold one named struct", name.original);
        };
        let ty = self.type_name(ty)?;
        let value = &name.renamed;
        Ok(if content == INLINE {
            format!("({{ {tag}: {value:?} }} & {ty})")
        } else {
            format!("{{ {tag}: {value:?}; {content}: {ty} }}")
        })
    }

    fn type_name(&self, ty: &RustType) -> anyhow::Result<String> {
        Ok(match ty {
            RustType::Simple { id } if id == "number" || self.names.contains(id) => id.clone(),
            RustType::Generic { id, parameters } if id == "BTreeMap" => match parameters.as_slice() {
                [key, value] => format!("Record<{}, {}>", self.type_name(key)?, self.type_name(value)?),
                _ => bail!("BTreeMap has a key and a value"),
            },
            RustType::Simple { id } | RustType::Generic { id, .. } => {
                bail!("type {id} is not shared with TypeScript: give it #[typeshare]")
            }
            RustType::Special(special) => match special {
                SpecialRustType::Vec(item) | SpecialRustType::Slice(item) => {
                    format!("{}[]", self.item_name(item)?)
                }
                SpecialRustType::Array(item, count) => {
                    format!("[{}]", vec![self.type_name(item)?; *count].join(", "))
                }
                SpecialRustType::Option(inner) => format!("{} | null", self.type_name(inner)?),
                SpecialRustType::HashMap(key, value) => {
                    format!("Record<{}, {}>", self.type_name(key)?, self.type_name(value)?)
                }
                SpecialRustType::String | SpecialRustType::Char => "string".to_owned(),
                SpecialRustType::Bool => "boolean".to_owned(),
                SpecialRustType::U8
                | SpecialRustType::U16
                | SpecialRustType::U32
                | SpecialRustType::I8
                | SpecialRustType::I16
                | SpecialRustType::I32
                | SpecialRustType::F32
                | SpecialRustType::F64 => "number".to_owned(),
                other => bail!("TypeScript has no form for {other}"),
            },
        })
    }

    fn item_name(&self, item: &RustType) -> anyhow::Result<String> {
        let name = self.type_name(item)?;
        Ok(if matches!(item, RustType::Special(SpecialRustType::Option(_))) {
            format!("({name})")
        } else {
            name
        })
    }
}
