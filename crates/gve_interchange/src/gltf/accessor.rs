//! Numbers in buffers.

use std::borrow::Cow;

use super::{document::Document, invalid, json, unsupported};
use crate::{
    cloud::check_count,
    error::{ReadError, quoted},
    format::Format,
};

/// A type of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Component {
    I8 = 5120,
    U8 = 5121,
    I16 = 5122,
    U16 = 5123,
    F32 = 5126,
}

impl Component {
    fn of(number: u32) -> Option<Self> {
        [Self::I8, Self::U8, Self::I16, Self::U16, Self::F32].into_iter().find(|c| *c as u32 == number)
    }

    fn size(self) -> u64 {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::F32 => 4,
        }
    }

    /// The number at the start of the bytes; normalized ones are shares of the largest.
    fn get(self, bytes: &[u8], normalized: bool) -> f32 {
        let byte = |i: usize| bytes.get(i).copied().unwrap_or(0);
        let (number, most) = match self {
            Self::I8 => (f32::from(byte(0) as i8), 127.0),
            Self::U8 => (f32::from(byte(0)), 255.0),
            Self::I16 => (f32::from(i16::from_le_bytes([byte(0), byte(1)])), 32_767.0),
            Self::U16 => (f32::from(u16::from_le_bytes([byte(0), byte(1)])), 65_535.0),
            Self::F32 => return f32::from_le_bytes([byte(0), byte(1), byte(2), byte(3)]),
        };
        if normalized { (number / most).max(-1.0) } else { number }
    }
}

/// An accessor whose bytes are all there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers<'a> {
    bytes: &'a [u8],
    component: Component,
    normalized: bool,
    stride: usize,
    pub(super) count: usize,
}

impl<'a> Numbers<'a> {
    /// Finds an accessor of a type, such as `VEC3`, with its components.
    pub(super) fn find(
        document: &Document,
        buffers: &'a [Cow<[u8]>],
        index: usize,
        kind: &str,
    ) -> Result<Self, ReadError> {
        let path = format!("accessors[{index}]");
        let Some(accessor) = document.accessors.get(index) else {
            return Err(invalid(path, "accessor", format!("{} of them", document.accessors.len()), index));
        };
        if accessor.kind != kind {
            return Err(invalid(path, "type", kind, quoted(&accessor.kind)));
        }
        let Some(component) = Component::of(accessor.component_type) else {
            let expected = "5120, 5121, 5122, 5123 or 5126";
            return Err(invalid(path, "componentType", expected, accessor.component_type));
        };
        if accessor.sparse.is_some() {
            return Err(unsupported(path, "sparse", "none", "one"));
        }
        let Some(view_index) = accessor.buffer_view else {
            return Err(unsupported(path, "bufferView", "one", "none: all numbers are 0"));
        };
        check_count(Format::Gltf, json(path.clone()), accessor.count)?;
        let view_path = format!("bufferViews[{view_index}]");
        let Some(view) = document.buffer_views.get(view_index) else {
            return Err(invalid(
                view_path,
                "view",
                format!("{} of them", document.buffer_views.len()),
                view_index,
            ));
        };
        let Some(buffer) = buffers.get(view.buffer) else {
            return Err(invalid(view_path, "buffer", format!("one of {}", buffers.len()), view.buffer));
        };
        let Some(in_view) = slice(buffer, view.byte_offset, view.byte_length) else {
            let expected = format!("bytes of a buffer of {}", buffer.len());
            let found = format!("{} from {} on", view.byte_length, view.byte_offset);
            return Err(invalid(view_path, "view", expected, found));
        };
        let components = match kind {
            "SCALAR" => 1,
            "VEC3" => 3,
            _ => 4,
        };
        let size = components * component.size();
        let stride = view.byte_stride.unwrap_or(size);
        if stride < size || stride > 252 {
            return Err(invalid(view_path, "byteStride", format!("{size} to 252"), stride));
        }
        // The last one need not be followed by what divides it from a next one.
        let bytes = match accessor.count.checked_sub(1) {
            Some(before) => slice(in_view, accessor.byte_offset, before * stride + size),
            None => Some(&[][..]),
        };
        let Some(bytes) = bytes else {
            let expected = format!("elements in a view of {} bytes", in_view.len());
            let found = format!("{} of {stride} bytes from {} on", accessor.count, accessor.byte_offset);
            return Err(invalid(path, "count", expected, found));
        };
        Ok(Self {
            bytes,
            component,
            normalized: accessor.normalized,
            stride: stride as usize,
            // At most as many as there are bytes.
            count: accessor.count as usize,
        })
    }

    /// Fails unless there are as many as of something else.
    pub(super) fn expect_count(&self, path: &str, count: usize) -> Result<(), ReadError> {
        if self.count == count { Ok(()) } else { Err(invalid(path, "count", count, self.count)) }
    }

    /// All vectors.
    pub(super) fn iter<const N: usize>(self) -> impl Iterator<Item = [f32; N]> + 'a {
        let size = self.component.size() as usize;
        self.bytes.chunks(self.stride).map(move |bytes| {
            std::array::from_fn(|i| {
                self.component.get(bytes.get(i * size..).unwrap_or_default(), self.normalized)
            })
        })
    }
}

fn slice(bytes: &[u8], offset: u64, length: u64) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    let end = usize::try_from(offset.checked_add(length)?).ok()?;
    bytes.get(start..end)
}
