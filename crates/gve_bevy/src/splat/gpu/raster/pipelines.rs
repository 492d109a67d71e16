//! The pipelines that blend tiles and put them over the picture.

use bevy::{
    asset::{AssetServer, load_embedded_asset},
    core_pipeline::core_3d::CORE_3D_DEPTH_FORMAT,
    platform::collections::HashMap,
    prelude::*,
    render::render_resource::{
        BindGroupLayoutDescriptor, BindGroupLayoutEntries, BlendState, CachedComputePipelineId,
        ColorTargetState, ColorWrites, CompareFunction, ComputePipeline, ComputePipelineDescriptor,
        DepthStencilState, FragmentState, MultisampleState, PipelineCache, RenderPipelineDescriptor,
        ShaderStages, ShaderType, SpecializedRenderPipeline, StorageTextureAccess, TextureFormat,
        TextureSampleType, VertexState,
        binding_types::{
            storage_buffer_read_only_sized, storage_buffer_sized, texture_2d, texture_2d_array,
            texture_depth_2d, texture_depth_2d_multisampled, texture_storage_2d_array, uniform_buffer,
            uniform_buffer_sized,
        },
    },
    shader::ShaderDefVal,
};

use super::{Kind, Tiling};
use crate::splat::gpu::{LIT_WIDTH, views::SplatViews};

/// The format of a blended picture.
pub(super) const COLOR_FORMAT: TextureFormat = TextureFormat::Rgba16Float;
/// The format of its depths.
pub(super) const COVER_FORMAT: TextureFormat = TextureFormat::R32Float;

/// Layouts, shaders and the pipelines that compute.
#[derive(Resource)]
pub(in crate::splat::gpu) struct RasterPipelines {
    tiles_shader: Handle<Shader>,
    blend_shader: Handle<Shader>,
    composite_shader: Handle<Shader>,
    pub(super) tiles_layout: BindGroupLayoutDescriptor,
    blend_layouts: [BindGroupLayoutDescriptor; 2],
    pub(super) composite_layout: BindGroupLayoutDescriptor,
    /// By the side of a tile.
    tiles: HashMap<u32, [CachedComputePipelineId; 4]>,
    blends: HashMap<Kind, CachedComputePipelineId>,
}

/// Everything that computes.
pub(super) struct Compute<'a> {
    pub(super) count: &'a ComputePipeline,
    pub(super) place: &'a ComputePipeline,
    pub(super) list: &'a ComputePipeline,
    pub(super) find: &'a ComputePipeline,
    pub(super) blend: &'a ComputePipeline,
}

/// Which pipeline puts tiles over the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::splat::gpu) struct CompositeKey {
    pub(in crate::splat::gpu) format: TextureFormat,
    pub(in crate::splat::gpu) samples: u32,
}

pub(super) fn init(mut commands: Commands, assets: Res<AssetServer>) {
    let read = || storage_buffer_read_only_sized(false, None);
    let write = || storage_buffer_sized(false, None);
    let blend_layout = |label, depth| {
        BindGroupLayoutDescriptor::new(
            label,
            &BindGroupLayoutEntries::sequential(
                ShaderStages::COMPUTE,
                (
                    uniform_buffer::<Tiling>(true),
                    read(),
                    read(),
                    read(),
                    read(),
                    read(),
                    texture_2d(TextureSampleType::Float { filterable: false }),
                    depth,
                    texture_storage_2d_array(COLOR_FORMAT, StorageTextureAccess::WriteOnly),
                    texture_storage_2d_array(COVER_FORMAT, StorageTextureAccess::WriteOnly),
                ),
            ),
        )
    };
    let unfiltered = TextureSampleType::Float { filterable: false };
    commands.insert_resource(RasterPipelines {
        tiles_shader: load_embedded_asset!(assets.as_ref(), "tiles.wgsl"),
        blend_shader: load_embedded_asset!(assets.as_ref(), "blend.wgsl"),
        composite_shader: load_embedded_asset!(assets.as_ref(), "composite.wgsl"),
        tiles_layout: BindGroupLayoutDescriptor::new(
            "gve splat tiles",
            &BindGroupLayoutEntries::sequential(
                ShaderStages::COMPUTE,
                (
                    uniform_buffer::<Tiling>(true),
                    read(),
                    read(),
                    read(),
                    write(),
                    write(),
                    write(),
                    write(),
                    write(),
                ),
            ),
        ),
        blend_layouts: [
            blend_layout("gve splat blend", texture_depth_2d()),
            blend_layout("gve splat blend, multisampled", texture_depth_2d_multisampled()),
        ],
        composite_layout: BindGroupLayoutDescriptor::new(
            "gve splat composite",
            &BindGroupLayoutEntries::sequential(
                ShaderStages::FRAGMENT,
                (
                    uniform_buffer::<Tiling>(true),
                    uniform_buffer_sized(true, Some(u32::min_size())),
                    texture_2d_array(unfiltered),
                    texture_2d_array(unfiltered),
                ),
            ),
        ),
        tiles: HashMap::default(),
        blends: HashMap::default(),
    });
}

