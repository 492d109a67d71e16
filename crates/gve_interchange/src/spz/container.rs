//! What holds the attributes: one gzip stream (versions 1 to 3), or a zstd stream for each (version 4).

use std::io::{Read, Write as _};

use flate2::{Compression, bufread::GzDecoder, write::GzEncoder};
use ruzstd::{
    decoding::StreamingDecoder,
    encoding::{CompressionLevel, compress_to_vec},
};

use super::{
    attributes::{Attributes, Head},
    most_unpacked,
};
use crate::{
    bytes::Bytes,
    error::{Place, ReadError, ReadErrorKind},
    format::Format,
};

const MAGIC: [u8; 4] = *b"NGSP";
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ANTIALIASED: u8 = 1;
const EXTENSIONS: u8 = 2;
/// The extension that names the axes; its payload is a number.
const AXES_EXTENSION: u32 = 0xadbe_0003;
/// The number of the axes that the format has by itself.
const RIGHT_UP_BACK: u32 = 4;
/// Most bytes of extensions behind the attributes of versions 1 to 3.
const MAX_EXTENSION_BYTES: u64 = 1 << 20;
/// Bytes of the head of versions 1 to 3.
const OLD_HEAD: u64 = 16;

fn invalid(
    place: Place,
    what: &str,
    expected: impl std::fmt::Display,
    found: impl std::fmt::Display,
) -> ReadError {
    ReadError::invalid(Format::Spz, place, what, expected, found)
}

/// Takes a file apart.
pub(super) fn read(file: &[u8]) -> Result<Attributes, ReadError> {
    if file.starts_with(&MAGIC) {
        read_zstd(file)
    } else if file.starts_with(&GZIP) {
        read_gzip(file)
    } else {
        Err(ReadError::foreign(Format::Spz, "gzip data or \"NGSP\"", file))
    }
}

/// Whether a file that begins like this is one of packed splats.
pub(super) fn looks_like(start: &[u8]) -> bool {
    let mut head = [0; 4];
    start.starts_with(&MAGIC) || GzDecoder::new(start).read_exact(&mut head).is_ok() && head == MAGIC
}

fn read_gzip(file: &[u8]) -> Result<Attributes, ReadError> {
    let mut decoder = GzDecoder::new(file);
    let failed = |error: std::io::Error, at: usize| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            let (kind, place) = (ReadErrorKind::Truncated, Place::Unpacked(at as u64));
            ReadError::new(kind, Format::Spz, place, "gzip data", "more of it", "the end of the file")
        }
        _ => invalid(Place::Unpacked(at as u64), "gzip data", "a whole stream", error),
    };
    let mut bytes = Vec::new();
    decoder.by_ref().take(OLD_HEAD).read_to_end(&mut bytes).map_err(|error| failed(error, 0))?;
    if !bytes.starts_with(&MAGIC) {
        let found: Vec<_> = bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let found = format!("the bytes {}", found.join(" "));
        let place = Place::Unpacked(0);
        return Err(ReadError::new(
            ReadErrorKind::Foreign,
            Format::Spz,
            place,
            "gzip data",
            "\"NGSP\"",
            found,
        ));
    }
    let (head, flags) = old_head(&bytes)?;
    let size = OLD_HEAD + head.sizes().iter().sum::<u64>();
    let most = most_unpacked(file.len() as u64);
    if size > most {
        let expected = format!("at most {most} bytes of them in a file of {}", file.len());
        let place = Place::Unpacked(8);
        let found = format!("{size} bytes for {} splats", head.splats);
        return Err(ReadError::new(
            ReadErrorKind::TooLarge,
            Format::Spz,
            place,
            "attributes",
            expected,
            found,
        ));
    }
    // Grows with what is there, not with what was announced. One byte more tells the end from too much.
    let extra = if flags & EXTENSIONS == 0 { 0 } else { MAX_EXTENSION_BYTES };
    let left = size - OLD_HEAD + extra + 1;
    let result = decoder.by_ref().take(left).read_to_end(&mut bytes);
    result.map_err(|error| failed(error, bytes.len()))?;
    let mut unpacked = Bytes::unpacked(Format::Spz, &bytes);
    unpacked.take(OLD_HEAD, "head")?;
    let attributes = Attributes::take(head, &mut unpacked)?;
    if flags & EXTENSIONS == 0 {
        unpacked.end()?;
    } else {
        if unpacked.rest().len() as u64 > MAX_EXTENSION_BYTES {
            let expected = format!("at most {MAX_EXTENSION_BYTES} bytes");
            return Err(ReadError::new(
                ReadErrorKind::TooLarge,
                Format::Spz,
                unpacked.place(),
                "extensions",
                expected,
                "more",
            ));
        }
        extensions(unpacked)?;
    }
    let behind = decoder.into_inner().len();
    if behind > 0 {
        let place = Place::Byte((file.len() - behind) as u64);
        return Err(invalid(place, "end", "the end of the file", format!("{behind} more bytes")));
    }
    Ok(attributes)
}

