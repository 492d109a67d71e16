//! Memory and bind groups of the pictures that are blended in tiles.

use bevy::{
    platform::collections::HashMap,
    prelude::*,
    render::{
        render_resource::{
            BindGroup, BindGroupEntries, Buffer, BufferDescriptor, BufferId, BufferUsages,
            DynamicUniformBuffer, Extent3d, PipelineCache, TextureDescriptor, TextureDimension,
            TextureFormat, TextureUsages, TextureView, TextureViewDescriptor, TextureViewDimension,
            TextureViewId,
        },
        renderer::{RenderDevice, RenderQueue},
        view::{ExtractedView, RetainedViewEntity, ViewDepthTexture},
    },
};

use super::{
    DIGIT_VALUES, DIGITS, Kind, Tiling,
    pipelines::{COLOR_FORMAT, COVER_FORMAT, RasterPipelines},
    tiles,
};
use crate::splat::gpu::{
    GROUP,
    buffers::ROUNDS,
    pipelines::SplatPipelines,
    views::{Digit, SplatViews},
};

/// Entries for each splat that there is room for, and for each tile beside that.
const ENTRIES_PER_SPLAT: u32 = 4;
const ENTRIES_PER_TILE: u32 = 128;
const SORT_TILE: u32 = GROUP * ROUNDS;
/// Bytes that the sort binds as its state, of which it reads the first number.
const LISTED_BYTES: u64 = 512;

/// Every camera whose splats are blended in tiles.
#[derive(Resource)]
pub(in crate::splat::gpu) struct SplatRasters {
    views: HashMap<RetainedViewEntity, RasterView>,
    tilings: DynamicUniformBuffer<Tiling>,
    digits: DynamicUniformBuffer<Digit>,
}

impl Default for SplatRasters {
    fn default() -> Self {
        let mut rasters = Self { views: default(), tilings: default(), digits: default() };
        rasters.tilings.set_label(Some("gve splat tilings"));
        rasters.digits.set_label(Some("gve splat tile digits"));
        rasters
    }
}

/// What one camera keeps.
struct RasterView {
    buffers: RasterBuffers,
    kind: Kind,
    tiling: Tiling,
    tiling_offset: u32,
    digit_offsets: [u32; DIGITS as usize],
    groups: Option<RasterGroups>,
    /// Whether the entries are not those of the order.
    is_stale: bool,
    /// Whether they are listed in this frame.
    lists: bool,
}

/// Memory, and what it has room for.
struct RasterBuffers {
    capacity: u32,
    splats: u32,
    size: UVec2,
    layers: u32,
    sums: Buffer,
    /// An even number of digits: the entries are sorted where they were listed.
    entries: [Buffer; 2],
    listed: Buffer,
    counts: Buffer,
    spans: Buffer,
    rects: Buffer,
    colors: TextureView,
    covers: TextureView,
}

/// Bind groups, and what they were made of.
pub(super) struct RasterGroups {
    made_of: (Vec<BufferId>, TextureViewId),
    pub(super) tiles: BindGroup,
    pub(super) sort: [BindGroup; 2],
    pub(super) blend: BindGroup,
    pub(super) composite: BindGroup,
}

/// Everything that the passes need of one camera.
pub(super) struct Drawable<'a> {
    pub(super) groups: &'a RasterGroups,
    pub(super) kind: Kind,
    pub(super) tiling: Tiling,
    pub(super) tiling_offset: u32,
    pub(super) digit_offsets: &'a [u32; DIGITS as usize],
    /// Workgroups that sort.
    pub(super) sort_tiles: u32,
    /// Whether the entries are listed in this frame.
    pub(super) lists: bool,
}

impl SplatRasters {
    pub(super) fn drawable(&self, id: RetainedViewEntity) -> Option<Drawable<'_>> {
        let view = self.views.get(&id)?;
        Some(Drawable {
            groups: view.groups.as_ref()?,
            kind: view.kind,
            tiling: view.tiling,
            tiling_offset: view.tiling_offset,
            digit_offsets: &view.digit_offsets,
            sort_tiles: view.buffers.capacity.div_ceil(SORT_TILE),
            lists: view.lists,
        })
    }
}

