//! Layouts and pipelines: those that compute, the one that lights and the one that draws.

use bevy::{
    asset::{AssetServer, load_embedded_asset},
    core_pipeline::core_3d::CORE_3D_DEPTH_FORMAT,
    mesh::{Mesh, MeshVertexBufferLayoutRef, MeshVertexBufferLayouts, PrimitiveTopology},
    pbr::{MeshPipeline, MeshPipelineKey},
    prelude::*,
    render::{
        render_resource::{
            BindGroupLayoutDescriptor, BindGroupLayoutEntries, BlendState, CachedComputePipelineId,
            ColorTargetState, ColorWrites, CompareFunction, ComputePipeline, ComputePipelineDescriptor,
            DepthStencilState, FragmentState, MultisampleState, PipelineCache, PrimitiveState,
            RenderPipelineDescriptor, ShaderStages, ShaderType, SpecializedMeshPipeline,
            SpecializedRenderPipeline, TextureFormat, TextureSampleType, VertexState,
            binding_types::{
                storage_buffer_read_only_sized, storage_buffer_sized, texture_2d, uniform_buffer,
                uniform_buffer_sized,
            },
        },
        view::ViewUniform,
    },
    shader::ShaderDefVal,
};

use super::{LIT_WIDTH, buffers::ROUNDS, split::Cuts, table::PageRows, views::Digit};

/// The format of lit colours: the range of light, the precision of what is shown.
pub(super) const LIT_FORMAT: TextureFormat = TextureFormat::Rgba16Float;
/// Quads that one instance draws. Drivers pay for each instance; a quad alone is too small a one.
pub(super) const QUADS_PER_BATCH: u32 = 256;
/// The bind group of the splats when they are lit; 0 and 1 are the mesh view's.
pub(super) const LIGHT_GROUP: u32 = 2;

/// Layouts and shaders, from which pipelines are specialised, and the pipelines that compute.
#[derive(Resource)]
pub(super) struct SplatPipelines {
    mesh: MeshPipeline,
    /// A mesh without attributes: splats have no vertex buffers.
    no_attributes: MeshVertexBufferLayoutRef,
    light_shader: Handle<Shader>,
    draw_shader: Handle<Shader>,
    pub(super) cull_layout: BindGroupLayoutDescriptor,
    pub(super) scan_layout: BindGroupLayoutDescriptor,
    pub(super) sort_layout: BindGroupLayoutDescriptor,
    pub(super) light_layout: BindGroupLayoutDescriptor,
    pub(super) draw_layout: BindGroupLayoutDescriptor,
    cull_shader: Handle<Shader>,
    scan_shader: Handle<Shader>,
    radix_shader: Handle<Shader>,
    compute: Option<ComputeIds>,
}

#[derive(Debug, Clone, Copy)]
struct ComputeIds {
    cull: CachedComputePipelineId,
    scan: CachedComputePipelineId,
    project: CachedComputePipelineId,
    count: CachedComputePipelineId,
    scan_counts: CachedComputePipelineId,
    scatter: CachedComputePipelineId,
    split: CachedComputePipelineId,
}

/// Everything that computes.
pub(super) struct Compute<'a> {
    pub(super) cull: &'a ComputePipeline,
    pub(super) scan: &'a ComputePipeline,
    pub(super) project: &'a ComputePipeline,
    pub(super) count: &'a ComputePipeline,
    pub(super) scan_counts: &'a ComputePipeline,
    pub(super) scatter: &'a ComputePipeline,
    pub(super) split: &'a ComputePipeline,
}

