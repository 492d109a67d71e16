//! Assets from the Architect: `gve://42` loads the asset with the wire id 42, follows every later version, and
//! shows how its compiles go. Feature `net`.

mod architect;
mod follow;
mod inbox;
mod message;
mod source;
mod status;

use std::sync::Arc;

use bevy::{
    asset::{
        AssetPath,
        io::{AssetSourceBuilder, ErasedAssetReader},
    },
    prelude::*,
};
use gve_net::{Client, Config, DEFAULT_SERVER};

pub use architect::GveArchitect;
pub use gve_net;
pub use message::{GveAnnounced, GveCompileFailed, GveCompileProgress, GveConnection};
pub use status::{GveCompiling, GveNetStatus};

use crate::{
    asset::{self, GveAsset, TrackAssets},
    systems::GveSystems,
};

/// Loads assets through an Architect and keeps them at its newest version.
///
/// `gve://42` is the asset with the wire id 42. Its first load waits until the Architect has compiled it, also
/// across lost connections; every later version replaces it in place, whole, when its binary has come and is found
/// good. [`GveNetStatus`] says of every object whether it is current, stale or being compiled; messages say the
/// same to systems; [`GveArchitect`] asks for compiles.
///
/// # Ordering
/// Add it *before* `DefaultPlugins` (or [`AssetPlugin`]): Bevy takes no asset source later. Added later it warns
/// and does nothing.
///
/// # Example
/// ```no_run
/// # use bevy::prelude::*;
/// # use gve_bevy::prelude::*;
/// App::new()
///     .add_plugins((GveNetPlugin::new("http://127.0.0.1:8420"), AssetPlugin::default(), GvePlugin))
///     .add_systems(Startup, |mut commands: Commands, assets: Res<AssetServer>| {
///         commands.spawn(GveObject(assets.load("gve://42")));
///     });
/// ```
#[derive(Debug, Clone)]
pub struct GveNetPlugin {
    /// Root of the Architect's REST interface.
    pub server: String,
}

impl GveNetPlugin {
    /// Talks to the Architect at an address such as `http://127.0.0.1:8420`.
    pub fn new(server: impl Into<String>) -> Self {
        Self { server: server.into() }
    }
}

impl Default for GveNetPlugin {
    /// Talks to the Architect on this machine, at its usual port.
    fn default() -> Self {
        Self::new(DEFAULT_SERVER)
    }
}

/// The address of an asset by its wire id, for [`AssetServer::load`].
pub fn address(wire_id: u64) -> AssetPath<'static> {
    AssetPath::parse(&format!("{}://{wire_id}", source::SOURCE)).into_owned()
}

impl Plugin for GveNetPlugin {
    fn build(&self, app: &mut App) {
        if app.world().contains_resource::<AssetServer>() {
            warn!("GveNetPlugin does nothing: add it before DefaultPlugins or AssetPlugin");
            return;
        }
        let client = match start(&self.server) {
            Ok(client) => Arc::new(client),
            Err(error) => {
                error!("GveNetPlugin does nothing: {error}");
                return;
            }
        };
        let inbox = inbox::Inbox::default();
        let reader = {
            let (inbox, client) = (inbox.clone(), client.clone());
            move || -> Box<dyn ErasedAssetReader> {
                let client = client.clone();
                let wanted = move |wire_id| {
                    if let Err(error) = client.subscribe(wire_id) {
                        error!("gve://{wire_id}: {error}");
                    }
                };
                Box::new(source::ArchitectReader { inbox: inbox.clone(), wanted: Box::new(wanted) })
            }
        };
        app.register_asset_source(source::SOURCE, AssetSourceBuilder::new(reader));
        crate::systems::configure(app);
        asset::track_changes(app);
        app.insert_resource(GveArchitect { client })
            .insert_resource(follow::Incoming(inbox))
            .init_resource::<follow::Known>()
            .register_type::<GveNetStatus>()
            .add_message::<GveConnection>()
            .add_message::<GveAnnounced>()
            .add_message::<GveCompileProgress>()
            .add_message::<GveCompileFailed>();
        let there_are_assets = || resource_exists::<Assets<GveAsset>>;
        app.add_systems(
            PreUpdate,
            (follow::receive, (follow::settle, follow::reload).chain().run_if(there_are_assets())).chain(),
        );
        app.add_systems(
            PostUpdate,
            follow::show.in_set(GveSystems::Status).after(TrackAssets).run_if(there_are_assets()),
        );
    }
}

fn start(server: &str) -> Result<Client, Box<dyn std::error::Error>> {
    Ok(Client::start(&Config::new(server)?)?)
}
