//! Opening a large file, with all its checks, beside reading it.

use std::fs;

use gve_assets::{AssetData, AssetFile};
use gve_bake::BakeOptions;
use gve_types::MaterialTable;
use xtask::shell::target_dir;

use super::{
    figure::{Figure, time_in_turn},
    sample_of_64,
};

const BYTES: usize = 64 << 20;

pub(super) fn figures() -> anyhow::Result<Vec<Figure>> {
    let folder = target_dir()?.join("bench");
    fs::create_dir_all(&folder)?;
    let path = folder.join("64_mib.gve_bin");
    gve_assets::write(&path, &large()?)?;
    let bytes = fs::metadata(&path)?.len();
    let ((ours, file), (theirs, read)) = time_in_turn(15, || AssetFile::open(&path), || fs::read(&path));
    file?;
    read?;
    fs::remove_file(&path)?;
    Ok(vec![
        ours.figure(format!("open and check {:.0} MiB", bytes as f64 / f64::from(1 << 20)))
            .beside("std::fs::read", &ours, &theirs)
            .aim("no slower than reading"),
    ])
}

/// A sample with so many splats that its file has the size wanted.
fn large() -> anyhow::Result<AssetData> {
    let sample = sample_of_64()?;
    let options = BakeOptions::default();
    let mut data = gve_bake::bake(&sample.dna, MaterialTable::builtin(), &options, &())?.data;
    let size = gve_assets::encode(&data)?.len();
    let splat = size_of::<gve_assets::Splat>();
    let missing = BYTES.saturating_sub(size) / splat;
    let more: Vec<_> = data.splats.iter().cycle().take(missing).copied().collect();
    data.splats.extend(more);
    Ok(data)
}
