//! Files that are still arriving: what can be used of their first bytes.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{golden, random, walk::walk_prefix};
use gve_assets::{AssetFile, AssetPrefix, Directory, ReadError, Section, VolumeView, encode};
use proptest::prelude::*;

#[test]
fn every_prefix_shows_the_sections_that_end_in_it() {
    for (name, asset) in golden::assets() {
        let bytes = golden::bytes(name);
        let directory = Directory::from_prefix(&bytes).unwrap().unwrap();
        let start = 80 + 24 * directory.entries().len();
        for length in 0..=bytes.len() {
            let first = bytes[..length].to_vec();
            if length < start {
                assert_eq!(Directory::from_prefix(&first).unwrap(), None, "{length}");
                assert!(matches!(AssetFile::from_prefix(first), Err(ReadError::Length { .. })), "{length}");
                continue;
            }
            assert_eq!(Directory::from_prefix(&first).unwrap().as_ref(), Some(&directory));
            let prefix = AssetFile::from_prefix(first).unwrap();
            walk_prefix(&prefix);
            let complete = directory.entries().iter().filter(|entry| entry.end() <= length as u64).count();
            assert_eq!(prefix.complete().len(), complete, "{length}");
            assert_eq!(prefix.metadata().is_some(), complete > 0);
            let levels = complete.saturating_sub(3).min(directory.level_count());
            let whole = VolumeView::from(&asset.volume);
            match prefix.volume() {
                None => assert_eq!(levels, 0),
                Some(volume) => assert_eq!(volume, whole.first_levels(levels), "{length}"),
            }
            assert_eq!(prefix.shell().is_some(), length == bytes.len(), "the shell ends the file");
        }
    }
}

#[test]
fn the_order_lets_a_download_be_used_early() {
    let bytes = golden::bytes("several_materials");
    let directory = Directory::from_prefix(&bytes).unwrap().unwrap();
    let order: Vec<_> = directory.entries().iter().map(gve_assets::DirectoryEntry::section).collect();
    let level = Section::Level;
    let (metadata, audio, volume) = (Section::Metadata, Section::Audio, Section::Volume);
    assert_eq!(
        order,
        [metadata, audio, volume, level(0), level(1), level(2), Section::Splats, Section::Shell]
    );
    let prefix = |bytes: &[u8]| AssetPrefix::new(bytes.to_vec()).unwrap();
    let after = |levels| directory.bytes_for_levels(levels) as usize;
    assert!(prefix(&bytes[..after(0)]).volume().is_none());
    for levels in 1..=3 {
        let there = prefix(&bytes[..after(levels)]);
        assert_eq!(there.volume().unwrap().levels().len(), levels);
        let before = prefix(&bytes[..after(levels) - 1]);
        assert_eq!(before.volume().map_or(0, |volume| volume.levels().len()), levels - 1);
    }
    assert_eq!(after(3), after(usize::MAX));
    let splats = directory.find(gve_assets::layout::KIND_SPLATS, 0).unwrap().end() as usize;
    assert!(prefix(&bytes[..splats]).splats().is_some() && prefix(&bytes[..splats - 1]).splats().is_none());
}

#[test]
fn damage_is_found_in_what_is_there_and_only_in_that() {
    let bytes = golden::bytes("several_materials");
    let directory = Directory::from_prefix(&bytes).unwrap().unwrap();
    for (i, entry) in directory.entries().iter().enumerate() {
        let mut bytes = bytes.clone();
        bytes[entry.end() as usize - 1] ^= 0x20;
        let error = AssetPrefix::new(bytes.clone()).unwrap_err();
        assert_eq!(error.section(), Some(entry.section()), "{error}");
        assert!(matches!(error, ReadError::Checksum { .. }), "{error}");
        // Before the damage arrives, all is well.
        let before = AssetPrefix::new(bytes[..entry.end() as usize - 1].to_vec()).unwrap();
        assert_eq!(before.complete().len(), i);
    }
    let mut start = bytes.clone();
    start[100] ^= 1;
    assert!(matches!(Directory::from_prefix(&start), Err(ReadError::Checksum { .. })));
    assert!(matches!(Directory::from_prefix(b"GLTF"), Err(ReadError::Foreign { .. })));
    assert!(matches!(Directory::from_prefix(b"GV"), Ok(None)));
    let mut long = bytes;
    long.push(0);
    assert!(matches!(AssetPrefix::new(long), Err(ReadError::Length { .. })));
}

#[test]
fn version_1_has_no_directory() {
    let bytes = std::fs::read(golden::v1_path("minimal")).unwrap();
    let error = AssetPrefix::new(bytes).unwrap_err();
    assert!(error.to_string().contains("format version: expected 2"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn prefixes_of_random_assets(recipe in random::recipes(), cut in 0.0_f64..1.0) {
        let data = random::asset(&recipe);
        let bytes = encode(&data).unwrap();
        let length = (bytes.len() as f64 * cut) as usize;
        if Directory::from_prefix(&bytes[..length]).unwrap().is_some() {
            let prefix = AssetPrefix::new(bytes[..length].to_vec()).unwrap();
            walk_prefix(&prefix);
            if let Some(volume) = prefix.volume() {
                let whole = VolumeView::from(&data.volume);
                prop_assert_eq!(volume, whole.first_levels(volume.levels().len()));
            }
        }
        prop_assert_eq!(AssetPrefix::new(bytes).unwrap().complete().len(), 5 + data.volume.levels.len());
    }

    /// Whatever is done to a few bytes, with the checksums put right again.
    #[test]
    fn hostile_bytes(recipe in random::recipes(), changes in prop::collection::vec(
        (any::<prop::sample::Index>(), any::<u8>()), 1..6,
    )) {
        let mut bytes = encode(&random::asset(&recipe)).unwrap();
        // Most of a file is samples; what a number can break stands near the starts of sections.
        let directory = Directory::from_prefix(&bytes).unwrap().unwrap();
        let starts = directory.entries().iter().map(|entry| entry.offset as usize);
        let near: Vec<usize> = starts.flat_map(|start| start..start + 80).chain(20..320).collect();
        for (place, value) in changes {
            let at = near[place.index(near.len())];
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        common::seal::seal(&mut bytes);
        if let Ok(file) = AssetFile::from_bytes(bytes.clone()) {
            common::walk::walk(&file);
            let data = file.to_data();
            prop_assert_eq!(AssetFile::from_bytes(encode(&data).unwrap()).unwrap().to_data(), data);
        }
        if let Ok(prefix) = AssetPrefix::new(bytes) {
            walk_prefix(&prefix);
        }
    }
}
