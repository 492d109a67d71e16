//! What is drawn in which view, and the passes that do it.

use bevy::{
    camera::visibility::RenderLayers,
    core_pipeline::core_3d::{Transparent3d, TransparentSortingInfo3d},
    ecs::{
        query::ROQueryItem,
        system::{
            SystemParamItem,
            lifetimeless::{Read, SRes},
        },
    },
    pbr::{MeshViewBindGroup, ViewKeyCache},
    prelude::*,
    render::{
        diagnostic::RecordDiagnostics,
        render_phase::{
            DrawFunctions, PhaseItem, PhaseItemExtraIndex, RenderCommand, RenderCommandResult,
            SetItemPipeline, TrackedRenderPass, ViewSortedRenderPhases,
        },
        render_resource::{
            IndexFormat, LoadOp, Operations, PipelineCache, RenderPassColorAttachment, RenderPassDescriptor,
            SpecializedRenderPipelines, StoreOp,
        },
        renderer::{RenderContext, ViewQuery},
        view::{ExtractedView, RenderVisibleEntities, ViewUniformOffset},
    },
};

use super::{
    pipeline::{OBJECT_GROUP_DRAW, OBJECT_GROUP_LIGHT, QUADS_PER_BATCH, SplatPipelineKey, SplatPipelines},
    prepare::{SplatViews, ViewRequest},
    sort::Eye,
};
use crate::splat::{
    extract::ExtractedSplats,
    lod::{covered_pixels, eye_of},
    visibility::SplatVisibility,
};

/// Adds every object that a camera sees to the camera's transparent phase. The pipelines are asked for when the first
/// one is seen: an app that shows none compiles none.
pub(super) fn queue(
    extracted: Res<ExtractedSplats>,
    pipelines: Option<Res<SplatPipelines>>,
    cache: Res<PipelineCache>,
    mut specialized: ResMut<SpecializedRenderPipelines<SplatPipelines>>,
    view_keys: Option<Res<ViewKeyCache>>,
    functions: Res<DrawFunctions<Transparent3d>>,
    mut phases: ResMut<ViewSortedRenderPhases<Transparent3d>>,
    views: Query<(&ExtractedView, &RenderVisibleEntities, Option<&RenderLayers>)>,
    mut splat_views: ResMut<SplatViews>,
) {
    let (Some(pipelines), Some(view_keys)) = (pipelines, view_keys) else { return };
    if extracted.instances.is_empty() {
        return;
    }
    let draw_function = functions.read().id::<DrawSplats>();
    for (view, visible, layers) in &views {
        let id = view.retained_view_entity;
        let (Some(phase), Some(&view_key)) = (phases.get_mut(&id), view_keys.get(&id)) else { continue };
        let seen = visible.get::<SplatVisibility>().into_iter().flat_map(|class| &class.entities_cpu_culling);
        let unculled = extracted.unculled_in(layers.unwrap_or_default());
        let mut seen = seen.copied().chain(unculled.map(|entity| (Entity::PLACEHOLDER, entity))).peekable();
        if seen.peek().is_none() {
            continue;
        }
        let light = specialized.specialize(&cache, &pipelines, SplatPipelineKey::Light(view_key));
        let draw_key =
            SplatPipelineKey::Draw { format: view.target_format, samples: view_key.msaa_samples() };
        let draw = specialized.specialize(&cache, &pipelines, draw_key);
        let world_from_view = view.world_from_view.affine();
        let orthographic = view.clip_from_view.w_axis.w == 1.0;
        let eye_of_view = eye_of(view);
        for (entity, main_entity) in seen {
            let Some(instance) = extracted.instances.get(&main_entity) else { continue };
            let Some(eye) = Eye::new(&world_from_view, orthographic, &instance.world_from_local) else {
                continue;
            };
            let pixels = covered_pixels(&eye_of_view, instance.sphere);
            splat_views.request(id, main_entity, ViewRequest { eye, pixels, light_pipeline: light });
            phase.add_transient(Transparent3d {
                sorting_info: TransparentSortingInfo3d::Sorted {
                    mesh_center: instance.sphere.center.into(),
                    depth_bias: 0.0,
                },
                distance: 0.0,
                pipeline: draw,
                entity: (entity, main_entity),
                draw_function,
                batch_range: 0..1,
                extra_index: PhaseItemExtraIndex::None,
                indexed: true,
            });
        }
    }
}

