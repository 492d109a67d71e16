//! Rays from game code.

use bevy::{camera::visibility::RenderLayers, ecs::system::SystemParam, math::Affine3A, prelude::*};
use gve_assets::query::{Ray, Sides};

use super::{objects::Objects, scene::Item, shape::Shape, shells::Shells};
use crate::asset::GveAsset;

/// Which objects a ray sees.
#[derive(Reflect, Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum GveRayVisibility {
    /// Hidden ones as well.
    Any,
    /// Those that neither they themselves nor an ancestor hide.
    #[default]
    Visible,
    /// Those that a camera or a light saw in the last frame.
    VisibleInView,
}

/// How a ray is cast.
#[derive(Clone, Copy)]
pub struct GveRaycastSettings<'a> {
    /// Metres that it goes; infinite by default.
    pub max_distance: f32,
    /// Which objects it sees.
    pub visibility: GveRayVisibility,
    /// Only objects in one of these layers; of any layer by default. An object without
    /// [`RenderLayers`] is in layer 0.
    pub layers: Option<&'a RenderLayers>,
    /// Whether it is stopped also where it comes out of a solid. By default it sees front sides only, as a camera
    /// does: one that starts in a solid comes out of it first.
    pub back_sides: bool,
    /// Only objects of which this says yes.
    pub filter: &'a dyn Fn(Entity) -> bool,
    /// Whether a hit object hides what is behind it; asked for each, and yes by default. One that does not is
    /// reported and looked through.
    pub early_exit_test: &'a dyn Fn(Entity) -> bool,
}

impl Default for GveRaycastSettings<'_> {
    fn default() -> Self {
        Self {
            max_distance: f32::INFINITY,
            visibility: GveRayVisibility::default(),
            layers: None,
            back_sides: false,
            filter: &|_| true,
            early_exit_test: &|_| true,
        }
    }
}

impl<'a> GveRaycastSettings<'a> {
    /// These settings, with another filter.
    #[must_use]
    pub fn with_filter(self, filter: &'a impl Fn(Entity) -> bool) -> Self {
        Self { filter, ..self }
    }

    /// These settings, and nothing hides anything: all objects along the ray are reported.
    #[must_use]
    pub fn never_early_exit(self) -> Self {
        Self { early_exit_test: &|_| false, ..self }
    }
}

/// Where a ray meets an object.
#[derive(Reflect, Debug, Clone, Copy, PartialEq)]
pub struct GveRayHit {
    /// The object.
    pub entity: Entity,
    /// Metres from the ray's origin.
    pub distance: f32,
    /// In the world.
    pub point: Vec3,
    /// Of unit length, in the world; it never faces away from where the ray came from.
    pub normal: Vec3,
    /// Index of the material: see [`GveAsset::materials`].
    pub material: u32,
    /// Index of the part among those of [`GveAsset::metadata`], which has its name and its path in the recipe;
    /// `None` where the file does not tell.
    pub part: Option<u32>,
    /// Whether the ray goes into the solid there, and not out of it.
    pub is_front: bool,
}

/// Casts rays at every [`GveObject`](crate::object::GveObject).
///
/// Needs [`GveRaycastPlugin`](super::GveRaycastPlugin), which is part of [`GvePlugin`](crate::GvePlugin).
#[derive(SystemParam)]
pub struct GveRaycast<'w, 's> {
    objects: Objects<'w, 's>,
    near: Local<'s, Vec<(f32, Near)>>,
    hits: Local<'s, Vec<GveRayHit>>,
}

/// An object whose box the ray meets.
#[derive(Clone, Copy)]
struct Near {
    entity: Entity,
    asset: AssetId<GveAsset>,
    shape: Shape,
    local_from_world: Affine3A,
}

impl From<&Item> for Near {
    fn from(item: &Item) -> Self {
        let &Item { entity, asset, shape, local_from_world, .. } = item;
        Self { entity, asset, shape, local_from_world }
    }
}