impl SplatPipelines {
    /// Asks for the pipelines that compute.
    pub(super) fn request_compute(&mut self, cache: &PipelineCache) {
        if self.compute.is_some() {
            return;
        }
        let pipeline = |entry: &'static str, shader: &Handle<Shader>, layout: &BindGroupLayoutDescriptor| {
            cache.queue_compute_pipeline(ComputePipelineDescriptor {
                label: Some(format!("gve splat {entry}").into()),
                layout: vec![layout.clone()],
                shader: shader.clone(),
                shader_defs: vec![
                    ShaderDefVal::UInt("QUADS_PER_BATCH".into(), QUADS_PER_BATCH),
                    ShaderDefVal::UInt("ROUNDS".into(), ROUNDS),
                ],
                entry_point: Some(entry.into()),
                ..default()
            })
        };
        self.compute = Some(ComputeIds {
            cull: pipeline("cull", &self.cull_shader, &self.cull_layout),
            scan: pipeline("scan", &self.scan_shader, &self.scan_layout),
            project: pipeline("project", &self.cull_shader, &self.cull_layout),
            count: pipeline("count_digits", &self.radix_shader, &self.sort_layout),
            scan_counts: pipeline("scan_digits", &self.radix_shader, &self.sort_layout),
            scatter: pipeline("scatter_digits", &self.radix_shader, &self.sort_layout),
            split: pipeline("split", &self.scan_shader, &self.scan_layout),
        });
    }

    /// The pipelines that compute, once all are compiled.
    pub(super) fn compute<'a>(&self, cache: &'a PipelineCache) -> Option<Compute<'a>> {
        let ids = self.compute?;
        Some(Compute {
            cull: cache.get_compute_pipeline(ids.cull)?,
            scan: cache.get_compute_pipeline(ids.scan)?,
            project: cache.get_compute_pipeline(ids.project)?,
            count: cache.get_compute_pipeline(ids.count)?,
            scan_counts: cache.get_compute_pipeline(ids.scan_counts)?,
            scatter: cache.get_compute_pipeline(ids.scatter)?,
            split: cache.get_compute_pipeline(ids.split)?,
        })
    }
}

/// Which pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum SplatPipelineKey {
    /// Lights splats for a view with this key.
    Light(MeshPipelineKey),
    /// Draws lit splats into a view.
    Draw { format: TextureFormat, samples: u32 },
}

pub(super) fn init(mut commands: Commands, mesh: Option<Res<MeshPipeline>>, assets: Res<AssetServer>) {
    let Some(mesh) = mesh else {
        warn!("splats are lit by Bevy's PBR: add PbrPlugin to see them");
        return;
    };
    let mut layouts = MeshVertexBufferLayouts::default();
    let no_attributes =
        Mesh::new(PrimitiveTopology::TriangleList, default()).get_mesh_vertex_buffer_layout(&mut layouts);
    let read = || storage_buffer_read_only_sized(false, None);
    let write = || storage_buffer_sized(false, None);
    let cull_layout = BindGroupLayoutDescriptor::new(
        "gve splat cull",
        &BindGroupLayoutEntries::sequential(
            ShaderStages::COMPUTE,
            (
                uniform_buffer::<ViewUniform>(true),
                uniform_buffer::<PageRows>(true),
                read(),
                read(),
                read(),
                write(),
                write(),
                write(),
                write(),
            ),
        ),
    );
    let scan_layout = BindGroupLayoutDescriptor::new(
        "gve splat scan",
        &BindGroupLayoutEntries::sequential(
            ShaderStages::COMPUTE,
            (uniform_buffer::<Cuts>(true), write(), write(), read()),
        ),
    );
    let sort_layout = BindGroupLayoutDescriptor::new(
        "gve splat sort",
        &BindGroupLayoutEntries::sequential(
            ShaderStages::COMPUTE,
            (uniform_buffer::<Digit>(true), read(), read(), write(), write()),
        ),
    );
    let both = ShaderStages::VERTEX_FRAGMENT;
    commands.insert_resource(SplatPipelines {
        mesh: mesh.clone(),
        no_attributes,
        light_shader: load_embedded_asset!(assets.as_ref(), "light.wgsl"),
        draw_shader: load_embedded_asset!(assets.as_ref(), "draw.wgsl"),
        cull_layout,
        scan_layout,
        sort_layout,
        light_layout: BindGroupLayoutDescriptor::new(
            "gve splat light",
            &BindGroupLayoutEntries::sequential(both, (read(), read())),
        ),
        draw_layout: BindGroupLayoutDescriptor::new(
            "gve splat draw",
            &BindGroupLayoutEntries::sequential(
                ShaderStages::VERTEX,
                (
                    uniform_buffer::<ViewUniform>(true),
                    uniform_buffer_sized(true, Some(u32::min_size())),
                    read(),
                    read(),
                    read(),
                    texture_2d(TextureSampleType::Float { filterable: false }),
                ),
            ),
        ),
        cull_shader: load_embedded_asset!(assets.as_ref(), "cull.wgsl"),
        scan_shader: load_embedded_asset!(assets.as_ref(), "scan.wgsl"),
        radix_shader: load_embedded_asset!(assets.as_ref(), "radix.wgsl"),
        compute: None,
    });
}

