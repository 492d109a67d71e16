//! Looking at everything in a file, shared with the fuzz target.

use gve_assets::{AssetFile, AssetPrefix, Lookup, ShellView, Splat, VolumeView};
use gve_types::FileMetadata;

/// Visits all views and asserts what a reader promises about them. The sum keeps the reads from being
/// optimised away.
pub fn walk(file: &AssetFile) -> u64 {
    let metadata = file.metadata();
    let sum = volume(&file.volume(), metadata.parts.len()) + splats(file.splats(), metadata);
    sum + shell(&file.shell(), metadata) + file.audio_patch().modes.len() as u64
}

/// The same for what is there of a file that is still arriving.
pub fn walk_prefix(prefix: &AssetPrefix) -> u64 {
    let mut sum = prefix.audio_patch().map_or(0, |patch| patch.modes.len() as u64);
    let Some(metadata) = prefix.metadata() else {
        assert!(prefix.volume().is_none() && prefix.splats().is_none() && prefix.shell().is_none());
        return sum;
    };
    if let Some(view) = prefix.volume() {
        sum += volume(&view, metadata.parts.len());
    }
    sum += prefix.splats().map_or(0, |found| splats(found, metadata));
    sum + prefix.shell().map_or(0, |found| shell(&found, metadata))
}

fn volume(volume: &VolumeView<'_>, parts: usize) -> u64 {
    let mut sum = 0_u64;
    let levels = volume.levels();
    assert!((1..=16).contains(&levels.len()));
    assert_eq!(volume.bricks.iter().product::<u32>() as usize, levels[0].cells.len());
    for (depth, level) in levels.iter().enumerate() {
        let mut slots = vec![false; level.stored_bricks()];
        for cell in level.cells {
            match cell.bound() {
                Some(bound) => assert!(bound.is_finite()),
                None => assert!(!std::mem::replace(&mut slots[cell.slot as usize], true)),
            }
            if let (Some(group), Some(next)) = (cell.group(), levels.get(depth + 1)) {
                assert!((group as usize) < next.cells.len() / 8);
            }
        }
        assert!(slots.iter().all(|&met| met));
        let texels = 512 * (volume.slab[0] * volume.slab[1] * volume.layers(depth)) as usize;
        assert_eq!((level.distances.len(), level.parts.len()), (texels, texels));
        assert!(level.distances.iter().all(|distance| distance.is_finite()));
        assert!((0..texels).all(|texel| level.parts.get(texel).is_some_and(|id| usize::from(id) < parts)));
        assert!(level.scales.iter().all(|scale| *scale > 0.0 && scale.is_finite()));
        sum += level.cells.len() as u64;
    }
    // A point in every brick of level 0, whatever size and place the file claims.
    for index in 0..levels[0].cells.len().min(64) as u32 {
        let at = [index, index, index].map(|i| i as f32 + 0.37);
        let side = volume.cell_size * 7.0;
        let point = std::array::from_fn(|axis| volume.origin[axis] + at[axis] * side);
        if let Lookup::Stored { slot, brick, .. } = volume.lookup(point) {
            assert!((slot as usize) < levels[brick.level].stored_bricks());
        }
        if let Some(sample) = volume.sample(point) {
            assert!(sample.distance.is_finite() && sample.part.is_some() == sample.stored);
            sum += u64::from(sample.stored);
        }
    }
    sum
}

fn splats(splats: &[Splat], metadata: &FileMetadata) -> u64 {
    for splat in splats {
        assert!(usize::from(splat.material) < metadata.materials.len());
        assert!(splat.position.iter().chain(&splat.scale).chain(&splat.rotation).all(|x| x.is_finite()));
    }
    splats.iter().map(|splat| u64::from(splat.color[0])).sum()
}

fn shell(shell: &ShellView<'_>, metadata: &FileMetadata) -> u64 {
    let mut sum = 0;
    assert_eq!(shell.positions.len(), shell.normals.len());
    for part in shell.parts {
        let end = part.first_index + part.index_count;
        for &index in &shell.indices[part.first_index as usize..end as usize] {
            sum += u64::from(shell.weld[index as usize]);
            assert!(shell.positions[index as usize].iter().all(|x| x.is_finite()));
        }
        assert!((part.material as usize) < metadata.materials.len());
    }
    sum
}
