//! Any bytes: the glTF reader returns, and what it accepts can be written and read again. The lengths of a `.glb`
//! are put right, so that everything behind them is reached.
#![no_main]

use gve_interchange::gltf;
use libfuzzer_sys::fuzz_target;

mod again;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(cloud) = gltf::read(bytes) {
        again::check(&cloud);
    }
    // JSON up to the first 0, then a buffer.
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (json, binary) = bytes.split_at(end);
    let mut file = b"glTF\x02\0\0\0".to_vec();
    file.extend_from_slice(&(28 + bytes.len() as u32).to_le_bytes());
    for (kind, chunk) in [(b"JSON", json), (b"BIN\0", binary)] {
        file.extend_from_slice(&(chunk.len() as u32).to_le_bytes());
        file.extend_from_slice(kind);
        file.extend_from_slice(chunk);
    }
    if let Ok(cloud) = gltf::read(&file) {
        again::check(&cloud);
    }
});
