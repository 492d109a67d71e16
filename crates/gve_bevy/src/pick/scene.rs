//! A tree of boxes around all objects.

use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use bevy::{
    ecs::entity::{EntityHashMap, EntityHashSet},
    math::{Affine3A, Vec3A, bounding::Aabb3d},
    prelude::*,
};
use obvhs::{
    aabb::Aabb,
    bvh2::Bvh2,
    ploc::{PlocBuilder, PlocSearchDistance, SortPrecision},
    ray::Ray,
};

use super::{objects::Shown, shape::Shape};
use crate::{
    asset::{ChangedAssets, GveAsset},
    object::{GveDrawnAs, GveObject, GveRepresentation},
};

/// Where objects are, as the last frame left them. What has changed is noted at once and looked at by the first ray.
#[derive(Resource, Default)]
pub(super) struct Scene {
    changed: Mutex<EntityHashSet>,
    placed: RwLock<Placed>,
}

/// Notes which objects have changed.
pub(super) fn note(
    scene: Res<Scene>,
    changes: Option<Res<ChangedAssets>>,
    changed: Query<
        Entity,
        (
            With<GveObject>,
            Or<(
                Changed<GlobalTransform>,
                Changed<GveObject>,
                Changed<GveDrawnAs>,
                Changed<GveRepresentation>,
            )>,
        ),
    >,
    objects: Query<(Entity, &GveObject)>,
    mut removed: RemovedComponents<GveObject>,
) {
    let of_assets = changes.filter(|changes| !changes.is_empty());
    if changed.is_empty() && removed.is_empty() && of_assets.is_none() {
        return;
    }
    let mut noted = scene.changed.lock().unwrap_or_else(PoisonError::into_inner);
    noted.extend(&changed);
    noted.extend(removed.read());
    if let Some(changes) = of_assets {
        noted.extend(
            objects.iter().filter(|(_, object)| changes.contains(object.id())).map(|(entity, _)| entity),
        );
    }
}

impl Scene {
    /// The scene with all that was noted.
    pub(super) fn up_to_date(
        &self,
        objects: &Query<Shown>,
        assets: &Assets<GveAsset>,
    ) -> RwLockReadGuard<'_, Placed> {
        let noted = {
            let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
            if changed.is_empty() {
                drop(changed);
                return self.placed.read().unwrap_or_else(PoisonError::into_inner);
            }
            // What another system notes now, it takes up itself: it waits for this lock first.
            let mut placed = self.placed.write().unwrap_or_else(PoisonError::into_inner);
            let noted = std::mem::take(&mut *changed);
            placed.update(&noted, objects, assets);
            noted
        };
        drop(noted);
        self.placed.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An object that can be hit.
pub(super) struct Item {
    pub(super) entity: Entity,
    pub(super) asset: AssetId<GveAsset>,
    pub(super) shape: Shape,
    pub(super) local_from_world: Affine3A,
    /// In the world.
    pub(super) bounds: Aabb3d,
}

/// The objects that can be hit.
#[derive(Default)]
pub(super) struct Placed {
    items: Vec<Option<Item>>,
    free: Vec<u32>,
    by_entity: EntityHashMap<u32>,
    tree: Bvh2,
}

/// Fewer objects than that are sorted anew whenever one of them changes.
const FEW: usize = 32;

impl Placed {
    fn update(&mut self, noted: &EntityHashSet, objects: &Query<Shown>, assets: &Assets<GveAsset>) {
        let is_new = self.by_entity.len() < FEW || 4 * noted.len() > self.by_entity.len();
        for &entity in noted {
            let item = objects.get(entity).ok().and_then(|shown| place(entity, shown, assets));
            match (self.by_entity.get(&entity).copied(), item) {
                (Some(at), Some(item)) => {
                    if !is_new {
                        self.tree.move_primitive(boxed(&item.bounds), at);
                    }
                    self.items[at as usize] = Some(item);
                }
                (Some(at), None) => {
                    if !is_new {
                        self.tree.remove_primitive(at);
                    }
                    self.by_entity.remove(&entity);
                    self.items[at as usize] = None;
                    self.free.push(at);
                }
                (None, Some(item)) => {
                    let at = self.free.pop().unwrap_or(self.items.len() as u32);
                    if !is_new {
                        self.tree.insert_primitive(boxed(&item.bounds), at);
                    }
                    self.by_entity.insert(entity, at);
                    if at as usize == self.items.len() {
                        self.items.push(Some(item));
                    } else {
                        self.items[at as usize] = Some(item);
                    }
                }
                (None, None) => {}
            }
        }
        if is_new || self.by_entity.is_empty() {
            self.rebuild();
        }
    }

