//! Whether JSON has the shape of a recipe, and what exactly is wrong where it has not.
//!
//! Serde loses the place of an error inside a tagged enum and takes a list for an object, so nodes
//! are looked at one by one. Whoever calls this has bounded the depth of the value.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use serde_path_to_error::Segment;

use crate::{
    dna::*,
    recipe::{Findings, suggest, words::plain},
    text::shown_short,
};

/// Where an operation keeps its children.
#[derive(Clone, Copy)]
enum Slots {
    None,
    Child,
    Children,
    FromTo,
}

type Read = fn(&Value) -> Option<(String, String)>;

/// Every operation with its children and a reader of its own fields.
const OPERATIONS: [(&str, Slots, Read); 29] = [
    ("sphere", Slots::None, read::<Sphere>),
    ("ellipsoid", Slots::None, read::<Ellipsoid>),
    ("box", Slots::None, read::<BoxNode>),
    ("rounded_box", Slots::None, read::<RoundedBox>),
    ("cylinder", Slots::None, read::<Cylinder>),
    ("capsule", Slots::None, read::<Capsule>),
    ("cone", Slots::None, read::<Cone>),
    ("torus", Slots::None, read::<Torus>),
    ("plane", Slots::None, read::<Plane>),
    ("hexagonal_prism", Slots::None, read::<HexagonalPrism>),
    ("extruded_polygon", Slots::None, read::<ExtrudedPolygon>),
    ("revolved_polygon", Slots::None, read::<RevolvedPolygon>),
    ("union", Slots::Children, read::<UnionNode>),
    ("subtract", Slots::Children, read::<Subtract>),
    ("intersect", Slots::Children, read::<Intersect>),
    ("shell", Slots::Child, read::<Shell>),
    ("round", Slots::Child, read::<Round>),
    ("morph", Slots::FromTo, read::<Morph>),
    ("translate", Slots::Child, read::<Translate>),
    ("rotate", Slots::Child, read::<Rotate>),
    ("scale", Slots::Child, read::<Scale>),
    ("mirror", Slots::Child, read::<Mirror>),
    ("linear_repeat", Slots::Child, read::<LinearRepeat>),
    ("polar_repeat", Slots::Child, read::<PolarRepeat>),
    ("twist", Slots::Child, read::<Twist>),
    ("bend", Slots::Child, read::<Bend>),
    ("taper", Slots::Child, read::<Taper>),
    ("elongate", Slots::Child, read::<Elongate>),
    ("displace", Slots::Child, read::<Displace>),
];

/// The path within the value and the message of the first thing that keeps it from being a `T`.
fn read<T: DeserializeOwned>(value: &Value) -> Option<(String, String)> {
    let error = serde_path_to_error::deserialize::<_, T>(value).err()?;
    let path = error.path().iter().map(step).collect();
    Some((path, plain(&error.inner().to_string())))
}

/// One step down, as it stands in a path.
fn step(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("[{index}]"),
        Segment::Map { key } => format!(".{}", shown_short(key)),
        Segment::Enum { variant } => format!(".{variant}"),
        Segment::Unknown => String::new(),
    }
}

/// The names of all operations.
pub(super) fn operation_names() -> impl Iterator<Item = &'static str> {
    OPERATIONS.iter().map(|(name, ..)| *name)
}

/// Objects are objects and operations are known. Cheap, and serde checks neither.
pub(super) fn outline(recipe: &Value, findings: &mut Findings) {
    Examine { findings, fields: false }.recipe(recipe);
}

/// The outline and every field of every node.
pub(super) fn details(recipe: &Value, findings: &mut Findings) {
    Examine { findings, fields: true }.recipe(recipe);
}

struct Examine<'a> {
    findings: &'a mut Findings,
    fields: bool,
}

