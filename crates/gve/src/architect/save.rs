//! Saving a recipe as the asset that it is.

use gve_net::RestError;
use gve_types::{
    api::{ErrorCode, SaveAsset},
    compile::CompilePriority,
    document::AssetDocument,
};

use super::{
    memory::{Memory, Remembered},
    refusal,
    server::Server,
};
use crate::{failure::Failure, input::Recipe};

/// How a recipe is saved and compiled.
#[derive(Debug, Clone)]
pub(crate) struct SaveOptions {
    pub(crate) subcategory: Option<String>,
    pub(crate) iterations: Option<u32>,
    pub(crate) resolution: Option<u32>,
    pub(crate) priority: CompilePriority,
    /// Save on top of whatever is stored.
    pub(crate) force: bool,
    /// Leave the stored asset alone if it has this very recipe.
    pub(crate) only_changes: bool,
}

/// What became of a recipe.
#[derive(Debug)]
pub(crate) struct Saved {
    pub(crate) document: AssetDocument,
    pub(crate) outcome: Outcome,
}

/// Whether and how an asset was saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is new to the Architect.
    Created,
    /// It has one more version.
    Updated,
    /// The Architect had this very recipe.
    Unchanged,
}

impl Outcome {
    /// For machines.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
        }
    }
}

/// Saves a recipe under the id that is remembered of it, or as a new asset.
pub(crate) fn save(server: &Server, recipe: &Recipe, options: &SaveOptions) -> Result<Saved, Failure> {
    let (memory, name) = Memory::open(&recipe.path)?;
    let known = memory.recall(&server.address, &name)?;
    if options.only_changes
        && let Some(known) = &known
        && let Some(document) = unchanged(server, recipe, known)?
    {
        memory.remember(&server.address, &name, remembered(&document))?;
        return Ok(Saved { document, outcome: Outcome::Unchanged });
    }
    let expected_version = known.as_ref().filter(|_| !options.force).map(|known| known.version);
    let asset = SaveAsset {
        dna: recipe.dna.clone(),
        subcategory: options.subcategory.clone(),
        expected_version,
        priority: options.priority,
        splat_iterations: options.iterations,
        volume_resolution: options.resolution,
    };
    let updated = match known {
        Some(known) => update(server, recipe, known.id, asset.clone())?,
        None => None,
    };
    let (document, outcome) = match updated {
        Some(document) => (document, Outcome::Updated),
        None => (create(server, recipe, asset)?, Outcome::Created),
    };
    memory.remember(&server.address, &name, remembered(&document))?;
    Ok(Saved { document, outcome })
}

fn remembered(document: &AssetDocument) -> Remembered {
    Remembered { id: document.id.clone(), version: document.version }
}

/// The stored document if it has this very recipe, whoever saved it: this program too may have, and
/// not have got the answer.
fn unchanged(server: &Server, recipe: &Recipe, known: &Remembered) -> Result<Option<AssetDocument>, Failure> {
    let id = known.id.clone();
    match server.try_call(|rest| async move { rest.asset(&id).await })? {
        Ok(document) => {
            let mut stored = document.dna.clone();
            // The Architect counts versions itself, whatever the recipe says.
            stored.metadata.version = recipe.dna.metadata.version;
            Ok((stored == recipe.dna).then_some(document))
        }
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(refusal::failure(&error)),
    }
}

/// Saves the next version; `None` if the Architect does not have the asset any more.
fn update(
    server: &Server,
    recipe: &Recipe,
    id: String,
    asset: SaveAsset,
) -> Result<Option<AssetDocument>, Failure> {
    match server.try_call(|rest| async move { rest.save_asset(&id, &asset).await })? {
        Ok(document) => Ok(Some(document)),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(refusal::save_failure(&error, recipe)),
    }
}

fn create(server: &Server, recipe: &Recipe, asset: SaveAsset) -> Result<AssetDocument, Failure> {
    let asset = SaveAsset { expected_version: None, ..asset };
    server
        .try_call(|rest| async move { rest.create_asset(&asset).await })?
        .map_err(|error| refusal::save_failure(&error, recipe))
}

fn is_gone(error: &RestError) -> bool {
    error.body().is_some_and(|body| body.code == ErrorCode::AssetNotFound)
}
