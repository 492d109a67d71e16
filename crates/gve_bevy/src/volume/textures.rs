//! The textures of the pool, filled as the main world says.

use std::ops::Range;

use bevy::{
    prelude::*,
    render::{
        MainWorld,
        render_resource::{
            AddressMode, BufferDescriptor, BufferUsages, CommandEncoder, CommandEncoderDescriptor, Extent3d,
            FilterMode, Origin3d, Sampler, SamplerDescriptor, TexelCopyBufferInfo, TexelCopyBufferLayout,
            TexelCopyTextureInfo, Texture, TextureAspect, TextureDescriptor, TextureDimension, TextureFormat,
            TextureUsages,
        },
        renderer::{RenderDevice, RenderQueue},
    },
};
use gve_assets::{BRICK_SAMPLES, LevelView, PartIdsRef, VolumeView};

use super::{
    limits::{DISTANCE_FORMAT, NODE_FORMAT, PART_FORMAT},
    load::Write,
    record::{self, Texel},
    residents::{Orders, Residents},
    space::{COLUMN_BRICKS, Capacity, LAYER_BRICKS, ROW},
};

/// Texels along one side of a brick.
const SIDE: usize = BRICK_SAMPLES as usize;
/// Bytes of a row of texels of bricks in the upload buffer: distances, and parts. Both are what GPUs ask for.
const ROW_BYTES: [usize; 2] = [COLUMN_BRICKS as usize * SIDE * 2, COLUMN_BRICKS as usize * SIDE];
/// Bytes of a row of bricks in the upload buffer.
const RUN_BYTES: [usize; 2] = [ROW_BYTES[0] * SIDE * SIDE, ROW_BYTES[1] * SIDE * SIDE];

/// The textures that all volumes share.
#[derive(Resource)]
pub struct PoolTextures {
    column_layers: u32,
    capacity: Capacity,
    textures: Option<Textures>,
    sampler: Option<Sampler>,
    orders: Orders,
}

/// Records, cells and looks; distances and parts of all bricks.
pub(super) struct Textures {
    pub(super) nodes: Texture,
    pub(super) distances: Texture,
    pub(super) parts: Texture,
}

impl PoolTextures {
    /// Of a GPU on which a column of the atlas has so many layers of bricks.
    pub(super) fn new(column_layers: u32) -> Self {
        Self {
            column_layers: column_layers.max(1),
            capacity: Capacity::default(),
            textures: None,
            sampler: None,
            orders: Orders::default(),
        }
    }

    pub(super) fn textures(&self) -> Option<&Textures> {
        self.textures.as_ref()
    }

    /// Interpolates distances.
    pub(super) fn sampler(&self) -> Option<&Sampler> {
        self.sampler.as_ref()
    }

    fn resize(&mut self, capacity: Capacity, device: &RenderDevice, queue: &RenderQueue) {
        self.capacity = capacity;
        if capacity == Capacity::default() {
            self.textures = None;
            return;
        }
        let columns = capacity.layers.div_ceil(self.column_layers).max(1);
        let layers = capacity.layers.min(self.column_layers).max(1);
        let side = COLUMN_BRICKS * BRICK_SAMPLES;
        let size = [side * columns, side, BRICK_SAMPLES * layers];
        let new = Textures {
            nodes: texture(
                device,
                "gve_volume_nodes",
                TextureDimension::D2,
                NODE_FORMAT,
                [ROW, capacity.rows.max(1), 1],
            ),
            distances: texture(device, "gve_volume_distances", TextureDimension::D3, DISTANCE_FORMAT, size),
            parts: texture(device, "gve_volume_parts", TextureDimension::D3, PART_FORMAT, size),
        };
        if let Some(old) = self.textures.replace(new)
            && let Some(new) = &self.textures
        {
            let mut encoder = device
                .create_command_encoder(&CommandEncoderDescriptor { label: Some("gve_volume_pool_grows") });
            copy(&mut encoder, &old.nodes, &new.nodes);
            copy(&mut encoder, &old.distances, &new.distances);
            copy(&mut encoder, &old.parts, &new.parts);
            queue.submit([encoder.finish()]);
        }
    }

    /// The corner of a brick in the atlas, in texels.
    fn origin(&self, brick: u32) -> Origin3d {
        let (layer, place) = (brick / LAYER_BRICKS, brick % LAYER_BRICKS);
        let (column, layer) = (layer / self.column_layers, layer % self.column_layers);
        Origin3d {
            x: BRICK_SAMPLES * (COLUMN_BRICKS * column + place % COLUMN_BRICKS),
            y: BRICK_SAMPLES * (place / COLUMN_BRICKS),
            z: BRICK_SAMPLES * layer,
        }
    }
}