/// A node that stands in for a child while its parent is read.
fn stand_in() -> Value {
    json!({ "op": "sphere", "radius": 1 })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl Examine<'_> {
    fn recipe(&mut self, recipe: &Value) {
        let Some(fields) = self.object(recipe, "$", "a recipe is an object") else { return };
        for part in ["metadata", "audio_patch"] {
            if let Some(value) = fields.get(part) {
                self.object(value, &format!("$.{part}"), "expected an object");
            }
        }
        let modes = recipe.pointer("/audio_patch/modes").and_then(Value::as_array);
        for (i, mode) in modes.into_iter().flatten().enumerate() {
            self.object(mode, &format!("$.audio_patch.modes[{i}]"), "a mode is an object");
        }
        if self.fields {
            let mut own = fields.clone();
            if let Some(root) = own.get_mut("root_node") {
                *root = stand_in();
            }
            self.report("$", read::<AssetDna>(&Value::Object(own)));
        }
        if let Some(root) = fields.get("root_node") {
            self.node(root, "$.root_node".to_owned());
        }
    }

    fn object<'v>(&mut self, value: &'v Value, path: &str, wanted: &str) -> Option<&'v Map<String, Value>> {
        if value.as_object().is_none() {
            self.findings.add(path, format!("{wanted}, found {}", kind(value)));
        }
        value.as_object()
    }

    fn report(&mut self, path: &str, fault: Option<(String, String)>) {
        if let Some((below, message)) = fault {
            self.findings.add(format!("{path}{below}"), message);
        }
    }

    fn node(&mut self, node: &Value, path: String) {
        if self.findings.full() {
            return;
        }
        let Some(fields) = self.object(node, &path, "a node is an object with an `op`") else { return };
        let Some((slots, read)) = self.operation(fields, &path) else { return };
        if let Some(blend) = fields.get("blend")
            && !blend.is_null()
        {
            self.object(blend, &format!("{path}.blend"), "a blend is an object");
        }
        if self.fields {
            let own = fields.iter().filter(|(name, _)| *name != "op");
            let own: Map<String, Value> =
                own.map(|(name, value)| (name.clone(), without_children(name, value, slots))).collect();
            self.report(&path, read(&Value::Object(own)));
        }
        let mut below = |slot: &str| {
            if let Some(child) = fields.get(slot) {
                self.node(child, format!("{path}.{slot}"));
            }
        };
        match slots {
            Slots::None => {}
            Slots::Child => below("child"),
            Slots::FromTo => ["from", "to"].into_iter().for_each(below),
            Slots::Children => {
                let children = fields.get("children").and_then(Value::as_array);
                for (i, child) in children.into_iter().flatten().enumerate() {
                    self.node(child, format!("{path}.children[{i}]"));
                }
            }
        }
    }

    fn operation(&mut self, fields: &Map<String, Value>, path: &str) -> Option<(Slots, Read)> {
        let Some(op) = fields.get("op") else {
            self.findings.add(path, "the field `op` is missing: it names the shape or operation");
            return None;
        };
        let Some(op) = op.as_str() else {
            self.findings.add(format!("{path}.op"), format!("`op` is a text, found {}", kind(op)));
            return None;
        };
        let found = OPERATIONS.iter().find(|(name, ..)| *name == op);
        if found.is_none() {
            let hint = match suggest::operation(op, operation_names()) {
                Some(meant) => format!("did you mean {meant}?"),
                None => format!("there are: {}", operation_names().collect::<Vec<_>>().join(", ")),
            };
            let op = shown_short(op);
            self.findings.add(format!("{path}.op"), format!("unknown operation `{op}`; {hint}"));
        }
        found.map(|(_, slots, read)| (*slots, *read))
    }
}

/// A field of a node as its reader sees it: children are looked at by themselves.
fn without_children(name: &str, value: &Value, slots: Slots) -> Value {
    match (slots, name) {
        (Slots::Child, "child") | (Slots::FromTo, "from" | "to") => stand_in(),
        (Slots::Children, "children") if value.is_array() => json!([]),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operation_is_listed_with_its_children() {
        let mut names = BTreeSet::new();
        for seed in 0..200 {
            let mut open = vec![crate::testing::random_dna(seed).root_node];
            while let Some(node) = open.pop() {
                names.insert(node.op());
                let (_, slots, _) = OPERATIONS
                    .iter()
                    .find(|(name, ..)| *name == node.op())
                    .expect("every operation is listed");
                for (slot, child) in node.children() {
                    let listed = match slot {
                        ChildSlot::Child => matches!(slots, Slots::Child),
                        ChildSlot::Children(_) => matches!(slots, Slots::Children),
                        ChildSlot::From | ChildSlot::To => matches!(slots, Slots::FromTo),
                    };
                    assert!(listed, "{} {slot}", node.op());
                    open.push(child.clone());
                }
            }
        }
        assert_eq!(names, OPERATIONS.iter().map(|(name, ..)| *name).collect());
    }
}