impl RasterBuffers {
    fn new(tiling: &Tiling, splats: u32, device: &RenderDevice) -> Self {
        let buffer = |label, bytes: u64| {
            device.create_buffer(&BufferDescriptor {
                label: Some(label),
                size: bytes.max(16),
                usage: BufferUsages::STORAGE,
                mapped_at_creation: false,
            })
        };
        let texture = |label, format: TextureFormat| {
            let texture = device.create_texture(&TextureDescriptor {
                label: Some(label),
                size: Extent3d {
                    width: tiling.size.x,
                    height: tiling.size.y,
                    depth_or_array_layers: tiling.ranges,
                },
                mip_level_count: 1,
                sample_count: 1,
                dimension: TextureDimension::D2,
                format,
                usage: TextureUsages::STORAGE_BINDING | TextureUsages::TEXTURE_BINDING,
                view_formats: &[],
            });
            texture.create_view(&TextureViewDescriptor {
                dimension: Some(TextureViewDimension::D2Array),
                ..default()
            })
        };
        let entries = |label| buffer(label, u64::from(tiling.capacity) * 8);
        let sort_tiles = tiling.capacity.div_ceil(SORT_TILE);
        Self {
            capacity: tiling.capacity,
            splats,
            size: tiling.size,
            layers: tiling.ranges,
            sums: buffer("gve splat tile sums", u64::from(splats.div_ceil(GROUP)) * 4),
            entries: [entries("gve splat tile entries"), entries("gve splat tile entries, other half")],
            listed: buffer("gve splat tile count", LISTED_BYTES),
            counts: buffer("gve splat tile digit counts", u64::from(DIGIT_VALUES * (sort_tiles + 1)) * 4),
            rects: buffer("gve splat tile rectangles", u64::from(splats) * 8),
            spans: buffer("gve splat tile spans", u64::from(tiling.tiles.element_product()) * 8),
            colors: texture("gve splat blended colours", COLOR_FORMAT),
            covers: texture("gve splat blended depths", COVER_FORMAT),
        }
    }

    fn suits(&self, tiling: &Tiling, splats: u32) -> bool {
        self.capacity == tiling.capacity
            && self.splats == splats
            && self.size == tiling.size
            && self.layers == tiling.ranges
    }
}

/// Makes room for the pictures of this frame.
pub(super) fn prepare(
    device: Res<RenderDevice>,
    queue: Res<RenderQueue>,
    views: Res<SplatViews>,
    mut rasters: ResMut<SplatRasters>,
) {
    let SplatRasters { views: kept, tilings, digits } = &mut *rasters;
    kept.retain(|id, _| views.contains(*id));
    tilings.clear();
    digits.clear();
    let largest = device.limits().max_storage_buffer_binding_size.min(device.limits().max_buffer_size) / 8;
    let most = u32::try_from(largest).unwrap_or(u32::MAX).min(65_535 * SORT_TILE);
    for (id, request, splats, ranges) in views.tiled() {
        let [corner, size] = [request.viewport.xy(), request.viewport.zw()];
        let Some(kind) = Kind::of(request.viewport, request.samples) else { continue };
        let tiles = tiles(request.viewport, kind.tile_side);
        let wanted = splats
            .saturating_mul(ENTRIES_PER_SPLAT)
            .saturating_add(tiles.element_product() * ENTRIES_PER_TILE);
        let tiling = Tiling { size, tiles, capacity: wanted.min(most), ranges, corner };
        let view = match kept.remove(&id) {
            Some(view) if view.buffers.suits(&tiling, splats) => view,
            _ => RasterView {
                buffers: RasterBuffers::new(&tiling, splats, &device),
                kind,
                tiling,
                tiling_offset: 0,
                digit_offsets: default(),
                groups: None,
                is_stale: true,
                lists: false,
            },
        };
        let sort_tiles = tiling.capacity.div_ceil(SORT_TILE);
        let view = RasterView {
            kind,
            tiling,
            tiling_offset: tilings.push(&tiling),
            digit_offsets: core::array::from_fn(|digit| digits.push(&Digit::new(digit as u32, sort_tiles))),
            ..view
        };
        kept.insert(id, view);
    }
    tilings.write_buffer(&device, &queue);
    digits.write_buffer(&device, &queue);
}

