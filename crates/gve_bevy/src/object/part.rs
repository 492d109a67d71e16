//! The child entities that draw an object.

use bevy::prelude::*;

use super::{GveDrawnAs, GveObject, GveRepresentation};

/// Marks a child of a [`GveObject`] that draws it, or a part of it; the parent is the object.
///
/// Parts come and go by themselves. They may be cloned and saved together with their object: the plugin that draws
/// takes over whatever parts it finds among an object's children.
#[derive(Component, Reflect, Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[reflect(Component, Default, Clone, PartialEq)]
pub struct GvePart {
    /// The representation that it belongs to. The shadow of splats belongs to the splats.
    pub representation: GveRepresentation,
    /// Which of several: for a shell, an index into [`ShellView::parts`](gve_assets::ShellView::parts); otherwise 0.
    pub index: u32,
}

/// The parts among an object's children that belong to a representation.
pub(crate) fn parts_of<'a>(
    representation: GveRepresentation,
    children: Option<&'a Children>,
    parts: &'a Query<&GvePart>,
) -> impl Iterator<Item = (Entity, u32)> + 'a {
    let children = children.into_iter().flat_map(Children::iter);
    children.filter_map(move |child| {
        let part = parts.get(child).ok().filter(|part| part.representation == representation)?;
        Some((child, part.index))
    })
}

/// Gives an object a part; does nothing when the object is gone by the time that commands are applied.
pub(crate) fn spawn_part(commands: &mut Commands, object: Entity, part: GvePart, looks: impl Bundle) {
    commands.entity(object).queue_silenced(move |mut object: EntityWorldMut| {
        object.with_child((part, looks));
    });
}

/// Despawns the parts of what is no longer drawn.
pub(super) fn despawn_stale(
    mut commands: Commands,
    objects: Query<(&GveDrawnAs, &Children), Changed<GveDrawnAs>>,
    parts: Query<&GvePart>,
) {
    for (drawn_as, children) in &objects {
        for child in children {
            if parts.get(*child).is_ok_and(|part| !drawn_as.draws(part.representation)) {
                commands.entity(*child).try_despawn();
            }
        }
    }
}

/// An object that has lost a part, as one that gives all its children away, gets a new one.
pub(super) fn replace_lost(
    removed: On<Remove, ChildOf>,
    mut commands: Commands,
    parts: Query<(&GvePart, &ChildOf)>,
    mut objects: Query<&mut GveDrawnAs, With<GveObject>>,
) {
    let Ok((part, child_of)) = parts.get(removed.entity) else { return };
    commands.entity(removed.entity).try_despawn();
    if let Ok(mut drawn_as) = objects.get_mut(child_of.parent())
        && drawn_as.draws(part.representation)
    {
        drawn_as.set_changed();
    }
}

/// Despawns the parts of an entity that is no object any more.
pub(super) fn despawn_all(
    removed: On<Remove, GveObject>,
    mut commands: Commands,
    objects: Query<&Children>,
    parts: Query<(), With<GvePart>>,
) {
    for child in objects.get(removed.entity).into_iter().flatten() {
        if parts.contains(*child) {
            commands.entity(*child).try_despawn();
        }
    }
}
