//! Splats blended by compute shaders, tile by tile, near to far.
//!
//! Blending far to near by the rasteriser writes every layer of every pixel; here a pixel is done when nothing behind
//! would be seen, and samples of multisampled pictures cost nothing: the finished picture is put over them, each
//! sample tested against its own depth.

mod pipelines;
mod resources;

use bevy::{
    asset::embedded_asset,
    core_pipeline::core_3d::{Transparent3d, prepare_core_3d_depth_textures},
    ecs::{
        query::ROQueryItem,
        system::{
            SystemParamItem,
            lifetimeless::{Read, SRes},
        },
    },
    prelude::*,
    render::{
        GpuResourceAppExt, Render, RenderStartup, RenderSystems,
        diagnostic::RecordDiagnostics,
        render_phase::{
            AddRenderCommand, PhaseItem, PhaseItemExtraIndex, RenderCommand, RenderCommandResult,
            SetItemPipeline, TrackedRenderPass,
        },
        render_resource::{
            ComputePassDescriptor, PipelineCache, ShaderType, SpecializedRenderPipelines, TextureUsages,
        },
        renderer::{RenderContext, ViewQuery},
        view::ExtractedView,
    },
};

pub(super) use pipelines::{CompositeKey, RasterPipelines};
pub(super) use resources::SplatRasters;

use super::{GROUP, pipelines::SplatPipelines, queue, views::SplatViews};
use crate::splat::extract::ExtractedSplats;

/// Pixels along the side of a tile: small splats leave most of a larger one untouched.
const SMALL_TILE: u32 = 8;
/// The same of pictures that have too many of those.
const LARGE_TILE: u32 = 16;
/// Tiles that the digits of their numbers count to.
const MOST_TILES: u32 = 1 << (8 * DIGITS);
/// Digits of the number of a tile, of 8 bits each.
const DIGITS: u32 = 2;
/// Values of a digit of the sort.
const DIGIT_VALUES: u32 = 256;
/// Workgroups that look for the ends of tiles.
const FINDERS: u32 = 256;

/// What the shaders that blend are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    is_multisampled: bool,
    tile_side: u32,
}

impl Kind {
    pub(super) fn of(viewport: UVec4, samples: u32) -> Option<Self> {
        Some(Self { is_multisampled: samples > 1, tile_side: tile_side(viewport)? })
    }
}

/// How a picture is cut into tiles; `Tiling` in the shaders.
#[derive(Debug, Clone, Copy, PartialEq, ShaderType)]
pub(super) struct Tiling {
    size: UVec2,
    tiles: UVec2,
    capacity: u32,
    ranges: u32,
    corner: UVec2,
}

fn tiles(viewport: UVec4, side: u32) -> UVec2 {
    viewport.zw().map(|pixels| pixels.div_ceil(side))
}

/// The side of the tiles of a picture, in pixels; `None` when it is empty, or has more than can be counted.
fn tile_side(viewport: UVec4) -> Option<u32> {
    let suits = |side: &u32| {
        let tiles = tiles(viewport, *side);
        (1..=u64::from(MOST_TILES)).contains(&(u64::from(tiles.x) * u64::from(tiles.y)))
    };
    [SMALL_TILE, LARGE_TILE].into_iter().find(suits)
}

/// Whether the tiles of a picture and the groups of splats can be counted.
pub(super) fn is_possible(viewport: UVec4, splats: u64) -> bool {
    tile_side(viewport).is_some() && splats.div_ceil(u64::from(GROUP)) <= 65_535
}

pub(super) fn add_shaders(app: &mut App) {
    embedded_asset!(app, "tiles.wgsl");
    embedded_asset!(app, "blend.wgsl");
    embedded_asset!(app, "composite.wgsl");
}

pub(super) fn add_to_renderer(render_app: &mut SubApp) {
    render_app
        .init_gpu_resource::<SplatRasters>()
        .init_gpu_resource::<SpecializedRenderPipelines<RasterPipelines>>()
        .add_render_command::<Transparent3d, DrawRange>()
        .add_systems(RenderStartup, pipelines::init)
        .add_systems(
            Render,
            (
                request_depths.in_set(RenderSystems::PrepareResources).before(prepare_core_3d_depth_textures),
                resources::prepare.in_set(RenderSystems::PrepareResources).after(super::views::prepare),
                resources::bind.in_set(RenderSystems::PrepareBindGroups).after(super::views::bind),
                pipelines::request.in_set(RenderSystems::Queue).after(queue::queue),
            ),
        );
}

/// The depth of what is opaque is read here.
fn request_depths(extracted: Res<ExtractedSplats>, mut cameras: Query<&mut Camera3d, With<ExtractedView>>) {
    if extracted.instances.is_empty() {
        return;
    }
    for mut camera in &mut cameras {
        camera.depth_texture_usages.0 |= TextureUsages::TEXTURE_BINDING.bits();
    }
}

