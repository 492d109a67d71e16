//! Distance volumes of the 64-primitive sample.

use super::{
    figure::{Figure, time_in_turn},
    peer::FidgetField,
    sample_of_64,
};

pub(super) fn figures() -> anyhow::Result<Vec<Figure>> {
    let sample = sample_of_64()?;
    let field = sample.field()?;
    let peer = FidgetField::new(&field)?;
    let mut figures = Vec::new();
    for (resolution, runs, aim) in [(128, 15, "12 ms"), (256, 7, "45 ms")] {
        let ((ours, volume), (theirs, sum)) = time_in_turn(
            runs,
            || gve_bake::volume::bake(&field, resolution),
            || peer.dense_grid(resolution as usize),
        );
        let counts: Vec<usize> = volume?.volume.levels.iter().map(|level| level.scales.len()).collect();
        sum?;
        figures.push(
            ours.figure(format!("volume {resolution} of {}, all threads", sample.name))
                .beside("fidget JIT, dense grid, one thread", &ours, &theirs)
                .aim(aim)
                .note(format!("bricks of the levels: {counts:?}")),
        );
    }
    Ok(figures)
}
