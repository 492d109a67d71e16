//! What the child entities that draw an object take over from it.

use bevy::{
    camera::visibility::RenderLayers,
    light::{NotShadowCaster, NotShadowReceiver},
    prelude::*,
};

use crate::{object::GveObject, shell::GveShellPartOf, splat::GveSplatShadowOf, volume::GveVolumeOf};

/// The components of an object that Bevy does not hand down to children, and that say how it is drawn.
type Look<'w> = (Option<&'w RenderLayers>, Has<NotShadowCaster>, Has<NotShadowReceiver>);

/// Gives the parts of an object its render layers and its marks about shadows.
pub(crate) fn inherit_look(
    mut commands: Commands,
    objects: Query<Look, With<GveObject>>,
    parts: Query<
        (Entity, &ChildOf, Look),
        Or<(With<GveVolumeOf>, With<GveShellPartOf>, With<GveSplatShadowOf>)>,
    >,
) {
    for (part, ChildOf(object), has) in &parts {
        let Ok(wanted) = objects.get(*object) else { continue };
        let mut part = commands.entity(part);
        if wanted.0 != has.0 {
            match wanted.0 {
                Some(layers) => part.try_insert(layers.clone()),
                None => part.try_remove::<RenderLayers>(),
            };
        }
        mark(&mut part, wanted.1, has.1, NotShadowCaster);
        mark(&mut part, wanted.2, has.2, NotShadowReceiver);
    }
}

fn mark<C: Component>(part: &mut EntityCommands, wanted: bool, has: bool, marker: C) {
    match (wanted, has) {
        (true, false) => drop(part.try_insert(marker)),
        (false, true) => drop(part.try_remove::<C>()),
        _ => {}
    }
}