fn texture(
    device: &RenderDevice,
    label: &'static str,
    dimension: TextureDimension,
    format: TextureFormat,
    [width, height, depth]: [u32; 3],
) -> Texture {
    device.create_texture(&TextureDescriptor {
        label: Some(label),
        size: Extent3d { width, height, depth_or_array_layers: depth },
        mip_level_count: 1,
        sample_count: 1,
        dimension,
        format,
        usage: TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_DST | TextureUsages::COPY_SRC,
        view_formats: &[],
    })
}

/// Copies what both have room for.
fn copy(encoder: &mut CommandEncoder, from: &Texture, to: &Texture) {
    let (a, b) = (from.size(), to.size());
    let size = Extent3d {
        width: a.width.min(b.width),
        height: a.height.min(b.height),
        depth_or_array_layers: a.depth_or_array_layers.min(b.depth_or_array_layers),
    };
    encoder.copy_texture_to_texture(from.as_image_copy(), to.as_image_copy(), size);
}

/// Lets go of what belongs to a device that is gone.
pub(super) fn forget(mut textures: ResMut<PoolTextures>) {
    *textures = PoolTextures::new(textures.column_layers);
}

/// Takes over what the main world has decided.
pub(super) fn extract(mut textures: ResMut<PoolTextures>, mut main_world: ResMut<MainWorld>) {
    let Some(mut residents) = main_world.get_resource_mut::<Residents>() else { return };
    let residents = residents.bypass_change_detection();
    if residents.has_orders() {
        let Orders { capacity, writes } = residents.take_orders();
        let orders = &mut textures.orders;
        orders.capacity = capacity.or(orders.capacity);
        orders.writes.extend(writes);
    }
}

/// Does it.
pub(super) fn fill(mut textures: ResMut<PoolTextures>, device: Res<RenderDevice>, queue: Res<RenderQueue>) {
    if textures.sampler.is_none() {
        textures.sampler = Some(device.create_sampler(&SamplerDescriptor {
            label: Some("gve_volume_distance_sampler"),
            address_mode_u: AddressMode::ClampToEdge,
            address_mode_v: AddressMode::ClampToEdge,
            address_mode_w: AddressMode::ClampToEdge,
            mag_filter: FilterMode::Linear,
            min_filter: FilterMode::Linear,
            ..default()
        }));
    }
    let orders = std::mem::take(&mut textures.orders);
    if let Some(capacity) = orders.capacity.filter(|capacity| *capacity != textures.capacity) {
        textures.resize(capacity, &device, &queue);
    }
    let Some(into) = &textures.textures else { return };
    let mut upload = Upload::default();
    for write in orders.writes {
        match write {
            Write::Nodes { first, texels } => write_nodes(&queue, &into.nodes, first, &texels),
            Write::Cells { asset, level, cells, first, place } => {
                let volume = asset.volume();
                let Some(level) = volume.levels().get(level as usize) else { continue };
                let Some(some) = level.cells.get(as_usize(cells)) else { continue };
                let texels: Vec<Texel> = record::cells(level, some, place).collect();
                write_nodes(&queue, &into.nodes, first, &texels);
            }
            Write::Bricks { asset, level, bricks, first, materials } => {
                upload.add(&asset.volume(), level as usize, bricks, first, materials.as_deref());
            }
        }
    }
    upload.submit(&textures, into, &device, &queue);
}

fn as_usize(range: Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

/// Writes a list that lies in the rows of the texture.
fn write_nodes(queue: &RenderQueue, texture: &Texture, first: u32, texels: &[Texel]) {
    let mut at = first;
    let mut rest = texels;
    while !rest.is_empty() {
        let (x, y) = (at % ROW, at / ROW);
        // Full rows go together.
        let (width, rows) = match rest.len() as u32 / ROW {
            rows @ 1.. if x == 0 => (ROW, rows),
            _ => ((ROW - x).min(rest.len() as u32), 1),
        };
        let (now, later) = rest.split_at((width * rows) as usize);
        queue.write_texture(
            TexelCopyTextureInfo {
                texture,
                mip_level: 0,
                origin: Origin3d { x, y, z: 0 },
                aspect: TextureAspect::All,
            },
            bytemuck::cast_slice(now),
            TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(width * size_of::<Texel>() as u32),
                rows_per_image: Some(rows),
            },
            Extent3d { width, height: rows, depth_or_array_layers: 1 },
        );
        at += now.len() as u32;
        rest = later;
    }
}

/// Bricks of a frame, gathered row by row into one buffer: distances of a row, then its parts.
#[derive(Default)]
struct Upload {
    bytes: Vec<u8>,
    /// Where each run begins, in bricks of the atlas, and how long it is.
    runs: Vec<(u32, u32)>,
}

