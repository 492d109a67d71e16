//! Each rule of the format, broken alone: the writer refuses the data and the reader the bytes, and
//! both name the same place.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{golden, seal::seal, several_materials};
use gve_assets::{
    AssetData, AssetFile, BrickCell, Fault, PartIds, ReadError, Refinement, Section, WriteError, encode,
};
use gve_types::FilePart;
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
    seal(&mut bytes);
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
fn the_head_of_the_volume() {
    let volume = Section::Volume;
    both(|d| d.volume.cell_size = 0.0, &f(0.0), volume, "cell size");
    both(|d| d.volume.cell_size = f32::NAN, &f(f32::NAN), volume, "cell size");
    // Positive, but not any more when it is halved twice.
    both(|d| d.volume.cell_size = 2e-38, &f(2e-38), volume, "cell size");
    both(|d| d.volume.origin[0] = f32::INFINITY, &f(f32::INFINITY), volume, "origin");
    both(|d| d.volume.lipschitz = 0.5, &f(0.5), volume, "Lipschitz bound");
    both(|d| d.volume.bricks[0] = 0, &u(0), volume, "bricks");
    both(|d| d.volume.bricks[0] = u32::MAX, &u(u32::MAX), volume, "bricks");
    both(|d| d.volume.slab[0] = 257, &u(257), volume, "slab");
    assert_eq!(write_fault(|d| d.volume.levels.clear()).what, "levels");
    let many = write_fault(|d| d.volume.levels = vec![d.volume.levels[0].clone(); 17]);
    assert_eq!((many.what.as_str(), many.found.as_str()), ("levels", "17"));
    let at = u64::from(golden::header("several_materials").sdf_offset) + 56;
    assert_eq!(read_fault(at, &u(17)).found, "17");
    assert_eq!(read_fault(at, &u(0)).what, "levels");
    assert_eq!(read_fault(at, &u(2)).section, volume, "its size is that of three levels");
}

#[test]
fn the_levels_of_the_volume() {
    let level = Section::Level;
    let cell = |d: &mut AssetData, l: usize, i: usize, cell| d.volume.levels[l].cells[i] = cell;
    let refined = BrickCell::refined;
    both(|d| cell(d, 0, 0, refined(2, 1)), &u(2), level(0), "slot of brick 0");
    both(|d| cell(d, 0, 2, refined(1, 0)), &u(1), level(0), "slot of brick 2");
    both(|d| cell(d, 0, 0, refined(1, 2)), &u(2), level(0), "link of brick 0");
    both(|d| cell(d, 0, 2, refined(0, 1)), &u(1), level(0), "link of brick 2");
    both(|d| cell(d, 2, 0, refined(0, 0)), &u(0), level(2), "link of brick 0");
    both(|d| cell(d, 0, 1, BrickCell::empty(f32::NAN)), &f(f32::NAN), level(0), "bound of brick 1");
    both(|d| cell(d, 1, 3, BrickCell::empty(f32::INFINITY)), &f(f32::INFINITY), level(1), "bound of brick 3");
    // A link or a slot that nobody uses is missed at the end of the cells.
    let unlinked = write_fault(|d| cell(d, 0, 2, BrickCell::stored(0)));
    assert_eq!((unlinked.section, unlinked.what.as_str()), (level(0), "links"));
    assert_eq!(read_fault(unlinked.offset - 12, &u(u32::MAX)), unlinked);
    let unused = write_fault(|d| cell(d, 2, 0, BrickCell::empty(0.5)));
    assert_eq!((unused.section, unused.what.as_str()), (level(2), "stored bricks"));
    assert_eq!(read_fault(unused.offset - 64, &u(BrickCell::EMPTY)).what, "bound of brick 0");

    let scale = |d: &mut AssetData, scale| d.volume.levels[1].scales[1] = scale;
    for bad in [0.0, -1.0, f32::NAN, f32::INFINITY, 1e35] {
        both(|d| scale(d, bad), &f(bad), level(1), "scale of slot 1");
    }
    let distance = |d: &mut AssetData, l: usize, i: usize, value| d.volume.levels[l].distances[i] = value;
    let nan = f16::NAN;
    both(|d| distance(d, 0, 700, nan), &nan.to_le_bytes(), level(0), "distance of texel 700");
    let infinite = f16::NEG_INFINITY;
    both(|d| distance(d, 2, 0, infinite), &infinite.to_le_bytes(), level(2), "distance of texel 0");
    both(|d| d.volume.levels[1].parts.set(1023, 5), &[5], level(1), "part of texel 1023");
}

