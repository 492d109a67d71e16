//! As much of a glTF document as splats need.

use std::{borrow::Cow, collections::BTreeMap};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::Value;

use super::{Resolve, container::Parts, invalid, unsupported};
use crate::error::{Place, ReadError, quoted};
use crate::format::Format;

/// A glTF document; unknown fields are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    pub(super) asset: Asset,
    pub(super) scene: Option<usize>,
    #[serde(default)]
    pub(super) scenes: Vec<Scene>,
    #[serde(default)]
    pub(super) nodes: Vec<Node>,
    #[serde(default)]
    pub(super) meshes: Vec<Mesh>,
    #[serde(default)]
    pub(super) accessors: Vec<Accessor>,
    #[serde(default)]
    pub(super) buffer_views: Vec<BufferView>,
    #[serde(default)]
    buffers: Vec<Buffer>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asset {
    version: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Scene {
    #[serde(default)]
    pub(super) nodes: Vec<usize>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Node {
    #[serde(default)]
    pub(super) children: Vec<usize>,
    pub(super) mesh: Option<usize>,
    pub(super) matrix: Option<[f32; 16]>,
    pub(super) translation: Option<[f32; 3]>,
    pub(super) rotation: Option<[f32; 4]>,
    pub(super) scale: Option<[f32; 3]>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Mesh {
    #[serde(default)]
    pub(super) primitives: Vec<Primitive>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Primitive {
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, usize>,
    pub(super) mode: Option<u32>,
    #[serde(default)]
    pub(super) extensions: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Accessor {
    pub(super) buffer_view: Option<usize>,
    #[serde(default)]
    pub(super) byte_offset: u64,
    pub(super) component_type: u32,
    #[serde(default)]
    pub(super) normalized: bool,
    pub(super) count: u64,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) sparse: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BufferView {
    pub(super) buffer: usize,
    #[serde(default)]
    pub(super) byte_offset: u64,
    pub(super) byte_length: u64,
    pub(super) byte_stride: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Buffer {
    uri: Option<String>,
    byte_length: u64,
}

impl Document {
    /// Reads the JSON of a file.
    pub(super) fn parse(parts: &Parts) -> Result<Self, ReadError> {
        let document: Self = serde_json::from_slice(parts.json).map_err(|error| {
            let at = error_place(parts, &error);
            ReadError::invalid(Format::Gltf, at, "JSON", "a glTF document", error)
        })?;
        if !document.asset.version.starts_with("2.") {
            return Err(unsupported("asset.version", "version", "2.x", quoted(&document.asset.version)));
        }
        Ok(document)
    }

    /// The bytes of every buffer, each as long as the document says.
    pub(super) fn buffers<'a>(
        &self,
        parts: &Parts<'a>,
        resolve: &mut Resolve,
    ) -> Result<Vec<Cow<'a, [u8]>>, ReadError> {
        let one = |(i, buffer): (usize, &Buffer)| {
            let path = format!("buffers[{i}]");
            let mut bytes = match (&buffer.uri, parts.binary) {
                (None, Some(binary)) if i == 0 => Cow::Borrowed(binary),
                (None, _) => return Err(invalid(path, "uri", "one, or the binary chunk of a .glb", "none")),
                (Some(uri), _) => match uri.strip_prefix("data:") {
                    Some(data) => Cow::Owned(decode(&path, data)?),
                    None => Cow::Owned(resolve(uri).map_err(|why| {
                        invalid(path.clone(), "uri", "bytes", format!("{}: {why}", quoted(uri)))
                    })?),
                },
            };
            match usize::try_from(buffer.byte_length) {
                // A binary chunk may be longer by what rounds it up.
                Ok(length) if length <= bytes.len() => match &mut bytes {
                    Cow::Borrowed(bytes) => *bytes = &bytes[..length],
                    Cow::Owned(bytes) => bytes.truncate(length),
                },
                _ => {
                    let expected = format!("{} bytes", buffer.byte_length);
                    return Err(invalid(path, "length", expected, bytes.len()));
                }
            }
            Ok(bytes)
        };
        self.buffers.iter().enumerate().map(one).collect()
    }
}

fn error_place(parts: &Parts, error: &serde_json::Error) -> Place {
    // What serde counts, in lines and columns, is a byte of the file where there is one line.
    match error.line() {
        1 => Place::Byte(parts.at + (error.column() as u64).saturating_sub(1)),
        line => Place::Line(line as u64),
    }
}

/// The bytes of a URI that holds them: `application/octet-stream;base64,…`.
fn decode(path: &str, data: &str) -> Result<Vec<u8>, ReadError> {
    let text = match data.split_once(',') {
        Some((kind, text)) if kind.ends_with(";base64") => text,
        _ => return Err(unsupported(path, "uri", "data in base64", quoted(data))),
    };
    BASE64_STANDARD.decode(text).map_err(|error| invalid(path, "uri", "data in base64", error))
}
