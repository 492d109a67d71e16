//! The material that marches a volume.

use bevy::{
    asset::AssetPath,
    ecs::system::{SystemParamItem, lifetimeless::SRes},
    mesh::MeshVertexBufferLayoutRef,
    pbr::{Material, MaterialPipeline, MaterialPipelineKey, MeshPipelineKey},
    prelude::*,
    reflect::TypePath,
    render::{
        render_resource::{
            AddressMode, AsBindGroup, AsBindGroupError, BindGroupLayout, BindGroupLayoutEntry,
            BindingResources, BufferInitDescriptor, BufferUsages, FilterMode, OwnedBindingResource,
            RenderPipelineDescriptor, SamplerBindingType, SamplerDescriptor, ShaderStages, ShaderType,
            SpecializedMeshPipelineError, TextureSampleType, UnpreparedBindGroup,
            binding_types::{sampler, texture_2d, texture_3d, uniform_buffer},
            encase::UniformBuffer,
        },
        renderer::{RenderDevice, RenderQueue},
    },
    shader::{ShaderDefVal, ShaderRef},
};

use super::{
    limits::ShaderSupport,
    uniform::{LEVELS, PALETTE, Palette, VolumeUniform, part_materials},
    upload::{ROW, Uploader},
};
use crate::asset::GveAsset;

/// Marches the volume of one asset; made by [`GveVolumePlugin`](super::GveVolumePlugin), one for each asset.
///
/// Changing its asset uploads the new volume straight from the mapped file, in the frame of the change.
#[derive(Asset, TypePath, Debug, Clone)]
pub struct GveVolumeMaterial {
    asset: GveAsset,
    support: ShaderSupport,
}

impl GveVolumeMaterial {
    /// A material for the volume of an asset, for a box around it: a mesh that has positions alone. It works on any
    /// GPU that volumes are drawn on, and may leave out what only some can do.
    pub fn new(asset: GveAsset) -> Self {
        Self::on(asset, ShaderSupport { sample_masks: false, early_depth: false })
    }

    /// The same, with all that a GPU can do.
    pub(super) fn on(asset: GveAsset, support: ShaderSupport) -> Self {
        Self { asset, support }
    }
}

impl Material for GveVolumeMaterial {
    fn vertex_shader() -> ShaderRef {
        AssetPath::from("embedded://gve_bevy/volume/volume.wgsl").into()
    }

    fn fragment_shader() -> ShaderRef {
        AssetPath::from("embedded://gve_bevy/volume/volume.wgsl").into()
    }

    fn prepass_vertex_shader() -> ShaderRef {
        AssetPath::from("embedded://gve_bevy/volume/volume_prepass.wgsl").into()
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
        key: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        // Both sides of the box are drawn and the shader takes the far one.
        descriptor.primitive.cull_mode = None;
        let (has_masks, has_early_depth) = key.bind_group_data;
        let samples = descriptor.multisample.count;
        let of_fragment = descriptor.fragment.as_mut().map(|fragment| &mut fragment.shader_defs);
        // Both stages are in one file.
        for shader_defs in of_fragment.into_iter().chain([&mut descriptor.vertex.shader_defs]) {
            let mut define = |name: &str, value| shader_defs.push(ShaderDefVal::UInt(name.into(), value));
            define("GVE_PALETTE", PALETTE as u32);
            define("GVE_LEVELS", LEVELS as u32);
            define("GVE_ROW", ROW);
            // The places of other numbers of samples are not standard; their outlines have hard edges.
            let has_masks = has_masks && matches!(samples, 2 | 4 | 8);
            let samples = if has_masks { samples } else { 1 };
            define("GVE_SAMPLES", samples);
            if key.mesh_key.contains(MeshPipelineKey::UNCLIPPED_DEPTH_ORTHO) {
                // A cascade of a directional light; a camera's prepass has a near plane.
                shader_defs.push("GVE_NO_NEAR_PLANE".into());
            }
            if has_early_depth {
                shader_defs.push("GVE_EARLY_DEPTH".into());
            }
        }
        Ok(())
    }
}

impl AsBindGroup for GveVolumeMaterial {
    /// Whether there are sample masks, and early depth tests.
    type Data = (bool, bool);
    type Param = SRes<RenderQueue>;

    fn label() -> &'static str {
        "gve_volume_material"
    }

    fn bind_group_data(&self) -> (bool, bool) {
        (self.support.sample_masks, self.support.early_depth)
    }

    fn unprepared_bind_group(
        &self,
        _layout: &BindGroupLayout,
        device: &RenderDevice,
        queue: &mut SystemParamItem<'_, '_, Self::Param>,
        _force_no_bindless: bool,
    ) -> Result<UnpreparedBindGroup, AsBindGroupError> {
        let volume = self.asset.volume();
        let upload = Uploader { device, queue };
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
            (1, upload.cells(&volume)),
            (2, upload.scales(&volume)),
            (3, upload.distances(&volume)),
            (4, OwnedBindingResource::Sampler(SamplerBindingType::Filtering, sampler)),
            (5, upload.parts(&volume)),
            (6, upload.part_materials(&part_materials(self.asset.metadata()))),
            (7, uniform(device, &Palette::new(self.asset.materials()))),
        ];
        Ok(UnpreparedBindGroup { bindings: BindingResources(bindings) })
    }

    fn bind_group_layout_entries(_: &RenderDevice, _force_no_bindless: bool) -> Vec<BindGroupLayoutEntry> {
        let stages = ShaderStages::FRAGMENT;
        vec![
            uniform_buffer::<VolumeUniform>(false).build(0, ShaderStages::VERTEX_FRAGMENT),
            texture_2d(TextureSampleType::Uint).build(1, stages),
            texture_2d(TextureSampleType::Float { filterable: false }).build(2, stages),
            texture_3d(TextureSampleType::Float { filterable: true }).build(3, stages),
            sampler(SamplerBindingType::Filtering).build(4, stages),
            texture_3d(TextureSampleType::Uint).build(5, stages),
            texture_2d(TextureSampleType::Uint).build(6, stages),
            uniform_buffer::<Palette>(false).build(7, stages),
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