/// Blends the splats that the current camera sees.
pub(super) fn blend(
    view: ViewQuery<&ExtractedView>,
    views: Res<SplatViews>,
    rasters: Res<SplatRasters>,
    splat_pipelines: Option<Res<SplatPipelines>>,
    pipelines: Option<Res<RasterPipelines>>,
    cache: Res<PipelineCache>,
    mut context: RenderContext,
) {
    let id = view.into_inner().retained_view_entity;
    let (Some(pipelines), Some(splat_pipelines)) = (pipelines, splat_pipelines) else { return };
    let (Some(drawable), Some(raster)) = (views.drawable(id), rasters.drawable(id)) else { return };
    let (Some(sort), Some(tile)) = (splat_pipelines.compute(&cache), pipelines.compute(&cache, raster.kind))
    else {
        return;
    };
    if !drawable.has_order {
        return;
    }
    let diagnostics = context.diagnostic_recorder();
    let mut pass = context
        .command_encoder()
        .begin_compute_pass(&ComputePassDescriptor { label: Some("gve_splat_raster"), ..default() });
    let groups = drawable.view.table().splats.div_ceil(GROUP);
    let offset = [raster.tiling_offset];
    if raster.lists {
        let span = diagnostics.as_deref().map(|recorder| recorder.pass_span(&mut pass, "gve_splat_tiles"));
        pass.set_bind_group(0, &raster.groups.tiles, &offset);
        for (pipeline, workgroups) in [(tile.count, groups), (tile.place, 1), (tile.list, groups)] {
            pass.set_pipeline(pipeline);
            pass.dispatch_workgroups(workgroups, 1, 1);
        }
        for (digit, digit_offset) in raster.digit_offsets.iter().enumerate() {
            let tiles = raster.sort_tiles;
            let steps = [(sort.count, tiles), (sort.scan_counts, DIGIT_VALUES), (sort.scatter, tiles)];
            for (pipeline, workgroups) in steps {
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, &raster.groups.sort[digit % 2], &[*digit_offset]);
                pass.dispatch_workgroups(workgroups, 1, 1);
            }
        }
        pass.set_pipeline(tile.find);
        pass.set_bind_group(0, &raster.groups.tiles, &offset);
        pass.dispatch_workgroups(FINDERS, 1, 1);
        if let Some(span) = span {
            span.end(&mut pass);
        }
    }
    let span = diagnostics.as_deref().map(|recorder| recorder.pass_span(&mut pass, "gve_splat_blend"));
    pass.set_pipeline(tile.blend);
    pass.set_bind_group(0, &raster.groups.blend, &offset);
    pass.dispatch_workgroups(raster.tiling.tiles.x, raster.tiling.tiles.y, 1);
    if let Some(span) = span {
        span.end(&mut pass);
    }
}

/// Puts one range over the picture.
pub(super) type DrawRange = (SetItemPipeline, PutRange);

/// Binds what one camera needs and draws one triangle over its picture.
pub(super) struct PutRange;

impl RenderCommand<Transparent3d> for PutRange {
    type Param = (SRes<SplatViews>, SRes<SplatRasters>, Option<SRes<RasterPipelines>>, SRes<PipelineCache>);
    type ViewQuery = Read<ExtractedView>;
    type ItemQuery = ();

    fn render<'w>(
        item: &Transparent3d,
        view: ROQueryItem<'w, '_, Self::ViewQuery>,
        _entity: Option<()>,
        (views, rasters, pipelines, cache): SystemParamItem<'w, '_, Self::Param>,
        pass: &mut TrackedRenderPass<'w>,
    ) -> RenderCommandResult {
        let (views, rasters, cache) = (views.into_inner(), rasters.into_inner(), cache.into_inner());
        let id = view.retained_view_entity;
        let PhaseItemExtraIndex::DynamicOffset(range) = item.extra_index() else {
            return RenderCommandResult::Skip;
        };
        let (Some(drawable), Some(raster), Some(range_offset), Some(pipelines)) =
            (views.drawable(id), rasters.drawable(id), views.range_offset(range), pipelines)
        else {
            return RenderCommandResult::Skip;
        };
        let is_blended = drawable.has_order
            && cache.get_render_pipeline(drawable.request.light_pipeline).is_some()
            && pipelines.into_inner().compute(cache, raster.kind).is_some();
        if !is_blended {
            return RenderCommandResult::Skip;
        }
        pass.set_bind_group(0, &raster.groups.composite, &[raster.tiling_offset, range_offset]);
        pass.draw(0..3, 0..1);
        RenderCommandResult::Success
    }
}
