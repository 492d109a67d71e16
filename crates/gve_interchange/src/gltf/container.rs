//! The two parts of a glTF file: JSON and bytes.

use serde_json::Value;

use crate::{
    bytes::Bytes,
    error::{Place, ReadError},
    format::Format,
};

const MAGIC: [u8; 4] = *b"glTF";
const JSON: u32 = u32::from_le_bytes(*b"JSON");
const BINARY: u32 = u32::from_le_bytes(*b"BIN\0");

/// A file taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) json: &'a [u8],
    /// Where the JSON starts.
    pub(super) at: u64,
    pub(super) binary: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    /// A `.glb`, or JSON alone.
    pub(super) fn of(file: &'a [u8]) -> Result<Self, ReadError> {
        if !file.starts_with(&MAGIC) {
            if file.trim_ascii_start().starts_with(b"{") {
                return Ok(Self { json: file, at: 0, binary: None });
            }
            return Err(ReadError::foreign(Format::Gltf, "\"glTF\" or JSON", file));
        }
        let format = Format::Glb;
        let mut bytes = Bytes::of_file(format, file);
        bytes.take(4, "head")?;
        let version = bytes.u32("version")?;
        if version != 2 {
            return Err(ReadError::unsupported(format, Place::Byte(4), "version", 2, version));
        }
        let length = u64::from(bytes.u32("length")?);
        if length > file.len() as u64 {
            let found = format!("{} bytes", file.len());
            let kind = crate::ReadErrorKind::Truncated;
            return Err(ReadError::new(
                kind,
                format,
                Place::Byte(8),
                "length",
                format!("{length} bytes"),
                found,
            ));
        }
        if length < file.len() as u64 {
            let found = format!("{} bytes", file.len());
            return Err(ReadError::invalid(
                format,
                Place::Byte(8),
                "length",
                format!("{length} bytes"),
                found,
            ));
        }
        let mut chunk = |what: &str| -> Result<(u32, u64, &'a [u8]), ReadError> {
            let length = bytes.u32(what)?;
            let kind = bytes.u32(what)?;
            let Place::Byte(at) = bytes.place() else { return Ok((kind, 0, &[])) };
            Ok((kind, at, bytes.take(u64::from(length), what)?))
        };
        let (kind, at, json) = chunk("JSON chunk")?;
        if kind != JSON {
            let found = format!("{kind:#010x}");
            return Err(ReadError::invalid(
                format,
                Place::Byte(16),
                "kind of the first chunk",
                "JSON",
                found,
            ));
        }
        let is_more = (at + json.len() as u64) < length;
        let binary = if is_more { Some(chunk("binary chunk")?) } else { None };
        // Chunks of other kinds are to be ignored, and so is what comes behind the second one.
        let binary = binary.and_then(|(kind, _, binary)| (kind == BINARY).then_some(binary));
        Ok(Self { json, at, binary })
    }
}

/// Puts a `.glb` together.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    binary: Vec<u8>,
    views: Vec<Value>,
    accessors: Vec<Value>,
}

/// What the bytes of an accessor are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Vertices = 34_962,
    Indices = 34_963,
}

impl Builder {
    /// Adds bytes, and says which view they are.
    pub(crate) fn view(&mut self, bytes: impl IntoIterator<Item = u8>, target: Target) -> usize {
        let start = self.binary.len();
        self.binary.extend(bytes);
        let length = self.binary.len() - start;
        self.binary.resize(self.binary.len().next_multiple_of(4), 0);
        self.views.push(serde_json::json!({
            "buffer": 0, "byteOffset": start, "byteLength": length, "target": target as u32,
        }));
        self.views.len() - 1
    }

    /// Adds an accessor, and says which one it is.
    pub(crate) fn accessor(&mut self, accessor: Value) -> usize {
        self.accessors.push(accessor);
        self.accessors.len() - 1
    }

    /// Adds float vectors of `N` numbers.
    pub(crate) fn floats<const N: usize>(&mut self, values: &[[f32; N]], bounded: bool) -> usize {
        let view = self.view(values.as_flattened().iter().flat_map(|c| c.to_le_bytes()), Target::Vertices);
        let kind = ["SCALAR", "VEC2", "VEC3", "VEC4"][N - 1];
        let mut accessor = serde_json::json!({
            "bufferView": view, "componentType": 5126, "count": values.len(), "type": kind,
        });
        if bounded {
            let extreme = |pick: fn(f32, f32) -> f32| -> Vec<f32> {
                (0..N).map(|i| values.iter().map(|v| v[i]).reduce(pick).unwrap_or(0.0)).collect()
            };
            accessor["min"] = serde_json::json!(extreme(f32::min));
            accessor["max"] = serde_json::json!(extreme(f32::max));
        }
        self.accessor(accessor)
    }

    /// The file, with a document that has everything but the lists of accessors, views and buffers. `None`
    /// beyond the 4 GiB that a file may have.
    pub(crate) fn finish(self, mut document: Value) -> Option<Vec<u8>> {
        let Self { binary, views, accessors } = self;
        document["accessors"] = Value::Array(accessors);
        document["bufferViews"] = Value::Array(views);
        document["buffers"] = serde_json::json!([{"byteLength": binary.len()}]);
        let mut json = document.to_string().into_bytes();
        json.resize(json.len().next_multiple_of(4), b' ');
        let length = u32::try_from(12 + 8 + json.len() + 8 + binary.len()).ok()?;
        let mut file = Vec::with_capacity(length as usize);
        file.extend_from_slice(&MAGIC);
        let number = |number: u32, file: &mut Vec<u8>| file.extend_from_slice(&number.to_le_bytes());
        number(2, &mut file);
        number(length, &mut file);
        number(json.len() as u32, &mut file);
        number(JSON, &mut file);
        file.extend_from_slice(&json);
        number(binary.len() as u32, &mut file);
        number(BINARY, &mut file);
        file.extend_from_slice(&binary);
        Some(file)
    }
}
