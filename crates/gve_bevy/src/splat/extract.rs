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

use super::{GveSplatBudget, GveSplatDefaults, GveSplatSettings, visibility::SplatVisibility};
use crate::{
    asset::GveAsset,
    object::{Ball, Fade, GveDrawnAs, GveLodSettings, GveObject, GveRepresentation},
};

/// Every object drawn as splats in this frame, seen by a camera or not.
#[derive(Resource, Default)]
pub(super) struct ExtractedSplats {
    pub(super) instances: HashMap<MainEntity, SplatInstance>,
    /// The assets that they show.
    pub(super) assets: HashMap<AssetId<GveAsset>, GveAsset>,
    /// For each camera.
    pub(super) budget: GveSplatBudget,
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
    /// Around it in the world.
    pub(super) sphere: Ball,
    pub(super) settings: GveSplatSettings,
    /// Whether shadows fall on it.
    pub(super) receives_shadows: bool,
    /// What the opacity of each splat is multiplied by.
    pub(super) opacity: f32,
    /// Metres by which splats are drawn nearer to the camera than they are.
    pub(super) lift: f32,
}

pub(super) fn extract(
    mut extracted: ResMut<ExtractedSplats>,
    assets: Extract<Option<Res<Assets<GveAsset>>>>,
    defaults: Extract<Option<Res<GveSplatDefaults>>>,
    lod: Extract<Option<Res<GveLodSettings>>>,
    budget: Extract<Option<Res<GveSplatBudget>>>,
    objects: Extract<
        Query<
            (
                Entity,
                &GveObject,
                (&GveDrawnAs, &GveRepresentation, Option<&Fade>),
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
    extracted.budget = budget.as_ref().map(|budget| **budget).unwrap_or_default();
    let ExtractedSplats { instances, assets: shown, unculled, .. } = &mut *extracted;
    instances.clear();
    shown.clear();
    unculled.clear();
    let Some(assets) = assets.as_ref() else { return };
    let defaults = defaults.as_ref().map(|defaults| defaults.0).unwrap_or_default();
    // What objects draw at most that choose for themselves.
    let mut by_size = defaults;
    if let Some(lod) = lod.as_ref() {
        by_size.splats_per_pixel = by_size.splats_per_pixel.min(lod.splats_per_pixel);
    }
    for (entity, object, (drawn_as, wish, fade), transform, aabb, settings, unshadowed, culling) in &objects {
        if !drawn_as.draws(GveRepresentation::Splats) {
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
        let sphere = Ball::around(&bounds, &world_from_local);
        let (opacity, lift) = fade.map_or((1.0, 0.0), |fade| (fade.splat_opacity, fade.splat_lift));
        let of_all = if *wish == GveRepresentation::Auto { by_size } else { defaults };
        instances.insert(
            entity.into(),
            SplatInstance {
                asset: id,
                world_from_local,
                local_center: bounds.center,
                sphere,
                settings: settings.copied().unwrap_or(of_all),
                receives_shadows: !unshadowed,
                opacity,
                lift: lift * sphere.radius,
            },
        );
    }
}
