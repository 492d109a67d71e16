//! The passes of one camera: find out what is seen and sort it, light it, draw it.

use bevy::{
    core_pipeline::core_3d::Transparent3d,
    ecs::{
        query::ROQueryItem,
        system::{
            SystemParamItem,
            lifetimeless::{Read, SRes},
        },
    },
    pbr::MeshViewBindGroup,
    prelude::*,
    render::{
        diagnostic::RecordDiagnostics,
        render_phase::{
            PhaseItem, PhaseItemExtraIndex, RenderCommand, RenderCommandResult, SetItemPipeline,
            TrackedRenderPass,
        },
        render_resource::{
            ComputePassDescriptor, IndexFormat, LoadOp, Operations, PipelineCache, RenderPassColorAttachment,
            RenderPassDescriptor, StoreOp,
        },
        renderer::{RenderContext, ViewQuery},
        view::{ExtractedView, ViewUniformOffset},
    },
};

use super::{
    buffers::ViewBuffers,
    pipelines::{LIGHT_GROUP, SplatPipelines},
    views::SplatViews,
};

/// Values of a digit of the sort.
const DIGIT_VALUES: u32 = 256;

/// Finds out what the current camera sees and sorts it, when that has changed.
pub(super) fn sort(
    view: ViewQuery<(&ExtractedView, &ViewUniformOffset)>,
    views: Res<SplatViews>,
    pipelines: Option<Res<SplatPipelines>>,
    cache: Res<PipelineCache>,
    mut context: RenderContext,
) {
    let (view, view_offset) = view.into_inner();
    let Some(pipelines) = pipelines else { return };
    let Some(compute) = pipelines.compute(&cache) else { return };
    let Some(drawable) = views.drawable(view.retained_view_entity) else { return };
    if !drawable.has_order {
        return;
    }
    let (groups, splat_view) = (drawable.groups, drawable.view);
    let diagnostics = context.diagnostic_recorder();
    let mut pass = context
        .command_encoder()
        .begin_compute_pass(&ComputePassDescriptor { label: Some("gve_splat_sort"), ..default() });
    let span = |pass: &mut _, name: &'static str| {
        diagnostics.as_deref().map(|recorder| recorder.pass_span(pass, name))
    };
    if splat_view.sorts {
        let project_span = span(&mut pass, "gve_splat_project");
        let each_page = |pass: &mut bevy::render::render_resource::ComputePass| {
            for ((group, offset), (_, rows)) in
                groups.cull.iter().zip(&splat_view.page_offsets).zip(&splat_view.table().pages)
            {
                pass.set_bind_group(0, group, &[view_offset.offset, *offset]);
                let [x, y] = rows.workgroups();
                pass.dispatch_workgroups(x, y, 1);
            }
        };
        pass.set_pipeline(compute.cull);
        each_page(&mut pass);
        pass.set_pipeline(compute.scan);
        pass.set_bind_group(0, &groups.scan, &[splat_view.cuts_offset]);
        pass.dispatch_workgroups(1, 1, 1);
        pass.set_pipeline(compute.project);
        each_page(&mut pass);
        if let Some(span) = project_span {
            span.end(&mut pass);
        }
        let sort_span = span(&mut pass, "gve_splat_sort");
        // How many are seen is known to the GPU alone; workgroups beyond them end at once.
        let tiles = drawable.buffers.size().tiles_of(splat_view.table().splats);
        for (digit, offset) in splat_view.digit_offsets.iter().enumerate() {
            let steps =
                [(compute.count, tiles), (compute.scan_counts, DIGIT_VALUES), (compute.scatter, tiles)];
            for (pipeline, workgroups) in steps {
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, &groups.sort[digit % 2], &[*offset]);
                pass.dispatch_workgroups(workgroups, 1, 1);
            }
        }
        if let Some(span) = sort_span {
            span.end(&mut pass);
        }
    }
    pass.set_pipeline(compute.split);
    pass.set_bind_group(0, &groups.scan, &[splat_view.cuts_offset]);
    pass.dispatch_workgroups(1, 1, 1);
}

/// Lights the splats that the current camera sees, one pixel for each.
pub(super) fn light(
    view: ViewQuery<(&ExtractedView, &MeshViewBindGroup)>,
    views: Res<SplatViews>,
    cache: Res<PipelineCache>,
    mut context: RenderContext,
) {
    let (view, mesh_view) = view.into_inner();
    let Some(drawable) = views.drawable(view.retained_view_entity) else { return };
    let Some(pipeline) = cache.get_render_pipeline(drawable.request.light_pipeline) else { return };
    if !drawable.has_order {
        return;
    }
    let diagnostics = context.diagnostic_recorder();
    let mut pass = context.begin_tracked_render_pass(RenderPassDescriptor {
        label: Some("gve_splat_light"),
        color_attachments: &[Some(RenderPassColorAttachment {
            view: &drawable.buffers.lit,
            depth_slice: None,
            resolve_target: None,
            // Every colour that is read is written before.
            ops: Operations { load: LoadOp::Load, store: StoreOp::Store },
        })],
        ..default()
    });
    let span = diagnostics.as_deref().map(|recorder| recorder.pass_span(&mut pass, "gve_splat_light"));
    pass.set_render_pipeline(pipeline);
    pass.set_bind_group(0, &mesh_view.main, &mesh_view.main_offsets);
    pass.set_bind_group(1, &mesh_view.binding_array, &[]);
    pass.set_bind_group(LIGHT_GROUP as usize, &drawable.groups.light, &[]);
    pass.draw_indirect(&drawable.buffers.state, ViewBuffers::LIGHT_ARGS);
    if let Some(span) = span {
        span.end(&mut pass);
    }
}

/// Draws the splats of one range.
pub(super) type DrawSplats = (SetItemPipeline, DrawSplatRange);

/// Binds what one camera needs and draws the quads of one range.
pub(super) struct DrawSplatRange;

impl RenderCommand<Transparent3d> for DrawSplatRange {
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
        let PhaseItemExtraIndex::DynamicOffset(range) = item.extra_index() else {
            return RenderCommandResult::Skip;
        };
        let (Some(drawable), Some(indices), Some(range_offset)) =
            (views.drawable(view.retained_view_entity), views.indices(), views.range_offset(range))
        else {
            return RenderCommandResult::Skip;
        };
        // Colours that were never lit would be drawn black.
        let is_lit = cache.into_inner().get_render_pipeline(drawable.request.light_pipeline).is_some();
        if !is_lit || !drawable.has_order {
            return RenderCommandResult::Skip;
        }
        pass.set_bind_group(0, &drawable.groups.draw, &[view_offset.offset, range_offset]);
        pass.set_index_buffer(indices.slice(..), IndexFormat::Uint16);
        pass.draw_indexed_indirect(&drawable.buffers.state, ViewBuffers::draw_args(range));
        RenderCommandResult::Success
    }
}
