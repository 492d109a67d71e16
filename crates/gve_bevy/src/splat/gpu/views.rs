//! What each camera keeps from frame to frame: its table, its order, its bind groups.

use bevy::{
    math::Mat4,
    platform::collections::HashMap,
    prelude::*,
    render::{
        camera::TemporalJitter,
        render_resource::{
            Buffer, BufferInitDescriptor, BufferUsages, CachedRenderPipelineId, DynamicUniformBuffer,
            PipelineCache, ShaderType,
        },
        renderer::{RenderDevice, RenderQueue},
        sync_world::MainEntity,
        view::{ExtractedView, RetainedViewEntity, ViewUniforms},
    },
};

use super::{
    LIT_WIDTH,
    buffers::{MAX_RANGES, Size, ViewBuffers, most_splats},
    groups::{self, ViewGroups},
    pipelines::{QUADS_PER_BATCH, SplatPipelines},
    pool::SplatPool,
    raster::Kind,
    split::{Cuts, Plan},
    table::{PageRows, Seen, Table},
};
use crate::splat::{GveSplatCounts, extract::ExtractedSplats, ready::ReadySplats};

/// Frames for which a camera that sees nothing keeps its buffers.
const KEEP_FRAMES: u32 = 60;
/// Digits of a key, of 8 bits each.
pub(super) const DIGITS: u32 = 3;

/// One digit of the sort; `Digit` in radix.wgsl.
#[derive(Debug, Clone, Copy, ShaderType)]
pub(super) struct Digit {
    shift: u32,
    tiles: u32,
}

impl Digit {
    pub(super) fn new(digit: u32, tiles: u32) -> Self {
        Self { shift: digit * 8, tiles }
    }
}

/// Every camera that sees splats, and the uniforms of all.
#[derive(Resource)]
pub(super) struct SplatViews {
    views: HashMap<RetainedViewEntity, SplatView>,
    pub(super) uniforms: Uniforms,
    /// The corners of [`QUADS_PER_BATCH`] quads.
    indices: Option<Buffer>,
    /// Whether it was said that not everything fits.
    has_warned: bool,
}

/// Uniforms with an entry for each camera.
pub(super) struct Uniforms {
    pub(super) pages: DynamicUniformBuffer<PageRows>,
    pub(super) cuts: DynamicUniformBuffer<Cuts>,
    pub(super) digits: DynamicUniformBuffer<Digit>,
    pub(super) ranges: DynamicUniformBuffer<u32>,
    range_offsets: Vec<u32>,
}

impl Default for SplatViews {
    fn default() -> Self {
        let mut uniforms = Uniforms {
            pages: default(),
            cuts: default(),
            digits: default(),
            ranges: default(),
            range_offsets: Vec::new(),
        };
        uniforms.pages.set_label(Some("gve splat pages"));
        uniforms.cuts.set_label(Some("gve splat cuts"));
        uniforms.digits.set_label(Some("gve splat digits"));
        uniforms.ranges.set_label(Some("gve splat ranges"));
        Self { views: default(), uniforms, indices: None, has_warned: false }
    }
}

/// What one camera sees and keeps.
#[derive(Default)]
pub(super) struct SplatView {
    /// What is asked of this frame; `None` when no splats are seen.
    pub(super) request: Option<ViewRequest>,
    unseen_frames: u32,
    pub(super) plan: Plan,
    table: Table,
    seen_from: Option<(Pose, u64)>,
    pub(super) buffers: Option<ViewBuffers>,
    /// Whether the order on the GPU is not that of the table.
    is_stale: bool,
    /// Whether the GPU sorts in this frame.
    pub(super) sorts: bool,
    pub(super) page_offsets: Vec<u32>,
    pub(super) cuts_offset: u32,
    pub(super) digit_offsets: [u32; DIGITS as usize],
    pub(super) groups: Option<ViewGroups>,
}

/// What one camera wants to draw in this frame.
pub(super) struct ViewRequest {
    pub(super) counts: Vec<(MainEntity, u32)>,
    /// The least and the greatest distance of a splat.
    pub(super) distances: [f32; 2],
    pub(super) pose: Pose,
    pub(super) light_pipeline: CachedRenderPipelineId,
    pub(super) draw_pipeline: CachedRenderPipelineId,
    pub(super) viewport: UVec4,
    pub(super) samples: u32,
    /// Whether it is blended in tiles.
    pub(super) is_tiled: bool,
}

/// From where a camera looks, and how large its picture is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pose {
    world_from_view: Mat4,
    clip_from_view: Mat4,
    viewport: UVec4,
    jitter: Vec2,
}

