//! The Architect, as an app's systems talk to it.

use std::sync::Arc;

use bevy::prelude::*;
use gve_net::{Bytes, Client, RequestError, versions::AssetVersions};

/// The connection to the Architect: asks for compiles, and reaches the REST interface.
#[derive(Resource, Clone, Deref)]
pub struct GveArchitect {
    /// The client beneath.
    #[deref]
    pub(super) client: Arc<Client>,
}

impl GveArchitect {
    /// Saves a recipe (JSON text) as the next version of an asset, and compiles it. What comes of it arrives as
    /// messages, and on screen.
    ///
    /// `base_version` is the version that the recipe was made on top of: a save by somebody else in between is an
    /// error then, and nothing is lost. 0 is not compared.
    ///
    /// # Errors
    /// What cannot be sent, or a queue that is full: try again later.
    pub fn save(
        &self,
        wire_id: u64,
        recipe: impl Into<Bytes>,
        base_version: u32,
    ) -> Result<(), RequestError> {
        self.client.request_compile(wire_id, recipe, base_version)
    }

    /// Compiles what is stored of an asset.
    ///
    /// # Errors
    /// What cannot be sent, or a queue that is full: try again later.
    pub fn compile(&self, wire_id: u64) -> Result<(), RequestError> {
        self.client.request_compile(wire_id, Bytes::new(), 0)
    }

    /// Cancels the compile of an asset, if one waits or runs.
    ///
    /// # Errors
    /// What cannot be sent, or a queue that is full: try again later.
    pub fn cancel(&self, wire_id: u64) -> Result<(), RequestError> {
        self.client.cancel_compile(wire_id)
    }

    /// The versions of an asset that is shown, as the connection knows them.
    pub fn versions(&self, wire_id: u64) -> AssetVersions {
        self.client.versions(wire_id)
    }
}
