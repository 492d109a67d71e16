//! Files of format version 1 stay readable: their golden files, and what damage does to them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{golden, seal::seal_v1, walk::walk};
use gve_assets::{
    AssetFile, BrickCell, Lookup, OpenOptions, ReadError, Refinement, VolumeView, encode, read_header,
    read_metadata,
};
use serde_json::{Value, json};

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(golden::v1_path(name)).unwrap()
}

fn twin(name: &str) -> Value {
    let path = golden::v1_path(name).with_extension("json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[test]
fn a_file_reads_as_what_its_twin_says() {
    for name in golden::V1_NAMES {
        let file = AssetFile::open(golden::v1_path(name)).unwrap();
        walk(&file);
        let twin = twin(name);
        assert_eq!((file.source_format_version(), file.header().format_version), (1, 2));
        assert_eq!(file.source_length(), bytes(name).len() as u64);
        let trained = twin["header"]["splats_trained"].as_bool().unwrap();
        let expected = if trained { Refinement::TrainedSplats } else { Refinement::Geometry };
        assert_eq!(file.header().refinement(), expected);
        assert_eq!(json!(file.header().asset_id), twin["header"]["asset_id"]);
        assert_eq!(json!(file.header().version), twin["header"]["version"]);
        // Everything but the volume and the metadata is what it was.
        let now: Value = serde_json::from_str(&golden::twin(&file.to_data())).unwrap();
        for part in ["splats", "shell", "audio_patch"] {
            assert_eq!(now[part], twin[part], "{part} of {name}");
        }
        for (field, value) in twin["metadata"].as_object().unwrap() {
            let found = &now["metadata"][field];
            // The error of the mass was not written yet.
            for (inner, value) in value.as_object().unwrap_or(&serde_json::Map::new()) {
                assert_eq!(&found[inner], value, "{field}.{inner} of {name}");
            }
            assert!(value.is_object() || found == value, "{field} of {name}");
        }
        let parts: Vec<_> = file.metadata().parts.iter().map(|part| part.material as usize).collect();
        assert_eq!(parts, (0..file.metadata().materials.len()).collect::<Vec<_>>());
        check_volume(&file.volume(), &twin);
    }
}

/// One level, whose bricks hold the samples of the twin's; a part for each material.
fn check_volume(volume: &VolumeView<'_>, twin: &Value) {
    let head = &twin["sdf"];
    assert_eq!(
        json!([volume.origin, volume.cell_size, volume.lipschitz, volume.bricks]),
        json!([head["origin"], head["cell_size"], head["lipschitz"], head["bricks"]])
    );
    assert_eq!(volume.levels().len(), 1);
    let level = &volume.levels()[0];
    let atlas = numbers(&head["atlas_bricks"]).iter().map(|&n| n as usize).collect::<Vec<_>>();
    let (distances, materials) = (numbers(&twin["distances"]), numbers(&twin["materials"]));
    let mut stored = 0;
    for (i, cell) in level.cells.iter().enumerate() {
        let old = &twin["grid"][i];
        let slot = old[0].as_u64().unwrap() as usize;
        if slot == BrickCell::EMPTY as usize {
            assert_eq!(cell.bound().map(f64::from), old[1].as_f64());
            continue;
        }
        stored += 1;
        assert!(cell.is_stored() && cell.group().is_none());
        assert_eq!(level.scales[cell.slot as usize], 1.0);
        let corner = [slot % atlas[0], slot / atlas[0] % atlas[1], slot / (atlas[0] * atlas[1])];
        for sample in 0..512_u32 {
            let local = [sample % 8, sample / 8 % 8, sample / 64];
            let old: [usize; 3] = std::array::from_fn(|axis| 8 * corner[axis] + local[axis] as usize);
            let old = old[0] + 8 * atlas[0] * (old[1] + 8 * atlas[1] * old[2]);
            let new = volume.texel(cell.slot, local);
            assert_eq!(f64::from(level.distances[new].to_f32()), distances[old]);
            assert_eq!(level.parts.get(new).map(f64::from), Some(materials[old]));
        }
    }
    assert_eq!(level.stored_bricks(), stored);
    let middle = volume.lookup([0.0; 3]);
    assert!(!matches!(middle, Lookup::Outside));
}

#[test]
fn headers_and_metadata_are_read_alone() {
    for name in golden::V1_NAMES {
        let file = AssetFile::open(golden::v1_path(name)).unwrap();
        let header = read_header(golden::v1_path(name)).unwrap();
        assert_eq!((header.format_version, header.refinement()), (1, file.header().refinement()));
        assert_eq!(read_metadata(golden::v1_path(name)).unwrap(), (header, file.metadata().clone()));
    }
}

#[test]
fn it_is_written_as_version_2() {
    for name in golden::V1_NAMES {
        let file = AssetFile::from_bytes(bytes(name)).unwrap();
        let written = encode(&file.to_data()).unwrap();
        assert_eq!(file.bytes(), written);
        assert_eq!(AssetFile::from_bytes(written).unwrap().source_format_version(), 2);
    }
}

#[test]
fn every_truncation_and_every_flipped_bit_is_an_error() {
    for name in golden::V1_NAMES {
        let mut bytes = bytes(name);
        for length in 0..bytes.len() {
            let error = AssetFile::from_bytes(bytes[..length].to_vec()).unwrap_err();
            match length {
                0..4 => assert!(matches!(error, ReadError::Foreign { .. }), "{length}: {error}"),
                _ => assert!(matches!(error, ReadError::Length { .. }), "{length}: {error}"),
            }
        }
        for bit in 0..8 * bytes.len() {
            let (place, mask) = (bit / 8, 1 << (bit % 8));
            bytes[place] ^= mask;
            AssetFile::from_bytes(bytes.clone()).unwrap_err();
            bytes[place] ^= mask;
        }
    }
}

#[test]
fn flipped_bits_that_the_checksum_does_not_show_are_an_error_or_a_valid_asset() {
    let (mut accepted, mut refused) = (0, 0);
    for name in golden::V1_NAMES {
        let bytes = bytes(name);
        for bit in (0..8 * bytes.len()).filter(|bit| bit % 3 == 0) {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            seal_v1(&mut changed);
            let options = OpenOptions { verify_crc: false, ..OpenOptions::default() };
            match AssetFile::from_bytes_with(changed, options) {
                Ok(file) => {
                    accepted += 1;
                    walk(&file);
                }
                Err(error) => {
                    refused += 1;
                    assert!(error.section().is_some(), "bit {bit} of {name}: {error}");
                }
            }
        }
    }
    assert!(accepted > 1000 && refused > 300, "{accepted} accepted, {refused} refused");
}

#[test]
fn what_is_wrong_is_named_at_its_place_in_the_old_file() {
    let wrong = |at: usize, value: &[u8]| {
        let mut bytes = bytes("several_materials");
        bytes[at..at + value.len()].copy_from_slice(value);
        seal_v1(&mut bytes);
        AssetFile::from_bytes(bytes).unwrap_err().to_string()
    };
    let header = read_header(golden::v1_path("several_materials")).unwrap();
    let (sdf, splats) = (header.sdf_offset as usize, header.splat_offset as usize);
    for (message, expected) in [
        (wrong(6, &[2, 0]), "header section, byte 6: flags: expected only bits of 0x0001, found 0x0002"),
        (wrong(sdf, &[2]), "volume section, byte 256: distance encoding: expected 1, found 2"),
        (wrong(sdf + 256, &[4]), "volume section, byte 512: atlas slot of brick 0: expected a slot below 4"),
        (wrong(sdf + 260, &[0, 0, 128, 63]), "distance of brick 0: expected 0 for a brick in the atlas"),
        (wrong(splats + 46, &[4]), "material of splat 0: expected an index below 4, found 4"),
    ] {
        assert!(message.contains(expected), "{message}\nshould say: {expected}");
    }
}
