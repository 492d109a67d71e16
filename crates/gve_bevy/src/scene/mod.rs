//! What is in the scene, for a hierarchy panel: [`get_scene_snapshot`] and [`get_scene_labels`].
//!
//! The snapshot lists every [`GveObject`] and every ordinary [`Mesh3d`] of a world, one entry
//! each, in the bytes of [`gve_types::snapshot`]. What draws an object, its [`GvePart`]s, is
//! not listed, and neither is what is [`Disabled`](bevy::ecs::entity_disabling::Disabled).
//!
//! | field | holds |
//! |---|---|
//! | `asset_id` | the bits of the entity: [`Entity::try_from_bits`] gives it back |
//! | `type` | [`Sdf`](gve_types::snapshot::SnapshotKind::Sdf) for an object drawn as its volume, [`Mesh`](gve_types::snapshot::SnapshotKind::Mesh) for splats, shells and meshes; of an object that is not drawn, what it should be drawn as, which is its volume where it chooses for itself |
//! | `active` | whether it is drawn where a camera looks at it: not hidden, neither itself nor by an ancestor, and of an object [`GveDrawnAs`] something, or too small for it |
//!
//! Meshes come first; within a type, entities are in the order of their index, which is that of spawning, but for
//! indices that are used again after a despawn.
//!
//! No plugin is needed, and no renderer: visibility is read from [`Visibility`] and not from what Bevy worked out in
//! the last frame. Layers, ranges and frusta are of a camera, and make nothing inactive. Without a renderer no object
//! is drawn, and all of them are inactive.

mod visible;

use bevy::prelude::*;
use gve_types::{
    snapshot::{SceneLabels, SnapshotEntry, SnapshotKind, encode_snapshot},
    text::shown_short,
};

use crate::{
    asset::GveAsset,
    object::{GveDrawnAs, GveObject, GvePart, GveRepresentation},
};

/// What is listed.
type Listed = (Or<(With<GveObject>, With<Mesh3d>)>, Without<GvePart>);

/// What decides how it is listed.
type Shown = (Entity, Has<GveObject>, Option<&'static GveDrawnAs>, Option<&'static GveRepresentation>);

/// The scene as bytes, little-endian: a `u32` count, then 10 bytes per entry, as `docs/scene.md` describes them and
/// [`decode_snapshot`](gve_types::snapshot::decode_snapshot) reads them.
///
/// It looks at every object and mesh of the world: call it when the panel is drawn anew, not for each row.
///
/// # Example
/// ```
/// use bevy::prelude::*;
/// use gve_bevy::scene::{get_scene_labels, get_scene_snapshot};
///
/// let mut world = World::new();
/// let floor = world.spawn((Mesh3d::default(), Name::new("floor"))).id();
/// let bytes = get_scene_snapshot(&mut world);
/// assert_eq!(bytes.len(), 4 + 10);
/// assert_eq!(bytes[..4], 1_u32.to_le_bytes());
/// assert_eq!(bytes[4..12], floor.to_bits().to_le_bytes());
/// assert_eq!(bytes[12..], [0, 1]); // a mesh, active
/// assert_eq!(get_scene_labels(&mut world).0[&floor.to_bits()], "floor");
/// ```
pub fn get_scene_snapshot(world: &mut World) -> Vec<u8> {
    encode_snapshot(&scene_entries(world))
}

/// The entries of [`get_scene_snapshot`], in the same order.
pub fn scene_entries(world: &mut World) -> Vec<SnapshotEntry> {
    let mut listed = world.query_filtered::<Shown, Listed>();
    let mut hierarchy = world.query::<visible::Node>();
    let world = &*world;
    let mut visible = visible::Visible::new(hierarchy.query(world));
    let mut entries: Vec<(Entity, SnapshotEntry)> = listed
        .iter(world)
        .map(|(entity, is_object, drawn_as, wanted)| {
            let drawn = drawn_as.and_then(|drawn_as| **drawn_as);
            let too_small = drawn_as.and_then(GveDrawnAs::too_small);
            let kind = match drawn.or(too_small).or(wanted.copied()) {
                Some(GveRepresentation::Volume | GveRepresentation::Auto) if is_object => SnapshotKind::Sdf,
                _ => SnapshotKind::Mesh,
            };
            let is_drawn = drawn.or(too_small).is_some();
            let active = (!is_object || is_drawn) && visible.has(entity);
            (entity, SnapshotEntry { asset_id: entity.to_bits(), kind, active })
        })
        .collect();
    entries.sort_unstable_by_key(|(entity, entry)| (entry.kind, entity.index_u32()));
    entries.into_iter().map(|(_, entry)| entry).collect()
}

/// What the entries of [`get_scene_snapshot`] are called: by the entity's [`Name`], or else, for an object that is
/// loaded, by its asset's; an entry without a label has neither.
///
/// Labels are one line, with visible symbols for control characters, and cut where a name has more than 160 characters
/// ([`shown_short`]). They are text: a page that puts them into HTML escapes them.
pub fn get_scene_labels(world: &mut World) -> SceneLabels {
    let mut listed = world.query_filtered::<(Entity, Option<&Name>, Option<&GveObject>), Listed>();
    let world = &*world;
    let assets = world.get_resource::<Assets<GveAsset>>();
    let labels = listed.iter(world).filter_map(|(entity, name, object)| {
        let given = name.map(Name::as_str).filter(|name| !name.is_empty());
        let of_asset = || Some(assets?.get(object?.id())?.metadata().name.as_str());
        let label = given.or_else(of_asset).filter(|label| !label.is_empty())?;
        Some((entity.to_bits(), shown_short(label).into_owned()))
    });
    SceneLabels(labels.collect())
}
