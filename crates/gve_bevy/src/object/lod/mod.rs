//! Level of detail: what objects that choose for themselves are drawn as, by their size on the screen.
//!
//! | file | holds |
//! |---|---|
//! | `settings` | the sizes at which something changes |
//! | `size` | how large things are on the screen |
//! | `table` | the objects in arrays, and the decision |
//! | `fade` | changes from one level to another |
//! | `linger` | what is kept for a while when it is not drawn any more |

mod fade;
mod linger;
mod settings;
mod size;
mod table;

use core::mem;

use bevy::{
    camera::{primitives::Aabb, visibility::RenderLayers},
    prelude::*,
    time::Real,
    transform::helper::TransformHelper,
};

pub(crate) use fade::Fade;
pub(crate) use linger::{Lingering, keep};
pub use settings::GveLodSettings;
pub(crate) use size::{Ball, Eye};
pub(super) use table::Forms;

use super::{GveDrawnAs, GveObject, GveRenderers};
use crate::{asset::GveAsset, systems::GveSystems};
use fade::Fading;
use table::{Level, Table};

/// No frame is taken to last longer: what changes in a frame that took long is still seen to change.
const LONGEST_FRAME_SECS: f32 = 0.1;

pub(super) fn build(app: &mut App) {
    app.init_resource::<Lod>()
        .init_resource::<GveLodSettings>()
        .init_resource::<Lingering>()
        .register_type::<GveLodSettings>()
        .add_observer(forget)
        .add_systems(PostUpdate, linger::expire.in_set(GveSystems::Apply));
}

/// The objects that choose for themselves.
#[derive(Resource, Default)]
pub(super) struct Lod {
    table: Table,
    /// The cameras, as they were looked through last.
    eyes: Vec<Eye>,
    /// Rows that are to be looked at whatever the cameras do.
    due: Vec<Entity>,
    /// Those that change, or wait until they can.
    fading: Vec<Entity>,
}

impl Lod {
    /// Takes up an object, or what is new about it.
    pub(super) fn put(
        &mut self,
        entity: Entity,
        sphere: Ball,
        layers: Option<&RenderLayers>,
        forms: Forms,
        settings: &GveLodSettings,
    ) {
        self.table.put(entity, sphere, layers, forms, settings);
        self.due.push(entity);
    }

    /// Does not decide for an object any more; says whether it did.
    pub(super) fn remove(&mut self, entity: Entity) -> bool {
        self.table.remove(entity)
    }
}

/// Notes where objects have gone, before anything is decided.
pub(super) fn follow(
    mut lod: ResMut<Lod>,
    moved: Query<
        (Entity, &GlobalTransform, &Aabb),
        (With<GveObject>, Or<(Changed<GlobalTransform>, Changed<Aabb>)>),
    >,
    layered: Query<(Entity, &RenderLayers), (With<GveObject>, Changed<RenderLayers>)>,
    mut unlayered: RemovedComponents<RenderLayers>,
    layers: Query<&RenderLayers>,
) {
    let lod = lod.bypass_change_detection();
    if lod.table.len() == 0 {
        return;
    }
    for (entity, transform, bounds) in &moved {
        if let Some(row) = lod.table.row(entity) {
            lod.table.set_ball(row, Ball::around(bounds, &transform.affine()));
            lod.due.push(entity);
        }
    }
    for (entity, layers) in &layered {
        if let Some(row) = lod.table.row(entity) {
            lod.table.set_layers(row, Some(layers));
            lod.due.push(entity);
        }
    }
    for entity in unlayered.read() {
        if let Some(row) = lod.table.row(entity) {
            lod.table.set_layers(row, layers.get(entity).ok());
            lod.due.push(entity);
        }
    }
}

