//! What each camera needs of each object that it sees: an order, lit colours, bind groups.

use bevy::{
    math::Mat4,
    platform::collections::HashMap,
    prelude::*,
    render::{
        render_resource::{
            BindGroup, BindGroupEntries, Buffer, BufferDescriptor, BufferId, BufferInitDescriptor,
            BufferUsages, CachedRenderPipelineId, DynamicUniformBuffer, Extent3d, PipelineCache, ShaderType,
            TextureDescriptor, TextureDimension, TextureUsages, TextureView,
        },
        renderer::{RenderDevice, RenderQueue},
        sync_world::MainEntity,
        view::{RetainedViewEntity, ViewUniforms},
    },
};

use super::{
    pipeline::{LIT_FORMAT, QUADS_PER_BATCH, SplatPipelines},
    sort::Eye,
    sorting::{Sorters, Sorting, Wanted},
    upload::{SplatCloud, SplatClouds},
};
use crate::splat::{
    budget,
    extract::{ExtractedSplats, SplatInstance},
    lod::{Detail, stepped},
};

/// Texels along x of a texture of lit colours.
pub(super) const LIT_WIDTH: u32 = 1024;
/// Frames for which an object that left the picture keeps its order and colours.
const KEEP_FRAMES: u32 = 60;

/// The uniform of one object in one view; `SplatObject` in splat.wgsl.
#[derive(Debug, Clone, Copy, ShaderType)]
pub(super) struct SplatObject {
    world_from_local: Mat4,
    world_from_local_normal: Mat4,
    count: u32,
    lit_width: u32,
    sigma_scale: f32,
    receives_shadows: u32,
    opacity: f32,
    lift: f32,
}

/// Every object as every camera sees it.
#[derive(Resource)]
pub(super) struct SplatViews {
    objects: HashMap<(RetainedViewEntity, MainEntity), ViewObject>,
    sorters: Sorters,
    uniforms: DynamicUniformBuffer<SplatObject>,
    /// The view uniforms of all cameras.
    view_bind_group: Option<(BufferId, BindGroup)>,
    /// The corners of [`QUADS_PER_BATCH`] quads.
    indices: Option<Buffer>,
}

impl Default for SplatViews {
    fn default() -> Self {
        let mut uniforms = DynamicUniformBuffer::default();
        uniforms.set_label(Some("gve splat objects"));
        Self { objects: default(), sorters: default(), uniforms, view_bind_group: None, indices: None }
    }
}

/// One object as one camera sees it.
#[derive(Default)]
pub(super) struct ViewObject {
    /// What was asked of this frame; `None` when the camera does not see the object.
    request: Option<ViewRequest>,
    unseen_frames: u32,
    detail: Detail,
    sorting: Sorting,
    order: Order,
    lit: Option<TextureView>,
    lit_rows: u32,
    uniform_offset: u32,
    bound: Option<Bound>,
}

/// Indices of splats, far to near, on the GPU.
#[derive(Default)]
struct Order {
    buffer: Option<Buffer>,
    /// How many of them are drawn.
    visible: u32,
}

impl Order {
    fn write(&mut self, order: &[u32], device: &RenderDevice, queue: &RenderQueue) {
        self.visible = order.len() as u32;
        let bytes: &[u8] = bytemuck::cast_slice(order);
        let buffer = match &mut self.buffer {
            Some(buffer) if buffer.size() >= bytes.len() as u64 => buffer,
            buffer => buffer.insert(device.create_buffer(&BufferDescriptor {
                label: Some("gve splat order"),
                // Room for the splats that face the eye from elsewhere; a buffer of no bytes cannot be bound.
                size: (bytes.len() as u64 * 3 / 2).next_multiple_of(256).max(256),
                usage: BufferUsages::STORAGE | BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })),
        };
        queue.write_buffer(buffer, 0, bytes);
    }
}

/// What one camera wants of one object in this frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct ViewRequest {
    pub(super) eye: Eye,
    /// How many pixels its bounding sphere covers.
    pub(super) pixels: f32,
    pub(super) light_pipeline: CachedRenderPipelineId,
}

/// Bind groups, and what they were made of.
struct Bound {
    made_of: [BufferId; 4],
    object: BindGroup,
    lit: BindGroup,
}

/// Everything that the passes need of one object.
pub(super) struct Drawable<'a> {
    pub(super) light_pipeline: CachedRenderPipelineId,
    pub(super) uniform_offset: u32,
    pub(super) object: &'a BindGroup,
    pub(super) lit_texture: &'a TextureView,
    pub(super) lit_size: [u32; 2],
    pub(super) lit: &'a BindGroup,
    pub(super) batches: u32,
}

