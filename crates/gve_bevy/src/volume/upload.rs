//! The textures of a volume, filled from the mapped file.

use bevy::render::{
    render_resource::{
        Extent3d, Origin3d, OwnedBindingResource, TexelCopyBufferLayout, TexelCopyTextureInfo, Texture,
        TextureAspect, TextureDescriptor, TextureDimension, TextureFormat, TextureUsages,
        TextureViewDescriptor, TextureViewDimension,
    },
    renderer::{RenderDevice, RenderQueue},
};
use gve_assets::{BRICK_SAMPLES, PartIdsRef, VolumeView};

use super::{
    limits::{CELL_FORMAT, DISTANCE_FORMAT, MATERIAL_FORMAT, SCALE_FORMAT},
    uniform::atlas_bricks,
};

/// Lists lie in the rows of 2D textures, which every GPU takes this long.
pub(super) const ROW: u32 = 2048;

/// Rows that a list takes.
pub(super) fn rows(count: usize) -> u32 {
    count.div_ceil(ROW as usize) as u32
}

/// The format of the atlas of part ids: as wide as the widest level's.
pub(super) fn part_format(volume: &VolumeView) -> TextureFormat {
    let is_narrow = volume.levels().iter().all(|level| level.parts.width() == 1);
    if is_narrow { TextureFormat::R8Uint } else { TextureFormat::R16Uint }
}

/// Makes the textures of volumes.
pub(super) struct Uploader<'a> {
    pub(super) device: &'a RenderDevice,
    pub(super) queue: &'a RenderQueue,
}

impl Uploader<'_> {
    /// The cells of all levels, each level from a row of its own.
    pub(super) fn cells(&self, volume: &VolumeView) -> OwnedBindingResource {
        let lists: Vec<&[u8]> =
            volume.levels().iter().map(|level| bytemuck::cast_slice(level.cells)).collect();
        self.lists("gve_volume_cells", CELL_FORMAT, 8, &lists)
    }

    /// The scales of all stored bricks, each level from a row of its own.
    pub(super) fn scales(&self, volume: &VolumeView) -> OwnedBindingResource {
        let lists: Vec<&[u8]> =
            volume.levels().iter().map(|level| bytemuck::cast_slice(level.scales)).collect();
        self.lists("gve_volume_scales", SCALE_FORMAT, 4, &lists)
    }

    /// The material of each part.
    pub(super) fn part_materials(&self, materials: &[u8]) -> OwnedBindingResource {
        self.lists("gve_volume_part_materials", MATERIAL_FORMAT, 1, &[materials])
    }

    /// The distances of all levels, one level behind the other.
    pub(super) fn distances(&self, volume: &VolumeView) -> OwnedBindingResource {
        let texture = self.atlas("gve_volume_distances", DISTANCE_FORMAT, volume);
        for (number, level) in volume.levels().iter().enumerate() {
            self.write_level(&texture, volume, number, 2, bytemuck::cast_slice(level.distances));
        }
        view(&texture, TextureViewDimension::D3)
    }

    /// The parts of the same texels.
    pub(super) fn parts(&self, volume: &VolumeView) -> OwnedBindingResource {
        let format = part_format(volume);
        let texture = self.atlas("gve_volume_parts", format, volume);
        for (number, level) in volume.levels().iter().enumerate() {
            match level.parts {
                PartIdsRef::U8(ids) if format == TextureFormat::R16Uint => {
                    let wide: Vec<u16> = ids.iter().copied().map(u16::from).collect();
                    self.write_level(&texture, volume, number, 2, bytemuck::cast_slice(&wide));
                }
                ids => self.write_level(&texture, volume, number, ids.width(), ids.bytes()),
            }
        }
        view(&texture, TextureViewDimension::D3)
    }

    fn atlas(&self, label: &'static str, format: TextureFormat, volume: &VolumeView) -> Texture {
        let [width, height, depth] = atlas_bricks(volume).map(|bricks| bricks * BRICK_SAMPLES);
        let size = Extent3d { width, height, depth_or_array_layers: depth };
        self.texture(label, size, TextureDimension::D3, format)
    }

    /// The slabs of one level.
    fn write_level(
        &self,
        texture: &Texture,
        volume: &VolumeView,
        level: usize,
        texel_bytes: u32,
        bytes: &[u8],
    ) {
        let depth = volume.layers(level) * BRICK_SAMPLES;
        if depth == 0 {
            return;
        }
        let z = volume.first_layer(level) * BRICK_SAMPLES;
        let size =
            Extent3d { width: texture.width(), height: texture.height(), depth_or_array_layers: depth };
        self.write(texture, Origin3d { x: 0, y: 0, z }, size, texel_bytes, bytes);
    }

    /// Lists in rows, each from a row of its own.
    fn lists(
        &self,
        label: &'static str,
        format: TextureFormat,
        entry_bytes: u32,
        lists: &[&[u8]],
    ) -> OwnedBindingResource {
        let count = |list: &[u8]| list.len() / entry_bytes as usize;
        let height = lists.iter().map(|list| rows(count(list))).sum::<u32>().max(1);
        let size = Extent3d { width: ROW, height, depth_or_array_layers: 1 };
        let texture = self.texture(label, size, TextureDimension::D2, format);
        let mut y = 0;
        for list in lists {
            let full = count(list) / ROW as usize;
            let (rows_full, rest) = list.split_at(full * (ROW * entry_bytes) as usize);
            for (bytes, width, height, row) in
                [(rows_full, ROW, full as u32, y), (rest, count(rest) as u32, 1, y + full as u32)]
            {
                if !bytes.is_empty() {
                    let size = Extent3d { width, height, depth_or_array_layers: 1 };
                    self.write(&texture, Origin3d { x: 0, y: row, z: 0 }, size, entry_bytes, bytes);
                }
            }
            y += rows(count(list));
        }
        view(&texture, TextureViewDimension::D2)
    }

    fn texture(
        &self,
        label: &'static str,
        size: Extent3d,
        dimension: TextureDimension,
        format: TextureFormat,
    ) -> Texture {
        self.device.create_texture(&TextureDescriptor {
            label: Some(label),
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension,
            format,
            usage: TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_DST,
            view_formats: &[],
        })
    }

    fn write(&self, texture: &Texture, origin: Origin3d, size: Extent3d, texel_bytes: u32, bytes: &[u8]) {
        self.queue.write_texture(
            TexelCopyTextureInfo { texture, mip_level: 0, origin, aspect: TextureAspect::All },
            bytes,
            TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(size.width * texel_bytes),
                rows_per_image: Some(size.height),
            },
            size,
        );
    }
}

fn view(texture: &Texture, dimension: TextureViewDimension) -> OwnedBindingResource {
    let view = texture.create_view(&TextureViewDescriptor::default());
    OwnedBindingResource::TextureView(dimension, view)
}
