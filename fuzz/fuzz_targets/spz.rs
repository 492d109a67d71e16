//! Any bytes: the SPZ reader returns, and what it accepts can be written and read again. A mutation hardly ever
//! meets the checksum of gzip, so what stands inside is packed here as well.
#![no_main]

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use gve_interchange::spz;
use libfuzzer_sys::fuzz_target;

mod again;

fuzz_target!(|bytes: &[u8]| {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(bytes).expect("memory takes all bytes");
    let packed = encoder.finish().expect("memory takes all bytes");
    for file in [bytes, &packed] {
        if let Ok(cloud) = spz::read(file) {
            again::check(&cloud);
        }
    }
});