fn old_head(bytes: &[u8]) -> Result<(Head, u8), ReadError> {
    let mut bytes = Bytes::unpacked(Format::Spz, bytes);
    bytes.take(4, "head")?;
    let version = bytes.u32("version")?;
    if !(1..=3).contains(&version) {
        let place = Place::Unpacked(4);
        return Err(ReadError::unsupported(Format::Spz, place, "version", "1 to 3 in gzip data", version));
    }
    let place = bytes.place();
    let splats = bytes.u32("number of splats")?;
    let (degree, fractional_bits) = (bytes.u8("degree")?, bytes.u8("fractional bits")?);
    let flags = bytes.u8("flags")?;
    bytes.u8("reserved byte")?;
    let head = Head { version, splats, degree, fractional_bits, antialiased: flags & ANTIALIASED != 0 };
    head.check(&place)?;
    Ok((head, flags))
}

fn read_zstd(file: &[u8]) -> Result<Attributes, ReadError> {
    let mut bytes = Bytes::of_file(Format::Spz, file);
    bytes.take(4, "head")?;
    let version = bytes.u32("version")?;
    if version != 4 {
        let place = Place::Byte(4);
        return Err(ReadError::unsupported(
            Format::Spz,
            place,
            "version",
            "4 in a file without gzip",
            version,
        ));
    }
    let place = bytes.place();
    let splats = bytes.u32("number of splats")?;
    let (degree, fractional_bits) = (bytes.u8("degree")?, bytes.u8("fractional bits")?);
    let (flags, streams) = (bytes.u8("flags")?, bytes.u8("number of streams")?);
    let table = bytes.u32("place of the table")?;
    bytes.take(12, "reserved bytes")?;
    let head = Head { version, splats, degree, fractional_bits, antialiased: flags & ANTIALIASED != 0 };
    head.check(&place)?;
    let sizes = head.sizes();
    let expected = sizes.iter().filter(|size| **size > 0).count();
    if usize::from(streams) != expected {
        let expected = format!("{expected} for splats of degree {degree}");
        return Err(invalid(Place::Byte(15), "number of streams", expected, streams));
    }
    let between = u64::from(table)
        .checked_sub(32)
        .ok_or_else(|| invalid(Place::Byte(16), "place of the table", "32 or more", table))?;
    let records = bytes.take(between, "extensions")?;
    if flags & EXTENSIONS != 0 {
        extensions(Bytes::of_file(Format::Spz, records))?;
    }
    let most = most_unpacked(file.len() as u64);
    if sizes.iter().sum::<u64>() > most {
        let expected = format!("at most {most} bytes of them in a file of {}", file.len());
        let found = format!("{} bytes for {splats} splats", sizes.iter().sum::<u64>());
        return Err(ReadError::new(
            ReadErrorKind::TooLarge,
            Format::Spz,
            place,
            "attributes",
            expected,
            found,
        ));
    }
    let mut packed_sizes = [0; 6];
    for (packed, size) in packed_sizes.iter_mut().zip(sizes).filter(|(_, size)| *size > 0) {
        *packed = bytes.u64("table of streams")?;
        let place = bytes.place();
        let unpacked = bytes.u64("table of streams")?;
        if unpacked != size {
            return Err(invalid(
                place,
                "unpacked size of a stream",
                format!("{size} for {splats} splats"),
                unpacked,
            ));
        }
    }
    let mut unpacked: [Vec<u8>; 6] = Default::default();
    for (stream, (packed, size)) in unpacked.iter_mut().zip(packed_sizes.into_iter().zip(sizes)) {
        if size > 0 {
            let place = bytes.place();
            *stream = unpack(bytes.take(packed, "stream")?, size, &place)?;
        }
    }
    bytes.end()?;
    Ok(Attributes { head, streams: unpacked })
}

