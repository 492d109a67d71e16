//! GVE-1 assets in Bevy: one `.gve_bin` file drawn as a raymarched volume, as gaussian splats or as a mesh.
//!
//! Add [`GvePlugin`] after Bevy's own plugins and spawn a [`GveObject`]:
//!
//! ```no_run
//! use bevy::prelude::*;
//! use gve_bevy::prelude::*;
//!
//! # let default_plugins = (MinimalPlugins, AssetPlugin::default());
//! App::new()
//!     .add_plugins(GveAssetSourcePlugin::default()) // optional: reloads in milliseconds; goes first
//!     .add_plugins(default_plugins) // in a real app: DefaultPlugins
//!     .add_plugins(GvePlugin)
//!     .add_systems(Startup, |mut commands: Commands, assets: Res<AssetServer>| {
//!         commands.spawn(GveObject(assets.load("pump.gve_bin")));
//!     })
//!     .run();
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`asset`] | [`GveAsset`](asset::GveAsset), its loader over the mapped file, quick reloads |
//! | [`object`] | [`GveObject`](object::GveObject) and [`GveRepresentation`](object::GveRepresentation): what an entity shows, and how; level of detail; what became of the load |
//! | [`volume`] | the distance volume, raymarched as an opaque and lit object |
//! | [`splat`] | gaussian splats, sorted, tested against the depth of everything opaque |
//! | [`shell`] | the surface mesh with ordinary materials |
//! | [`pick`] | what lies on a ray, how far a surface is: [`GveRaycast`](pick::GveRaycast), [`GveDistance`](pick::GveDistance) |
//! | [`scene`] | what is in the scene, for a hierarchy panel |
//! | [`diagnostics`] | figures for Bevy's diagnostics, and on the screen with feature `overlay` |
//! | `foreign` | splats of other programs, PLY and SPZ, as assets; feature `interchange` |
//! | `net` | assets from a running Architect: `gve://42`; feature `net` |
//! | [`systems`] | the sets that the systems above run in |
//!
//! Nothing here needs a window, a renderer or a GPU: without them assets still load, reload and report.

pub mod asset;
pub mod diagnostics;
#[cfg(feature = "interchange")]
pub mod foreign;
#[cfg(feature = "net")]
pub mod net;
pub mod object;
pub mod pick;
pub mod scene;
pub mod shell;
pub mod splat;
pub mod systems;
pub mod volume;

use bevy::app::{PluginGroup, PluginGroupBuilder};

/// What most apps need.
pub mod prelude {
    #[cfg(not(target_arch = "wasm32"))]
    #[doc(inline)]
    pub use crate::asset::GveAssetSourcePlugin;
    #[cfg(feature = "overlay")]
    #[doc(inline)]
    pub use crate::diagnostics::GveOverlayPlugin;
    #[cfg(feature = "interchange")]
    #[doc(inline)]
    pub use crate::foreign::{GveForeignPlugin, GveForeignSettings};
    #[cfg(feature = "net")]
    #[doc(inline)]
    pub use crate::net::{
        GveAnnounced, GveArchitect, GveCompileFailed, GveCompileProgress, GveConnection, GveNetPlugin,
        GveNetStatus,
    };
    #[cfg(feature = "picking")]
    #[doc(inline)]
    pub use crate::pick::{GvePickingCamera, GvePickingPlugin, GvePickingSettings};
    #[doc(inline)]
    pub use crate::{
        GvePlugin,
        asset::{GveAsset, GveAssetFailed, GveAssetPlugin},
        diagnostics::GveDiagnosticsPlugin,
        object::{GveAssetStatus, GveDrawnAs, GveLodSettings, GveObject, GveObjectPlugin, GveRepresentation},
        pick::{
            GveDistance, GveDistanceSample, GveRayHit, GveRayVisibility, GveRaycast, GveRaycastPlugin,
            GveRaycastSettings,
        },
        shell::GveShellPlugin,
        splat::{
            GveSplatBudget, GveSplatDefaults, GveSplatPlugin, GveSplatRaster, GveSplatSettings, GveSplatSort,
        },
        systems::GveSystems,
        volume::{GveVolumePlugin, GveVolumeProgress, GveVolumeSettings},
    };
}

/// Everything that GVE-1 adds to a Bevy app.
///
/// | member | adds | without it |
/// |---|---|---|
/// | [`GveAssetPlugin`](asset::GveAssetPlugin) | the asset type, its loader, messages about bad files | nothing loads; add your own loader of [`GveAsset`](asset::GveAsset) |
/// | [`GveObjectPlugin`](object::GveObjectPlugin) | bounds and status of objects, and which representation is drawn | nothing is drawn |
/// | [`GveVolumePlugin`](volume::GveVolumePlugin) | raymarched volumes | volumes are drawn as shells |
/// | [`GveSplatPlugin`](splat::GveSplatPlugin) | gaussian splats | splats are drawn as shells |
/// | [`GveShellPlugin`](shell::GveShellPlugin) | meshes | shells are not drawn |
/// | [`GveRaycastPlugin`](pick::GveRaycastPlugin) | where objects are, for rays and distances | rays meet nothing |
///
/// A member is left out with `GvePlugin.build().disable::<GveSplatPlugin>()` and replaced with
/// `.disable::<GveSplatPlugin>().add(MySplatPlugin)`; a replacement that draws a representation says so in
/// [`GveRenderers`](object::GveRenderers).
///
/// # Ordering
/// Add it after `DefaultPlugins`, or after `MinimalPlugins` and `AssetPlugin` in an app that draws nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct GvePlugin;

impl PluginGroup for GvePlugin {
    fn build(self) -> PluginGroupBuilder {
        PluginGroupBuilder::start::<Self>()
            .add(asset::GveAssetPlugin)
            .add(object::GveObjectPlugin)
            .add(volume::GveVolumePlugin)
            .add(splat::GveSplatPlugin::default())
            .add(shell::GveShellPlugin)
            .add(pick::GveRaycastPlugin)
    }
}
