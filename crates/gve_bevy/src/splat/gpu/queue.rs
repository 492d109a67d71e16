//! What each camera sees.

use bevy::{
    camera::visibility::RenderLayers,
    pbr::ViewKeyCache,
    prelude::*,
    render::{
        camera::TemporalJitter,
        render_resource::{PipelineCache, SpecializedRenderPipelines},
        view::{ExtractedView, RenderVisibleEntities},
    },
};

use super::{
    Raster,
    pipelines::{SplatPipelineKey, SplatPipelines},
    pool::SplatPool,
    raster::{self, CompositeKey, RasterPipelines},
    views::{Pose, SplatViews, ViewRequest},
};
use crate::object::Ball;
use crate::splat::{
    budget,
    extract::ExtractedSplats,
    lod::{covered_pixels, eye_of},
    visibility::SplatVisibility,
};

/// Notes which objects each camera sees and how many splats of each. The pipelines are asked for when the first one
/// is seen: an app that shows none compiles none.
pub(super) fn queue(
    extracted: Res<ExtractedSplats>,
    pool: Res<SplatPool>,
    pipelines: Option<ResMut<SplatPipelines>>,
    cache: Res<PipelineCache>,
    mut specialized: ResMut<SpecializedRenderPipelines<SplatPipelines>>,
    raster: Res<Raster>,
    raster_pipelines: Option<Res<RasterPipelines>>,
    mut composites: ResMut<SpecializedRenderPipelines<RasterPipelines>>,
    view_keys: Option<Res<ViewKeyCache>>,
    views: Query<(&ExtractedView, &RenderVisibleEntities, Option<&RenderLayers>, Option<&TemporalJitter>)>,
    mut splat_views: ResMut<SplatViews>,
) {
    splat_views.begin_frame();
    let (Some(mut pipelines), Some(view_keys)) = (pipelines, view_keys) else { return };
    if extracted.instances.is_empty() {
        return;
    }
    for (view, visible, layers, jitter) in &views {
        let id = view.retained_view_entity;
        let Some(&view_key) = view_keys.get(&id) else { continue };
        let seen = visible.get::<SplatVisibility>().into_iter().flat_map(|class| &class.entities_cpu_culling);
        let unculled = extracted.unculled_in(layers.unwrap_or_default());
        let mut seen = seen.map(|(_, entity)| *entity).chain(unculled).peekable();
        if seen.peek().is_none() {
            continue;
        }
        pipelines.request_compute(&cache);
        let world_from_view = view.world_from_view.affine();
        let eye_of_view = eye_of(view);
        let splat_view = splat_views.entry(id);
        let [mut near, mut far] = [f32::INFINITY, 0.0_f32];
        let (mut entities, mut counts, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
        let viewport_pixels = (view.viewport.z * view.viewport.w) as f32;
        for entity in seen {
            let Some(instance) = extracted.instances.get(&entity) else { continue };
            let Some(cloud) = pool.cloud(instance.asset) else { continue };
            let is_flat = instance.world_from_local.matrix3.determinant().abs() < f32::MIN_POSITIVE;
            if is_flat || !instance.world_from_local.is_finite() {
                continue;
            }
            let Ball { center, radius } = instance.sphere;
            let distance = center.distance(world_from_view.translation);
            near = near.min(distance - radius);
            far = far.max(distance + radius);
            let pixels = covered_pixels(&eye_of_view, instance.sphere);
            entities.push(entity);
            counts.push(instance.settings.count(cloud.available(), pixels));
            sizes.push(pixels.min(viewport_pixels));
        }
        budget::hold(&mut counts, &sizes, extracted.budget.max_splats.into());
        let counts: Vec<_> = entities.into_iter().zip(counts).collect();
        let samples = view_key.msaa_samples();
        let total = counts.iter().map(|(_, count)| u64::from(*count)).sum();
        let is_tiled = *raster == Raster::Tiles && raster::is_possible(view.viewport, total);
        let draw_pipeline = if is_tiled {
            let Some(raster_pipelines) = &raster_pipelines else { continue };
            let key = CompositeKey { format: view.target_format, samples };
            composites.specialize(&cache, raster_pipelines, key)
        } else {
            let key = SplatPipelineKey::Draw { format: view.target_format, samples };
            specialized.specialize(&cache, &pipelines, key)
        };
        splat_view.request = (!counts.is_empty()).then(|| ViewRequest {
            counts,
            distances: [near, far],
            pose: Pose::of(view, jitter),
            light_pipeline: specialized.specialize(&cache, &pipelines, SplatPipelineKey::Light(view_key)),
            draw_pipeline,
            viewport: view.viewport,
            samples,
            is_tiled,
        });
    }
}
