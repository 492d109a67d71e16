//! Any bytes: the reader returns, and what it accepts is in bounds and can be written again.
#![no_main]

use gve_assets::{AssetFile, AssetPrefix, OpenOptions, encode, layout};
use libfuzzer_sys::fuzz_target;

#[path = "../../crates/gve_assets/tests/common/seal.rs"]
mod seal;
#[path = "../../crates/gve_assets/tests/common/walk.rs"]
mod walk;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = AssetFile::from_bytes(bytes.to_vec()) {
        walk::walk(&file);
    }
    // A mutation hardly ever meets the magic, the length and the checksums together; they are put
    // right, so that everything behind them is reached. The version decides which of them there are.
    let mut bytes = bytes.to_vec();
    if bytes.len() < layout::DIRECTORY_START {
        return;
    }
    let is_old = bytes[4..6] == [1, 0];
    bytes[0..4].copy_from_slice(&layout::MAGIC);
    if !is_old {
        bytes[4..6].copy_from_slice(&layout::FORMAT_VERSION.to_le_bytes());
    }
    let length = bytes.len() as u32;
    bytes[20..24].copy_from_slice(&length.to_le_bytes());
    let unchecked = OpenOptions { verify_crc: false, ..OpenOptions::default() };
    if is_old {
        seal::seal_v1(&mut bytes);
    } else {
        let found = AssetFile::from_bytes_with(bytes.clone(), unchecked).map(|file| file.to_data());
        seal::seal(&mut bytes);
        // Only checksums may make a difference, and those are right now.
        let sealed = AssetFile::from_bytes(bytes.clone());
        assert_eq!(sealed.map(|file| file.to_data()).ok(), found.ok());
        // Half of it, as a download would have it.
        if let Ok(prefix) = AssetPrefix::new(bytes[..bytes.len() / 2].to_vec()) {
            walk::walk_prefix(&prefix);
        }
    }
    let Ok(file) = AssetFile::from_bytes(bytes) else { return };
    walk::walk(&file);
    let data = file.to_data();
    let again = encode(&data).expect("what was read can be written");
    let again = AssetFile::from_bytes(again).expect("what was written can be read");
    assert_eq!(again.to_data(), data);
});
