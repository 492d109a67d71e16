//! Damaged, foreign and future files: always a typed error, never a panic, never a view out of bounds.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{golden, seal::seal, walk::walk};
use gve_assets::{AssetFile, OpenOptions, ReadError, Section, encode, layout};

const UNCHECKED: OpenOptions = OpenOptions { verify_crc: false, map: true };

fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    seal(&mut bytes);
    bytes
}

fn read_error(bytes: Vec<u8>) -> ReadError {
    AssetFile::from_bytes(bytes).unwrap_err()
}

#[test]
fn every_truncation_is_an_error() {
    for (name, _) in golden::assets() {
        let bytes = golden::bytes(name);
        for length in 0..bytes.len() {
            let error = read_error(bytes[..length].to_vec());
            match length {
                0..4 => assert!(matches!(error, ReadError::Foreign { .. }), "{length}: {error}"),
                _ => assert!(matches!(error, ReadError::Length { .. }), "{length}: {error}"),
            }
            // The length in the header made to agree: the sections no longer fit.
            if length >= 64 {
                let mut bytes = bytes[..length].to_vec();
                bytes[20..24].copy_from_slice(&(length as u32).to_le_bytes());
                let error = read_error(with_checksum(bytes));
                let wrong = matches!(error, ReadError::Invalid(_) | ReadError::Checksum { .. });
                assert!(wrong, "{length}: {error}");
            }
        }
    }
}

#[test]
fn every_flipped_bit_is_an_error() {
    for (name, _) in golden::assets() {
        let mut bytes = golden::bytes(name);
        let directory = gve_assets::Directory::from_prefix(&bytes).unwrap().unwrap();
        for bit in 0..8 * bytes.len() {
            let (place, mask) = (bit / 8, 1 << (bit % 8));
            bytes[place] ^= mask;
            let error = read_error(bytes.clone());
            match place {
                0..4 => assert!(matches!(error, ReadError::Foreign { .. }), "{bit}: {error}"),
                4..6 => assert!(matches!(error, ReadError::Version { .. }), "{bit}: {error}"),
                20..24 => {
                    let wrong = matches!(error, ReadError::Length { .. });
                    assert!(wrong, "{bit}: {error}");
                }
                // A number of sections that cannot be says nothing of where the checksum ends.
                64..68 => {
                    let wrong = matches!(error, ReadError::Checksum { .. } | ReadError::Invalid(_));
                    assert!(wrong, "{bit}: {error}");
                }
                _ => {
                    let found = matches!(error, ReadError::Checksum { .. } | ReadError::Padding { .. });
                    assert!(found, "{bit}: {error}");
                }
            }
            let section = directory.entries().iter().rev().find(|entry| place >= entry.offset as usize);
            if let Some(entry) = section {
                assert_eq!(error.section(), Some(entry.section()), "{bit}: {error}");
            }
            bytes[place] ^= mask;
        }
    }
}

#[test]
fn flipped_bits_that_the_checksum_does_not_show_leave_every_view_in_bounds() {
    let (mut accepted, mut refused) = (0, 0);
    for (name, _) in golden::assets() {
        let mut bytes = golden::bytes(name);
        for bit in 0..8 * bytes.len() {
            let (place, mask) = (bit / 8, 1 << (bit % 8));
            bytes[place] ^= mask;
            match AssetFile::from_bytes_with(bytes.clone(), UNCHECKED) {
                Ok(file) => {
                    accepted += 1;
                    walk(&file);
                    // What a reader accepts can be written again, and that is read the same.
                    if bit % 16 == 0 {
                        let data = file.to_data();
                        let again = AssetFile::from_bytes(encode(&data).unwrap()).unwrap();
                        assert_eq!(again.to_data(), data, "bit {bit} of {name}");
                    }
                }
                Err(error) => {
                    refused += 1;
                    assert!(error.section().is_some(), "bit {bit} of {name}: {error}");
                    assert!(error.offset().unwrap() <= bytes.len() as u64, "bit {bit} of {name}: {error}");
                }
            }
            bytes[place] ^= mask;
        }
    }
    // Both happen a lot: a colour may be any, an offset may not.
    assert!(accepted > 1000 && refused > 1000, "{accepted} accepted, {refused} refused");
}

