//! The text at the start of a PLY file.

use crate::{
    error::{Place, ReadError, ReadErrorKind, quoted},
    format::Format,
};

/// Most bytes of a header.
const MAX_HEADER_BYTES: usize = 64 << 10;
/// Most elements, and most properties of one.
const MAX_ENTRIES: usize = 256;

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Ascii,
    Little,
    Big,
}

/// A type of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    F32,
    F64,
}

impl Scalar {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "char" | "int8" => Self::I8,
            "uchar" | "uint8" => Self::U8,
            "short" | "int16" => Self::I16,
            "ushort" | "uint16" => Self::U16,
            "int" | "int32" => Self::I32,
            "uint" | "uint32" => Self::U32,
            "float" | "float32" => Self::F32,
            "double" | "float64" => Self::F64,
            _ => return None,
        })
    }

    pub(super) fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// The number at the start of the bytes; 0 where there are too few.
    pub(super) fn get(self, bytes: &[u8], encoding: Encoding) -> f64 {
        let mut first = [0; 8];
        let size = self.size();
        let Some(bytes) = bytes.get(..size) else { return 0.0 };
        first[..size].copy_from_slice(bytes);
        if encoding == Encoding::Big {
            first[..size].reverse();
        }
        let whole = u64::from_le_bytes(first);
        match self {
            Self::I8 => f64::from(whole as i8),
            Self::U8 => f64::from(whole as u8),
            Self::I16 => f64::from(whole as i16),
            Self::U16 => f64::from(whole as u16),
            Self::I32 => f64::from(whole as i32),
            Self::U32 => f64::from(whole as u32),
            Self::F32 => f64::from(f32::from_bits(whole as u32)),
            Self::F64 => f64::from_bits(whole),
        }
    }
}

/// What a property holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    One(Scalar),
    List { count: Scalar, item: Scalar },
}

#[derive(Debug, Clone)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) count: u64,
    pub(super) properties: Vec<Property>,
    /// The line that names it.
    pub(super) line: u64,
}

impl Element {
    /// Bytes of one of them in a binary file, if all have as many.
    pub(super) fn stride(&self) -> Option<u64> {
        self.properties.iter().try_fold(0, |sum, property| match property.kind {
            Kind::One(scalar) => Some(sum + scalar.size() as u64),
            Kind::List { .. } => None,
        })
    }
}

#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) encoding: Encoding,
    pub(super) elements: Vec<Element>,
    /// Where the header ends.
    pub(super) bytes: usize,
    /// Its lines.
    pub(super) lines: u64,
}

fn invalid(line: u64, what: &str, expected: &str, found: &str) -> ReadError {
    ReadError::invalid(Format::Ply, Place::Line(line), what, expected, quoted(found))
}

impl Header {
    pub(super) fn parse(file: &[u8]) -> Result<Self, ReadError> {
        if !(file.starts_with(b"ply\n") || file.starts_with(b"ply\r")) {
            return Err(ReadError::foreign(Format::Ply, "\"ply\" on a line of its own", file));
        }
        let text = file.get(..MAX_HEADER_BYTES).unwrap_or(file);
        let mut encoding = None;
        let mut elements: Vec<Element> = Vec::new();
        let (mut at, mut number) = (0, 0);
        loop {
            let rest = text.get(at..).unwrap_or_default();
            let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
                let found = format!("none in {} bytes", text.len());
                let place = Place::Line(number + 1);
                return Err(if text.len() < file.len() {
                    ReadError::invalid(Format::Ply, place, "header", "a line \"end_header\"", found)
                } else {
                    let kind = ReadErrorKind::Truncated;
                    ReadError::new(kind, Format::Ply, place, "header", "a line \"end_header\"", found)
                });
            };
            at += end + 1;
            number += 1;
            let line = String::from_utf8_lossy(rest.get(..end).unwrap_or_default());
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            match words.as_slice() {
                [] | ["ply"] | ["comment" | "obj_info", ..] => {}
                ["format", name, _version] => {
                    let named = match *name {
                        "ascii" => Encoding::Ascii,
                        "binary_little_endian" => Encoding::Little,
                        "binary_big_endian" => Encoding::Big,
                        other => {
                            let expected = "ascii, binary_little_endian or binary_big_endian";
                            return Err(invalid(number, "format", expected, other));
                        }
                    };
                    encoding = Some(named);
                }
                ["element", name, count] => {
                    let Ok(count) = count.parse() else {
                        return Err(invalid(number, "number of elements", "a whole number", count));
                    };
                    if elements.len() == MAX_ENTRIES {
                        return Err(invalid(number, "elements", "at most 256", name));
                    }
                    elements.push(Element {
                        name: (*name).to_owned(),
                        count,
                        properties: Vec::new(),
                        line: number,
                    });
                }
                ["property", types @ .., name] => {
                    let Some(element) = elements.last_mut() else {
                        return Err(invalid(number, "property", "an element before it", &line));
                    };
                    if element.properties.len() == MAX_ENTRIES {
                        return Err(invalid(number, "properties", "at most 256", name));
                    }
                    let kind = kind(types)
                        .ok_or_else(|| invalid(number, "property", "one of PLY's types", &line))?;
                    element.properties.push(Property { name: (*name).to_owned(), kind });
                }
                ["end_header"] => break,
                _ => return Err(invalid(number, "header", "a line of a PLY header", &line)),
            }
        }
        let Some(encoding) = encoding else {
            return Err(ReadError::invalid(
                Format::Ply,
                Place::Line(2),
                "header",
                "a line \"format …\"",
                "none",
            ));
        };
        Ok(Self { encoding, elements, bytes: at, lines: number })
    }

    /// The element with the splats: its place in the list, and how many there are.
    pub(super) fn splats(&self) -> Result<(usize, u64), ReadError> {
        let found = self.elements.iter().enumerate().find(|(_, element)| element.name == "vertex");
        match found {
            Some((at, element)) => Ok((at, element.count)),
            None => {
                let place = Place::Line(self.lines);
                let expected = "an element \"vertex\" with the splats";
                Err(ReadError::invalid(Format::Ply, place, "elements", expected, "none of that name"))
            }
        }
    }
}

fn kind(types: &[&str]) -> Option<Kind> {
    match types {
        [one] => Scalar::named(one).map(Kind::One),
        ["list", count, item] => {
            let count = Scalar::named(count).filter(|count| !matches!(count, Scalar::F32 | Scalar::F64))?;
            Some(Kind::List { count, item: Scalar::named(item)? })
        }
        _ => None,
    }
}