/// Unpacks a zstd stream of a known size.
fn unpack(packed: &[u8], size: u64, place: &Place) -> Result<Vec<u8>, ReadError> {
    let failed = |error: String| invalid(place.clone(), "zstd data", "a whole stream", error);
    let mut decoder = StreamingDecoder::new(packed).map_err(|error| failed(error.to_string()))?;
    let mut bytes = Vec::new();
    // Grows with what is there, not with what was announced.
    let result = decoder.by_ref().take(size + 1).read_to_end(&mut bytes);
    result.map_err(|error| failed(error.to_string()))?;
    let behind = decoder.get_ref().len();
    if bytes.len() as u64 != size || behind > 0 {
        let found = format!("{} unpacked and {behind} behind them", bytes.len());
        return Err(invalid(place.clone(), "zstd data", format!("{size} bytes"), found));
    }
    Ok(bytes)
}

/// Looks through extensions, each a kind, a length and so many bytes, for one that changes what splats mean.
fn extensions(mut bytes: Bytes) -> Result<(), ReadError> {
    while !bytes.rest().is_empty() {
        let kind = bytes.u32("kind of an extension")?;
        let length = bytes.u32("length of an extension")?;
        let place = bytes.place();
        let payload = bytes.take(u64::from(length), "extension")?;
        if kind == AXES_EXTENSION && payload != RIGHT_UP_BACK.to_le_bytes() {
            let expected = "right, up, back (4)";
            let found = format!("the bytes {payload:02x?}");
            let found = found.chars().take(80).collect::<String>();
            return Err(ReadError::unsupported(Format::Spz, place, "axes", expected, found));
        }
    }
    Ok(())
}

/// A gzip stream of all attributes: versions 1 to 3.
pub(super) fn write_gzip(attributes: &Attributes) -> Vec<u8> {
    let head = &attributes.head;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let mut put = |bytes: &[u8]| {
        // Writing to memory does not fail.
        let _ = encoder.write_all(bytes);
    };
    put(&MAGIC);
    put(&head.version.to_le_bytes());
    put(&head.splats.to_le_bytes());
    put(&[head.degree, head.fractional_bits, u8::from(head.antialiased), 0]);
    attributes.streams.iter().for_each(|stream| put(stream));
    encoder.finish().unwrap_or_default()
}

/// A zstd stream for each attribute: version 4.
pub(super) fn write_zstd(attributes: &Attributes) -> Vec<u8> {
    let head = &attributes.head;
    let streams: Vec<&Vec<u8>> = attributes.streams.iter().filter(|stream| !stream.is_empty()).collect();
    let packed: Vec<Vec<u8>> =
        streams.iter().map(|stream| compress_to_vec(stream.as_slice(), CompressionLevel::Fastest)).collect();
    let mut file = Vec::new();
    file.extend_from_slice(&MAGIC);
    file.extend_from_slice(&head.version.to_le_bytes());
    file.extend_from_slice(&head.splats.to_le_bytes());
    let flags = u8::from(head.antialiased);
    file.extend_from_slice(&[head.degree, head.fractional_bits, flags, packed.len() as u8]);
    file.extend_from_slice(&32_u32.to_le_bytes());
    file.extend_from_slice(&[0; 12]);
    for (stream, packed) in streams.iter().zip(&packed) {
        file.extend_from_slice(&(packed.len() as u64).to_le_bytes());
        file.extend_from_slice(&(stream.len() as u64).to_le_bytes());
    }
    packed.iter().for_each(|packed| file.extend_from_slice(packed));
    file
}
