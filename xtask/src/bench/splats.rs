//! Seeding splats, and how close they come to the field before any training.

use super::{
    figure::{Figure, time},
    sample_of_64, samples,
};

const COUNT: u32 = 100_000;
const VIEWS: usize = 8;
const VIEW_SIZE: u32 = 256;

pub(super) fn figures() -> anyhow::Result<Vec<Figure>> {
    let sample = sample_of_64()?;
    let field = sample.field()?;
    let (times, splats) = time(9, || gve_bake::splats::seed(&field, COUNT));
    let mut figures =
        vec![times.figure(format!("seeding {} splats", splats?.len())).aim("60 ms").note(sample.name)];
    for sample in samples()? {
        let field = sample.field()?;
        let splats = gve_bake::splats::seed(&field, COUNT)?;
        let quality = gve_bake::splats::evaluate(&field, &splats, VIEWS, VIEW_SIZE);
        figures.push(
            Figure::number(format!("splats of {}", sample.name), "dB", f64::from(quality.mean_psnr_db))
                .aim("30 dB")
                .note(format!("{} splats, {VIEWS} views of {VIEW_SIZE}², iou {:.4}", splats.len(), quality.iou)),
        );
    }
    Ok(figures)
}
