//! Looking up points in a tree of bricks.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{minimal, several_materials};
use gve_assets::{BrickCell, FlatCell, FlatVolume, Lookup, PartIds, Volume, VolumeView};
use half::f16;

/// The centre and the radius of the balls of `several_materials`, and their parts.
const BALLS: [([f32; 3], f32, u16); 2] =
    [([-1.0375, 0.0875, 0.0875], 0.1, 3), ([0.2375, -0.2625, -0.2625], 0.05, 1)];

fn distance(p: [f32; 3], center: [f32; 3], radius: f32) -> f32 {
    p.iter().zip(center).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt() - radius
}

#[test]
fn a_lookup_ends_in_the_finest_brick() {
    let asset = several_materials();
    let volume = VolumeView::from(&asset.volume);
    // In the ball on the right: level 2. The octants next to it: empty bricks of level 2, then of level 1.
    for (point, level, stored) in [
        ([0.24, -0.26, -0.26], 2, true),
        ([0.16, -0.34, -0.34], 2, true),
        ([0.4, -0.26, -0.26], 2, false),
        ([0.24, -0.1, -0.26], 2, false),
        ([0.6, -0.26, -0.26], 1, false),
        ([0.24, 0.3, 0.3], 1, false),
        ([-1.0, 0.1, 0.1], 1, true),
        ([-0.3, 0.0, 0.0], 0, false),
    ] {
        let sample = volume.sample(point).unwrap();
        assert_eq!((sample.level, sample.stored), (level, stored), "{point:?}");
        assert_eq!(sample.part.is_some(), stored);
    }
    for outside in [[-1.26, 0.0, 0.0], [1.56, 0.0, 0.0], [0.0, 0.36, 0.0], [f32::NAN; 3]] {
        assert_eq!(volume.lookup(outside), Lookup::Outside, "{outside:?}");
        assert_eq!(volume.sample(outside), None);
    }
}

#[test]
fn samples_and_bounds_agree_with_the_field() {
    let asset = several_materials();
    let volume = VolumeView::from(&asset.volume);
    let (mut stored, mut empty) = (0, 0);
    for i in 0..40_000_u32 {
        // A point set without a period: the fractional parts of multiples of irrational numbers.
        let t = [0.754_877_7, 0.569_840_3, 0.438_579].map(|g| (i as f32 * g).fract());
        let p = [-1.25 + 2.8 * t[0], -0.35 + 0.7 * t[1], -0.35 + 0.7 * t[2]];
        let Some(sample) = volume.sample(p) else { continue };
        let [left, right] = BALLS.map(|(center, radius, _)| distance(p, center, radius));
        let (truth, part) = if left <= right { (left, 3) } else { (right, 1) };
        let cell = volume.cell_size_at(sample.level);
        if sample.stored {
            stored += 1;
            // Trilinear interpolation of a cone's tip is off by most of a cell; elsewhere far less.
            assert!((sample.distance - truth).abs() < cell, "{p:?}: {sample:?}, {truth}");
            if (left - right).abs() > 2.0 * cell {
                assert_eq!(sample.part, Some(part), "{p:?}");
            }
        } else {
            empty += 1;
            assert!(sample.distance.abs() <= truth.abs(), "{p:?}: {sample:?}, {truth}");
        }
    }
    assert!(stored > 1000 && empty > 1000, "{stored} stored, {empty} empty");
}

#[test]
fn interpolation_meets_the_samples_and_the_middle_between_them() {
    let asset = minimal();
    let volume = VolumeView::from(&asset.volume);
    let at = |sample: [u32; 3]| {
        let texel = volume.texel(0, sample);
        asset.volume.levels[0].distances[texel].to_f32() * asset.volume.levels[0].scales[0]
    };
    for sample in [[0, 0, 0], [7, 7, 7], [3, 0, 7], [6, 1, 2]] {
        let local = sample.map(|x| x as f32);
        assert_eq!(volume.interpolate(0, 0, local), Some(at(sample)));
    }
    let middle = volume.interpolate(0, 0, [2.5, 3.0, 4.0]).unwrap();
    assert!((middle - 0.5 * (at([2, 3, 4]) + at([3, 3, 4]))).abs() < 1e-6);
    assert_eq!(volume.interpolate(0, 1, [0.0; 3]), None, "there is no slot 1");
    assert_eq!(volume.interpolate(1, 0, [0.0; 3]), None, "there is no level 1");
    // The far corner of the grid belongs to its last brick.
    let far = std::array::from_fn(|axis| volume.origin[axis] + 7.0 * volume.cell_size);
    assert!(matches!(volume.lookup(far), Lookup::Stored { local, .. } if local == [7.0; 3]));
}

