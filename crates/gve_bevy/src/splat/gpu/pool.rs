//! The splats of every asset that is shown, in pages of GPU memory.

use bevy::{
    platform::collections::HashMap,
    prelude::*,
    render::{
        render_resource::{Buffer, BufferDescriptor, BufferUsages, CommandEncoderDescriptor},
        renderer::{RenderDevice, RenderQueue},
    },
};
use gve_assets::Splat;
use gve_types::{MaterialSpec, text::shown};
use offset_allocator::{Allocation, Allocator};

use crate::{asset::GveAsset, splat::extract::ExtractedSplats};

/// Frames for which an asset that nobody shows stays on the GPU, so that switching back is free.
const KEEP_FRAMES: u32 = 120;
/// Bytes of splats that one frame uploads; an asset that is larger arrives over several, most important splats first.
const UPLOAD_BYTES_PER_FRAME: u64 = 32 << 20;
/// Bytes of one splat.
const SPLAT_BYTES: u64 = size_of::<Splat>() as u64;
/// Splats of the smallest page.
const LEAST_PAGE: u32 = 1 << 15;
/// Splats of the largest page: what the allocator of a page can count to, and more than bindings take today.
const LARGEST_PAGE: u64 = 1 << 27;
/// Entries of the palette of an asset: a splat names its material in one byte.
const PALETTE: u32 = 256;

/// All splats on the GPU.
#[derive(Resource, Default)]
pub(super) struct SplatPool {
    pages: Vec<Page>,
    palettes: Palettes,
    /// What is drawn.
    ready: HashMap<AssetId<GveAsset>, Cloud>,
    /// Reloads that have not arrived as a whole; until then the load before is drawn.
    coming: HashMap<AssetId<GveAsset>, Cloud>,
    /// Grows whenever a splat that may be drawn is another one.
    generation: u64,
}

/// A buffer that many assets share.
struct Page {
    /// `None` while no asset is in it.
    buffer: Option<Buffer>,
    /// Splats that the buffer has room for now.
    room: u32,
    /// Splats that it may grow to.
    largest: u32,
    allocator: Allocator,
    used: u32,
}

/// The splats of one asset.
pub(super) struct Cloud {
    /// The load that it was made from: another one under the same id is a reload.
    source: GveAsset,
    unused_frames: u32,
    runs: Vec<Run>,
    palette: u32,
    /// How many have arrived.
    uploaded: u32,
    /// How many the pool has room for.
    fitting: u32,
}

/// Splats that follow each other in one page.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) page: u32,
    pub(super) first: u32,
    pub(super) count: u32,
    allocation: Allocation,
}

impl Cloud {
    /// Parts of the first `count` splats, each in one page.
    pub(super) fn runs(&self, count: u32) -> impl Iterator<Item = Run> {
        let mut left = count.min(self.uploaded);
        self.runs.iter().map_while(move |run| {
            let count = left.min(run.count);
            left -= count;
            (count > 0).then_some(Run { count, ..*run })
        })
    }

    /// How many can be drawn now.
    pub(super) fn available(&self) -> u32 {
        self.uploaded
    }

    /// How many the file has.
    pub(super) fn in_file(&self) -> u32 {
        self.source.splats().len() as u32
    }

    /// Where its materials begin.
    pub(super) fn palette(&self) -> u32 {
        self.palette
    }
}

impl SplatPool {
    pub(super) fn cloud(&self, id: AssetId<GveAsset>) -> Option<&Cloud> {
        self.ready.get(&id)
    }

    pub(super) fn page(&self, page: u32) -> Option<&Buffer> {
        self.pages.get(page as usize)?.buffer.as_ref()
    }

    pub(super) fn palettes(&self) -> Option<&Buffer> {
        self.palettes.buffer.as_ref()
    }

    /// Another number says that splats have changed.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// The assets of which everything is there that there is room for.
    pub(super) fn complete(&self) -> impl Iterator<Item = AssetId<GveAsset>> {
        self.ready.iter().filter(|(_, cloud)| cloud.uploaded == cloud.fitting).map(|(id, _)| *id)
    }

    /// Bytes of the GPU's memory that the pages take.
    pub(super) fn resident_bytes(&self) -> u64 {
        self.pages.iter().filter_map(|page| page.buffer.as_ref()).map(|buffer| buffer.size()).sum()
    }

