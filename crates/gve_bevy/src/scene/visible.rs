//! Whether entities are hidden, from what the app says about them.

use bevy::{ecs::entity::EntityHashMap, prelude::*};

/// What decides about an entity.
pub(super) type Node = (Option<&'static Visibility>, Has<Mesh3d>, Option<&'static ChildOf>);

/// Finds out, each entity once, what Bevy's propagation would find in the next frame.
pub(super) struct Visible<'w, 's> {
    nodes: Query<'w, 's, Node>,
    known: EntityHashMap<bool>,
}

impl<'w, 's> Visible<'w, 's> {
    pub(super) fn new(nodes: Query<'w, 's, Node>) -> Self {
        Self { nodes, known: EntityHashMap::default() }
    }

    /// Whether neither the entity nor what it hangs from hides it.
    pub(super) fn has(&mut self, entity: Entity) -> bool {
        let mut path = Vec::new();
        let mut at = entity;
        let is_visible = loop {
            if let Some(known) = self.known.get(&at) {
                break *known;
            }
            // Entities in a circle hang from nothing that is visible.
            self.known.insert(at, false);
            path.push(at);
            let Ok((visibility, is_mesh, child_of)) = self.nodes.get(at) else { break true };
            match visibility {
                Some(Visibility::Hidden) => break false,
                Some(Visibility::Visible) => break true,
                Some(Visibility::Inherited) => {}
                // Bevy's renderer gives meshes one that is inherited.
                None if is_mesh => {}
                None => break true,
            }
            match child_of {
                Some(child_of) => at = child_of.parent(),
                None => break true,
            }
        };
        self.known.extend(path.into_iter().map(|entity| (entity, is_visible)));
        is_visible
    }
}
