//! The material that marches a volume.

use bevy::{
    asset::AssetPath,
    ecs::system::{SystemParamItem, lifetimeless::SRes},
    mesh::MeshVertexBufferLayoutRef,
    pbr::{Material, MaterialPipeline, MaterialPipelineKey},
    prelude::*,
    reflect::TypePath,
    render::{
        render_resource::{
            AddressMode, AsBindGroup, AsBindGroupError, BindGroupLayout, BindGroupLayoutEntry,
            BindingResources, BufferInitDescriptor, BufferUsages, FilterMode, OwnedBindingResource,
            RenderPipelineDescriptor, SamplerBindingType, SamplerDescriptor, ShaderStages, ShaderType,
            SpecializedMeshPipelineError, Texture, TextureDataOrder, TextureDescriptor, TextureDimension,
            TextureFormat, TextureSampleType, TextureUsages, TextureViewDescriptor, TextureViewDimension,
            UnpreparedBindGroup,
            binding_types::{sampler, texture_3d, uniform_buffer},
            encase::UniformBuffer,
        },
        renderer::{RenderDevice, RenderQueue},
    },
    shader::{ShaderDefVal, ShaderRef},
};
use gve_assets::{BRICK_CELLS, BRICK_SAMPLES, VolumeView};
use gve_types::{MaterialSpec, limits::MAX_MATERIALS};

use super::limits::{DISTANCE_FORMAT, GRID_FORMAT, MATERIAL_FORMAT, extent};
use crate::asset::GveAsset;

/// Entries of the palette in the shader: 8 KiB of uniforms, half of what every GPU takes.
const PALETTE: usize = MAX_MATERIALS + 1;

/// Marches the volume of one asset; made by [`GveVolumePlugin`](super::GveVolumePlugin), one for each asset.
///
/// Changing its asset uploads the new volume straight from the mapped file, in the frame of the change.
#[derive(Asset, TypePath, Debug, Clone)]
pub struct GveVolumeMaterial {
    asset: GveAsset,
}

impl GveVolumeMaterial {
    /// A material for the volume of an asset.
    pub fn new(asset: GveAsset) -> Self {
        Self { asset }
    }
}

impl Material for GveVolumeMaterial {
    fn fragment_shader() -> ShaderRef {
        AssetPath::from("embedded://gve_bevy/volume/volume.wgsl").into()
    }

    fn prepass_fragment_shader() -> ShaderRef {
        AssetPath::from("embedded://gve_bevy/volume/volume_prepass.wgsl").into()
    }

    fn alpha_mode(&self) -> AlphaMode {
        // Fragments of the box that miss the surface are discarded, also in prepasses and shadow maps.
        AlphaMode::Mask(0.5)
    }

    fn specialize(
        _pipeline: &MaterialPipeline,
        descriptor: &mut RenderPipelineDescriptor,
        _layout: &MeshVertexBufferLayoutRef,
        _key: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        // Both sides of the box are drawn and the shader takes the far one.
        descriptor.primitive.cull_mode = None;
        let samples = descriptor.multisample.count;
        if let Some(fragment) = &mut descriptor.fragment {
            fragment.shader_defs.push(ShaderDefVal::UInt("GVE_PALETTE".into(), PALETTE as u32));
            // The places of other numbers of samples are not standard; their outlines have hard edges.
            let samples = if matches!(samples, 2 | 4 | 8) { samples } else { 1 };
            fragment.shader_defs.push(ShaderDefVal::UInt("GVE_SAMPLES".into(), samples));
        }
        Ok(())
    }
}

/// `Volume` in `march.wgsl`.
#[derive(ShaderType, Debug, Clone, Copy)]
pub(super) struct VolumeUniform {
    pub(super) origin: Vec3,
    pub(super) cell_size: f32,
    pub(super) box_min: Vec3,
    inverse_lipschitz: f32,
    pub(super) box_max: Vec3,
    bricks: UVec3,
    atlas_bricks: UVec3,
}

impl VolumeUniform {
    pub(super) fn new(asset: &GveAsset) -> Self {
        let volume = asset.volume();
        let bounds = asset.aabb();
        let origin = Vec3::from(volume.origin);
        let bricks = UVec3::from(volume.bricks);
        let end = (bricks * BRICK_CELLS).as_vec3();
        let to_grid = |point: Vec3A| (Vec3::from(point) - origin) / volume.cell_size;
        // The bounds hold the whole surface; half a cell more holds also its rounding to the grid.
        let box_min = (to_grid(bounds.min()) - 0.5).clamp(Vec3::ZERO, end);
        let box_max = (to_grid(bounds.max()) + 0.5).clamp(box_min, end);
        Self {
            origin,
            cell_size: volume.cell_size,
            box_min,
            inverse_lipschitz: 1.0 / volume.lipschitz.max(1.0),
            box_max,
            bricks,
            atlas_bricks: UVec3::from(volume.atlas_bricks),
        }
    }
}

