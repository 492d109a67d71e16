//! Each rule of the format, broken alone: the writer refuses the data and the reader the bytes, and
//! both name the same place.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{golden, several_materials};
use gve_assets::{AssetData, AssetFile, Fault, ReadError, Section, WriteError, encode};
use half::f16;

fn write_fault(change: impl FnOnce(&mut AssetData)) -> Fault {
    let mut data = several_materials();
    change(&mut data);
    match encode(&data) {
        Err(WriteError::Invalid(fault)) => fault,
        other => panic!("expected a fault, found {:?}", other.map(|bytes| bytes.len())),
    }
}

/// The fault that a reader finds when the bytes at the writer's fault are replaced by the bad ones.
fn read_fault(at: u64, bad: &[u8]) -> Fault {
    let mut bytes = golden::bytes("several_materials");
    let at = at as usize;
    bytes[at..at + bad.len()].copy_from_slice(bad);
    bytes[60..64].fill(0);
    let crc = crc32c::crc32c(&bytes);
    bytes[60..64].copy_from_slice(&crc.to_le_bytes());
    match AssetFile::from_bytes(bytes) {
        Err(ReadError::Invalid(fault)) => fault,
        other => panic!("expected a fault, found {other:?}"),
    }
}

fn both(change: impl FnOnce(&mut AssetData), bad: &[u8], section: Section, what: &str) {
    let written = write_fault(change);
    assert_eq!((written.section, written.what.as_str()), (section, what), "{written}");
    assert_eq!(read_fault(written.offset, bad), written);
}

fn f(value: f32) -> [u8; 4] {
    value.to_le_bytes()
}

fn u(value: u32) -> [u8; 4] {
    value.to_le_bytes()
}

#[test]
fn the_volume() {
    let sdf = Section::Sdf;
    both(|d| d.volume.cell_size = 0.0, &f(0.0), sdf, "cell size");
    both(|d| d.volume.cell_size = f32::NAN, &f(f32::NAN), sdf, "cell size");
    both(|d| d.volume.origin[0] = f32::INFINITY, &f(f32::INFINITY), sdf, "origin");
    both(|d| d.volume.lipschitz = 0.5, &f(0.5), sdf, "Lipschitz bound");
    both(|d| d.volume.bricks[0] = 0, &u(0), sdf, "bricks");
    both(|d| d.volume.bricks[0] = u32::MAX, &u(u32::MAX), sdf, "bricks");
    both(|d| d.volume.atlas_bricks[0] = 257, &u(257), sdf, "atlas bricks");
    both(|d| d.volume.grid[0].slot = 4, &u(4), sdf, "atlas slot of brick 0");
    both(|d| d.volume.grid[2].slot = 3, &u(3), sdf, "atlas slot of brick 2");
    both(|d| d.volume.grid[0].distance = 0.5, &f(0.5), sdf, "distance of brick 0");
    both(|d| d.volume.grid[1].distance = f32::NAN, &f(f32::NAN), sdf, "distance of brick 1");
    let nan = f16::NAN;
    both(|d| d.volume.distances[700] = nan, &nan.to_le_bytes(), sdf, "distance of atlas texel 700");
    let infinite = f16::NEG_INFINITY;
    both(|d| d.volume.distances[0] = infinite, &infinite.to_le_bytes(), sdf, "distance of atlas texel 0");
    both(|d| d.volume.materials[2047] = 4, &[4], sdf, "material of atlas texel 2047");
}

#[test]
fn the_splats() {
    let splats = Section::Splats;
    both(|d| d.splats[0].position[0] = f32::NAN, &f(f32::NAN), splats, "position of splat 0");
    both(|d| d.splats[7].scale[0] = 0.0, &f(0.0), splats, "scale of splat 7");
    both(|d| d.splats[7].scale[0] = f32::INFINITY, &f(f32::INFINITY), splats, "scale of splat 7");
    both(|d| d.splats[3].rotation[0] = 1.5, &f(1.5), splats, "rotation of splat 3");
    both(|d| d.splats[3].rotation[0] = f32::NAN, &f(f32::NAN), splats, "rotation of splat 3");
    both(|d| d.splats[5].material = 4, &[4], splats, "material of splat 5");
    both(|d| d.splats[5].reserved = 1, &[1], splats, "reserved byte of splat 5");
}