/// Lights the splats of every object that the current camera draws, one pixel per splat.
pub(super) fn light(
    view: ViewQuery<(&ExtractedView, &MeshViewBindGroup)>,
    views: Res<SplatViews>,
    cache: Res<PipelineCache>,
    mut context: RenderContext,
) {
    let (view, mesh_view) = view.into_inner();
    let diagnostics = context.diagnostic_recorder();
    for object in views.drawables(view.retained_view_entity) {
        let Some(pipeline) = cache.get_render_pipeline(object.light_pipeline) else { continue };
        let mut pass = context.begin_tracked_render_pass(RenderPassDescriptor {
            label: Some("gve_splat_light"),
            color_attachments: &[Some(RenderPassColorAttachment {
                view: object.lit_texture,
                depth_slice: None,
                resolve_target: None,
                ops: Operations { load: LoadOp::Clear(default()), store: StoreOp::Store },
            })],
            ..default()
        });
        let span = diagnostics.as_deref().map(|recorder| recorder.pass_span(&mut pass, "gve_splat_light"));
        let [width, height] = object.lit_size;
        pass.set_scissor_rect(0, 0, width, height);
        pass.set_render_pipeline(pipeline);
        pass.set_bind_group(0, &mesh_view.main, &mesh_view.main_offsets);
        pass.set_bind_group(1, &mesh_view.binding_array, &[]);
        pass.set_bind_group(OBJECT_GROUP_LIGHT as usize, object.object, &[object.uniform_offset]);
        pass.draw(0..3, 0..1);
        if let Some(span) = span {
            span.end(&mut pass);
        }
    }
}

/// Draws the splats of one object.
pub(super) type DrawSplats = (SetItemPipeline, DrawSplatObject);

/// Binds what one object needs and draws its quads.
pub(super) struct DrawSplatObject;

impl RenderCommand<Transparent3d> for DrawSplatObject {
    type Param = (SRes<SplatViews>, SRes<PipelineCache>);
    type ViewQuery = (Read<ExtractedView>, Read<ViewUniformOffset>);
    type ItemQuery = ();

    fn render<'w>(
        item: &Transparent3d,
        (view, view_offset): ROQueryItem<'w, '_, Self::ViewQuery>,
        _entity: Option<()>,
        (views, cache): SystemParamItem<'w, '_, Self::Param>,
        pass: &mut TrackedRenderPass<'w>,
    ) -> RenderCommandResult {
        let views = views.into_inner();
        let (Some(object), Some(view_group), Some(indices)) = (
            views.drawable(view.retained_view_entity, item.main_entity()),
            views.view_bind_group(),
            views.indices(),
        ) else {
            return RenderCommandResult::Skip;
        };
        // Colours that were never lit would be drawn black.
        if cache.into_inner().get_render_pipeline(object.light_pipeline).is_none() {
            return RenderCommandResult::Skip;
        }
        pass.set_bind_group(0, view_group, &[view_offset.offset]);
        pass.set_bind_group(OBJECT_GROUP_DRAW as usize, object.object, &[object.uniform_offset]);
        pass.set_bind_group(2, object.lit, &[]);
        pass.set_index_buffer(indices.slice(..), IndexFormat::Uint16);
        pass.draw_indexed(0..QUADS_PER_BATCH * 6, 0, 0..object.batches);
        RenderCommandResult::Success
    }
}
