//! `gve search`: assets by what they are.

use gve_types::{api::SearchHit, text::shown};
use serde_json::json;

use crate::{
    architect::{args::SearchArgs, server::Server},
    failure::Failure,
    output::Output,
};

/// Asks the Architect, and prints what it finds, best first.
pub(crate) fn run(args: &SearchArgs, output: &mut Output) -> Result<(), Failure> {
    if args.text.trim().is_empty() {
        return Err(Failure::new("nothing_to_search", "a search needs some words"));
    }
    let server = Server::connect(&args.server)?;
    let (text, limit) = (args.text.clone(), args.limit);
    let hits = server.call(|rest| async move { rest.search(&text, Some(limit)).await })?;
    if output.json() {
        return output.document(&json!({"server": server.address, "text": args.text, "hits": hits}));
    }
    if hits.is_empty() {
        return output.text("nothing found");
    }
    output.text(&table(&hits))
}

fn table(hits: &[SearchHit]) -> String {
    let rows: Vec<[String; 5]> = hits
        .iter()
        .map(|SearchHit { asset, score }| {
            let category = json!(asset.category).as_str().unwrap_or_default().to_owned();
            [
                format!("{score:.3}"),
                shown(&asset.name).into_owned(),
                format!("{category}/{}", shown(&asset.subcategory)),
                format!("asset {} ({})", asset.wire_id, asset.id),
                format!("version {}", asset.version),
            ]
        })
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths = [0, 1, 2, 3].map(width);
    let mut text = String::new();
    for [score, name, place, id, version] in &rows {
        text.push_str(&format!(
            "{score:>0$}  {name:<1$}  {place:<2$}  {id:<3$}  {version}\n",
            widths[0], widths[1], widths[2], widths[3]
        ));
    }
    text
}