#[test]
fn the_first_levels_are_a_complete_coarser_volume() {
    let asset = several_materials();
    let volume = VolumeView::from(&asset.volume);
    for levels in 1..=3 {
        let coarse = volume.first_levels(levels);
        assert_eq!(coarse.levels().len(), levels);
        let owned = coarse.to_volume();
        let data = gve_assets::AssetData { volume: owned.clone(), ..asset.clone() };
        let file = gve_assets::AssetFile::from_bytes(gve_assets::encode(&data).unwrap()).unwrap();
        assert_eq!(file.volume().to_volume(), owned);
        for point in [[0.24, -0.26, -0.26], [-1.0, 0.1, 0.1], [0.6, -0.26, -0.26]] {
            let sample = coarse.sample(point).unwrap();
            assert!(sample.level < levels);
            assert_eq!(Some(sample), file.volume().sample(point));
        }
    }
    assert_eq!(volume.first_levels(9), volume);
}

#[test]
fn places_in_the_atlas() {
    let asset = several_materials();
    let volume = VolumeView::from(&asset.volume);
    assert_eq!(volume.slab, [1, 2]);
    let places = [0, 1, 2, 3].map(|slot| volume.slot_texel(slot));
    assert_eq!(places, [[0, 0, 0], [0, 8, 0], [0, 0, 8], [0, 8, 8]]);
    assert_eq!((0..4).map(|level| volume.layers(level)).collect::<Vec<_>>(), [1, 1, 1, 0]);
    assert_eq!((0..4).map(|level| volume.first_layer(level)).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(volume.stored_bricks(), 5);
    assert_eq!([0, 1, 2].map(|level| volume.cell_size_at(level)), [0.1, 0.05, 0.025]);
}

/// A flat volume of two bricks, the second at the last of three places.
fn flat(slots: [u32; 2]) -> FlatVolume {
    let texels = 3 * 512;
    FlatVolume {
        origin: [0.0; 3],
        cell_size: 0.5,
        lipschitz: 1.0,
        bricks: [3, 1, 1],
        grid: vec![
            FlatCell { slot: slots[0], distance: 0.0 },
            FlatCell { slot: BrickCell::EMPTY, distance: -0.25 },
            FlatCell { slot: slots[1], distance: 0.0 },
        ],
        atlas_bricks: [1, 1, 3],
        distances: (0..texels).map(|i| f16::from_f32(i as f32 / 512.0)).collect(),
        parts: PartIds::U8((0..texels).map(|i| (i / 512) as u8).collect()),
    }
}

#[test]
fn a_flat_volume_becomes_a_tree_of_one_level() {
    for (slots, first, second) in [([0, 2], 0, 2), ([2, 0], 2, 0), ([1, 0], 1, 0), ([0, 1], 0, 1)] {
        let volume = Volume::single_level(flat(slots));
        let view = VolumeView::from(&volume);
        let level = &view.levels()[0];
        assert_eq!((level.stored_bricks(), level.distances.len()), (2, 1024), "{slots:?}");
        for (x, slot) in [(0.0, first), (7.0, second)] {
            let sample = view.sample([x, 0.0, 0.0]).unwrap();
            assert_eq!((sample.distance, sample.part), (slot as f32, Some(slot as u16)), "{slots:?}");
        }
        let empty = view.sample([4.0, 1.0, 1.0]).unwrap();
        assert_eq!((empty.distance, empty.part, empty.stored), (-0.25, None, false));
    }
}
