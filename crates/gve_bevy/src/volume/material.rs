//! The material that marches volumes.

use bevy::{
    asset::AssetPath,
    ecs::system::{SystemParamItem, lifetimeless::SRes},
    mesh::MeshVertexBufferLayoutRef,
    pbr::{Material, MaterialPipeline, MaterialPipelineKey, MeshPipelineKey},
    prelude::*,
    reflect::TypePath,
    render::{
        render_resource::{
            AsBindGroup, AsBindGroupError, BindGroupLayout, BindGroupLayoutEntry, BindingResources,
            OwnedBindingResource, RenderPipelineDescriptor, SamplerBindingType, ShaderStages,
            SpecializedMeshPipelineError, Texture, TextureSampleType, TextureViewDescriptor,
            TextureViewDimension, UnpreparedBindGroup,
            binding_types::{sampler, texture_2d, texture_3d},
        },
        renderer::RenderDevice,
    },
    shader::{ShaderDefVal, ShaderRef},
};

use super::{limits::ShaderSupport, space::ROW, textures::PoolTextures};

/// Marches the volumes of all assets; made by [`GveVolumePlugin`](super::GveVolumePlugin), one for the whole app.
///
/// It goes with a cube from -0.5 to 0.5 that has positions alone, and a [`MeshTag`](bevy::mesh::MeshTag) that says where
/// in the pool the asset's record is; the shader puts the cube around the asset.
#[derive(Asset, TypePath, Debug, Clone)]
pub struct GveVolumeMaterial {
    support: ShaderSupport,
    /// Grows when the textures of the pool are made anew.
    pub(super) generation: u32,
}

impl GveVolumeMaterial {
    pub(super) fn new(support: ShaderSupport) -> Self {
        Self { support, generation: 0 }
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
        let support = key.bind_group_data;
        let samples = descriptor.multisample.count;
        let of_fragment = descriptor.fragment.as_mut().map(|fragment| &mut fragment.shader_defs);
        // Both stages are in one file.
        for shader_defs in of_fragment.into_iter().chain([&mut descriptor.vertex.shader_defs]) {
            let mut define = |name: &str, value| shader_defs.push(ShaderDefVal::UInt(name.into(), value));
            define("GVE_ROW", ROW);
            define("GVE_COLUMN_LAYERS", support.column_layers);
            // The places of other numbers of samples are not standard; their outlines have hard edges.
            let has_masks = support.sample_masks && matches!(samples, 2 | 4 | 8);
            let samples = if has_masks { samples } else { 1 };
            define("GVE_SAMPLES", samples);
            if key.mesh_key.contains(MeshPipelineKey::UNCLIPPED_DEPTH_ORTHO) {
                // A cascade of a directional light; a camera's prepass has a near plane.
                shader_defs.push("GVE_NO_NEAR_PLANE".into());
            }
            if support.early_depth {
                shader_defs.push("GVE_EARLY_DEPTH".into());
            }
        }
        Ok(())
    }
}

impl AsBindGroup for GveVolumeMaterial {
    type Data = ShaderSupport;
    type Param = SRes<PoolTextures>;

    fn label() -> &'static str {
        "gve_volume_material"
    }

    fn bind_group_data(&self) -> ShaderSupport {
        self.support
    }

    fn unprepared_bind_group(
        &self,
        _layout: &BindGroupLayout,
        _device: &RenderDevice,
        pool: &mut SystemParamItem<'_, '_, Self::Param>,
        _force_no_bindless: bool,
    ) -> Result<UnpreparedBindGroup, AsBindGroupError> {
        let (Some(textures), Some(sampler)) = (pool.textures(), pool.sampler()) else {
            return Err(AsBindGroupError::RetryNextUpdate);
        };
        let view = |texture: &Texture, dimension| {
            let view = texture.create_view(&TextureViewDescriptor::default());
            OwnedBindingResource::TextureView(dimension, view)
        };
        let bindings = vec![
            (0, view(&textures.nodes, TextureViewDimension::D2)),
            (1, view(&textures.distances, TextureViewDimension::D3)),
            (2, OwnedBindingResource::Sampler(SamplerBindingType::Filtering, sampler.clone())),
            (3, view(&textures.parts, TextureViewDimension::D3)),
        ];
        Ok(UnpreparedBindGroup { bindings: BindingResources(bindings) })
    }

    fn bind_group_layout_entries(_: &RenderDevice, _force_no_bindless: bool) -> Vec<BindGroupLayoutEntry> {
        let stages = ShaderStages::FRAGMENT;
        vec![
            texture_2d(TextureSampleType::Uint).build(0, ShaderStages::VERTEX_FRAGMENT),
            texture_3d(TextureSampleType::Float { filterable: true }).build(1, stages),
            sampler(SamplerBindingType::Filtering).build(2, stages),
            texture_3d(TextureSampleType::Uint).build(3, stages),
        ]
    }
}
