//! Damaged, foreign and future files: always a typed error, never a panic, never a view out of bounds.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{golden, walk::walk};
use gve_assets::{AssetFile, OpenOptions, ReadError, Section, encode, layout};

const UNCHECKED: OpenOptions = OpenOptions { verify_crc: false, map: true };

fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes[60..64].fill(0);
    let crc = crc32c::crc32c(&bytes);
    bytes[60..64].copy_from_slice(&crc.to_le_bytes());
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
                assert!(matches!(error, ReadError::Invalid(_)), "{length}: {error}");
            }
        }
    }
}

#[test]
fn every_flipped_bit_is_an_error() {
    for (name, _) in golden::assets() {
        let mut bytes = golden::bytes(name);
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
                _ => assert!(matches!(error, ReadError::Checksum { .. }), "{bit}: {error}"),
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
fn every_byte_of_the_headers_set_to_the_extremes_leaves_every_view_in_bounds() {
    for (name, _) in golden::assets() {
        let bytes = golden::bytes(name);
        let header = *AssetFile::from_bytes(bytes.clone()).unwrap().header();
        let starts =
            [0, header.sdf_offset as usize, header.shell_offset as usize, header.metadata_offset as usize];
        for place in starts.into_iter().flat_map(|start| (start..start + 64).step_by(4)) {
            for value in [0, 1, 2, 255, 256, 511, 512, 0x7fff_ffff, 0x8000_0000, 0xffff_ff00, u32::MAX] {
                let mut bytes = bytes.clone();
                bytes[place..place + 4].copy_from_slice(&value.to_le_bytes());
                if let Ok(file) = AssetFile::from_bytes(with_checksum(bytes)) {
                    walk(&file);
                }
            }
        }
    }
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
    assert!(message.contains("reads format version 1, found version 7"), "{message}");
    assert!(message.contains("update the reader"), "{message}");
    // A later version may have any length, checksum or contents: its number alone decides.
    bytes.truncate(64);
    assert!(matches!(read_error(bytes), ReadError::Version { found: 7 }));
}

#[test]
fn sections_may_stand_in_any_order_but_not_on_each_other() {
    let bytes = golden::bytes("minimal");
    let header = *AssetFile::from_bytes(bytes.clone()).unwrap().header();
    // The audio patch once more behind the end: another order, nothing else changed.
    let mut moved = bytes.clone();
    moved.resize(moved.len().next_multiple_of(256), 0);
    let (start, end) = (header.audio_offset as usize, (header.audio_offset + header.audio_size) as usize);
    let behind = moved.len() as u32;
    moved.extend_from_slice(&bytes[start..end]);
    let length = moved.len() as u32;
    moved[20..24].copy_from_slice(&length.to_le_bytes());
    moved[48..52].copy_from_slice(&behind.to_le_bytes());
    let file = AssetFile::from_bytes(with_checksum(moved)).unwrap();
    assert_eq!(file.to_data(), common::minimal());

    let mut overlapping = bytes;
    overlapping[32..36].copy_from_slice(&header.sdf_offset.to_le_bytes());
    let error = AssetFile::from_bytes_with(overlapping, UNCHECKED).unwrap_err();
    assert!(
        matches!(&error, ReadError::Invalid(fault) if fault.section == Section::Splats
        || fault.section == Section::Header),
        "{error}"
    );
}

/// JSON is parsed by a library, but numbers, sizes and depth are ours to look at.
#[test]
fn metadata_that_is_wrong_is_told_apart() {
    let bytes = golden::bytes("minimal");
    let at = AssetFile::from_bytes(bytes.clone()).unwrap().header().metadata_offset as usize;
    let json = String::from_utf8(bytes[at + 4..].to_vec()).unwrap();
    let with = |json: &str| {
        let mut bytes = bytes[..at].to_vec();
        bytes.extend_from_slice(&(json.len() as u32).to_le_bytes());
        bytes.extend_from_slice(json.as_bytes());
        let length = bytes.len() as u32;
        bytes[20..24].copy_from_slice(&length.to_le_bytes());
        read_error(with_checksum(bytes)).to_string()
    };
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
        (replaced("false", "true"), "splats_trained: expected false, as the header's flag says"),
        (replaced("\"name\":", "\"colour\":3,\"name\":"), "unknown field `colour`"),
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
