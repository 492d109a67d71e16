//! Seeding splats, and how close they come to the field before any training.

use gve_bake::{render::SplatStyle, splats};

use super::{
    figure::{Figure, time},
    sample_of_64, samples,
};

const COUNT: u32 = 100_000;
const VIEWS: u32 = 8;
const VIEW_SIZE: u32 = 256;

pub(super) fn figures() -> anyhow::Result<Vec<Figure>> {
    let sample = sample_of_64()?;
    let field = sample.field()?;
    let (times, seeded) = time(9, || splats::seed(&field, COUNT));
    let mut figures =
        vec![times.figure(format!("seeding {} splats", seeded?.len())).aim("60 ms").note(sample.name)];
    for sample in samples()? {
        let field = sample.field()?;
        let seeded = splats::seed(&field, COUNT)?;
        let views = splats::held_out_views(field.bounds(), VIEWS);
        let quality = splats::evaluate(&field, &seeded, &SplatStyle::default(), &views, VIEW_SIZE);
        figures.push(
            Figure::number(format!("splats of {}", sample.name), "dB", f64::from(quality.mean_psnr_db))
                .aim("30 dB")
                .note(format!(
                    "{} splats, {VIEWS} views of {VIEW_SIZE}², iou {:.4}",
                    seeded.len(),
                    quality.silhouette_iou
                )),
        );
    }
    Ok(figures)
}