impl SpecializedRenderPipeline for SplatPipelines {
    type Key = SplatPipelineKey;

    fn specialize(&self, key: Self::Key) -> RenderPipelineDescriptor {
        match key {
            SplatPipelineKey::Light(view_key) => self.light(view_key),
            SplatPipelineKey::Draw { format, samples } => self.draw(format, samples),
        }
    }
}

impl SplatPipelines {
    /// Bevy's own pipeline for an opaque mesh in such a view, with another shader and another target: the
    /// layouts and shader definitions of everything that lights are then right by construction.
    fn light(&self, view_key: MeshPipelineKey) -> RenderPipelineDescriptor {
        let mut descriptor = self
            .mesh
            .specialize(view_key, &self.no_attributes)
            .expect("a mesh that has no attributes lacks none that were asked for");
        let mut shader_defs =
            descriptor.fragment.take().map(|fragment| fragment.shader_defs).unwrap_or_default();
        shader_defs.extend([
            ShaderDefVal::UInt("MATERIAL_BIND_GROUP".into(), 3),
            ShaderDefVal::UInt("SPLAT_BIND_GROUP".into(), LIGHT_GROUP),
            ShaderDefVal::UInt("LIT_WIDTH".into(), LIT_WIDTH),
        ]);
        descriptor.layout.truncate(LIGHT_GROUP as usize);
        descriptor.layout.push(self.light_layout.clone());
        RenderPipelineDescriptor {
            label: Some("gve splat light".into()),
            layout: descriptor.layout,
            vertex: VertexState {
                shader: self.light_shader.clone(),
                shader_defs: shader_defs.clone(),
                entry_point: Some("vertex".into()),
                buffers: Vec::new(),
            },
            fragment: Some(FragmentState {
                shader: self.light_shader.clone(),
                shader_defs,
                entry_point: Some("fragment".into()),
                targets: vec![Some(LIT_FORMAT.into())],
            }),
            ..default()
        }
    }

    fn draw(&self, format: TextureFormat, samples: u32) -> RenderPipelineDescriptor {
        let shader_defs = vec![
            ShaderDefVal::UInt("QUADS_PER_BATCH".into(), QUADS_PER_BATCH),
            ShaderDefVal::UInt("LIT_WIDTH".into(), LIT_WIDTH),
        ];
        RenderPipelineDescriptor {
            label: Some("gve splat draw".into()),
            layout: vec![self.draw_layout.clone()],
            vertex: VertexState {
                shader: self.draw_shader.clone(),
                shader_defs: shader_defs.clone(),
                entry_point: Some("vertex".into()),
                buffers: Vec::new(),
            },
            fragment: Some(FragmentState {
                shader: self.draw_shader.clone(),
                shader_defs,
                entry_point: Some("fragment".into()),
                targets: vec![Some(ColorTargetState {
                    format,
                    blend: Some(BlendState::PREMULTIPLIED_ALPHA_BLENDING),
                    write_mask: ColorWrites::ALL,
                })],
            }),
            primitive: PrimitiveState { topology: PrimitiveTopology::TriangleList, ..default() },
            depth_stencil: Some(DepthStencilState {
                format: CORE_3D_DEPTH_FORMAT,
                depth_write_enabled: Some(false),
                // Reverse z: nearer is greater.
                depth_compare: Some(CompareFunction::GreaterEqual),
                stencil: default(),
                bias: default(),
            }),
            multisample: MultisampleState { count: samples, ..default() },
            ..default()
        }
    }
}
