//! The systems that bring what the Architect sends into the app.

use bevy::{
    asset::{AssetLoadFailedEvent, AssetPath, io::AssetSourceId},
    platform::collections::HashMap,
    prelude::*,
};
use gve_net::AssetMessage;
use gve_types::compile::CompileStage;

use super::{
    GveAnnounced, GveArchitect, GveCompileFailed, GveCompileProgress, GveCompiling, GveConnection,
    GveNetStatus, inbox::Inbox, source,
};
use crate::{
    asset::{ChangedAssets, GveAsset},
    object::GveObject,
};

/// The app's end of the inbox.
#[derive(Resource, Clone)]
pub(super) struct Incoming(pub(super) Inbox);

/// What is known of the assets that messages came for.
#[derive(Resource, Default)]
pub(super) struct Known {
    is_connected: bool,
    assets: HashMap<u64, State>,
}

#[derive(Default)]
struct State {
    announced: u32,
    compiling: Option<GveCompiling>,
    error: Option<String>,
}

/// The wire id of an address of the Architect.
pub(super) fn wire_id(path: &AssetPath) -> Option<u64> {
    (*path.source() == AssetSourceId::from(source::SOURCE)).then(|| source::wire_id(path.path())).flatten()
}

/// Takes in what has come, and says it on.
pub(super) fn receive(
    architect: Res<GveArchitect>,
    incoming: Res<Incoming>,
    mut known: ResMut<Known>,
    mut connections: MessageWriter<GveConnection>,
    mut announced: MessageWriter<GveAnnounced>,
    mut progress: MessageWriter<GveCompileProgress>,
    mut failed: MessageWriter<GveCompileFailed>,
) {
    while let Some(message) = architect.client.try_recv() {
        match message {
            AssetMessage::Connected => {
                info!("connected to the Architect");
                known.is_connected = true;
                connections.write(GveConnection::Connected);
            }
            AssetMessage::Disconnected { error, retry_in_secs } => {
                // Every further attempt fails in the same way until the Architect is back: said once.
                if known.is_connected || known.assets.is_empty() {
                    warn!("no connection to the Architect: {error}; trying again");
                } else {
                    debug!("no connection to the Architect: {error}; again in {retry_in_secs:.1} s");
                }
                known.is_connected = false;
                connections.write(GveConnection::Disconnected { reason: error.to_string(), retry_in_secs });
            }
            AssetMessage::Announced { id, version } => {
                let state = known.assets.entry(id).or_default();
                state.announced = state.announced.max(version);
                state.compiling = None;
                state.error = None;
                announced.write(GveAnnounced { wire_id: id, version });
            }
            AssetMessage::Progress { id, version, stage, share } => {
                let index = CompileStage::ALL.iter().position(|&each| each == stage).unwrap_or_default();
                let state = known.assets.entry(id).or_default();
                state.announced = state.announced.max(version);
                state.compiling = Some(GveCompiling { version, stage_index: index as u8, share });
                state.error = None;
                progress.write(GveCompileProgress { wire_id: id, version, stage, share });
            }
            AssetMessage::Ready { id, version, bytes } => {
                let state = known.assets.entry(id).or_default();
                *state = State { announced: state.announced.max(version), ..default() };
                incoming.0.put(id, bytes);
            }
            AssetMessage::Invalid { id, version, message } => {
                let state = known.assets.entry(id).or_default();
                state.compiling = None;
                state.error = Some(message.clone());
                incoming.0.refuse(id, &message);
                failed.write(GveCompileFailed { wire_id: id, version, reason: message });
            }
            AssetMessage::Reset { id, version } => {
                warn!(
                    "gve://{id}: the Architect's store has begun again; the asset is at version {version} now"
                );
                known.assets.insert(id, State { announced: version, ..default() });
            }
            // Later kinds of messages say nothing that this version could show.
            _ => {}
        }
    }
}

/// Notices loads that ended, and assets that nobody uses any more.
pub(super) fn settle(
    server: Res<AssetServer>,
    architect: Res<GveArchitect>,
    incoming: Res<Incoming>,
    mut known: ResMut<Known>,
    mut events: MessageReader<AssetEvent<GveAsset>>,
    mut failures: MessageReader<AssetLoadFailedEvent<GveAsset>>,
    mut ids: Local<HashMap<AssetId<GveAsset>, u64>>,
) {
    for event in events.read() {
        match event {
            AssetEvent::Added { id } | AssetEvent::Modified { id } => {
                if let Some(wire_id) = server.get_path(*id).and_then(|path| wire_id(&path)) {
                    ids.insert(*id, wire_id);
                    incoming.0.load_ended(wire_id);
                }
            }
            AssetEvent::Unused { id } | AssetEvent::Removed { id } => {
                // Its path is forgotten by now, and somebody may have asked for it anew.
                let Some(wire_id) = ids.remove(id) else { continue };
                let path = AssetPath::parse(&format!("{}://{wire_id}", source::SOURCE)).into_owned();
                if server.get_handle::<GveAsset>(path).is_none() {
                    architect.client.unsubscribe(wire_id);
                    incoming.0.forget(wire_id);
                    known.assets.remove(&wire_id);
                }
            }
            AssetEvent::LoadedWithDependencies { .. } => {}
        }
    }
    for failure in failures.read() {
        if let Some(wire_id) = wire_id(&failure.path) {
            ids.insert(failure.id, wire_id);
            incoming.0.load_ended(wire_id);
        }
    }
}

/// Loads what is newer than what is on screen.
pub(super) fn reload(server: Res<AssetServer>, incoming: Res<Incoming>) {
    for wire_id in incoming.0.begin_reloads() {
        server.reload(format!("{}://{wire_id}", source::SOURCE));
    }
}

/// Keeps [`GveNetStatus`] true: of all objects when something came from the Architect, and otherwise of those whose
/// asset changed or that show another one.
pub(super) fn show(
    mut commands: Commands,
    known: Res<Known>,
    changes: Res<ChangedAssets>,
    assets: Res<Assets<GveAsset>>,
    mut due: Local<Vec<Entity>>,
    changed: Query<Entity, Changed<GveObject>>,
    mut objects: Query<(Entity, &GveObject, Option<&mut GveNetStatus>)>,
) {
    due.extend(&changed);
    if known.is_changed() || !changes.is_empty() {
        let is_due = |id| known.is_changed() || changes.contains(id);
        due.extend(objects.iter().filter(|object| is_due(object.1.id())).map(|object| object.0));
    }
    for entity in due.drain(..) {
        let Ok((_, object, status)) = objects.get_mut(entity) else { continue };
        let Some(wire_id) = object.0.path().and_then(wire_id) else {
            if status.is_some() {
                commands.entity(entity).try_remove::<GveNetStatus>();
            }
            continue;
        };
        let header = assets.get(object.id()).map(|asset| asset.file().header());
        let shown = header.map_or(0, |header| header.version);
        let state = known.assets.get(&wire_id);
        let now = GveNetStatus {
            wire_id,
            announced: state.map_or(0, |state| state.announced).max(shown),
            shown,
            refinement: header.map_or(0, |header| header.refinement().number()),
            compiling: state.and_then(|state| state.compiling),
            error: state.and_then(|state| state.error.clone()),
            is_connected: known.is_connected,
        };
        match status {
            Some(mut status) => drop(status.set_if_neq(now)),
            None => drop(commands.entity(entity).try_insert(now)),
        }
    }
}
