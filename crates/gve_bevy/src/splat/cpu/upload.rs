//! Splats on the GPU, and the part of them that the sort reads.

use std::sync::Arc;

use bevy::{
    platform::collections::HashMap,
    prelude::*,
    render::{
        render_resource::{Buffer, BufferInitDescriptor, BufferUsages},
        renderer::RenderDevice,
    },
    tasks::{AsyncComputeTaskPool, Task, futures::check_ready},
};
use gve_assets::Splat;
use gve_types::{MaterialSpec, text::shown};

use super::{prepare::LIT_WIDTH, sort::SortPoints};
use crate::{asset::GveAsset, splat::extract::ExtractedSplats};

/// Up to this many splats are made ready while a frame waits, which takes about a millisecond; more beside the frames.
const AT_ONCE: usize = 50_000;
/// Frames for which an asset that nobody shows stays on the GPU, so that switching back is free.
const KEEP_FRAMES: u32 = 120;
/// Entries of a palette: a splat names its material in one byte.
const PALETTE: usize = 256;

/// The splats of every asset that is shown, or was a moment ago.
#[derive(Resource, Default)]
pub(super) struct SplatClouds {
    ready: HashMap<AssetId<GveAsset>, SplatCloud>,
    /// Large ones that are made beside the frames; until then the load before is drawn, if there was one.
    coming: HashMap<AssetId<GveAsset>, (GveAsset, Task<SplatCloud>)>,
}

/// The splats of one asset.
pub(super) struct SplatCloud {
    /// The load that it was made from: another one under the same id is a reload.
    source: GveAsset,
    unused_frames: u32,
    /// [`Splat`]s as in the file.
    pub(super) splats: Buffer,
    /// Metallic and roughness of each material, one `vec4` each.
    pub(super) palette: Buffer,
    /// The same splats for the sort.
    pub(super) points: Arc<SortPoints>,
    /// How many splats the file has; `points` holds fewer when they do not all fit on this GPU.
    pub(super) in_file: u32,
}

impl SplatClouds {
    pub(super) fn get(&self, id: AssetId<GveAsset>) -> Option<&SplatCloud> {
        self.ready.get(&id)
    }
}

/// Uploads what is new, swaps what was reloaded, lets go of what is no longer shown.
pub(super) fn upload(
    extracted: Res<ExtractedSplats>,
    device: Res<RenderDevice>,
    mut clouds: ResMut<SplatClouds>,
) {
    let SplatClouds { ready, coming } = &mut *clouds;
    coming.retain(|id, _| extracted.assets.contains_key(id));
    for (id, asset) in &extracted.assets {
        let is_ready = ready.get_mut(id).is_some_and(|cloud| {
            cloud.unused_frames = 0;
            cloud.source.is_same(asset)
        });
        if is_ready {
            coming.remove(id);
            continue;
        }
        let pool = AsyncComputeTaskPool::try_get().filter(|_| asset.splats().len() > AT_ONCE);
        let Some(pool) = pool else {
            ready.insert(*id, SplatCloud::new(asset, &device));
            continue;
        };
        match coming.get_mut(id) {
            Some((of, task)) if of.is_same(asset) => {
                if let Some(cloud) = check_ready(task) {
                    ready.insert(*id, cloud);
                    coming.remove(id);
                }
            }
            _ => {
                let (asset, device) = (asset.clone(), device.clone());
                let task = pool.spawn({
                    let asset = asset.clone();
                    async move { SplatCloud::new(&asset, &device) }
                });
                coming.insert(*id, (asset, task));
            }
        }
    }
    ready.retain(|_, cloud| {
        cloud.unused_frames += 1;
        cloud.unused_frames <= KEEP_FRAMES
    });
}

impl SplatCloud {
    fn new(asset: &GveAsset, device: &RenderDevice) -> Self {
        let all = asset.splats();
        let limits = device.limits();
        let bytes = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        let fitting = fitting(all.len(), bytes, limits.max_texture_dimension_2d);
        if fitting < all.len() {
            warn!(
                "\"{}\" has {} splats and this GPU takes {fitting}: the {fitting} most important are drawn, enlarged",
                shown(&asset.metadata().name),
                all.len(),
            );
        }
        let splats = &all[..fitting];
        // A buffer of no bytes cannot be bound.
        let empty = [0u8; size_of::<Splat>()];
        let bytes: &[u8] = if splats.is_empty() { &empty } else { bytemuck::cast_slice(splats) };
        Self {
            source: asset.clone(),
            unused_frames: 0,
            splats: device.create_buffer_with_data(&BufferInitDescriptor {
                label: Some("gve splats"),
                contents: bytes,
                usage: BufferUsages::STORAGE,
            }),
            palette: device.create_buffer_with_data(&BufferInitDescriptor {
                label: Some("gve splat palette"),
                contents: bytemuck::cast_slice(&palette(asset.materials())),
                usage: BufferUsages::UNIFORM,
            }),
            points: Arc::new(splats.iter().collect()),
            in_file: all.len() as u32,
        }
    }
}

/// How many of `count` splats fit into a buffer of so many bytes, and their lit colours into a texture of so many
/// rows.
fn fitting(count: usize, max_bytes: u64, max_rows: u32) -> usize {
    let room = (max_bytes / size_of::<Splat>() as u64).min(u64::from(max_rows) * u64::from(LIT_WIDTH));
    count.min(usize::try_from(room).unwrap_or(usize::MAX))
}

/// (metallic, perceptual roughness, 0, 0) of each material; a material that is missing is matt.
fn palette(materials: &[MaterialSpec]) -> [[f32; 4]; PALETTE] {
    let mut palette = [[0.0, 1.0, 0.0, 0.0]; PALETTE];
    for (entry, material) in palette.iter_mut().zip(materials) {
        *entry = [material.metallic, material.roughness, 0.0, 0.0];
    }
    palette
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_left_out() {
        assert_eq!(fitting(1000, 1 << 27, 4096), 1000);
        assert_eq!(fitting(1000, 480, 4096), 10);
        assert_eq!(fitting(1000, 95, 4096), 1);
        assert_eq!(fitting(1 << 24, 1 << 31, 4096), 4096 * LIT_WIDTH as usize);
        assert_eq!(fitting(0, 1 << 27, 4096), 0);
    }
}