    fn rebuild(&mut self) {
        self.items.retain(Option::is_some);
        self.free.clear();
        self.by_entity.clear();
        let items = self.items.iter().flatten().zip(0..);
        self.by_entity.extend(items.map(|(item, at)| (item.entity, at)));
        let boxes: Vec<Aabb> = self.items.iter().flatten().map(|item| boxed(&item.bounds)).collect();
        let numbers = (0..boxes.len() as u32).collect();
        let mut builder = PlocBuilder::with_capacity(boxes.len());
        self.tree = builder.build(PlocSearchDistance::VeryLow, &boxes, numbers, SortPrecision::U64, 0);
    }

    /// Calls `found` with each object into whose box a ray goes within `max` metres, in no order, and how far away
    /// that is. `direction` is of unit length, and all is finite but for `max`.
    pub(super) fn along(&self, origin: Vec3, direction: Vec3, max: f32, mut found: impl FnMut(&Item, f32)) {
        let ray = Ray::new(same(origin.into()), same(direction.into()), 0.0, f32::INFINITY);
        let inverse = Vec3A::from_array(ray.inv_direction.to_array());
        let origin = Vec3A::from(origin);
        self.tree.ray_traverse_anyhit(ray, |_, leaf| {
            let item =
                self.tree.primitive_indices.get(leaf).and_then(|&at| self.items.get(at as usize)?.as_ref());
            let Some(item) = item else { return };
            let (a, b) = ((item.bounds.min - origin) * inverse, (item.bounds.max - origin) * inverse);
            let (near, far) = (a.min(b).max_element().max(0.0), a.max(b).min_element());
            if near <= far && near <= max {
                found(item, near);
            }
        });
    }
}

/// Where an object is, if it can be hit.
fn place(
    entity: Entity,
    (object, drawn_as, wanted, transform): (&GveObject, &GveDrawnAs, &GveRepresentation, &GlobalTransform),
    assets: &Assets<GveAsset>,
) -> Option<Item> {
    let asset = assets.get(object.id())?;
    let shape = Shape::of(asset, **drawn_as, *wanted)?;
    let world_from_local = transform.affine();
    let local_from_world = world_from_local.inverse();
    // Half a cell more than the bounds holds also the surface's rounding to the grid.
    let local = asset.aabb();
    let half = local.half_extents + 0.5 * asset.volume().cell_size;
    let matrix = world_from_local.matrix3;
    let center = world_from_local.transform_point3a(local.center);
    let half = matrix.x_axis.abs() * half.x + matrix.y_axis.abs() * half.y + matrix.z_axis.abs() * half.z;
    // Where rounding is coarse, so far out, boxes are wider.
    let half = half + 1e-5 * (center.abs() + half);
    let bounds = Aabb3d { min: center - half, max: center + half };
    let is_finite = bounds.min.is_finite() && bounds.max.is_finite() && local_from_world.is_finite();
    is_finite.then_some(Item { entity, asset: object.id(), shape, local_from_world, bounds })
}

/// The same box in the version of glam that the tree is built on.
fn boxed(bounds: &Aabb3d) -> Aabb {
    Aabb::new(same(bounds.min), same(bounds.max))
}

fn same<V: From<[f32; 3]>>(v: Vec3A) -> V {
    v.to_array().into()
}