#[test]
fn the_shell() {
    let shell = Section::Shell;
    both(|d| d.shell.positions[23][2] = f32::NAN, &f(f32::NAN), shell, "position of vertex 23");
    both(|d| d.shell.normals[4][0] = 0.9, &f(0.9), shell, "normal of vertex 4");
    // Vertex 0 is a corner; 20 stands at another.
    both(|d| d.shell.weld[20] = 0, &u(0), shell, "weld of vertex 20");
    both(|d| d.shell.weld[3] = 4, &u(4), shell, "weld of vertex 3");
    both(|d| d.shell.weld[23] = u32::MAX, &u(u32::MAX), shell, "weld of vertex 23");
    both(|d| d.shell.indices[35] = 24, &u(24), shell, "index 35");
    both(|d| d.shell.parts[1].material = 4, &u(4), shell, "material of part 1");
    both(|d| d.shell.parts[1].material = 300, &u(300), shell, "material of part 1");
    both(|d| d.shell.parts[1].material = 2, &u(2), shell, "material of part 1");
    both(|d| d.shell.parts[1].first_index = 9, &u(9), shell, "first index of part 1");
    both(|d| d.shell.parts[1].index_count = 11, &u(11), shell, "index count of part 1");
    both(|d| d.shell.parts[2].index_count = 15, &u(15), shell, "index count of part 2");
    // Indices that no part covers are missing behind the last part, so its count is patched instead.
    let uncovered = write_fault(|d| d.shell.parts[2].index_count = 9);
    assert_eq!((uncovered.section, uncovered.what.as_str()), (shell, "parts"));
    assert_eq!(read_fault(uncovered.offset - 4, &u(9)), uncovered);
}

#[test]
fn a_weld_leads_to_its_end_in_one_step() {
    let data = several_materials();
    let welded: Vec<usize> = (0..24).filter(|&v| data.shell.weld[v] != v as u32).collect();
    let (middle, first) = (welded[0], data.shell.weld[welded[0]]);
    let last = *welded.iter().rev().find(|&&v| data.shell.weld[v] == first && v != middle).unwrap();
    let middle = middle as u32;
    both(|d| d.shell.weld[last] = middle, &u(middle), Section::Shell, &format!("weld of vertex {last}"));
}

#[test]
fn arrays_that_do_not_belong_together() {
    let what = |change: fn(&mut AssetData)| write_fault(change).what;
    assert_eq!(what(|d| _ = d.volume.grid.pop()), "bricks in the grid");
    assert_eq!(what(|d| d.volume.distances.push(f16::ZERO)), "distances in the atlas");
    assert_eq!(what(|d| d.volume.materials.clear()), "materials in the atlas");
    assert_eq!(what(|d| _ = d.shell.normals.pop()), "normals");
    assert_eq!(what(|d| d.shell.weld.push(0)), "welds");
    assert_eq!(what(|d| _ = d.shell.indices.pop()), "indices");
    assert_eq!(what(|d| d.shell.parts.clear()), "parts");
}

#[test]
fn the_rest() {
    let fault = write_fault(|d| d.asset_id = 1 << 53);
    assert_eq!(read_fault(fault.offset, &(1_u64 << 53).to_le_bytes()), fault);
    assert_eq!(read_fault(6, &[3, 0]).what, "flags");
    assert_eq!(write_fault(|d| d.metadata.materials.clear()).what, "materials");
    let many = |d: &mut AssetData| d.metadata.materials = vec![common::steel(); 256];
    assert_eq!(write_fault(many).what, "materials");
    assert_eq!(write_fault(|d| d.metadata.materials[1].roughness = f32::NAN).what, "materials.roughness");
    assert_eq!(write_fault(|d| d.metadata.mass.inertia_kg_m2[2][2] = f32::NAN).what, "mass.inertia_kg_m2");
    assert_eq!(write_fault(|d| d.metadata.dna_hash = "g".repeat(64)).what, "dna_hash");
    assert_eq!(write_fault(|d| d.audio_patch.gain = f32::INFINITY).what, "gain");
    assert_eq!(write_fault(|d| d.audio_patch.modes[2].decay_secs = f32::NAN).what, "modes.decay_secs");
    let modes = |d: &mut AssetData| d.audio_patch.modes = vec![d.audio_patch.modes[0]; 65];
    assert_eq!(write_fault(modes).what, "modes");
    let warnings = |d: &mut AssetData| d.metadata.warnings = vec!["x".repeat(1 << 20); 17];
    assert_eq!(write_fault(warnings).what, "JSON");
}

#[test]
fn a_message_says_what_and_where() {
    assert_eq!(
        write_fault(|d| d.splats[2].material = 9).to_string(),
        "splat section, byte 7054: material of splat 2: expected an index below 4, found 9"
    );
}
