//! What the render world needs to know of the objects that show splats.

use bevy::{
    camera::primitives::Aabb,
    light::NotShadowReceiver,
    math::{Affine3A, Vec3A},
    platform::collections::HashMap,
    prelude::*,
    render::{Extract, sync_world::MainEntity},
};

use super::{GveSplatDefaults, GveSplatSettings};
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
    /// Whether the app shows assets at all, in whatever representation.
    pub(super) any_objects: bool,
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
        Query<(
            Entity,
            &GveObject,
            &GveDrawnAs,
            &GlobalTransform,
            Option<&Aabb>,
            Option<&GveSplatSettings>,
            Has<NotShadowReceiver>,
        )>,
    >,
) {
    let ExtractedSplats { instances, assets: shown, any_objects } = &mut *extracted;
    instances.clear();
    shown.clear();
    *any_objects = !objects.is_empty();
    let Some(assets) = assets.as_ref() else { return };
    let defaults = defaults.as_ref().map(|defaults| defaults.0).unwrap_or_default();
    for (entity, object, drawn_as, transform, aabb, settings, unshadowed) in &objects {
        if **drawn_as != Some(GveRepresentation::Splats) {
            continue;
        }
        let id = object.id();
        let Some(asset) = assets.get(id) else { continue };
        shown.entry(id).or_insert_with(|| asset.clone());
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