    fn add(&mut self, asset: &GveAsset, device: &RenderDevice, queue: &RenderQueue) -> Cloud {
        let count = asset.splats().len() as u32;
        let mut runs = Vec::new();
        let mut left = count;
        while left > 0
            && let Some(run) = self.allocate(left, device, queue)
        {
            left -= run.count;
            runs.push(run);
        }
        if left > 0 {
            warn!(
                "\"{}\" has {count} splats and this GPU has room for {} of them: the most important are drawn, enlarged",
                shown(&asset.metadata().name),
                count - left,
            );
        }
        let palette = self.palettes.add(asset.materials(), device, queue);
        Cloud { source: asset.clone(), unused_frames: 0, runs, palette, uploaded: 0, fitting: count - left }
    }

    /// Room for so many splats, or for as many as a page takes.
    fn allocate(&mut self, count: u32, device: &RenderDevice, queue: &RenderQueue) -> Option<Run> {
        let limits = device.limits();
        let bytes = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        // The allocator finds room for a whole page only where its size is a power of two.
        let largest = 1 << (bytes / SPLAT_BYTES).clamp(1, LARGEST_PAGE).ilog2();
        let count = count.min(largest);
        for (index, page) in self.pages.iter_mut().enumerate() {
            if let Some(allocation) = page.allocator.allocate(count) {
                page.take(allocation.offset + count, device, queue);
                page.used += count;
                return Some(Run { page: index as u32, first: allocation.offset, count, allocation });
            }
        }
        let mut page = Page { buffer: None, room: 0, largest, allocator: Allocator::new(largest), used: 0 };
        let allocation = page.allocator.allocate(count)?;
        page.take(allocation.offset + count, device, queue);
        page.used = count;
        self.pages.push(page);
        Some(Run { page: self.pages.len() as u32 - 1, first: allocation.offset, count, allocation })
    }

    fn free(&mut self, cloud: Cloud) {
        self.palettes.free.push(cloud.palette);
        for run in cloud.runs {
            let page = &mut self.pages[run.page as usize];
            page.allocator.free(run.allocation);
            page.used -= run.count;
            if page.used == 0 {
                // Nobody's any more: the memory goes back.
                (page.buffer, page.room) = (None, 0);
            }
        }
        if self.ready.is_empty() && self.coming.is_empty() {
            self.palettes = default();
        }
    }
}