#[test]
fn every_number_of_the_headers_set_to_the_extremes_leaves_every_view_in_bounds() {
    let (mut accepted, mut refused) = (0, 0);
    for (name, _) in golden::assets() {
        let bytes = golden::bytes(name);
        let file = AssetFile::from_bytes(bytes.clone()).unwrap();
        let directory = file.directory();
        let entries = 80..80 + 24 * directory.entries().len();
        let starts = directory.entries().iter().map(|entry| entry.offset as usize);
        let fields = starts.flat_map(|start| start..start + 96).chain(0..64).chain(entries);
        for place in fields.step_by(4).filter(|place| place + 4 <= bytes.len()) {
            for value in [0, 1, 2, 7, 8, 255, 256, 511, 512, 0x7fff_ffff, 0x8000_0000, 0xffff_ff00, u32::MAX]
            {
                let mut bytes = bytes.clone();
                bytes[place..place + 4].copy_from_slice(&value.to_le_bytes());
                match AssetFile::from_bytes(with_checksum(bytes)) {
                    Ok(file) => {
                        accepted += 1;
                        walk(&file);
                    }
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert!(accepted > 100 && refused > 1000, "{accepted} accepted, {refused} refused");
}

#[test]
fn something_appended_is_an_error() {
    let mut bytes = golden::bytes("minimal");
    bytes.push(0);
    let error = read_error(bytes.clone());
    assert!(matches!(error, ReadError::Length { expected, found }
        if expected + 1 == found && found == bytes.len() as u64));
    assert!(error.to_string().contains("appended"), "{error}");
}

#[test]
fn foreign_files_are_named() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0".to_vec();
    assert_eq!(
        read_error(png).to_string(),
        "header section, byte 0: expected a .gve_bin file (magic \"GVE1\"), found a PNG image"
    );
    let recipe = b"{ \"dna_version\": 1, \"metadata\": {} }".to_vec();
    assert!(read_error(recipe).to_string().ends_with("found JSON, perhaps a recipe that was not baked yet"));
    assert!(read_error(Vec::new()).to_string().ends_with("found an empty file"));
    assert!(read_error(vec![0; 5000]).to_string().contains("found zeros"));
}

#[test]
fn a_file_of_a_future_version_says_both_versions() {
    let mut bytes = golden::bytes("minimal");
    bytes[4..6].copy_from_slice(&7_u16.to_le_bytes());
    let error = read_error(with_checksum(bytes.clone()));
    assert!(matches!(error, ReadError::Version { found: 7 }));
    let message = error.to_string();
    assert!(message.contains("reads format versions 1 to 2, found version 7"), "{message}");
    assert!(message.contains("update the reader"), "{message}");
    // A later version may have any length, checksum or contents: its number alone decides.
    bytes.truncate(64);
    assert!(matches!(read_error(bytes), ReadError::Version { found: 7 }));
}

/// The golden file with a section of a kind that nobody knows behind the others.
fn with_unknown_section(name: &str, kind: u32) -> Vec<u8> {
    let bytes = golden::bytes(name);
    let directory = gve_assets::Directory::from_prefix(&bytes).unwrap().unwrap();
    let count = directory.entries().len();
    let old_start = 80 + 24 * count;
    let shift = (old_start + 24).next_multiple_of(256) - old_start.next_multiple_of(256);
    let mut grown = bytes[..old_start].to_vec();
    grown.resize((old_start + 24).next_multiple_of(256), 0);
    grown.extend_from_slice(&bytes[old_start.next_multiple_of(256)..]);
    grown.resize(grown.len().next_multiple_of(256), 0);
    let offset = grown.len();
    grown.extend_from_slice(b"something that a later writer has to say");
    let mut put = |at: usize, value: usize| grown[at..at + 4].copy_from_slice(&(value as u32).to_le_bytes());
    for (i, entry) in directory.entries().iter().enumerate() {
        put(80 + 24 * i + 8, entry.offset as usize + shift);
    }
    for field in [24, 32, 40, 48, 56] {
        let place = u32::from_le_bytes(bytes[field..field + 4].try_into().unwrap());
        put(field, place as usize + shift);
    }
    let entry = old_start;
    for (field, value) in [kind as usize, 0, offset, 40, 0, 0].into_iter().enumerate() {
        put(entry + 4 * field, value);
    }
    put(64, count + 1);
    put(20, offset + 40);
    with_checksum(grown)
}

#[test]
fn sections_of_unknown_kinds_are_skipped_but_not_trusted() {
    for (name, asset) in golden::assets() {
        for kind in [layout::KIND_MODES, layout::KIND_APPEARANCE, 9, 1 << 31] {
            let mut bytes = with_unknown_section(name, kind);
            assert_eq!(AssetFile::from_bytes(bytes.clone()).unwrap().to_data(), asset);
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            let error = read_error(bytes);
            assert!(matches!(error, ReadError::Checksum { section: Section::Other(found), .. }
                if found == kind));
        }
        // A second section of a known kind is no unknown one.
        let error = read_error(with_unknown_section(name, layout::KIND_SPLATS));
        assert!(error.to_string().contains("a kind that was not there before"), "{error}");
        let error = read_error(with_unknown_section(name, layout::KIND_LEVEL));
        assert!(error.to_string().contains("behind the volume's head"), "{error}");
    }
}

#[test]
fn sections_follow_each_other_in_their_order() {
    let bytes = golden::bytes("minimal");
    let patched = |at: usize, value: u32| {
        let mut bytes = bytes.clone();
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        read_error(with_checksum(bytes)).to_string()
    };
    let entry = |section: usize, field: usize| 80 + 24 * section + 4 * field;
    let directory = gve_assets::Directory::from_prefix(&bytes).unwrap().unwrap();
    let [audio, volume, shell] = [1, 2, 5].map(|section| directory.entries()[section]);
    let says = |text: String| -> &'static str { text.leak() };
    for (message, expected) in [
        (patched(entry(0, 0), 2), "kind of section 0: expected 1, the metadata"),
        (patched(entry(1, 0), 9), "one of kind 2 among them"),
        (patched(entry(2, 0), 9), "behind the volume's head"),
        (patched(entry(3, 1), 1), "index of section 3: expected 0, found 1"),
        (patched(entry(4, 1), 1), "index of section 4: expected 0, found 1"),
        (
            patched(entry(1, 2), audio.offset + 256),
            says(format!("offset of section 1: expected {}, found {}", audio.offset, audio.offset + 256)),
        ),
        (patched(entry(4, 5), 1), "reserved of section 4: expected 0, found 1"),
        (
            patched(entry(5, 3), shell.size + 1),
            says(format!("end of section 5: expected {}, the file's length", bytes.len())),
        ),
        (patched(68, 1), "reserved: expected zeros"),
        (patched(64, 65), "sections: expected 1 to 64, found 65"),
        (patched(64, 0), "sections: expected 1 to 64, found 0"),
        (
            patched(24, 1024),
            says(format!("SDF offset: expected {}, as the directory says, found 1024", volume.offset)),
        ),
        (patched(28, 2048), "SDF size: expected 2304"),
        (patched(36, 5), "splat count: expected as many as 288 bytes hold, found 5"),
    ] {
        assert!(message.contains(expected), "{message}\nshould say: {expected}");
    }
}

#[test]
fn what_lies_between_arrays_and_sections_is_zero() {
    let bytes = golden::bytes("minimal");
    let patched = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] = 7;
        read_error(with_checksum(bytes))
    };
    assert!(matches!(
        patched(230),
        ReadError::Padding { section: Section::Directory, offset: 230, found: 7 }
    ));
    let directory = gve_assets::Directory::from_prefix(&bytes).unwrap().unwrap();
    let end = directory.entries()[1].end();
    assert!(matches!(patched(end as usize), ReadError::Padding { section: Section::Audio, offset, found: 7 }
        if offset == end));
    // Behind the one cell of level 0.
    let error = patched(directory.entries()[3].offset as usize + 8);
    assert_eq!(error.section(), Some(Section::Level(0)));
    assert!(error.to_string().contains("padding: expected 0, found 7"), "{error}");
}

/// JSON is parsed by a library, but numbers, sizes and depth are ours to look at.
#[test]
fn metadata_that_is_wrong_is_told_apart() {
    let bytes = golden::bytes("minimal");
    let file = AssetFile::from_bytes(bytes.clone()).unwrap();
    let entry = file.directory().entries()[0];
    let (at, next) = (entry.offset as usize, file.directory().entries()[1].offset as usize);
    let json = String::from_utf8(bytes[at + 4..entry.end() as usize].to_vec()).unwrap();
    let with = |json: &str| {
        let mut bytes = bytes[..at].to_vec();
        bytes.extend_from_slice(&(json.len() as u32).to_le_bytes());
        bytes.extend_from_slice(json.as_bytes());
        let size = (json.len() + 4) as u32;
        bytes.resize(bytes.len().next_multiple_of(256), 0);
        let shift = (bytes.len() as u32).wrapping_sub(next as u32);
        bytes.extend_from_slice(&golden::bytes("minimal")[next..]);
        let mut add = |at: usize, value: u32| {
            let old = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
            bytes[at..at + 4].copy_from_slice(&old.wrapping_add(value).to_le_bytes());
        };
        for field in [20, 24, 32, 40, 48].into_iter().chain((1..6).map(|i| 80 + 24 * i + 8)) {
            add(field, shift);
        }
        add(80 + 12, size.wrapping_sub(entry.size));
        AssetFile::from_bytes(with_checksum(bytes))
    };
    // Later writers may have more to say.
    let more = json.replacen("\"name\":", "\"colour\":{\"x\":[3]},\"name\":", 1);
    let more = more.replacen("\"scale\":", "\"pivot\":[1,2],\"scale\":", 1);
    assert_eq!(with(&more).unwrap().to_data(), common::minimal());
    let with = |json: &str| with(json).unwrap_err().to_string();
    let replaced = |from: &str, to: &str| {
        assert!(json.contains(from), "{from} in {json}");
        with(&json.replacen(from, to, 1))
    };
    for (message, expected) in [
        (replaced("513.8", "1e39"), "number out of range"),
        (replaced("513.8", "1e999"), "number out of range"),
        (replaced("513.8", "null"), "expected f32"),
        (replaced("\"dna_hash\":\"01", "\"dna_hash\":\"0"), "dna_hash: expected 64 hex digits"),
        (replaced("\"embedding\":[]", "\"embedding\":[1e39]"), "number out of range"),
        (replaced("[-0.25,-0.25,-0.25]", "[1,-0.25,-0.25]"), "expected min not above max"),
        (replaced("false", "true"), "splats_trained: expected false, as the header's refinement says"),
        (replaced("Ball", &"B".repeat(129)), "name: expected at most 128 bytes, found 129 bytes"),
        (with(&"[".repeat(100_000)), "JSON"),
        (with(""), "EOF while parsing"),
        (with(&json[..json.len() - 1]), "EOF while parsing"),
        (with("{}"), "missing field"),
    ] {
        assert!(message.starts_with("metadata section, byte "), "{message}");
        assert!(message.contains(expected), "{message}\nshould say: {expected}");
    }
}

#[test]
fn the_constants_are_those_of_the_documentation() {
    assert_eq!(layout::HEADER_BYTES, 64);
    assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
}
