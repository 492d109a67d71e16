//! Noticing that the Architect's store has begun again.

use std::collections::BTreeMap;

use serde::Deserialize;
use tokio::time::timeout;

use super::shared::Shared;
use crate::{
    config::{Config, duration},
    rest::{AssetQuery, Rest, RestError},
};

/// Assets asked for at once.
const PAGE: u32 = 100;

/// Which store the versions that are known come from.
#[derive(Debug, Default)]
pub(super) struct Store {
    id: Option<String>,
}

/// What matters here of `GET /health`.
#[derive(Deserialize)]
struct Health {
    #[serde(default)]
    store_id: Option<String>,
}

impl Store {
    /// Compares what is known with what the store has, and forgets what the store does not have any more.
    ///
    /// Called on a new connection before anything is read from it. Whatever was announced had been
    /// stored before, and versions in a store only grow: a lower version means an older or another
    /// store, and another name of the store means another one whatever the versions are.
    pub(super) async fn follow(&mut self, config: &Config, shared: &Shared) {
        let patience = duration(config.connect_timeout_secs);
        match timeout(patience, self.try_follow(config, shared)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::debug!(%error, "the store does not say what it has; keeping what is known");
            }
            Err(_) => tracing::debug!("the store does not answer; keeping what is known"),
        }
    }

    async fn try_follow(&mut self, config: &Config, shared: &Shared) -> Result<(), RestError> {
        let rest = Rest::new(config)?;
        let Health { store_id } = rest.get_json(&["health"]).await?;
        let is_other = self.id.is_some() && store_id.is_some() && self.id != store_id;
        let known: Vec<(u64, u32)> = {
            let queue = shared.mailbox.queue();
            let announced = queue.wanted().iter().map(|id| (*id, queue.versions(*id).announced));
            announced.filter(|(_, announced)| *announced > 0).collect()
        };
        let stored = stored_versions(&rest, &known).await?;
        for (id, announced) in known {
            let version = stored.get(&id).copied().unwrap_or(0);
            if is_other || version < announced {
                shared.mailbox.deliver(|queue| queue.rebase(id, version));
            }
        }
        // Only now: what was cut short is done again on the next connection.
        self.id = store_id.or(self.id.take());
        Ok(())
    }
}

/// The versions of all assets from the first to the last of those that are known.
async fn stored_versions(rest: &Rest, known: &[(u64, u32)]) -> Result<BTreeMap<u64, u32>, RestError> {
    let mut versions = BTreeMap::new();
    let (Some((first, _)), Some((last, _))) = (known.first(), known.last()) else { return Ok(versions) };
    let mut after = Some(first - 1);
    while let Some(from) = after {
        let query = AssetQuery { after: Some(from), limit: Some(PAGE), ..AssetQuery::default() };
        let page = rest.list_assets(&query).await?;
        versions.extend(page.items.iter().map(|item| (item.wire_id, item.version)));
        // A page that leads nowhere ends the list, whatever it says.
        after = page.next_after.filter(|next| *next > from && *next < *last);
    }
    Ok(versions)
}
