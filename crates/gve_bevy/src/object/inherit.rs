//! What the parts of an object take over from it.

use bevy::{
    camera::visibility::{NoCpuCulling, NoFrustumCulling, RenderLayers, VisibilityRange},
    ecs::component::Mutable,
    light::{NotShadowCaster, NotShadowReceiver},
    prelude::*,
};

use super::{GveObject, GvePart};
use crate::systems::GveSystems;

/// The components that Bevy does not hand down to children, and that say how something is drawn.
pub(super) fn build(app: &mut App) {
    app.add_systems(
        PostUpdate,
        (
            inherit::<RenderLayers>,
            inherit::<VisibilityRange>,
            inherit::<NoFrustumCulling>,
            inherit::<NoCpuCulling>,
            inherit::<NotShadowCaster>,
            inherit::<NotShadowReceiver>,
        )
            .in_set(GveSystems::Inherit),
    );
}

/// What can be handed down.
trait Heritable: Component<Mutability = Mutable> {
    fn copy(&self) -> Self;
}

macro_rules! heritable {
    ($($component:ident: $copy:expr),+ $(,)?) => {
        $(impl Heritable for $component {
            fn copy(&self) -> Self {
                $copy(self)
            }
        })+
    };
}

heritable!(
    RenderLayers: Self::clone,
    VisibilityRange: Self::clone,
    // Not every marker of Bevy's can be cloned.
    NoFrustumCulling: |_| Self,
    NoCpuCulling: |_| Self,
    NotShadowCaster: |_| Self,
    NotShadowReceiver: |_| Self,
);

/// Gives the parts of an object its `C`, and takes it from them when the object loses it.
fn inherit<C: Heritable>(
    mut commands: Commands,
    changed: Query<(&C, &Children), (Changed<C>, With<GveObject>)>,
    objects: Query<&C, With<GveObject>>,
    new: Query<(Entity, &ChildOf, Has<C>), Added<GvePart>>,
    mut removed: RemovedComponents<C>,
    without: Query<&Children, (With<GveObject>, Without<C>)>,
    parts: Query<(), With<GvePart>>,
) {
    for (component, children) in &changed {
        for child in children.iter().filter(|child| parts.contains(*child)) {
            commands.entity(child).try_insert(component.copy());
        }
    }
    for (part, child_of, has) in &new {
        match objects.get(child_of.parent()) {
            Ok(component) => drop(commands.entity(part).try_insert(component.copy())),
            Err(_) if has => drop(commands.entity(part).try_remove::<C>()),
            Err(_) => {}
        }
    }
    for children in removed.read().filter_map(|object| without.get(object).ok()) {
        for child in children.iter().filter(|child| parts.contains(*child)) {
            commands.entity(child).try_remove::<C>();
        }
    }
}