impl Upload {
    /// Adds bricks of a level, to lie from the brick `first` of the atlas on.
    fn add(
        &mut self,
        volume: &VolumeView,
        level: usize,
        bricks: Range<u32>,
        first: u32,
        materials: Option<&[u8]>,
    ) {
        let Some(level) = volume.levels().get(level) else { return };
        let mut slot = bricks.start;
        let mut to = first;
        while slot < bricks.end {
            // To the end of a row of the atlas.
            let count = (bricks.end - slot).min(COLUMN_BRICKS - to % COLUMN_BRICKS);
            let start = self.bytes.len();
            self.bytes.resize(start + RUN_BYTES[0] + RUN_BYTES[1], 0);
            let (distances, parts) = self.bytes[start..].split_at_mut(RUN_BYTES[0]);
            for i in 0..count {
                let from = BrickTexels::new(volume, slot + i);
                let x = i as usize * SIDE;
                from.copy(bytemuck::cast_slice(level.distances), 2, &mut distances[2 * x..], ROW_BYTES[0]);
                copy_parts(level, &from, materials, &mut parts[x..]);
            }
            self.runs.push((to, count));
            slot += count;
            to += count;
        }
    }

    fn submit(self, pool: &PoolTextures, into: &Textures, device: &RenderDevice, queue: &RenderQueue) {
        if self.runs.is_empty() {
            return;
        }
        let buffer = device.create_buffer(&BufferDescriptor {
            label: Some("gve_volume_upload"),
            size: self.bytes.len() as u64,
            usage: BufferUsages::COPY_SRC,
            mapped_at_creation: true,
        });
        buffer.slice(..).get_mapped_range_mut().copy_from_slice(&self.bytes);
        buffer.unmap();
        let mut encoder =
            device.create_command_encoder(&CommandEncoderDescriptor { label: Some("gve_volume_upload") });
        let mut offset = 0;
        for (first, count) in self.runs {
            let size = Extent3d {
                width: count * BRICK_SAMPLES,
                height: BRICK_SAMPLES,
                depth_or_array_layers: BRICK_SAMPLES,
            };
            for (texture, which) in [(&into.distances, 0), (&into.parts, 1)] {
                let layout = TexelCopyBufferLayout {
                    offset,
                    bytes_per_row: Some(ROW_BYTES[which] as u32),
                    rows_per_image: Some(BRICK_SAMPLES),
                };
                encoder.copy_buffer_to_texture(
                    TexelCopyBufferInfo { buffer: &buffer, layout },
                    TexelCopyTextureInfo {
                        texture,
                        mip_level: 0,
                        origin: pool.origin(first),
                        aspect: TextureAspect::All,
                    },
                    size,
                );
                offset += RUN_BYTES[which] as u64;
            }
        }
        queue.submit([encoder.finish()]);
    }
}

/// The texels of a brick in the file: 8 rows in each of 8 planes.
struct BrickTexels {
    first: usize,
    row: usize,
    plane: usize,
}

impl BrickTexels {
    fn new(volume: &VolumeView, slot: u32) -> Self {
        let [x, y, z] = volume.slot_texel(slot).map(|texel| texel as usize);
        let [width, height] = volume.slab.map(|bricks| bricks as usize * SIDE);
        Self { first: (z * height + y) * width + x, row: width, plane: width * height }
    }

    /// The first texel of each row, in the order in which rows lie in the upload buffer.
    fn rows(&self) -> impl Iterator<Item = usize> {
        (0..SIDE * SIDE).map(|i| self.first + i % SIDE * self.row + i / SIDE * self.plane)
    }

    /// Copies rows of texels of so many bytes.
    fn copy(&self, from: &[u8], texel_bytes: usize, to: &mut [u8], pitch: usize) {
        for (texel, to) in self.rows().zip(to.chunks_mut(pitch)) {
            let bytes = SIDE * texel_bytes;
            // The reader has checked that a level has all texels of its bricks.
            if let Some(row) = from.get(texel * texel_bytes..).and_then(|from| from.get(..bytes)) {
                to[..bytes].copy_from_slice(row);
            }
        }
    }
}

/// Copies the parts of a brick, or where materials are given, the materials of its parts.
fn copy_parts(level: &LevelView, from: &BrickTexels, materials: Option<&[u8]>, to: &mut [u8]) {
    let pitch = ROW_BYTES[1];
    let Some(materials) = materials else {
        if let PartIdsRef::U8(ids) = level.parts {
            from.copy(ids, 1, to, pitch);
        }
        return;
    };
    let material = |part: usize| materials.get(part).copied().unwrap_or(u8::MAX);
    for (texel, to) in from.rows().zip(to.chunks_mut(pitch)) {
        for (i, to) in to[..SIDE].iter_mut().enumerate() {
            *to = material(level.parts.get(texel + i).unwrap_or_default().into());
        }
    }
}
