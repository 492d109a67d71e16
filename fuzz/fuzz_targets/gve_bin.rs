//! Any bytes: the reader returns, and what it accepts is in bounds and can be written again.
#![no_main]

use gve_assets::{AssetFile, OpenOptions, encode, layout};
use libfuzzer_sys::fuzz_target;

#[path = "../../crates/gve_assets/tests/common/walk.rs"]
mod walk;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = AssetFile::from_bytes(bytes.to_vec()) {
        walk::walk(&file);
    }
    // A mutation hardly ever meets the magic, the length and the checksum together; they are put
    // right, so that everything behind them is reached.
    let mut bytes = bytes.to_vec();
    if bytes.len() < layout::HEADER_BYTES {
        return;
    }
    bytes[0..4].copy_from_slice(&layout::MAGIC);
    bytes[4..6].copy_from_slice(&layout::FORMAT_VERSION.to_le_bytes());
    let length = bytes.len() as u32;
    bytes[20..24].copy_from_slice(&length.to_le_bytes());
    let unchecked = OpenOptions { verify_crc: false, ..OpenOptions::default() };
    let Ok(file) = AssetFile::from_bytes_with(bytes.clone(), unchecked) else { return };
    walk::walk(&file);

    bytes[60..64].fill(0);
    let crc = crc32c::crc32c(&bytes);
    bytes[60..64].copy_from_slice(&crc.to_le_bytes());
    let checked = AssetFile::from_bytes(bytes).expect("only the checksum was wrong");
    let data = file.to_data();
    assert_eq!(checked.to_data(), data);
    let again = encode(&data).expect("what was read can be written");
    let again = AssetFile::from_bytes(again).expect("what was written can be read");
    assert_eq!(again.to_data(), data);
});
