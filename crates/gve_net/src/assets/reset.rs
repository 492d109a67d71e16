//! Noticing that the Architect's store has begun again.

use std::collections::BTreeMap;

use super::shared::Shared;
use crate::{
    config::Config,
    rest::{AssetQuery, Rest, RestError},
};

/// Assets asked for at once.
const PAGE: u32 = 200;

/// Compares what is known with what the store has, and forgets what the store has at a lower version.
///
/// Called on a new connection before anything is read from it: whatever was announced had been stored
/// before, and versions in a store only grow. So a lower version means another or an older store.
pub(super) async fn follow(config: &Config, shared: &Shared) {
    let known: Vec<(u64, u32)> = {
        let queue = shared.mailbox.queue();
        let announced = queue.wanted().iter().map(|id| (*id, queue.versions(*id).announced));
        announced.filter(|(_, announced)| *announced > 0).collect()
    };
    let (Some((first, _)), Some((last, _))) = (known.first(), known.last()) else { return };
    let stored = match stored_versions(config, *first, *last).await {
        Ok(stored) => stored,
        Err(error) => {
            tracing::debug!(%error, "the store does not say which versions it has; keeping what is known");
            return;
        }
    };
    for (id, announced) in known {
        let version = stored.get(&id).copied().unwrap_or(0);
        if version < announced {
            shared.mailbox.deliver(|queue| queue.rebase(id, version));
        }
    }
}

/// The versions of all assets with wire ids from `first` to `last`.
async fn stored_versions(config: &Config, first: u64, last: u64) -> Result<BTreeMap<u64, u32>, RestError> {
    let rest = Rest::new(config)?;
    let mut versions = BTreeMap::new();
    let mut after = Some(first - 1);
    while let Some(from) = after {
        let query = AssetQuery { after: Some(from), limit: Some(PAGE), ..AssetQuery::default() };
        let page = rest.list_assets(&query).await?;
        versions.extend(page.items.iter().map(|item| (item.wire_id, item.version)));
        // A page that leads nowhere ends the list, whatever it says.
        after = page.next_after.filter(|next| *next > from && *next < last);
    }
    Ok(versions)
}