impl GveRaycast<'_, '_> {
    /// What a ray meets, nearest first, each object once: the nearest object that hides what is behind it, and what
    /// is before that.
    ///
    /// `direction` need not be of unit length. A ray that is not finite or leads nowhere meets nothing; neither does
    /// an object whose transform cannot be inverted, as one that is scaled to nothing.
    pub fn cast_ray(&mut self, origin: Vec3, direction: Vec3, settings: &GveRaycastSettings) -> &[GveRayHit] {
        self.hits.clear();
        self.near.clear();
        let Objects { scene: Some(scene), shells: Some(shells), assets: Some(assets), shown, .. } =
            &self.objects
        else {
            return &self.hits;
        };
        let Some(direction) = direction.try_normalize().filter(|_| origin.is_finite()) else {
            return &self.hits;
        };
        if settings.max_distance.is_nan() {
            return &self.hits;
        }
        scene.up_to_date(shown, assets).along(origin, direction, settings.max_distance, |item, distance| {
            self.near.push((distance, item.into()));
        });
        self.near.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let sides = if settings.back_sides { Sides::Both } else { Sides::Front };
        let mut nearest = settings.max_distance;
        for (near, object) in &*self.near {
            if *near > nearest {
                break;
            }
            let Near { entity, asset: id, .. } = *object;
            let Some(asset) = assets.get(id).filter(|_| self.sees(entity, settings)) else { continue };
            let ray = WorldRay { origin, direction, end: nearest, sides };
            let Some(hit) = ray.meets(object, asset, shells) else { continue };
            if (settings.early_exit_test)(entity) {
                nearest = nearest.min(hit.distance);
            }
            self.hits.push(hit);
        }
        self.hits.retain(|hit| hit.distance <= nearest);
        self.hits.sort_by(|a, b| a.distance.total_cmp(&b.distance));
        &self.hits
    }

    fn sees(&self, entity: Entity, settings: &GveRaycastSettings) -> bool {
        self.objects.shown.contains(entity)
            && self.objects.is_visible(entity, settings.visibility)
            && settings.layers.is_none_or(|layers| self.objects.is_in(entity, layers))
            && (settings.filter)(entity)
    }
}

/// A ray in the world; its parameter counts metres.
struct WorldRay {
    origin: Vec3,
    direction: Vec3,
    end: f32,
    sides: Sides,
}

impl WorldRay {
    fn meets(&self, object: &Near, asset: &GveAsset, shells: &Shells) -> Option<GveRayHit> {
        let local_from_world = &object.local_from_world;
        let ray = Ray {
            origin: local_from_world.transform_point3(self.origin).to_array(),
            direction: local_from_world.transform_vector3(self.direction).to_array(),
            end: self.end,
            sides: self.sides,
        };
        let metadata = asset.metadata();
        let material_of = |part: u16| match metadata.parts.get(usize::from(part)) {
            Some(part) => part.material,
            // In files that name no parts, part ids are indices of materials.
            None => u32::from(part),
        };
        let (at, is_front, slope, material, part) = match object.shape {
            Shape::Volume => {
                let volume = asset.volume();
                let hit = volume.cast_ray(&ray, &metadata.bounds)?;
                let part = volume.part_at(&hit, material_of);
                let material = part.map_or(0, material_of);
                (hit.at, hit.is_front, volume.slope_at(&hit), material, part.map(u32::from))
            }
            Shape::Shell => {
                let shell = asset.shell();
                let trees = shells.get(object.asset, asset);
                let hit = trees.get()?.cast_ray(&shell, &ray)?;
                let at = |axis: usize| ray.origin[axis] + hit.at * ray.direction[axis];
                let part = part_of_shell(asset, std::array::from_fn(at), hit.material, material_of);
                (hit.at, hit.is_front, hit.normal, hit.material, part)
            }
        };
        let part = part.filter(|&part| (part as usize) < metadata.parts.len());
        Some(GveRayHit {
            entity: object.entity,
            distance: at,
            point: self.origin + at * self.direction,
            normal: self.facing(local_from_world, slope.into(), is_front),
            material,
            part,
            is_front,
        })
    }

    /// The normal in the world of a surface with this slope, on the side that the ray comes from.
    fn facing(&self, local_from_world: &Affine3A, slope: Vec3, is_front: bool) -> Vec3 {
        // Slopes are covectors: the transpose takes them to the world.
        let out = local_from_world.matrix3.transpose() * slope;
        let out = out.try_normalize().map_or(-self.direction, |out| if is_front { out } else { -out });
        let away = out.dot(self.direction);
        if away < 0.0 {
            return out;
        }
        // Where the ray grazes the surface, interpolated normals lean over.
        (out - (away + 1e-3) * self.direction).try_normalize().unwrap_or(-self.direction)
    }
}

/// The part that a point of a shell belongs to: that of the volume there, if it is of this material, or else the only
/// one that is.
fn part_of_shell(
    asset: &GveAsset,
    point: [f32; 3],
    material: u32,
    material_of: impl Fn(u16) -> u32,
) -> Option<u32> {
    let there = asset.volume().sample(point).and_then(|sample| sample.part);
    if let Some(part) = there.filter(|&part| material_of(part) == material) {
        return Some(part.into());
    }
    let mut parts = asset.metadata().parts.iter().zip(0..).filter(|(part, _)| part.material == material);
    let (_, only) = parts.next()?;
    parts.next().is_none().then_some(only)
}
