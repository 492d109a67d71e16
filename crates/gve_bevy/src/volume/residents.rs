//! Which assets are in the pool, and what is sent there in each frame.
//!
//! Everything is decided here, in the main world: places, order and moment of every write. The render world does as it is
//! told (`textures`), one frame after the other, so that both always agree on what is drawn.

use std::{
    collections::BTreeSet,
    mem,
    ops::Range,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use bevy::{
    platform::collections::{HashMap, HashSet},
    prelude::*,
};
use gve_assets::VolumeView;
use gve_types::FileMetadata;

use super::{
    load::{self, Load, Write},
    record::{self, RECORD_TEXELS},
    settings::GveVolumeProgress,
    space::{Capacity, Limits, Needs, Space},
};
use crate::asset::{GveAsset, WeakLoad};

/// Keeps an asset in the pool; goes with the last entity that draws it.
#[derive(Component, Clone)]
pub(super) struct VolumeSlot(Arc<Slot>);

struct Slot {
    /// Where the asset's record is, in texels of the node texture: what its instances carry as their tag.
    record: Range<u32>,
    asset: AssetId<GveAsset>,
    idle: Arc<Mutex<Vec<AssetId<GveAsset>>>>,
}

impl VolumeSlot {
    pub(super) fn tag(&self) -> u32 {
        self.0.record.start
    }

    pub(super) fn asset(&self) -> AssetId<GveAsset> {
        self.0.asset
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(self.asset);
    }
}

/// An asset in the pool.
struct Resident {
    slot: Weak<Slot>,
    record: Range<u32>,
    /// What the record tells of.
    shown: Load,
    /// A reload that has not been sent as a whole.
    coming: Option<Load>,
    /// Who asked first is served first.
    order: u64,
}

impl Resident {
    /// What is being sent.
    fn newest(&self) -> &Load {
        self.coming.as_ref().unwrap_or(&self.shown)
    }

    fn newest_mut(&mut self) -> &mut Load {
        self.coming.as_mut().unwrap_or(&mut self.shown)
    }

    fn progress(&self) -> GveVolumeProgress {
        let newest = self.newest();
        GveVolumeProgress {
            levels_shown: self.shown.levels(),
            levels: newest.room.levels.len() as u32,
            sent_bytes: newest.sent_bytes,
            bytes: newest.bytes,
            is_reload: self.coming.is_some(),
        }
    }
}

/// A load for which there was no room.
struct Refused {
    load: WeakLoad,
    needs: Needs,
    reason: String,
}

/// What the render world is to do in a frame.
#[derive(Default)]
pub(super) struct Orders {
    /// Another size of the textures; what is in them stays.
    pub(super) capacity: Option<Capacity>,
    pub(super) writes: Vec<Write>,
}

/// The loads for which there was no room, and why.
#[derive(Clone, Default)]
pub(super) struct Refusals(Arc<Mutex<Vec<Refused>>>);

impl Refusals {
    /// Why there is no room for an asset, if there was none when it was asked for.
    pub(super) fn reason(&self, asset: &GveAsset) -> Option<String> {
        let refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Some(refused.iter().find(|refused| refused.load.is_of(asset))?.reason.clone())
    }
}

/// The assets of which everything is there.
#[derive(Clone, Default)]
pub(super) struct Arrived(Arc<Mutex<HashSet<AssetId<GveAsset>>>>);

impl Arrived {
    pub(super) fn has(&self, id: AssetId<GveAsset>) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    fn set(&self, id: AssetId<GveAsset>, is_there: bool) {
        let mut arrived = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_there {
            arrived.insert(id);
        } else {
            arrived.remove(&id);
        }
    }
}

/// All assets in the pool.
#[derive(Resource)]
pub(super) struct Residents {
    by_asset: HashMap<AssetId<GveAsset>, Resident>,
    space: Space,
    capacity: Capacity,
    orders: Orders,
    /// Assets whose last user is gone.
    idle: Arc<Mutex<Vec<AssetId<GveAsset>>>>,
    refusals: Refusals,
    arrived: Arrived,
    /// Assets that are not complete.
    sending: BTreeSet<AssetId<GveAsset>>,
    is_changed: bool,
    next_order: u64,
}

/// What a frame changed.
#[derive(Default)]
pub(super) struct Changes {
    /// The textures are others.
    pub(super) is_resized: bool,
    /// Assets of which more is there than before, how much, and the box in which they are drawn.
    pub(super) progress: HashMap<AssetId<GveAsset>, (GveVolumeProgress, bevy::camera::primitives::Aabb)>,
    /// There is room for what was refused before.
    pub(super) has_room_again: bool,
}

impl Residents {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            by_asset: HashMap::default(),
            space: Space::new(limits),
            capacity: Capacity::default(),
            orders: Orders::default(),
            idle: Arc::default(),
            refusals: Refusals::default(),
            arrived: Arrived::default(),
            sending: BTreeSet::new(),
            is_changed: false,
            next_order: 0,
        }
    }

    pub(super) fn refusals(&self) -> Refusals {
        self.refusals.clone()
    }

    pub(super) fn arrived(&self) -> Arrived {
        self.arrived.clone()
    }

    /// Sees to it that an asset is in the pool as it is now, or on its way there. `None` when there is no room for it.
    pub(super) fn request(
        &mut self,
        id: AssetId<GveAsset>,
        asset: &GveAsset,
        most_bytes: u64,
    ) -> Option<VolumeSlot> {
        self.drop_idle();
        let in_use = self.by_asset.get(&id).and_then(|resident| Some((resident.slot.upgrade()?, resident)));
        if let Some((slot, resident)) = &in_use
            && resident.newest().asset.is_same(asset)
        {
            return Some(VolumeSlot(slot.clone()));
        }
        let slot = in_use.map(|(slot, _)| slot);
        let needs = load::needs(asset);
        let record = if slot.is_some() { Some(0..0) } else { self.space.take_nodes(RECORD_TEXELS) };
        let room = record.as_ref().and_then(|_| self.space.take(&needs, most_bytes));
        let (Some(record), Some(room)) = (record.clone(), room) else {
            self.space.give_back_nodes(record.unwrap_or_default());
            self.refuse(asset, needs);
            return None;
        };
        let load = Load::new(asset, &needs, room);
        self.is_changed = true;
        self.sending.insert(id);
        if let (Some(slot), Some(resident)) = (slot, self.by_asset.get_mut(&id)) {
            // What nobody has seen yet needs no wait for its successor.
            let stale = if resident.shown.levels() == 0 {
                Some(mem::replace(&mut resident.shown, load))
            } else {
                resident.coming.replace(load)
            };
            if let Some(stale) = stale {
                self.space.give_back(stale.room);
            }
            return Some(VolumeSlot(slot));
        }
        let slot = Arc::new(Slot { record: record.clone(), asset: id, idle: self.idle.clone() });
        self.orders.writes.push(Write::Nodes { first: record.start, texels: record::EMPTY_RECORD.to_vec() });
        let order = self.next_order;
        self.next_order += 1;
        let resident = Resident { slot: Arc::downgrade(&slot), record, shown: load, coming: None, order };
        self.by_asset.insert(id, resident);
        Some(VolumeSlot(slot))
    }

    fn refuse(&mut self, asset: &GveAsset, needs: Needs) {
        let reason =
            format!("there is no room left on the GPU for the {} bricks of its volume", needs.bricks());
        let mut refused = self.refusals.0.lock().unwrap_or_else(PoisonError::into_inner);
        refused.retain(|refused| !refused.load.is_of(asset));
        refused.push(Refused { load: asset.weak_load(), needs, reason });
        self.is_changed = true;
    }

    /// How much of an asset is there, and the box in which it is drawn.
    pub(super) fn shown(
        &self,
        id: AssetId<GveAsset>,
    ) -> Option<(GveVolumeProgress, bevy::camera::primitives::Aabb)> {
        let resident = self.by_asset.get(&id)?;
        Some((resident.progress(), record::marched_box(&resident.shown.asset)))
    }

    /// Lets go of the assets whose last user is gone.
    fn drop_idle(&mut self) {
        let idle = mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for id in idle {
            // Somebody may have asked for it again in the meantime.
            let is_idle = self.by_asset.get(&id).is_some_and(|resident| resident.slot.strong_count() == 0);
            if let Some(resident) = is_idle.then(|| self.by_asset.remove(&id)).flatten() {
                self.space.give_back_nodes(resident.record);
                self.space.give_back(resident.shown.room);
                if let Some(coming) = resident.coming {
                    self.space.give_back(coming.room);
                }
                self.sending.remove(&id);
                self.arrived.set(id, false);
                self.is_changed = true;
            }
        }
    }

    /// Whether there is anything to do in this frame.
    pub(super) fn is_busy(&self) -> bool {
        self.is_changed
            || !self.sending.is_empty()
            || !self.idle.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Decides what is sent in this frame.
    pub(super) fn plan(&mut self, mut budget: u64, most_bytes: u64) -> Changes {
        self.drop_idle();
        let mut changes = Changes::default();
        self.send(&mut budget, &mut changes);
        if mem::take(&mut self.is_changed) {
            changes.has_room_again = self.retry(most_bytes);
            let capacity = self.space.capacity(self.capacity, most_bytes);
            if capacity != self.capacity {
                self.capacity = capacity;
                self.orders.capacity = Some(capacity);
                changes.is_resized = true;
            }
        }
        changes
    }

    /// The coarse levels of all first; among levels, whoever asked first.
    fn send(&mut self, budget: &mut u64, changes: &mut Changes) {
        let rank = |resident: &Resident, id| (resident.newest().levels(), resident.order, id);
        let mut queue: BTreeSet<_> =
            self.sending.iter().filter_map(|&id| Some(rank(self.by_asset.get(&id)?, id))).collect();
        while *budget > 0
            && let Some((_, _, id)) = queue.pop_first()
        {
            let Some(resident) = self.by_asset.get_mut(&id) else { continue };
            let levels = resident.newest().levels();
            resident.newest_mut().send(budget, &mut self.orders.writes);
            if resident.newest().is_complete() {
                self.sending.remove(&id);
                self.arrived.set(id, true);
                if let Some(load) = resident.coming.take() {
                    let old = mem::replace(&mut resident.shown, load);
                    self.space.give_back(old.room);
                    self.is_changed = true;
                }
            } else {
                queue.insert(rank(resident, id));
            }
            if resident.coming.is_none() && resident.newest().levels() != levels {
                let (first, texels) = (resident.record.start, resident.shown.record().to_vec());
                self.orders.writes.push(Write::Nodes { first, texels });
            }
            changes.progress.insert(id, (resident.progress(), record::marched_box(&resident.shown.asset)));
        }
    }

    /// Forgets the refusals of those for which there is room now.
    fn retry(&mut self, most_bytes: u64) -> bool {
        let mut refused = self.refusals.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = refused.len();
        refused.retain(|refused| {
            refused.load.is_there() && !self.space.has_room(&refused.needs, RECORD_TEXELS, most_bytes)
        });
        refused.len() != before
    }

    /// The GPU has lost everything.
    pub(super) fn start_again(&mut self) {
        self.capacity = Capacity::default();
        self.orders = Orders::default();
        self.is_changed = true;
        for (id, resident) in &mut self.by_asset {
            if let Some(coming) = resident.coming.take() {
                let old = mem::replace(&mut resident.shown, coming);
                self.space.give_back(old.room);
            }
            resident.shown.start_again();
            self.sending.insert(*id);
            self.arrived.set(*id, false);
            let (first, texels) = (resident.record.start, record::EMPTY_RECORD.to_vec());
            self.orders.writes.push(Write::Nodes { first, texels });
        }
    }

    pub(super) fn take_orders(&mut self) -> Orders {
        mem::take(&mut self.orders)
    }

    pub(super) fn has_orders(&self) -> bool {
        self.orders.capacity.is_some() || !self.orders.writes.is_empty()
    }
}

/// Whether a volume fits into an empty pool, and if not, why.
pub(super) fn accept(limits: Limits, metadata: &FileMetadata, volume: &VolumeView) -> Result<(), String> {
    let needs = load::needs_of(metadata, volume);
    let (cells, bricks) = (needs.cells(), needs.bricks());
    if bricks == 0 || volume.bricks.contains(&0) {
        return Err("its volume is empty".into());
    }
    let most_cells = u64::from(limits.rows) * u64::from(super::space::ROW);
    let most_bricks = u64::from(limits.layers()) * u64::from(super::space::LAYER_BRICKS);
    let own = u64::from(needs.looks + RECORD_TEXELS);
    for (what, count, most) in [("bricks", bricks, most_bricks), ("cells", cells + own, most_cells)] {
        if count > most {
            return Err(format!(
                "its volume has {count} {what}, this GPU has room for {most}; bake it at a lower resolution"
            ));
        }
    }
    Ok(())
}
