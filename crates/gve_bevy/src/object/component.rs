//! What an entity shows, as what, and as what it is drawn: [`GveObject`], [`GveRepresentation`], [`GveDrawnAs`].

use std::fmt;

use bevy::{asset::AsAssetId, prelude::*};

use super::GveAssetStatus;
use crate::asset::GveAsset;

/// An entity that shows a [`GveAsset`].
///
/// # Required components
/// [`Transform`], [`Visibility`] and [`GveRepresentation`] are added if they are missing. Any transform works,
/// also one that turns and scales unevenly.
///
/// # Optional components
/// [`RenderLayers`](bevy::camera::visibility::RenderLayers),
/// [`VisibilityRange`](bevy::camera::visibility::VisibilityRange),
/// [`NoFrustumCulling`](bevy::camera::visibility::NoFrustumCulling),
/// [`NoCpuCulling`](bevy::camera::visibility::NoCpuCulling),
/// [`NotShadowCaster`](bevy::light::NotShadowCaster) and
/// [`NotShadowReceiver`](bevy::light::NotShadowReceiver) work as on a mesh. (Splats do not fade in and out over the
/// margins of a visibility range: they are there, or not.)
///
/// # Components that appear by themselves
/// [`GveAssetStatus`] says what became of the load, [`GveDrawnAs`] what is drawn at the moment, and
/// [`Aabb`](bevy::camera::primitives::Aabb) holds the asset's bounds; all three follow reloads.
///
/// # Children
/// Volumes, shells and the shadows of splats are drawn by child entities, which carry a [`GvePart`](super::GvePart)
/// and come and go by themselves.
///
/// # Example
/// ```
/// # use bevy::prelude::*;
/// # use gve_bevy::prelude::*;
/// fn spawn_pump(mut commands: Commands, assets: Res<AssetServer>) {
///     commands.spawn((
///         GveObject(assets.load("pump.gve_bin")),
///         GveRepresentation::Splats,
///         Transform::from_xyz(0.0, 1.0, 0.0),
///     ));
/// }
/// ```
#[derive(Component, Reflect, Debug, Clone, Default, PartialEq, Eq, Deref, DerefMut)]
#[reflect(Component, Default, Clone, PartialEq)]
#[require(Transform, Visibility, GveRepresentation, GveDrawnAs, GveAssetStatus)]
pub struct GveObject(pub Handle<GveAsset>);

impl AsAssetId for GveObject {
    type Asset = GveAsset;

    fn as_asset_id(&self) -> AssetId<GveAsset> {
        self.id()
    }
}

/// What a [`GveObject`] should be drawn as; change it at any time.
///
/// A representation that cannot be drawn, because its plugin is missing or the GPU is too small for it, is
/// drawn as the shell instead; so is the volume of an asset with parts that are too thin for it. [`GveDrawnAs`]
/// says so, and why.
///
/// All but `Auto` are drawn as they are at any distance.
#[derive(Component, Reflect, Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[reflect(Component, Default, Clone, PartialEq)]
pub enum GveRepresentation {
    /// The distance volume, raymarched: exact silhouettes at any distance, lit, casts and receives shadows.
    Volume,
    /// Gaussian splats.
    Splats,
    /// The surface mesh.
    Shell,
    /// Whatever suits the object's size on the screen: its volume, splats when it is smaller, fewer and fewer of them,
    /// and nothing well below a pixel. The shell takes the place of the volume where the file says that the volume lacks
    /// parts, where the GPU has no room for it, and where no plugin draws volumes.
    ///
    /// What changes fades for a moment. [`GveLodSettings`](super::GveLodSettings) holds the sizes, and
    /// [`GveSplatBudget`](crate::splat::GveSplatBudget) how many splats are drawn in all.
    #[default]
    Auto,
}

impl GveRepresentation {
    /// Everything that an object can be drawn as: all but `Auto`.
    pub const ALL: [Self; 3] = [Self::Volume, Self::Splats, Self::Shell];
}

impl fmt::Display for GveRepresentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Volume => "volume",
            Self::Splats => "splats",
            Self::Shell => "shell",
            Self::Auto => "what suits its size",
        })
    }
}

/// What a [`GveObject`] is drawn as now: `None` while its asset is loading, when nothing can draw it, or when it is
/// [too small](Self::too_small) on the screen.
///
/// Written in [`GveSystems::Choose`](crate::systems::GveSystems::Choose); the plugins that draw read it. It counts as
/// changed also when another version of the asset is drawn in the same way.
#[derive(Component, Reflect, Debug, Clone, Default, PartialEq, Eq, Deref)]
#[reflect(Component, Default, Clone, PartialEq)]
pub struct GveDrawnAs {
    #[deref]
    pub(super) what: Option<GveRepresentation>,
    pub(super) fading: Option<GveRepresentation>,
    pub(super) too_small: Option<GveRepresentation>,
    pub(super) reason: Option<String>,
}

impl GveDrawnAs {
    /// Whether it is drawn as this, alone or while it changes to or from something else.
    pub fn draws(&self, representation: GveRepresentation) -> bool {
        self.what == Some(representation) || self.fading == Some(representation)
    }

    /// What is drawn too for a moment, while the object changes to what it is drawn as now.
    pub fn fading(&self) -> Option<GveRepresentation> {
        self.fading
    }

    /// What it will be drawn as once it is large enough on the screen, where nothing is drawn because it is not.
    pub fn too_small(&self) -> Option<GveRepresentation> {
        self.too_small
    }

    /// Why this is not what was asked for, or not all of it; for people.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}
