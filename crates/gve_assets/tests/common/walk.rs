//! Looking at everything in a file, shared with the fuzz target.

use gve_assets::{AssetFile, BrickCell};

/// Visits all views and asserts what a reader promises about them. The sum keeps the reads from being
/// optimised away.
pub fn walk(file: &AssetFile) -> u64 {
    let volume = file.volume();
    let slots = volume.distances.len() as u64 / 512;
    let materials = file.metadata().materials.len() as u64;
    let mut sum = 0_u64;
    for cell in volume.grid {
        assert!(cell.slot == BrickCell::EMPTY || u64::from(cell.slot) < slots);
        assert!(cell.distance.is_finite());
        sum += u64::from(cell.slot);
    }
    assert_eq!(volume.bricks.iter().product::<u32>() as usize, volume.grid.len());
    assert_eq!(volume.atlas_bricks.iter().product::<u32>() as usize * 512, volume.distances.len());
    assert!(volume.distances.iter().all(|distance| distance.is_finite()));
    assert!(volume.materials.iter().all(|&material| u64::from(material) < materials));
    for splat in file.splats() {
        assert!(u64::from(splat.material) < materials);
        assert!(splat.position.iter().chain(&splat.scale).chain(&splat.rotation).all(|x| x.is_finite()));
        sum += u64::from(splat.color[0]);
    }
    let shell = file.shell();
    assert_eq!(shell.positions.len(), shell.normals.len());
    for part in shell.parts {
        let end = part.first_index + part.index_count;
        for &index in &shell.indices[part.first_index as usize..end as usize] {
            sum += u64::from(shell.weld[index as usize]);
            assert!(shell.positions[index as usize].iter().all(|x| x.is_finite()));
        }
        assert!(u64::from(part.material) < materials);
    }
    sum + file.metadata().name.len() as u64 + file.audio_patch().modes.len() as u64
}
