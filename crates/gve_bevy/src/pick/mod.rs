//! What lies on a ray, and how far a surface is: [`GveRaycast`] and [`GveDistance`].
//!
//! ```
//! # use bevy::prelude::*;
//! # use gve_bevy::prelude::*;
//! fn shoot(mut raycast: GveRaycast, assets: Res<Assets<GveAsset>>, objects: Query<&GveObject>) {
//!     let settings = GveRaycastSettings { max_distance: 100.0, ..default() };
//!     let Some(hit) = raycast.cast_ray(Vec3::new(0.0, 1.0, 5.0), Vec3::NEG_Z, &settings).first() else { return };
//!     let Some(asset) = objects.get(hit.entity).ok().and_then(|object| assets.get(object.id())) else { return };
//!     let material = &asset.materials()[hit.material as usize];
//!     info!("{} at {}, facing {}", material.display_name, hit.point, hit.normal);
//! }
//! ```
//!
//! All of it happens on the processor, in the mapped files, and needs neither a renderer nor a GPU. What is drawn
//! decides what is hit:
//!
//! | an object is drawn as | rays meet |
//! |---|---|
//! | its volume | the volume, by the march that draws it |
//! | splats | the volume, or the shell where the file says that the volume lacks thin parts |
//! | its shell | the triangles of the shell |
//! | nothing, as in an app without a renderer | what it would be drawn as |
//!
//! An asset that has only one of the two is hit there; splats of other programs, which have neither, are not hit. A
//! shell's triangles are sorted once for each asset, when the first ray comes near an object of it; later ones are
//! sorted in the background.
//!
//! Rays and distances see the world as the last frame left it: objects where
//! [`GlobalTransform`] has them. One that was spawned since then is not there yet.
//!
//! | file | holds |
//! |---|---|
//! | `scene` | a tree of boxes around all objects; brought up to date by the first ray after something has changed |
//! | `shape` | what of an asset is hit |
//! | `shells` | the sorted triangles of the assets that need them |
//! | `objects` | what is asked of the world |
//! | `raycast`, `distance` | the two parameters of systems |
//! | `backend` | objects under the pointer; feature `picking` |

#[cfg(feature = "picking")]
mod backend;
mod distance;
mod objects;
mod raycast;
mod scene;
mod shape;
mod shells;

use bevy::{prelude::*, transform::TransformSystems};

#[cfg(feature = "picking")]
pub use backend::{GvePickingCamera, GvePickingPlugin, GvePickingSettings};
pub use distance::{GveDistance, GveDistanceSample};
pub use raycast::{GveRayHit, GveRayVisibility, GveRaycast, GveRaycastSettings};

use crate::{
    asset,
    systems::{self, GveSystems},
};

/// Keeps track of where objects are, for [`GveRaycast`] and [`GveDistance`]; without it they find nothing.
///
/// While nobody casts rays it only notes what has moved.
#[derive(Debug, Default, Clone, Copy)]
pub struct GveRaycastPlugin;

impl Plugin for GveRaycastPlugin {
    fn build(&self, app: &mut App) {
        systems::configure(app);
        asset::track_changes(app);
        app.init_resource::<scene::Scene>().init_resource::<shells::Shells>().add_systems(
            PostUpdate,
            (
                scene::note.after(GveSystems::Inherit).after(TransformSystems::Propagate),
                shells::follow.after(GveSystems::Choose),
            ),
        );
    }
}