impl SplatViews {
    /// Asks for an object to be drawn in this frame.
    pub(super) fn request(&mut self, view: RetainedViewEntity, object: MainEntity, request: ViewRequest) {
        self.objects.entry((view, object)).or_default().request = Some(request);
    }

    pub(super) fn view_bind_group(&self) -> Option<&BindGroup> {
        self.view_bind_group.as_ref().map(|(_, group)| group)
    }

    pub(super) fn indices(&self) -> Option<&Buffer> {
        self.indices.as_ref()
    }

    /// The object, when everything that draws it is there.
    pub(super) fn drawable(&self, view: RetainedViewEntity, object: MainEntity) -> Option<Drawable<'_>> {
        self.objects.get(&(view, object))?.drawable()
    }

    /// Everything that `view` draws in this frame.
    pub(super) fn drawables(&self, view: RetainedViewEntity) -> impl Iterator<Item = Drawable<'_>> {
        let of_view =
            move |(key, object): (&(RetainedViewEntity, MainEntity), _)| (key.0 == view).then_some(object);
        self.objects.iter().filter_map(of_view).filter_map(ViewObject::drawable)
    }
}

impl ViewObject {
    fn drawable(&self) -> Option<Drawable<'_>> {
        let request = self.request?;
        let bound = self.bound.as_ref()?;
        (self.order.visible > 0).then_some(Drawable {
            light_pipeline: request.light_pipeline,
            uniform_offset: self.uniform_offset,
            object: &bound.object,
            lit_texture: self.lit.as_ref()?,
            lit_size: [LIT_WIDTH.min(self.order.visible), self.order.visible.div_ceil(LIT_WIDTH)],
            lit: &bound.lit,
            batches: self.order.visible.div_ceil(QUADS_PER_BATCH),
        })
    }

    /// Makes room for the lit colours of the splats in the order.
    fn make_room(&mut self, device: &RenderDevice) {
        let rows = self.order.visible.div_ceil(LIT_WIDTH).max(1);
        if self.lit.is_some() && self.lit_rows >= rows {
            return;
        }
        // Some more, so that an order that is a little longer from elsewhere fits too.
        let rows = (rows * 5).div_ceil(4).min(device.limits().max_texture_dimension_2d);
        let texture = device.create_texture(&TextureDescriptor {
            label: Some("gve splat lit colours"),
            size: Extent3d { width: LIT_WIDTH, height: rows, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: TextureDimension::D2,
            format: LIT_FORMAT,
            usage: TextureUsages::RENDER_ATTACHMENT | TextureUsages::TEXTURE_BINDING,
            view_formats: &[],
        });
        self.lit = Some(texture.create_view(&default()));
        self.lit_rows = rows;
        self.bound = None;
    }

    fn uniform(&self, instance: &SplatInstance, cloud: &SplatCloud) -> SplatObject {
        let linear = instance.world_from_local.matrix3;
        SplatObject {
            world_from_local: Mat4::from(instance.world_from_local),
            world_from_local_normal: Mat4::from_mat3(linear.inverse().transpose().into()),
            count: self.order.visible,
            lit_width: LIT_WIDTH,
            sigma_scale: (cloud.in_file as f32 / self.sorting.count().max(1) as f32).sqrt(),
            receives_shadows: instance.receives_shadows.into(),
            opacity: instance.opacity,
            lift: instance.lift,
        }
    }
}

/// How many splats of each object are drawn, of those that are asked for and there, in the order of the objects.
fn count(
    objects: &mut HashMap<(RetainedViewEntity, MainEntity), ViewObject>,
    extracted: &ExtractedSplats,
    clouds: &SplatClouds,
) -> Vec<u32> {
    let (mut counts, mut by_view) = (Vec::new(), HashMap::<_, (Vec<usize>, Vec<u32>, Vec<f32>)>::default());
    for ((view, entity), object) in objects.iter_mut() {
        let Some(request) = object.request else { continue };
        let Some(instance) = extracted.instances.get(entity) else { continue };
        let Some(cloud) = clouds.get(instance.asset) else { continue };
        let wanted = object.detail.count(&instance.settings, cloud.points.len() as u32, request.pixels);
        let (places, of_view, pixels) = by_view.entry(*view).or_default();
        places.push(counts.len());
        of_view.push(wanted);
        pixels.push(request.pixels);
        counts.push(wanted);
    }
    for (places, mut of_view, pixels) in by_view.into_values() {
        budget::hold(&mut of_view, &pixels, extracted.budget.max_splats.into());
        for (place, held) in places.into_iter().zip(of_view) {
            if held < counts[place] {
                counts[place] = stepped(held);
            }
        }
    }
    counts
}