impl Pose {
    pub(super) fn of(view: &ExtractedView, jitter: Option<&TemporalJitter>) -> Self {
        Self {
            world_from_view: view.world_from_view.to_matrix(),
            clip_from_view: view.clip_from_view,
            viewport: view.viewport,
            jitter: jitter.map(|jitter| jitter.offset).unwrap_or_default(),
        }
    }
}

impl SplatViews {
    /// Starts a frame: nothing is asked for yet; cameras that have seen nothing for a while are forgotten.
    pub(super) fn begin_frame(&mut self) {
        self.views.retain(|_, view| {
            view.unseen_frames = if view.request.take().is_some() { 0 } else { view.unseen_frames + 1 };
            view.sorts = false;
            view.unseen_frames <= KEEP_FRAMES
        });
    }

    pub(super) fn entry(&mut self, id: RetainedViewEntity) -> &mut SplatView {
        self.views.entry(id).or_default()
    }

    pub(super) fn get_mut(&mut self, id: RetainedViewEntity) -> Option<&mut SplatView> {
        self.views.get_mut(&id)
    }

    /// The camera, when something is drawn for it in this frame and everything that draws it is there.
    pub(super) fn drawable(&self, id: RetainedViewEntity) -> Option<Drawable<'_>> {
        let view = self.views.get(&id)?;
        Some(Drawable {
            request: view.request.as_ref()?,
            buffers: view.buffers.as_ref()?,
            groups: view.groups.as_ref()?,
            has_order: !view.is_stale || view.sorts,
            view,
        })
    }

    pub(super) fn contains(&self, id: RetainedViewEntity) -> bool {
        self.views.contains_key(&id)
    }

    /// The kinds of the pictures of this frame that are blended in tiles.
    pub(super) fn tiled_kinds(&self) -> impl Iterator<Item = Kind> {
        let requests = self.views.values().filter_map(|view| view.request.as_ref());
        requests
            .filter(|request| request.is_tiled)
            .filter_map(|request| Kind::of(request.viewport, request.samples))
    }

    /// Those pictures: what is asked, splats that there is room for, and ranges.
    pub(super) fn tiled(&self) -> impl Iterator<Item = (RetainedViewEntity, &ViewRequest, u32, u32)> {
        self.views.iter().filter_map(|(id, view)| {
            let request = view.request.as_ref().filter(|request| request.is_tiled)?;
            Some((*id, request, view.buffers.as_ref()?.size().splats, view.plan.ranges()))
        })
    }

    pub(super) fn indices(&self) -> Option<&Buffer> {
        self.indices.as_ref()
    }

    /// The offset of the uniform that names a range.
    pub(super) fn range_offset(&self, range: u32) -> Option<u32> {
        self.uniforms.range_offsets.get(range as usize).copied()
    }
}

/// Everything that the passes need of one camera.
pub(super) struct Drawable<'a> {
    pub(super) view: &'a SplatView,
    pub(super) request: &'a ViewRequest,
    pub(super) buffers: &'a ViewBuffers,
    pub(super) groups: &'a ViewGroups,
    /// Whether there is an order to draw by when the passes run.
    pub(super) has_order: bool,
}

impl SplatView {
    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    /// Notes what is seen, and whether that differs from what was sorted last.
    fn update(&mut self, table: Table, generation: u64, device: &RenderDevice, queue: &RenderQueue) {
        let Some(request) = &self.request else { return };
        let seen_from = Some((request.pose, generation));
        let [rows, groups] = [table.rows.len() as u32, table.groups];
        let suits = self.buffers.as_mut().is_some_and(|buffers| buffers.suits(table.splats, rows, groups));
        if !suits {
            let size = Size::with_room(table.splats, rows, groups, &device.limits());
            self.buffers = Some(ViewBuffers::new(size, device));
            self.groups = None;
        }
        let Some(buffers) = &self.buffers else { return };
        if !suits || table.rows != self.table.rows {
            queue.write_buffer(&buffers.rows, 0, bytemuck::cast_slice(&table.rows));
        }
        self.is_stale |= !suits || self.seen_from != seen_from || self.table != table;
        (self.table, self.seen_from) = (table, seen_from);
    }
}