/// Makes bind groups whose buffers are new.
pub(super) fn bind(
    device: Res<RenderDevice>,
    cache: Res<PipelineCache>,
    pipelines: Option<Res<RasterPipelines>>,
    splat_pipelines: Option<Res<SplatPipelines>>,
    splat_views: Res<SplatViews>,
    depths: Query<(&ExtractedView, &ViewDepthTexture)>,
    mut rasters: ResMut<SplatRasters>,
) {
    let (Some(pipelines), Some(splat_pipelines)) = (pipelines, splat_pipelines) else { return };
    let SplatRasters { views, tilings, digits } = &mut *rasters;
    for (extracted, depth) in &depths {
        let id = extracted.retained_view_entity;
        let (Some(view), Some(drawable)) = (views.get_mut(&id), splat_views.drawable(id)) else { continue };
        let (Some(tilings_buffer), Some(digits_buffer), Some(ranges_buffer)) =
            (tilings.buffer(), digits.buffer(), splat_views.uniforms.ranges.buffer())
        else {
            view.lists = false;
            continue;
        };
        let (own, splats) = (&view.buffers, drawable.buffers);
        let buffers = [tilings_buffer, digits_buffer, ranges_buffer, &own.sums, &splats.rows];
        let made_of = (buffers.map(Buffer::id).to_vec(), depth.view().id());
        view.is_stale |= drawable.view.sorts;
        view.lists = view.is_stale
            && drawable.has_order
            && splat_pipelines.compute(&cache).is_some()
            && pipelines.compute(&cache, view.kind).is_some();
        view.is_stale &= !view.lists;
        if view.groups.as_ref().is_some_and(|groups| groups.made_of == made_of) {
            continue;
        }
        let (Some(tiling), Some(digit), Some(range)) =
            (tilings.binding(), digits.binding(), splat_views.uniforms.ranges.binding())
        else {
            continue;
        };
        let [first, second] = &own.entries;
        let order = &splats.pairs[1];
        let tiles = device.create_bind_group(
            "gve splat tiles",
            &cache.get_bind_group_layout(&pipelines.tiles_layout),
            &BindGroupEntries::sequential((
                tiling.clone(),
                splats.state.as_entire_binding(),
                order.as_entire_binding(),
                splats.on_screen.as_entire_binding(),
                own.sums.as_entire_binding(),
                first.as_entire_binding(),
                own.listed.as_entire_binding(),
                own.spans.as_entire_binding(),
                own.rects.as_entire_binding(),
            )),
        );
        let sort = [(first, second), (second, first)].map(|(from, to)| {
            device.create_bind_group(
                "gve splat tile sort",
                &cache.get_bind_group_layout(&splat_pipelines.sort_layout),
                &BindGroupEntries::sequential((
                    digit.clone(),
                    own.listed.as_entire_binding(),
                    from.as_entire_binding(),
                    to.as_entire_binding(),
                    own.counts.as_entire_binding(),
                )),
            )
        });
        let blend = device.create_bind_group(
            "gve splat blend",
            &cache.get_bind_group_layout(pipelines.blend_layout(view.kind)),
            &BindGroupEntries::sequential((
                tiling.clone(),
                splats.state.as_entire_binding(),
                order.as_entire_binding(),
                splats.on_screen.as_entire_binding(),
                first.as_entire_binding(),
                own.spans.as_entire_binding(),
                &splats.lit,
                depth.view(),
                &own.colors,
                &own.covers,
            )),
        );
        let composite = device.create_bind_group(
            "gve splat composite",
            &cache.get_bind_group_layout(&pipelines.composite_layout),
            &BindGroupEntries::sequential((tiling, range, &own.colors, &own.covers)),
        );
        view.groups = Some(RasterGroups { made_of, tiles, sort, blend, composite });
    }
}