/// Asks for the pipelines of the pictures that are drawn.
pub(super) fn request(
    views: Res<SplatViews>,
    cache: Res<PipelineCache>,
    pipelines: Option<ResMut<RasterPipelines>>,
) {
    let Some(mut pipelines) = pipelines else { return };
    for kind in views.tiled_kinds() {
        if pipelines.blends.contains_key(&kind) {
            continue;
        }
        let pipeline = |entry: &'static str, shader: &Handle<Shader>, layout: &BindGroupLayoutDescriptor| {
            let mut shader_defs = vec![
                ShaderDefVal::UInt("LIT_WIDTH".into(), LIT_WIDTH),
                ShaderDefVal::UInt("TILE".into(), kind.tile_side),
            ];
            if kind.is_multisampled {
                shader_defs.push("MULTISAMPLED".into());
            }
            cache.queue_compute_pipeline(ComputePipelineDescriptor {
                label: Some(format!("gve splat {entry}").into()),
                layout: vec![layout.clone()],
                shader: shader.clone(),
                shader_defs,
                entry_point: Some(entry.into()),
                ..default()
            })
        };
        let blend = pipeline("blend", &pipelines.blend_shader, pipelines.blend_layout(kind));
        let tiles = ["count_tiles", "place_tiles", "list_tiles", "find_tiles"];
        let tiles = pipelines.tiles.get(&kind.tile_side).copied().unwrap_or_else(|| {
            tiles.map(|entry| pipeline(entry, &pipelines.tiles_shader, &pipelines.tiles_layout))
        });
        pipelines.tiles.insert(kind.tile_side, tiles);
        pipelines.blends.insert(kind, blend);
    }
}

impl RasterPipelines {
    pub(super) fn blend_layout(&self, kind: Kind) -> &BindGroupLayoutDescriptor {
        &self.blend_layouts[usize::from(kind.is_multisampled)]
    }

    /// The pipelines that compute, once all are compiled.
    pub(super) fn compute<'a>(&self, cache: &'a PipelineCache, kind: Kind) -> Option<Compute<'a>> {
        let [count, place, list, find] = *self.tiles.get(&kind.tile_side)?;
        Some(Compute {
            count: cache.get_compute_pipeline(count)?,
            place: cache.get_compute_pipeline(place)?,
            list: cache.get_compute_pipeline(list)?,
            find: cache.get_compute_pipeline(find)?,
            blend: cache.get_compute_pipeline(*self.blends.get(&kind)?)?,
        })
    }
}

impl SpecializedRenderPipeline for RasterPipelines {
    type Key = CompositeKey;

    fn specialize(&self, CompositeKey { format, samples }: Self::Key) -> RenderPipelineDescriptor {
        // Depth was tested where the tiles were blended. Of a multisampled picture that was the farthest sample;
        // the others are tested here.
        let by_sample = samples > 1;
        let shader_defs = if by_sample { vec!["WRITES_DEPTH".into()] } else { Vec::new() };
        RenderPipelineDescriptor {
            label: Some("gve splat composite".into()),
            layout: vec![self.composite_layout.clone()],
            vertex: VertexState {
                shader: self.composite_shader.clone(),
                shader_defs: shader_defs.clone(),
                entry_point: Some("vertex".into()),
                buffers: Vec::new(),
            },
            fragment: Some(FragmentState {
                shader: self.composite_shader.clone(),
                shader_defs,
                entry_point: Some("fragment".into()),
                targets: vec![Some(ColorTargetState {
                    format,
                    blend: Some(BlendState::PREMULTIPLIED_ALPHA_BLENDING),
                    write_mask: ColorWrites::ALL,
                })],
            }),
            depth_stencil: Some(DepthStencilState {
                format: CORE_3D_DEPTH_FORMAT,
                depth_write_enabled: Some(false),
                depth_compare: Some(if by_sample {
                    CompareFunction::GreaterEqual
                } else {
                    CompareFunction::Always
                }),
                stencil: default(),
                bias: default(),
            }),
            multisample: MultisampleState { count: samples, ..default() },
            ..default()
        }
    }
}
