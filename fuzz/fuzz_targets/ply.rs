//! Any bytes: the PLY reader returns, and what it accepts can be written and read again.
#![no_main]

use gve_interchange::ply::{self, Axes};
use libfuzzer_sys::fuzz_target;

mod again;

fuzz_target!(|bytes: &[u8]| {
    let Ok(cloud) = ply::read(bytes, Axes::YDown) else { return };
    again::check(&cloud);
    let file = ply::write(&cloud, Axes::YDown).expect("what was read can be written");
    let after = ply::read(&file, Axes::YDown).expect("what was written can be read");
    assert_eq!((after.positions, after.harmonics), (cloud.positions, cloud.harmonics));
});