/// Decides about the level of all objects when a camera has moved, and of those to which something has happened; carries
/// on with changes.
pub(super) fn select(
    mut commands: Commands,
    mut lod: ResMut<Lod>,
    settings: Res<GveLodSettings>,
    renderers: Res<GveRenderers>,
    assets: Option<Res<Assets<GveAsset>>>,
    time: Option<Res<Time<Real>>>,
    cameras: Query<(Entity, &Camera, Option<&RenderLayers>), With<Camera3d>>,
    transforms: TransformHelper,
    mut objects: Query<(&GveObject, &mut GveDrawnAs, Option<&mut Fade>)>,
) {
    let Some(assets) = assets else { return };
    let lod = lod.bypass_change_detection();
    if lod.table.len() == 0 {
        return;
    }
    let is_set = settings.is_changed();
    if is_set {
        lod.table.apply(&settings);
    }
    let eyes = eyes(&cameras, &transforms);
    let mut changed = Vec::new();
    let mut look = |table: &mut Table, row| {
        if let Some(is_cut) = table.measure(row, &eyes, &settings) {
            changed.push((table.entities[row], is_cut));
        }
    };
    let due = mem::take(&mut lod.due);
    if is_set || eyes != lod.eyes {
        (0..lod.table.len()).for_each(|row| look(&mut lod.table, row));
    } else {
        for entity in &due {
            if let Some(row) = lod.table.row(*entity) {
                look(&mut lod.table, row);
            }
        }
    }
    lod.eyes = eyes;
    for (entity, is_cut) in changed {
        let Some(row) = lod.table.row(entity) else { continue };
        let (level, item) = (lod.table.levels[row], &mut lod.table.items[row]);
        let form = item.forms.at(level);
        let is_ready = || {
            let asset = objects
                .get(entity)
                .ok()
                .and_then(|(object, ..)| Some((object.id(), assets.get(object.id())?)));
            form.zip(asset).is_none_or(|(form, (id, asset))| renderers.is_ready(form, id, asset))
        };
        item.is_new |= is_cut && is_ready() || settings.fade_secs <= 0.0;
        list(&mut lod.fading, item, entity);
    }
    for entity in due {
        if let Some(row) = lod.table.row(entity) {
            let item = &mut lod.table.items[row];
            if item.is_new {
                list(&mut lod.fading, item, entity);
            }
        }
    }
    if lod.fading.is_empty() {
        return;
    }
    let elapsed = time.map_or(0.0, |time| time.delta_secs()).min(LONGEST_FRAME_SECS);
    let step = if settings.fade_secs > 0.0 { elapsed / settings.fade_secs } else { 1.0 };
    let Lod { table, fading, .. } = lod;
    fading.retain(|&entity| {
        let Some(row) = table.row(entity) else { return false };
        let (level, item) = (table.levels[row], &mut table.items[row]);
        let Ok((object, mut drawn_as, fade)) = objects.get_mut(entity) else {
            item.is_listed = false;
            return false;
        };
        let way = match &mut item.fading {
            Some(way) if !mem::take(&mut item.is_new) => way,
            way => {
                item.is_new = false;
                way.insert(Fading::at(level))
            }
        };
        let was_done = way.is_done();
        way.head_for(level, &item.forms);
        let is_ready = || {
            item.forms
                .at(way.to)
                .zip(assets.get(object.id()))
                .is_none_or(|(form, asset)| renderers.is_ready(form, object.id(), asset))
        };
        // In its first frame a form is not there yet.
        if !was_done && is_ready() {
            way.step(step);
            way.head_for(level, &item.forms);
        }
        let (to, from) = (item.forms.at(way.to), item.forms.at(way.from));
        drawn_as.set_if_neq(GveDrawnAs {
            what: to.or(from),
            fading: if way.is_done() { None } else { to.and(from) },
            too_small: if way.is_done() && way.to == Level::Nothing {
                item.forms.at(item.forms.toward(Level::Nothing, Level::Near))
            } else {
                None
            },
            reason: if way.to == Level::Near { item.forms.reason.clone() } else { None },
        });
        if way.is_done() {
            if fade.is_some() {
                commands.entity(entity).try_remove::<Fade>();
            }
            item.is_listed = way.to != level;
        } else {
            let now = way.fade();
            match fade {
                Some(mut fade) => drop(fade.set_if_neq(now)),
                None => drop(commands.entity(entity).try_insert(now)),
            }
        }
        item.is_listed
    });
}

/// Puts an object among those with something to do.
fn list(fading: &mut Vec<Entity>, item: &mut table::Item, entity: Entity) {
    if !mem::replace(&mut item.is_listed, true) {
        fading.push(entity);
    }
}

/// The cameras that draw, where they stand in this frame.
fn eyes(
    cameras: &Query<(Entity, &Camera, Option<&RenderLayers>), With<Camera3d>>,
    transforms: &TransformHelper,
) -> Vec<Eye> {
    let eye = |(entity, camera, layers): (Entity, &Camera, Option<&RenderLayers>)| {
        let viewport = camera.physical_viewport_size().filter(|_| camera.is_active)?;
        let place = transforms.compute_global_transform(entity).ok()?;
        let layers = layers.cloned().unwrap_or_default();
        Some(Eye::new(&camera.clip_from_view(), place.translation_vec3a(), viewport.y as f32, layers))
    };
    let mut eyes: Vec<Eye> = cameras.iter().filter_map(eye).collect();
    eyes.retain(Eye::is_finite);
    eyes
}

/// What is no object any more chooses nothing.
fn forget(removed: On<Remove, GveObject>, mut commands: Commands, lod: Option<ResMut<Lod>>) {
    if let Some(mut lod) = lod {
        lod.bypass_change_detection().remove(removed.entity);
    }
    commands.entity(removed.entity).try_remove::<Fade>();
}
