//! Follows assets of a running Architect, and prints what is heard of them.
//!
//! `cargo run -p gve_net --example follow -- [--server URL] [WIRE_ID ...]`; all assets that there are
//! when none is named. Ctrl-C ends it.
#![expect(clippy::print_stdout, reason = "this prints what it hears")]

use std::{env, error::Error, time::Duration};

use gve_net::{AssetMessage, Client, Config, DEFAULT_SERVER, RestError, rest::AssetQuery};

fn main() -> Result<(), Box<dyn Error>> {
    let mut server = DEFAULT_SERVER.to_owned();
    let mut ids = Vec::new();
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--server" {
            server = arguments.next().ok_or("--server needs an address")?;
        } else {
            ids.push(argument.parse().map_err(|_| format!("`{argument}` is no wire id"))?);
        }
    }
    let client = Client::start(&Config::new(&server)?)?;
    if ids.is_empty() {
        ids = all_assets(&client)?;
        println!("{} assets", ids.len());
    }
    for id in ids {
        client.subscribe(id)?;
    }
    loop {
        // A game looks once a frame with `try_recv`; this has nothing else to do.
        if let Some(message) = client.recv_timeout(Duration::from_secs(3600)) {
            print(&message, &client);
        }
    }
}

/// The wire ids of all assets, page by page.
fn all_assets(client: &Client) -> Result<Vec<u64>, RestError> {
    let mut ids = Vec::new();
    let mut query = AssetQuery::default();
    loop {
        let page = query.clone();
        let answer = client.call(|rest| async move { rest.list_assets(&page).await });
        let Some(page) = answer.wait().transpose()? else { return Ok(ids) };
        ids.extend(page.items.iter().map(|asset| asset.wire_id));
        query.after = page.next_after;
        if query.after.is_none() {
            return Ok(ids);
        }
    }
}

fn print(message: &AssetMessage, client: &Client) {
    match message {
        AssetMessage::Connected => println!("connected"),
        AssetMessage::Disconnected { error, retry_in_secs } => {
            println!("{error}; again in {retry_in_secs:.1} s");
        }
        AssetMessage::Announced { id, version } => println!("{id}: version {version} was saved"),
        AssetMessage::Progress { id, version, stage, share } => {
            println!("{id}: version {version}: {stage:?} {:.0} %", share * 100.0);
        }
        AssetMessage::Ready { id, version, bytes } => {
            let is_stale = client.versions(*id).is_stale();
            println!("{id}: version {version} is here, {} bytes, stale: {is_stale}", bytes.len());
        }
        AssetMessage::Invalid { id, version, message } => println!("{id}: version {version}: {message}"),
        AssetMessage::Reset { id, version } => {
            println!("{id}: the store has begun again, at version {version}");
        }
        other => println!("{other:?}"),
    }
}
