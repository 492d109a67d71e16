//! Which objects the lists of visible entities hold.

use std::any::TypeId;

use bevy::{
    camera::visibility::{self, VisibilityClass},
    ecs::{lifecycle::HookContext, world::DeferredWorld},
    prelude::*,
};

use crate::object::{GveDrawnAs, GveRepresentation};

/// Puts an object into the lists of visible entities from which splats are drawn.
#[derive(Component, Debug, Default, Clone, Copy)]
#[require(VisibilityClass)]
#[component(on_add = visibility::add_visibility_class::<SplatVisibility>, on_remove = leave_class)]
pub(super) struct SplatVisibility;

/// Bevy only ever adds classes.
fn leave_class(mut world: DeferredWorld, context: HookContext) {
    if let Some(mut class) = world.get_mut::<VisibilityClass>(context.entity) {
        class.retain(|class| *class != TypeId::of::<SplatVisibility>());
    }
}

pub(super) fn mark_visible(
    mut commands: Commands,
    objects: Query<(Entity, &GveDrawnAs, Has<SplatVisibility>), Changed<GveDrawnAs>>,
) {
    for (entity, drawn_as, is_marked) in &objects {
        match (drawn_as.draws(GveRepresentation::Splats), is_marked) {
            (true, false) => drop(commands.entity(entity).try_insert(SplatVisibility)),
            (false, true) => drop(commands.entity(entity).try_remove::<SplatVisibility>()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_in_the_lists_once_while_it_shows_splats() {
        let mut world = World::new();
        let object = world.spawn_empty().id();
        for _ in 0..3 {
            world.entity_mut(object).insert(SplatVisibility);
            let class = world.get::<VisibilityClass>(object).expect("splats have a class");
            assert_eq!(class.as_slice(), [TypeId::of::<SplatVisibility>()]);
            world.entity_mut(object).remove::<SplatVisibility>();
            assert!(world.get::<VisibilityClass>(object).expect("the list stays").is_empty());
        }
    }
}
