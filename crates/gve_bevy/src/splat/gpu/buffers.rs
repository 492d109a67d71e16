//! Memory on the GPU that one camera's splats take.

use bevy::render::{
    render_resource::{
        Buffer, BufferDescriptor, BufferUsages, Extent3d, TextureDescriptor, TextureDimension, TextureUsages,
        TextureView, WgpuLimits,
    },
    renderer::RenderDevice,
};

use super::{GROUP, LIT_WIDTH, pipelines::LIT_FORMAT, table::Row};

/// Ranges of the order that are drawn one by one; `MAX_RANGES` in scene.wgsl.
pub(super) const MAX_RANGES: u32 = 16;
/// Pairs that one workgroup sorts at a time: rounds of one pair for each thread.
pub(super) const ROUNDS: u32 = 8;
const TILE: u32 = GROUP * ROUNDS;
/// Values of a digit of the sort.
const DIGIT_VALUES: u32 = 256;
/// Bytes of `State` in scene.wgsl, and where the draws begin in it.
const STATE_BYTES: u64 = DRAWS_AT + MAX_RANGES as u64 * DRAW_BYTES;
const DRAWS_AT: u64 = 32 + MAX_RANGES as u64 * 8;
const DRAW_BYTES: u64 = 20;
const LIGHT_AT: u64 = 16;
/// Bytes of a splat as it is drawn, which are as many as those of one as it is lit.
const SPLAT_BYTES: u64 = 32;
const PAIR_BYTES: u64 = 8;
const GROUP_BYTES: u64 = 36;
/// Frames for which buffers stay that are much larger than what is drawn.
const KEEP_FRAMES: u32 = 120;

/// The buffers of one camera.
pub(super) struct ViewBuffers {
    pub(super) rows: Buffer,
    pub(super) groups: Buffer,
    pub(super) state: Buffer,
    pub(super) on_screen: Buffer,
    pub(super) surfels: Buffer,
    /// The order, and room to sort in: after an odd number of digits the order is in the second.
    pub(super) pairs: [Buffer; 2],
    pub(super) counts: Buffer,
    pub(super) lit: TextureView,
    size: Size,
    /// How long they have been much too large.
    idle_frames: u32,
}

/// What buffers have room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) splats: u32,
    rows: u32,
    groups: u32,
}

/// How many splats one camera can draw on this GPU.
pub(super) fn most_splats(limits: &WgpuLimits) -> u32 {
    let bytes = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
    let lit = u64::from(limits.max_texture_dimension_2d) * u64::from(LIT_WIDTH);
    let tiles = u64::from(limits.max_compute_workgroups_per_dimension) * u64::from(TILE);
    (bytes / SPLAT_BYTES).min(lit).min(tiles).try_into().unwrap_or(u32::MAX)
}

impl Size {
    /// Room for a table; somewhat more than is asked for, so that a little more fits too.
    pub(super) fn with_room(splats: u32, rows: u32, groups: u32, limits: &WgpuLimits) -> Self {
        let more = |count: u32, step: u32| (count.saturating_add(count / 4)).max(1).next_multiple_of(step);
        Self {
            splats: more(splats, TILE).min(most_splats(limits)).max(1),
            rows: more(rows, 16),
            groups: more(groups, 64),
        }
    }

    fn holds(&self, splats: u32, rows: u32, groups: u32) -> bool {
        self.splats >= splats && self.rows >= rows && self.groups >= groups
    }

    /// Texels of the lit colours along y.
    pub(super) fn lit_rows(&self) -> u32 {
        self.splats.div_ceil(LIT_WIDTH)
    }

    /// Tiles of the sort.
    pub(super) fn tiles(&self) -> u32 {
        self.tiles_of(self.splats)
    }

    /// Tiles of so many splats.
    pub(super) fn tiles_of(&self, splats: u32) -> u32 {
        splats.min(self.splats).div_ceil(TILE)
    }
}

impl ViewBuffers {
    /// Where the arguments of the draw of a range begin in `state`.
    pub(super) fn draw_args(range: u32) -> u64 {
        DRAWS_AT + u64::from(range) * DRAW_BYTES
    }

    /// Where the arguments of the draw that lights begin in `state`.
    pub(super) const LIGHT_ARGS: u64 = LIGHT_AT;

    pub(super) fn size(&self) -> &Size {
        &self.size
    }

    /// Whether so much fits, and the buffers are not much too large for it for long.
    pub(super) fn suits(&mut self, splats: u32, rows: u32, groups: u32) -> bool {
        let is_wasteful = self.size.splats / 4 > splats.max(TILE);
        self.idle_frames = if is_wasteful { self.idle_frames + 1 } else { 0 };
        self.size.holds(splats, rows, groups) && self.idle_frames <= KEEP_FRAMES
    }

    pub(super) fn new(size: Size, device: &RenderDevice) -> Self {
        let buffer = |label, bytes: u64, usage| {
            device.create_buffer(&BufferDescriptor {
                label: Some(label),
                size: bytes,
                usage: BufferUsages::STORAGE | usage,
                mapped_at_creation: false,
            })
        };
        let none = BufferUsages::empty();
        let splats = u64::from(size.splats);
        let pairs = |label| buffer(label, splats * PAIR_BYTES, none);
        let texture = device.create_texture(&TextureDescriptor {
            label: Some("gve splat lit colours"),
            size: Extent3d { width: LIT_WIDTH, height: size.lit_rows(), depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: TextureDimension::D2,
            format: LIT_FORMAT,
            usage: TextureUsages::RENDER_ATTACHMENT | TextureUsages::TEXTURE_BINDING,
            view_formats: &[],
        });
        Self {
            rows: buffer(
                "gve splat rows",
                u64::from(size.rows) * size_of::<Row>() as u64,
                BufferUsages::COPY_DST,
            ),
            groups: buffer("gve splat groups", u64::from(size.groups) * GROUP_BYTES, none),
            state: buffer("gve splat state", STATE_BYTES, BufferUsages::INDIRECT),
            on_screen: buffer("gve splats on screen", splats * SPLAT_BYTES, none),
            surfels: buffer("gve splat surfels", splats * SPLAT_BYTES, none),
            pairs: [pairs("gve splat order"), pairs("gve splat order, other half")],
            counts: buffer("gve splat counts", u64::from(DIGIT_VALUES * (size.tiles() + 1)) * 4, none),
            lit: texture.create_view(&Default::default()),
            size,
            idle_frames: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_have_some_room_and_never_more_than_the_gpu_binds() {
        let limits = WgpuLimits::default();
        let size = Size::with_room(1000, 3, 5, &limits);
        assert!(size.holds(1250, 3, 6) && size.splats.is_multiple_of(TILE));
        let most = most_splats(&limits);
        assert_eq!(most, (128 << 20) / 32);
        assert_eq!(Size::with_room(most, 3, 5, &limits).splats, most);
    }
}
