//! The two pipelines: the one that lights and the one that draws.

use bevy::{
    asset::{AssetServer, load_embedded_asset},
    core_pipeline::{FullscreenShader, core_3d::CORE_3D_DEPTH_FORMAT},
    mesh::{Mesh, MeshVertexBufferLayoutRef, MeshVertexBufferLayouts, PrimitiveTopology},
    pbr::{MeshPipeline, MeshPipelineKey},
    prelude::*,
    render::{
        render_resource::{
            BindGroupLayoutDescriptor, BindGroupLayoutEntries, BlendState, ColorTargetState, ColorWrites,
            CompareFunction, DepthStencilState, FragmentState, MultisampleState, PrimitiveState,
            RenderPipelineDescriptor, ShaderStages, ShaderType, SpecializedMeshPipeline,
            SpecializedRenderPipeline, TextureFormat, TextureSampleType, VertexState,
            binding_types::{
                storage_buffer_read_only_sized, texture_2d, uniform_buffer, uniform_buffer_sized,
            },
        },
        view::ViewUniform,
    },
    shader::ShaderDefVal,
};

use super::prepare::SplatObject;

/// The format of lit colours: the range of light, the precision of what is shown.
pub(super) const LIT_FORMAT: TextureFormat = TextureFormat::Rgba16Float;
/// Quads that one instance draws. Drivers pay for each instance; a quad alone is too small a one.
pub(super) const QUADS_PER_BATCH: u32 = 256;
/// The bind group that holds [`SplatPipelines::object_layout`] when lighting; 0 and 1 are the mesh view's.
pub(super) const OBJECT_GROUP_LIGHT: u32 = 2;
/// The same when drawing; 0 is the view, 2 holds the lit colours.
pub(super) const OBJECT_GROUP_DRAW: u32 = 1;

/// Layouts and shaders, from which pipelines are specialised.
#[derive(Resource)]
pub(super) struct SplatPipelines {
    mesh: MeshPipeline,
    /// A mesh without attributes: splats have no vertex buffers.
    no_attributes: MeshVertexBufferLayoutRef,
    fullscreen: FullscreenShader,
    light_shader: Handle<Shader>,
    draw_shader: Handle<Shader>,
    pub(super) view_layout: BindGroupLayoutDescriptor,
    pub(super) object_layout: BindGroupLayoutDescriptor,
    pub(super) lit_layout: BindGroupLayoutDescriptor,
}

/// Which pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum SplatPipelineKey {
    /// Lights splats for a view with this key.
    Light(MeshPipelineKey),
    /// Draws lit splats into a view.
    Draw { format: TextureFormat, samples: u32 },
}