/// Fills the tables, makes room, uploads uniforms.
pub(super) fn prepare(
    device: Res<RenderDevice>,
    queue: Res<RenderQueue>,
    pipelines: Option<Res<SplatPipelines>>,
    cache: Res<PipelineCache>,
    extracted: Res<ExtractedSplats>,
    pool: Res<SplatPool>,
    mut splat_views: ResMut<SplatViews>,
) {
    let Some(pipelines) = pipelines else { return };
    let can_sort = pipelines.compute(&cache).is_some();
    let SplatViews { views, uniforms, indices, has_warned } = &mut *splat_views;
    uniforms.pages.clear();
    uniforms.cuts.clear();
    uniforms.digits.clear();
    let most = most_splats(&device.limits());
    for view in views.values_mut() {
        let Some(request) = &view.request else { continue };
        let total: u64 = request.counts.iter().map(|(_, count)| u64::from(*count)).sum();
        let share = (f64::from(most) / total.max(1) as f64).min(1.0);
        if share < 1.0 && !*has_warned {
            *has_warned = true;
            warn!(
                "{total} splats are seen at once and this GPU draws {most}: fewer of each object are drawn, enlarged"
            );
        }
        let seen: Vec<_> = request
            .counts
            .iter()
            .filter_map(|&(entity, count)| {
                let instance = extracted.instances.get(&entity)?;
                Some(Seen { entity, instance, count: (f64::from(count) * share) as u32 })
            })
            .collect();
        view.update(Table::new(&seen, &pool), pool.generation(), &device, &queue);
        if view.table.splats == 0 {
            view.request = None;
            continue;
        }
        let Some(buffers) = &view.buffers else { continue };
        let size = buffers.size();
        view.page_offsets = view.table.pages.iter().map(|(_, rows)| uniforms.pages.push(rows)).collect();
        view.cuts_offset = uniforms.cuts.push(&Cuts {
            groups: view.table.groups,
            capacity: size.splats,
            lit_width: LIT_WIDTH,
            lit_rows: size.lit_rows(),
            ranges: view.plan.ranges(),
            keys: view.plan.keys(),
        });
        let tiles = size.tiles();
        view.digit_offsets =
            core::array::from_fn(|digit| uniforms.digits.push(&Digit::new(digit as u32, tiles)));
        view.sorts = view.is_stale && can_sort;
    }
    uniforms.pages.write_buffer(&device, &queue);
    uniforms.cuts.write_buffer(&device, &queue);
    uniforms.digits.write_buffer(&device, &queue);
    if indices.is_none() {
        uniforms.range_offsets = (0..MAX_RANGES).map(|range| uniforms.ranges.push(&range)).collect();
        uniforms.ranges.write_buffer(&device, &queue);
        let corners = (0..QUADS_PER_BATCH).flat_map(|quad| [0, 1, 2, 2, 1, 3].map(|c| (quad * 4 + c) as u16));
        *indices = Some(device.create_buffer_with_data(&BufferInitDescriptor {
            label: Some("gve splat quads"),
            contents: bytemuck::cast_slice(&corners.collect::<Vec<u16>>()),
            usage: BufferUsages::INDEX,
        }));
    }
}

/// Makes bind groups whose buffers are new.
pub(super) fn bind(
    device: Res<RenderDevice>,
    cache: Res<PipelineCache>,
    pipelines: Option<Res<SplatPipelines>>,
    pool: Res<SplatPool>,
    view_uniforms: Res<ViewUniforms>,
    mut splat_views: ResMut<SplatViews>,
) {
    let Some(pipelines) = pipelines else { return };
    let SplatViews { views, uniforms, .. } = &mut *splat_views;
    for view in views.values_mut().filter(|view| view.request.is_some()) {
        let Some(buffers) = &view.buffers else { continue };
        let made = groups::make(
            view.groups.take(),
            &view.table,
            buffers,
            &groups::Sources {
                device: &device,
                cache: &cache,
                pipelines: &pipelines,
                pool: &pool,
                view_uniforms: &view_uniforms,
                uniforms,
            },
        );
        view.groups = made;
        if view.groups.is_some() && view.sorts {
            view.is_stale = false;
        }
        view.sorts &= view.groups.is_some();
    }
}

/// Tells the main world what this frame had to do with.
pub(super) fn tell(
    counts: Res<GveSplatCounts>,
    ready: Res<ReadySplats>,
    pool: Res<SplatPool>,
    splat_views: Res<SplatViews>,
    pipelines: Option<Res<SplatPipelines>>,
    cache: Res<PipelineCache>,
    mut told: Local<Option<u64>>,
) {
    let seen = || splat_views.views.values().filter(|view| view.request.is_some());
    let drawn = seen().map(|view| u64::from(view.table.splats)).sum();
    let sorted = seen().filter(|view| view.sorts).map(|view| u64::from(view.table.splats)).sum();
    counts.set(drawn, sorted, pool.resident_bytes());
    let is_there = |pipeline| cache.get_render_pipeline(pipeline).is_some();
    let is_compiled = pipelines.is_some_and(|pipelines| pipelines.compute(&cache).is_some())
        && seen()
            .filter_map(|view| view.request.as_ref())
            .all(|request| is_there(request.light_pipeline) && is_there(request.draw_pipeline));
    let now = is_compiled.then(|| pool.generation());
    if *told != now {
        ready.set(pool.complete().filter(|_| is_compiled));
        *told = now;
    }
}