/// Sorts, uploads orders and uniforms, makes room for lit colours.
pub(super) fn prepare(
    device: Res<RenderDevice>,
    queue: Res<RenderQueue>,
    extracted: Res<ExtractedSplats>,
    clouds: Res<SplatClouds>,
    mut views: ResMut<SplatViews>,
) {
    let SplatViews { objects, sorters, uniforms, indices, .. } = &mut *views;
    let jobs = objects.values().filter(|object| object.sorting.has_job()).count();
    let (mut sortings, mut orders) = (Vec::new(), Vec::new());
    let mut counts = count(objects, &extracted, &clouds).into_iter();
    for ((_, entity), object) in objects.iter_mut() {
        let Some(request) = object.request else { continue };
        let instance = extracted.instances.get(entity);
        let Some((instance, cloud)) = instance.and_then(|i| Some((i, clouds.get(i.asset)?))) else {
            object.request = None;
            continue;
        };
        let count = counts.next().unwrap_or(0);
        let (points, eye, center) = (cloud.points.clone(), request.eye, instance.local_center);
        sortings.push((&mut object.sorting, Wanted { points, count, eye, center }));
        orders.push(&mut object.order);
    }
    sorters.sort(&mut sortings, jobs, |index, order| orders[index].write(order, &device, &queue));

    uniforms.clear();
    for ((_, entity), object) in objects.iter_mut().filter(|(_, object)| object.request.is_some()) {
        let Some(instance) = extracted.instances.get(entity) else { continue };
        let Some(cloud) = clouds.get(instance.asset) else { continue };
        object.make_room(&device);
        object.uniform_offset = uniforms.push(&object.uniform(instance, cloud));
    }
    uniforms.write_buffer(&device, &queue);
    if indices.is_none() {
        let corners = (0..QUADS_PER_BATCH).flat_map(|quad| [0, 1, 2, 2, 1, 3].map(|c| (quad * 4 + c) as u16));
        *indices = Some(device.create_buffer_with_data(&BufferInitDescriptor {
            label: Some("gve splat quads"),
            contents: bytemuck::cast_slice(&corners.collect::<Vec<u16>>()),
            usage: BufferUsages::INDEX,
        }));
    }
}

/// Remakes the bind groups whose buffers are new; forgets what was not seen for a while.
pub(super) fn bind(
    device: Res<RenderDevice>,
    cache: Res<PipelineCache>,
    pipelines: Option<Res<SplatPipelines>>,
    extracted: Res<ExtractedSplats>,
    clouds: Res<SplatClouds>,
    view_uniforms: Res<ViewUniforms>,
    mut views: ResMut<SplatViews>,
) {
    let Some(pipelines) = pipelines else { return };
    let SplatViews { objects, uniforms, view_bind_group, .. } = &mut *views;
    if let (Some(buffer), Some(binding)) = (view_uniforms.uniforms.buffer(), view_uniforms.uniforms.binding())
        && view_bind_group.as_ref().is_none_or(|(id, _)| *id != buffer.id())
    {
        let layout = cache.get_bind_group_layout(&pipelines.view_layout);
        let group = device.create_bind_group("gve splat view", &layout, &BindGroupEntries::single(binding));
        *view_bind_group = Some((buffer.id(), group));
    }
    for ((_, entity), object) in objects.iter_mut() {
        if object.request.is_none() {
            continue;
        }
        let cloud = extracted.instances.get(entity).and_then(|instance| clouds.get(instance.asset));
        let (Some(cloud), Some(uniform_buffer), Some(uniform_binding), Some(order), Some(lit)) =
            (cloud, uniforms.buffer(), uniforms.binding(), &object.order.buffer, &object.lit)
        else {
            continue;
        };
        let made_of = [uniform_buffer.id(), cloud.splats.id(), order.id(), cloud.palette.id()];
        if object.bound.as_ref().is_some_and(|bound| bound.made_of == made_of) {
            continue;
        }
        object.bound = Some(Bound {
            made_of,
            object: device.create_bind_group(
                "gve splat object",
                &cache.get_bind_group_layout(&pipelines.object_layout),
                &BindGroupEntries::sequential((
                    uniform_binding,
                    cloud.splats.as_entire_binding(),
                    order.as_entire_binding(),
                    cloud.palette.as_entire_binding(),
                )),
            ),
            lit: device.create_bind_group(
                "gve splat lit colours",
                &cache.get_bind_group_layout(&pipelines.lit_layout),
                &BindGroupEntries::single(lit),
            ),
        });
    }
}

/// Starts a frame: nothing is asked for yet; what has not been seen for a while goes.
pub(super) fn begin_frame(mut views: ResMut<SplatViews>) {
    views.objects.retain(|_, object| {
        object.unseen_frames = if object.request.take().is_some() { 0 } else { object.unseen_frames + 1 };
        object.unseen_frames <= KEEP_FRAMES
    });
}