pub(super) fn init(
    mut commands: Commands,
    mesh: Option<Res<MeshPipeline>>,
    fullscreen: Res<FullscreenShader>,
    assets: Res<AssetServer>,
) {
    let Some(mesh) = mesh else {
        warn!("splats are lit by Bevy's PBR: add PbrPlugin to see them");
        return;
    };
    let mut layouts = MeshVertexBufferLayouts::default();
    let no_attributes =
        Mesh::new(PrimitiveTopology::TriangleList, default()).get_mesh_vertex_buffer_layout(&mut layouts);
    let stages = ShaderStages::VERTEX_FRAGMENT;
    commands.insert_resource(SplatPipelines {
        mesh: mesh.clone(),
        no_attributes,
        fullscreen: fullscreen.clone(),
        light_shader: load_embedded_asset!(assets.as_ref(), "light.wgsl"),
        draw_shader: load_embedded_asset!(assets.as_ref(), "draw.wgsl"),
        view_layout: BindGroupLayoutDescriptor::new(
            "gve splat view",
            &BindGroupLayoutEntries::single(ShaderStages::VERTEX, uniform_buffer::<ViewUniform>(true)),
        ),
        object_layout: BindGroupLayoutDescriptor::new(
            "gve splat object",
            &BindGroupLayoutEntries::sequential(
                stages,
                (
                    uniform_buffer_sized(true, Some(SplatObject::min_size())),
                    storage_buffer_read_only_sized(false, None),
                    storage_buffer_read_only_sized(false, None),
                    uniform_buffer_sized(false, None),
                ),
            ),
        ),
        lit_layout: BindGroupLayoutDescriptor::new(
            "gve splat lit colours",
            &BindGroupLayoutEntries::single(
                ShaderStages::VERTEX,
                texture_2d(TextureSampleType::Float { filterable: false }),
            ),
        ),
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
            ShaderDefVal::UInt("SPLAT_BIND_GROUP".into(), OBJECT_GROUP_LIGHT),
        ]);
        descriptor.layout.truncate(OBJECT_GROUP_LIGHT as usize);
        descriptor.layout.push(self.object_layout.clone());
        RenderPipelineDescriptor {
            label: Some("gve splat light".into()),
            layout: descriptor.layout,
            vertex: self.fullscreen.to_vertex_state(),
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
            ShaderDefVal::UInt("SPLAT_BIND_GROUP".into(), OBJECT_GROUP_DRAW),
            ShaderDefVal::UInt("QUADS_PER_BATCH".into(), QUADS_PER_BATCH),
        ];
        RenderPipelineDescriptor {
            label: Some("gve splat draw".into()),
            layout: vec![self.view_layout.clone(), self.object_layout.clone(), self.lit_layout.clone()],
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

#[cfg(test)]
mod tests {
    use naga::{
        ShaderStage,
        front::wgsl,
        valid::{Capabilities, ValidationFlags, Validator},
    };

    /// What the shaders import from Bevy, as far as they use it.
    const BEVY: &str = "
        struct View {
            clip_from_world: mat4x4<f32>,
            world_from_clip: mat4x4<f32>,
            clip_from_view: mat4x4<f32>,
            main_pass_viewport: vec4<f32>,
            world_position: vec3<f32>,
        }
    ";

    /// Naga has no preprocessor: imports are dropped, definitions filled in.
    fn resolve(source: &str) -> String {
        let mut resolved = String::new();
        let mut in_import = false;
        for line in source.lines() {
            in_import |= line.starts_with("#import") || line.starts_with("#define");
            if in_import {
                in_import = line.contains('{') && !line.contains('}') || line.starts_with("    ");
                continue;
            }
            resolved.push_str(line);
            resolved.push('\n');
        }
        resolved.replace("#{SPLAT_BIND_GROUP}", "1").replace("#{QUADS_PER_BATCH}", "256")
    }

    #[test]
    fn the_drawing_shader_is_valid() {
        let source = [
            BEVY,
            &resolve(include_str!("../splat.wgsl")),
            &resolve(include_str!("object.wgsl")),
            &resolve(include_str!("draw.wgsl")),
        ]
        .concat();
        let module = match wgsl::parse_str(&source) {
            Ok(module) => module,
            Err(error) => panic!("{}", error.emit_to_string(&source)),
        };
        // No capability beyond the least: the shader runs wherever WebGPU does.
        if let Err(error) = Validator::new(ValidationFlags::all(), Capabilities::empty()).validate(&module) {
            panic!("{}", error.emit_to_string(&source));
        }
        let stages: Vec<_> =
            module.entry_points.iter().map(|entry| (entry.stage, entry.name.as_str())).collect();
        assert_eq!(stages, [(ShaderStage::Vertex, "vertex"), (ShaderStage::Fragment, "fragment")]);
    }

    #[test]
    fn structures_have_the_sizes_that_rust_uploads() {
        use bevy::render::render_resource::ShaderType;
        let source = [resolve(include_str!("../splat.wgsl")), resolve(include_str!("object.wgsl"))].concat();
        let module =
            wgsl::parse_str(&source).unwrap_or_else(|error| panic!("{}", error.emit_to_string(&source)));
        let mut layouter = naga::proc::Layouter::default();
        layouter.update(module.to_ctx()).expect("every type has a layout");
        let size = |name: &str| {
            let found = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some(name));
            found.map(|(handle, _)| u64::from(layouter[handle].size))
        };
        assert_eq!(size("PackedSplat"), Some(size_of::<gve_assets::Splat>() as u64));
        assert_eq!(size("SplatObject"), Some(crate::splat::cpu::prepare::SplatObject::min_size().get()));
    }
}
