//! What the render world needs to know of the objects that show splats.

use bevy::{
    camera::{
        primitives::Aabb,
        visibility::{NoCpuCulling, RenderLayers},
    },
    light::NotShadowReceiver,
    math::{Affine3A, Vec3A},
    platform::collections::HashMap,
    prelude::*,
    render::{Extract, sync_world::MainEntity},
};

use super::{GveSplatDefaults, GveSplatSettings, visibility::SplatVisibility};
use crate::{
    asset::GveAsset,
    object::{GveDrawnAs, GveObject, GveRepresentation},
};

/// Every object drawn as splats in this frame, seen by a camera or not.
#[derive(Resource, Default)]
pub(super) struct ExtractedSplats {
    pub(super) instances: HashMap<MainEntity, SplatInstance>,
    /// The assets that they show.
    pub(super) assets: HashMap<AssetId<GveAsset>, GveAsset>,
    /// Those that no camera culls.
    unculled: Vec<(MainEntity, RenderLayers)>,
}

impl ExtractedSplats {
    /// The objects that every camera draws that shows these layers.
    pub(super) fn unculled_in(&self, layers: &RenderLayers) -> impl Iterator<Item = MainEntity> {
        self.unculled.iter().filter(move |(_, own)| own.intersects(layers)).map(|(entity, _)| *entity)
    }
}

/// One object.
#[derive(Debug, Clone, Copy)]
pub(super) struct SplatInstance {
    pub(super) asset: AssetId<GveAsset>,
    pub(super) world_from_local: Affine3A,
    /// Middle of its bounds in its own space.
    pub(super) local_center: Vec3A,
    /// A sphere around it in world space.
    pub(super) center: Vec3A,
    pub(super) radius: f32,
    pub(super) settings: GveSplatSettings,
    /// Whether shadows fall on it.
    pub(super) receives_shadows: bool,
}

pub(super) fn extract(
    mut extracted: ResMut<ExtractedSplats>,
    assets: Extract<Option<Res<Assets<GveAsset>>>>,
    defaults: Extract<Option<Res<GveSplatDefaults>>>,
    objects: Extract<
        Query<
            (
                Entity,
                &GveObject,
                &GveDrawnAs,
                &GlobalTransform,
                Option<&Aabb>,
                Option<&GveSplatSettings>,
                Has<NotShadowReceiver>,
                (Has<NoCpuCulling>, &InheritedVisibility, Option<&RenderLayers>),
            ),
            With<SplatVisibility>,
        >,
    >,
) {
    let ExtractedSplats { instances, assets: shown, unculled } = &mut *extracted;
    instances.clear();
    shown.clear();
    unculled.clear();
    let Some(assets) = assets.as_ref() else { return };
    let defaults = defaults.as_ref().map(|defaults| defaults.0).unwrap_or_default();
    for (entity, object, drawn_as, transform, aabb, settings, unshadowed, culling) in &objects {
        if **drawn_as != Some(GveRepresentation::Splats) {
            continue;
        }
        let id = object.id();
        let Some(asset) = assets.get(id) else { continue };
        shown.entry(id).or_insert_with(|| asset.clone());
        let (is_unculled, visibility, layers) = culling;
        if is_unculled && visibility.get() {
            unculled.push((entity.into(), layers.cloned().unwrap_or_default()));
        }
        let bounds = aabb.copied().unwrap_or_else(|| asset.aabb());
        let world_from_local = transform.affine();
        let half = bounds.half_extents;
        let corners = [1.0, -1.0].into_iter().flat_map(|x| [1.0, -1.0].map(|y| Vec3A::new(x, y, 1.0) * half));
        let radius = corners.map(|c| (world_from_local.matrix3 * c).length()).fold(0.0, f32::max);
        instances.insert(
            entity.into(),
            SplatInstance {
                asset: id,
                world_from_local,
                local_center: bounds.center,
                center: world_from_local.transform_point3a(bounds.center),
                radius,
                settings: settings.copied().unwrap_or(defaults),
                receives_shadows: !unshadowed,
            },
        );
    }
}
