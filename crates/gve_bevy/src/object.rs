//! What an entity shows, and how: [`GveObject`], [`GveRepresentation`] and what comes of them.

use std::{fmt, sync::Arc};

use bevy::{asset::AsAssetId, camera::primitives::Aabb, prelude::*};
use gve_types::{FileMetadata, text::shown};

use crate::{
    asset::GveAsset,
    parts,
    systems::{self, GveSystems},
};

/// An entity that shows a [`GveAsset`].
///
/// # Required components
/// [`Transform`], [`Visibility`] and [`GveRepresentation`] are added if they are missing. Any transform works,
/// also one that turns and scales unevenly.
///
/// # Optional components
/// [`RenderLayers`](bevy::camera::visibility::RenderLayers), [`NotShadowCaster`](bevy::light::NotShadowCaster) and
/// [`NotShadowReceiver`](bevy::light::NotShadowReceiver) work as on a mesh.
///
/// # Components that appear by themselves
/// [`GveAssetStatus`](crate::asset::GveAssetStatus) says what became of the load, [`GveDrawnAs`] what is drawn
/// at the moment, and [`Aabb`] holds the asset's bounds; all three follow reloads.
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
#[require(Transform, Visibility, GveRepresentation, GveDrawnAs, crate::asset::GveAssetStatus)]
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
#[derive(Component, Reflect, Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[reflect(Component, Default, Clone, PartialEq)]
pub enum GveRepresentation {
    /// The distance volume, raymarched: exact silhouettes at any distance, lit, casts and receives shadows.
    #[default]
    Volume,
    /// Gaussian splats.
    Splats,
    /// The surface mesh.
    Shell,
}

impl GveRepresentation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Volume, Self::Splats, Self::Shell];
}

impl fmt::Display for GveRepresentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Volume => "volume",
            Self::Splats => "splats",
            Self::Shell => "shell",
        })
    }
}

/// What a [`GveObject`] is drawn as now: `None` while its asset is loading or when nothing can draw it.
///
/// Written in [`GveSystems::Choose`](crate::systems::GveSystems::Choose); the plugins that draw read it.
#[derive(Component, Reflect, Debug, Clone, Default, PartialEq, Eq, Deref)]
#[reflect(Component, Default, Clone, PartialEq)]
pub struct GveDrawnAs {
    #[deref]
    what: Option<GveRepresentation>,
    reason: Option<String>,
}

impl GveDrawnAs {
    /// Why this is not what was asked for, or not all of it; for people.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

type Accepts = Arc<dyn Fn(&GveAsset) -> Result<(), String> + Send + Sync>;

/// The plugins that draw, and which assets each of them can draw on this machine.
///
/// A plugin that draws a representation registers itself in its [`Plugin::finish`], when the limits of the GPU
/// are known.
#[derive(Resource, Default, Clone)]
pub struct GveRenderers {
    members: [Option<Accepts>; GveRepresentation::ALL.len()],
}

impl GveRenderers {
    /// Says that `representation` can be drawn, for every asset that `accepts` takes; its error is logged and
    /// should name the asset's figure and the machine's limit.
    pub fn register(
        &mut self,
        representation: GveRepresentation,
        accepts: impl Fn(&GveAsset) -> Result<(), String> + Send + Sync + 'static,
    ) {
        self.members[representation as usize] = Some(Arc::new(accepts));
    }

    /// Whether `asset` can be drawn as `representation`, and if not, why.
    pub fn check(&self, representation: GveRepresentation, asset: &GveAsset) -> Result<(), String> {
        match &self.members[representation as usize] {
            Some(accepts) => accepts(asset),
            None => Err(format!("no plugin of this app draws {representation}")),
        }
    }

    /// Whether nothing can be drawn at all, as in an app without a renderer.
    fn is_empty(&self) -> bool {
        self.members.iter().all(Option::is_none)
    }

