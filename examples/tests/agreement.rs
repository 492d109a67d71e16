//! The three representations of every sample asset show the same thing: silhouettes and colours agree.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may panic, and tells its figures")]

use std::path::Path;

use bevy::prelude::Color;
use gve_bevy::prelude::GveRepresentation;
use gve_examples::{
    source::Source,
    studio::{Studio, Surroundings, coverage},
};
use image::RgbaImage;

/// The size that the demo draws at.
const SIZE: u32 = 512;
/// Silhouettes: intersection over union of two masks. What is missing are pixels on the outline, where
/// a gaussian fades and a mesh does not. The field cannon decides (0.964): its wheels are mostly outline, and
/// its volume's cells are rounded up to the next power of two.
const MIN_IOU: f64 = 0.96;
/// Colours: mean difference per channel inside both silhouettes, of 255. The splats blend neighbours
/// and are lit once each, which smooths highlights and shadow borders; a wrong light, material or tone
/// curve differs by 20 and more.
const MAX_COLOR_DIFFERENCE: f64 = 8.0;

struct Shot {
    mask: Vec<bool>,
    picture: RgbaImage,
}

fn shoot(studio: &mut Studio, representation: GveRepresentation) -> Shot {
    studio.represent(representation);
    studio.surround(Surroundings::Empty(Color::WHITE));
    let white = studio.picture().unwrap();
    studio.surround(Surroundings::Empty(Color::BLACK));
    // Nothing but the clear colour changes, which the next frame has already.
    let black = studio.picture_now().unwrap();
    let mask = coverage(&black, &white).into_iter().map(|share| share > 0.5).collect();
    Shot { mask, picture: black }
}

fn iou(a: &Shot, b: &Shot) -> f64 {
    let both = a.mask.iter().zip(&b.mask).filter(|(a, b)| **a && **b).count();
    let either = a.mask.iter().zip(&b.mask).filter(|(a, b)| **a || **b).count();
    both as f64 / either.max(1) as f64
}

/// Whether a pixel and its neighbours all lie inside the mask: outlines are blends with the backdrop.
fn interior(mask: &[bool], index: usize) -> bool {
    let (x, y) = (index % SIZE as usize, index / SIZE as usize);
    let inner = 2..SIZE as usize - 2;
    inner.contains(&x)
        && inner.contains(&y)
        && (y - 2..=y + 2).all(|y| (x - 2..=x + 2).all(|x| mask[y * SIZE as usize + x]))
}

fn color_difference(a: &Shot, b: &Shot) -> f64 {
    let mut sum = 0.0;
    let mut count = 0;
    for (index, (pa, pb)) in a.picture.pixels().zip(b.picture.pixels()).enumerate() {
        if interior(&a.mask, index) && interior(&b.mask, index) {
            sum += (0..3).map(|c| f64::from(pa.0[c].abs_diff(pb.0[c]))).sum::<f64>() / 3.0;
            count += 1;
        }
    }
    sum / f64::from(count.max(1))
}

#[test]
fn volume_splats_and_shell_of_every_sample_agree() {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/library");
    let source = Source::open(&library).unwrap();
    assert!(source.entries.len() >= 12, "the library has twelve assets, found {}", source.entries.len());
    let mut studio = Studio::new(&source.root, SIZE).unwrap();
    let mut faults = Vec::new();
    for entry in &source.entries {
        let file = &entry.address;
        studio.show(file, GveRepresentation::Volume).unwrap();
        let volume = shoot(&mut studio, GveRepresentation::Volume);
        let splats = shoot(&mut studio, GveRepresentation::Splats);
        let shell = shoot(&mut studio, GveRepresentation::Shell);
        let covered = volume.mask.iter().filter(|covered| **covered).count();
        assert!(covered > 8000, "{file}: the volume covers {covered} of {} pixels", SIZE * SIZE);
        for (name, a, b) in [
            ("volume/splats", &volume, &splats),
            ("volume/shell", &volume, &shell),
            ("splats/shell", &splats, &shell),
        ] {
            let (iou, difference) = (iou(a, b), color_difference(a, b));
            eprintln!("{file:32} {name:14} iou {iou:.4}  colour difference {difference:.2}");
            if iou < MIN_IOU || difference > MAX_COLOR_DIFFERENCE {
                faults.push(format!("{file} {name}: iou {iou:.4}, colour difference {difference:.2}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