/// `Surface` in `march.wgsl`.
#[derive(ShaderType, Debug, Clone, Copy, Default)]
struct Surface {
    base_color: Vec3,
    perceptual_roughness: f32,
    metallic: f32,
}

impl From<&MaterialSpec> for Surface {
    fn from(spec: &MaterialSpec) -> Self {
        let [red, green, blue] = spec.base_color_srgb;
        Self {
            base_color: Color::srgb_u8(red, green, blue).to_linear().to_vec3(),
            perceptual_roughness: spec.roughness,
            metallic: spec.metallic,
        }
    }
}

#[derive(ShaderType)]
struct Palette {
    surfaces: [Surface; PALETTE],
}

fn palette(materials: &[MaterialSpec]) -> Palette {
    let mut surfaces = [Surface::default(); PALETTE];
    for (surface, spec) in surfaces.iter_mut().zip(materials) {
        *surface = spec.into();
    }
    Palette { surfaces }
}

impl AsBindGroup for GveVolumeMaterial {
    type Data = ();
    type Param = SRes<RenderQueue>;

    fn label() -> &'static str {
        "gve_volume_material"
    }

    fn bind_group_data(&self) {}

    fn unprepared_bind_group(
        &self,
        _layout: &BindGroupLayout,
        device: &RenderDevice,
        queue: &mut SystemParamItem<'_, '_, Self::Param>,
        _force_no_bindless: bool,
    ) -> Result<UnpreparedBindGroup, AsBindGroupError> {
        let VolumeView { bricks, grid, atlas_bricks, distances, materials, .. } = self.asset.volume();
        let atlas = atlas_bricks.map(|bricks| bricks * BRICK_SAMPLES);
        let texture = |size, format, bytes| volume_texture(device, queue, size, format, bytes);
        let sampler = device.create_sampler(&SamplerDescriptor {
            label: Some("gve_volume_distance_sampler"),
            address_mode_u: AddressMode::ClampToEdge,
            address_mode_v: AddressMode::ClampToEdge,
            address_mode_w: AddressMode::ClampToEdge,
            mag_filter: FilterMode::Linear,
            min_filter: FilterMode::Linear,
            ..default()
        });
        let bindings = vec![
            (0, uniform(device, &VolumeUniform::new(&self.asset))),
            (1, texture(bricks, GRID_FORMAT, bytemuck::cast_slice(grid))),
            (2, texture(atlas, DISTANCE_FORMAT, bytemuck::cast_slice(distances))),
            (3, OwnedBindingResource::Sampler(SamplerBindingType::Filtering, sampler)),
            (4, texture(atlas, MATERIAL_FORMAT, materials)),
            (5, uniform(device, &palette(self.asset.materials()))),
        ];
        Ok(UnpreparedBindGroup { bindings: BindingResources(bindings) })
    }

    fn bind_group_layout_entries(_: &RenderDevice, _force_no_bindless: bool) -> Vec<BindGroupLayoutEntry> {
        let stages = ShaderStages::FRAGMENT;
        vec![
            uniform_buffer::<VolumeUniform>(false).build(0, stages),
            texture_3d(TextureSampleType::Uint).build(1, stages),
            texture_3d(TextureSampleType::Float { filterable: true }).build(2, stages),
            sampler(SamplerBindingType::Filtering).build(3, stages),
            texture_3d(TextureSampleType::Uint).build(4, stages),
            uniform_buffer::<Palette>(false).build(5, stages),
        ]
    }
}

fn uniform<T: ShaderType + bevy::render::render_resource::encase::internal::WriteInto>(
    device: &RenderDevice,
    value: &T,
) -> OwnedBindingResource {
    let mut bytes = UniformBuffer::new(Vec::new());
    if let Err(error) = bytes.write(value) {
        // A vector grows as needed; there is nothing that could fail.
        unreachable!("{error}");
    }
    OwnedBindingResource::Buffer(device.create_buffer_with_data(&BufferInitDescriptor {
        label: Some("gve_volume_uniform"),
        contents: bytes.as_ref(),
        usage: BufferUsages::UNIFORM,
    }))
}

fn volume_texture(
    device: &RenderDevice,
    queue: &RenderQueue,
    size: [u32; 3],
    format: TextureFormat,
    bytes: &[u8],
) -> OwnedBindingResource {
    let texture: Texture = device.create_texture_with_data(
        queue,
        &TextureDescriptor {
            label: Some("gve_volume_texture"),
            size: extent(size),
            mip_level_count: 1,
            sample_count: 1,
            dimension: TextureDimension::D3,
            format,
            usage: TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_DST,
            view_formats: &[],
        },
        TextureDataOrder::default(),
        bytes,
    );
    let view = texture.create_view(&TextureViewDescriptor::default());
    OwnedBindingResource::TextureView(TextureViewDimension::D3, view)
}