    /// What `asset` is drawn as when `wanted` is asked for, and why it is not `wanted`.
    fn choose(&self, wanted: GveRepresentation, asset: &GveAsset) -> GveDrawnAs {
        let shell = GveRepresentation::Shell;
        let has_shell = wanted != shell && self.check(shell, asset).is_ok();
        let instead = has_shell.then_some(shell);
        match self.check(wanted, asset) {
            Ok(()) => {
                let reason =
                    if wanted == GveRepresentation::Volume { volume_lacks(asset.metadata()) } else { None };
                // Where there is no shell, most of an asset is better than nothing of it.
                let what = reason.as_ref().and(instead).unwrap_or(wanted);
                GveDrawnAs { what: Some(what), reason }
            }
            Err(reason) => GveDrawnAs { what: instead, reason: Some(reason) },
        }
    }
}

/// What the volume of an asset does not show, if anything.
fn volume_lacks(metadata: &FileMetadata) -> Option<String> {
    let feature = metadata.volume_lacks.first()?;
    let [x, y, z] = feature.place;
    let more = match metadata.volume_lacks.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        "its volume lacks {} ({:.2} mm thick at [{x:.3}, {y:.3}, {z:.3}]){more}; bake it with a larger budget \
         for the volume or a higher resolution to see it there",
        feature.path,
        1000.0 * feature.thickness_m,
    ))
}

/// Follows every [`GveObject`]: bounds, and which representation is drawn.
#[derive(Debug, Default, Clone, Copy)]
pub struct GveObjectPlugin;

impl Plugin for GveObjectPlugin {
    fn build(&self, app: &mut App) {
        systems::configure(app);
        app.init_resource::<GveRenderers>()
            .register_type::<GveObject>()
            .register_type::<GveRepresentation>()
            .register_type::<GveDrawnAs>()
            .add_systems(
                PostUpdate,
                (choose.in_set(GveSystems::Choose), parts::inherit_look.in_set(GveSystems::Inherit)),
            );
    }
}

/// The asset that [`choose`] last saw on an entity.
#[derive(Component)]
struct Seen {
    asset: GveAsset,
    wanted: GveRepresentation,
}

fn choose(
    mut commands: Commands,
    assets: Option<Res<Assets<GveAsset>>>,
    renderers: Res<GveRenderers>,
    mut warned: Local<bevy::platform::collections::HashSet<(AssetId<GveAsset>, GveRepresentation, String)>>,
    mut objects: Query<(Entity, &GveObject, &GveRepresentation, &mut GveDrawnAs, Option<&mut Seen>)>,
) {
    let Some(assets) = assets else { return };
    for (entity, object, wanted, mut drawn_as, seen) in &mut objects {
        let Some(asset) = assets.get(object.id()) else {
            // The handle now points at something not loaded yet.
            drawn_as.set_if_neq(GveDrawnAs::default());
            if seen.is_some() {
                commands.entity(entity).try_remove::<(Seen, Aabb)>();
            }
            continue;
        };
        let same_asset = seen.as_ref().is_some_and(|seen| seen.asset.is_same(asset));
        if same_asset && !renderers.is_changed() && seen.as_ref().is_some_and(|seen| seen.wanted == *wanted) {
            continue;
        }
        let drawn = renderers.choose(*wanted, asset);
        if let Some(reason) = drawn.reason().filter(|_| !renderers.is_empty()) {
            let instead = match drawn.what {
                None => "not drawn".into(),
                Some(what) if what == *wanted => format!("drawn as {what} all the same"),
                Some(what) => format!("drawn as {what} instead"),
            };
            if warned.insert((object.id(), *wanted, reason.to_owned())) {
                warn!("\"{}\" is {instead}: {}", shown(&asset.metadata().name), shown(reason));
            }
        }
        drawn_as.set_if_neq(drawn);
        if !same_asset {
            commands.entity(entity).try_insert(asset.aabb());
        }
        commands.entity(entity).try_insert(Seen { asset: asset.clone(), wanted: *wanted });
    }
}