#[test]
fn levels_that_do_not_belong_together() {
    let what = |change: fn(&mut AssetData)| {
        let fault = write_fault(change);
        format!("{}: {}", fault.section, fault.what)
    };
    let pop = |d: &mut AssetData| _ = d.volume.levels[1].cells.pop();
    assert_eq!(what(pop), "volume: cells of level 1");
    assert_eq!(what(|d| _ = d.volume.levels.remove(0)), "volume: cells of level 0");
    assert_eq!(what(|d| _ = d.volume.levels.remove(1)), "volume level 0: link of brick 0");
    // Eight cells for each brick that is stored above, at most.
    let many = |d: &mut AssetData| d.volume.levels[2].cells = vec![BrickCell::empty(1.0); 24];
    assert_eq!(what(many), "volume: cells of level 2");
    let none = |d: &mut AssetData| d.volume.levels[2].cells.clear();
    assert_eq!(what(none), "volume: cells of level 2");
    let stored = |d: &mut AssetData| d.volume.levels[2].scales = vec![1.0; 9];
    assert_eq!(what(stored), "volume: stored bricks of level 2");
    let wide = |d: &mut AssetData| d.volume.levels[2].parts = PartIds::U16(vec![0; 1024]);
    assert_eq!(what(wide), "volume level 0: bytes of a part id");
    let layers = |d: &mut AssetData| {
        d.volume.slab = [1, 1];
        d.volume.bricks = [257, 1, 1];
        d.volume.levels.truncate(1);
        d.volume.levels[0].cells = (0..257).map(BrickCell::stored).collect();
        d.volume.levels[0].scales = vec![1.0; 257];
    };
    assert_eq!(what(layers), "volume: stored bricks of level 0");
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
    assert_eq!(what(|d| d.volume.levels[0].distances.push(f16::ZERO)), "distances");
    assert_eq!(what(|d| d.volume.levels[2].parts = PartIds::zeros(0, 1)), "part ids");
    assert_eq!(what(|d| _ = d.shell.normals.pop()), "normals");
    assert_eq!(what(|d| d.shell.weld.push(0)), "welds");
    assert_eq!(what(|d| _ = d.shell.indices.pop()), "indices");
    assert_eq!(what(|d| d.shell.parts.clear()), "parts");
}

#[test]
fn the_rest() {
    let fault = write_fault(|d| d.asset_id = 1 << 53);
    assert_eq!(read_fault(fault.offset, &(1_u64 << 53).to_le_bytes()), fault);
    for flags in [[3, 0], [4, 0], [0, 1]] {
        assert_eq!(read_fault(6, &flags).what, "flags");
    }
    for refinement in [Refinement::Geometry, Refinement::Sound] {
        assert_eq!(write_fault(|d| d.refinement = refinement).what, "splats_trained");
        assert_eq!(read_fault(6, &[refinement.number(), 0]).what, "splats_trained");
    }
    assert_eq!(write_fault(|d| d.metadata.materials.clear()).what, "materials");
    let many = |d: &mut AssetData| d.metadata.materials = vec![common::steel(); 256];
    assert_eq!(write_fault(many).what, "materials");
    assert_eq!(write_fault(|d| d.metadata.materials[1].roughness = f32::NAN).what, "materials.roughness");
    assert_eq!(write_fault(|d| d.metadata.mass.inertia_kg_m2[2][2] = f32::NAN).what, "mass.inertia_kg_m2");
    let part = |change: fn(&mut FilePart)| write_fault(|d| change(&mut d.metadata.parts[4])).what;
    assert_eq!(part(|part| part.material = 4), "parts[4].material");
    assert_eq!(part(|part| part.frame.scale = 0.0), "parts[4].frame.scale");
    assert_eq!(part(|part| part.frame.rotation[1] = 0.9), "parts[4].frame.rotation");
    assert_eq!(part(|part| part.frame.translation[2] = f32::NAN), "parts[4].frame.translation");
    assert_eq!(part(|part| part.mass_kg = f32::NAN), "parts[4].mass_kg");
    assert_eq!(part(|part| part.relative_error = f32::NAN), "parts[4].relative_error");
    assert_eq!(part(|part| part.volume_m3 = f32::INFINITY), "parts[4].volume_m3");
    assert_eq!(part(|part| part.name = Some("x".repeat(129))), "parts[4].name");
    let many = |d: &mut AssetData| d.metadata.parts = vec![d.metadata.parts[0].clone(); 65_537];
    assert_eq!(write_fault(many).what, "parts");
    assert_eq!(write_fault(|d| _ = d.metadata.parts.drain(3..)).what, "part of texel 64");
    let lack = |d: &mut AssetData| d.metadata.volume_lacks[0].thickness_m = f32::NAN;
    assert_eq!(write_fault(lack).what, "volume_lacks.thickness_m");
    assert_eq!(write_fault(|d| d.metadata.mass.relative_error = f32::NAN).what, "mass.relative_error");
    let inertia = write_fault(|d| d.metadata.mass.inertia_relative_error = f32::INFINITY);
    assert_eq!(inertia.what, "mass.inertia_relative_error");
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
        "splat section, byte 14990: material of splat 2: expected an index below 4, found 9"
    );
}