impl Page {
    /// Sees to it that the buffer reaches to `end`.
    fn take(&mut self, end: u32, device: &RenderDevice, queue: &RenderQueue) {
        if end <= self.room {
            return;
        }
        let room = end.max(self.room.saturating_mul(2)).max(LEAST_PAGE).min(self.largest);
        let buffer = device.create_buffer(&BufferDescriptor {
            label: Some("gve splats"),
            size: u64::from(room) * SPLAT_BYTES,
            usage: BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        if let Some(old) = &self.buffer {
            let mut encoder = device
                .create_command_encoder(&CommandEncoderDescriptor { label: Some("gve splat pool grows") });
            encoder.copy_buffer_to_buffer(old, 0, &buffer, 0, u64::from(self.room) * SPLAT_BYTES);
            queue.submit([encoder.finish()]);
        }
        (self.buffer, self.room) = (Some(buffer), room);
    }
}

/// Metallic and roughness of the materials of all assets.
#[derive(Default)]
struct Palettes {
    entries: Vec<u32>,
    buffer: Option<Buffer>,
    free: Vec<u32>,
}

impl Palettes {
    /// Where the materials begin.
    fn add(&mut self, materials: &[MaterialSpec], device: &RenderDevice, queue: &RenderQueue) -> u32 {
        let first = self.free.pop().unwrap_or_else(|| {
            let first = self.entries.len() as u32;
            self.entries.resize(self.entries.len() + PALETTE as usize, 0);
            first
        });
        let own = palette(materials);
        self.entries[first as usize..][..PALETTE as usize].copy_from_slice(&own);
        let bytes = self.entries.len() as u64 * 4;
        match &self.buffer {
            Some(buffer) if buffer.size() >= bytes => {
                queue.write_buffer(buffer, u64::from(first) * 4, bytemuck::cast_slice(&own));
            }
            _ => {
                let buffer = device.create_buffer(&BufferDescriptor {
                    label: Some("gve splat palettes"),
                    size: bytes.next_power_of_two(),
                    usage: BufferUsages::STORAGE | BufferUsages::COPY_DST,
                    mapped_at_creation: false,
                });
                queue.write_buffer(&buffer, 0, bytemuck::cast_slice(&self.entries));
                self.buffer = Some(buffer);
            }
        }
        first
    }
}

/// Metallic and perceptual roughness of each material, 16 bits each; a material that is missing is matt.
fn palette(materials: &[MaterialSpec]) -> [u32; PALETTE as usize] {
    let unorm = |value: f32| (value.clamp(0.0, 1.0) * 65535.0).round() as u32;
    let mut palette = [unorm(1.0) << 16; PALETTE as usize];
    for (entry, material) in palette.iter_mut().zip(materials) {
        *entry = unorm(material.metallic) | unorm(material.roughness) << 16;
    }
    palette
}

/// Uploads what is new, swaps what was reloaded, lets go of what is no longer shown.
pub(super) fn upload(
    extracted: Res<ExtractedSplats>,
    device: Res<RenderDevice>,
    queue: Res<RenderQueue>,
    mut pool: ResMut<SplatPool>,
) {
    let pool = &mut *pool;
    let mut budget = UPLOAD_BYTES_PER_FRAME;
    for (id, asset) in &extracted.assets {
        if let Some(cloud) = pool.ready.get_mut(id) {
            cloud.unused_frames = 0;
            if cloud.source.is_same(asset) {
                if cloud.uploaded < cloud.fitting {
                    cloud.upload(&pool.pages, &queue, &mut budget);
                    pool.generation += 1;
                }
                continue;
            }
        }
        let is_coming = pool.coming.get(id).is_some_and(|cloud| cloud.source.is_same(asset));
        let mut cloud = match pool.coming.remove(id) {
            Some(cloud) if is_coming => cloud,
            other => {
                if let Some(stale) = other {
                    pool.free(stale);
                }
                pool.add(asset, &device, &queue)
            }
        };
        cloud.unused_frames = 0;
        cloud.upload(&pool.pages, &queue, &mut budget);
        // A first load is drawn as it comes; a reload replaces the load before as a whole.
        if cloud.uploaded == cloud.fitting || !pool.ready.contains_key(id) {
            if let Some(old) = pool.ready.insert(*id, cloud) {
                pool.free(old);
            }
            pool.generation += 1;
        } else {
            pool.coming.insert(*id, cloud);
        }
    }
    let is_unused = |_: &AssetId<GveAsset>, cloud: &mut Cloud| {
        cloud.unused_frames += 1;
        cloud.unused_frames > KEEP_FRAMES
    };
    let unused: Vec<_> = pool
        .ready
        .extract_if(is_unused)
        .chain(pool.coming.extract_if(is_unused))
        .map(|(_, cloud)| cloud)
        .collect();
    for cloud in unused {
        pool.free(cloud);
    }
}

impl Cloud {
    /// Uploads the next splats, as many as the budget of this frame allows.
    fn upload(&mut self, pages: &[Page], queue: &RenderQueue, budget: &mut u64) {
        let splats = self.source.splats();
        let mut start = 0;
        for run in &self.runs {
            let done = self.uploaded.saturating_sub(start).min(run.count);
            let count = (run.count - done).min((*budget / SPLAT_BYTES).try_into().unwrap_or(u32::MAX));
            let part = &splats[(start + done) as usize..][..count as usize];
            if let (false, Some(buffer)) = (part.is_empty(), &pages[run.page as usize].buffer) {
                let at = u64::from(run.first + done) * SPLAT_BYTES;
                queue.write_buffer(buffer, at, bytemuck::cast_slice(part));
            }
            *budget -= u64::from(count) * SPLAT_BYTES;
            self.uploaded += count;
            start += run.count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn materials_are_packed_and_missing_ones_are_matt() {
        let palette = palette(&[]);
        assert!(palette.iter().all(|&entry| entry == 0xffff_0000));
    }
}
