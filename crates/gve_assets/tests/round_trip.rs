//! Random assets come back as they went in.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::random::{asset, recipes};
use gve_assets::{AssetFile, OpenOptions, encode};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(recipe in recipes()) {
        let data = asset(&recipe);
        let bytes = encode(&data).unwrap();
        prop_assert_eq!(&bytes, &encode(&data.clone()).unwrap(), "the same data gives the same bytes");
        let file = AssetFile::from_bytes(bytes.clone()).unwrap();
        prop_assert_eq!(file.to_data(), data);
        prop_assert_eq!(file.bytes(), &bytes[..]);
    }
}

/// Several megabytes, so that the scan is cut between threads: the parts of the checksum must join.
#[test]
fn large_files_are_checked_in_parallel() {
    let mut recipe = common::random::Recipe {
        seed: 7,
        bricks: [16, 16, 8],
        slab: [16, 16],
        levels: 3,
        stored_of_256: 240,
        splats: 30_000,
        vertices: 20_000,
        triangles: 40_000,
        materials: 9,
        modes: 3,
        name: "Large".to_owned(),
    };
    for splats in [0, 30_000] {
        recipe.splats = splats;
        let data = asset(&recipe);
        let mut bytes = encode(&data).unwrap();
        assert!(bytes.len() > 4 << 20, "large enough for several threads: {}", bytes.len());
        let file = AssetFile::from_bytes(bytes.clone()).unwrap();
        file.verify_checksum().unwrap();
        assert_eq!(file.to_data(), data);
        // A flipped bit is found wherever it is.
        for place in (64..bytes.len()).step_by(bytes.len() / 37) {
            bytes[place] ^= 0x10;
            let error = AssetFile::from_bytes(bytes.clone()).unwrap_err();
            assert!(matches!(error, gve_assets::ReadError::Checksum { .. }), "{place}: {error}");
            let options = OpenOptions { verify_crc: false, ..OpenOptions::default() };
            if let Ok(file) = AssetFile::from_bytes_with(bytes.clone(), options) {
                file.verify_checksum().unwrap_err();
            }
            bytes[place] ^= 0x10;
        }
    }
}
