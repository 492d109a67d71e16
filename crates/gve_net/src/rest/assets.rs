//! Assets: documents, lists, search, binaries.

use bytes::Bytes;
use gve_types::{
    AssetCategory, Violation,
    api::{AssetPage, CacheReport, ErrorCode, Health, SaveAsset, SearchHit},
    document::AssetDocument,
    limits::MAX_PAYLOAD_BYTES,
};
use reqwest::{Method, header};
use serde::{Deserialize, Serialize};

use super::{Rest, RestError, transfer::document_id};

/// Which assets are listed; all of them by default, as many as the Architect gives at once.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct AssetQuery {
    /// Only of this shelf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<AssetCategory>,
    /// Only with this in the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Only with wire ids above this: [`AssetPage::next_after`] of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// At most so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A binary fetched over REST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    /// The version that it was compiled from.
    pub version: u32,
    /// The bytes of a `.gve_bin`; not checked here.
    pub bytes: Bytes,
}

/// Answer of `POST /recipes/check`.
#[derive(Deserialize)]
struct Check {
    violations: Vec<Violation>,
}

impl Rest {
    /// `POST /assets`: stores a new asset, at version 1, and begins to compile it.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidRecipe`] with the findings; everything that can go wrong on the way.
    pub async fn create_asset(&self, save: &SaveAsset) -> Result<AssetDocument, RestError> {
        self.call(Method::POST, &["assets"]).json(save).read().await
    }

    /// `PUT /assets/{id}`: stores the next version of an asset, and begins to compile it.
    ///
    /// # Errors
    /// [`ErrorCode::VersionConflict`] with both versions if somebody else saved in between;
    /// [`ErrorCode::InvalidRecipe`] with the findings; [`ErrorCode::AssetNotFound`].
    pub async fn save_asset(&self, id: &str, save: &SaveAsset) -> Result<AssetDocument, RestError> {
        self.call(Method::PUT, &["assets", document_id(id)?]).json(save).read().await
    }

    /// `GET /assets`: one page of the assets, in the order of their wire ids.
    ///
    /// # Errors
    /// What can go wrong on the way.
    pub async fn list_assets(&self, query: &AssetQuery) -> Result<AssetPage, RestError> {
        self.call(Method::GET, &["assets"]).query(query).read().await
    }

    /// `GET /assets/{id}`: the document of an asset.
    ///
    /// # Errors
    /// [`ErrorCode::AssetNotFound`].
    pub async fn asset(&self, id: &str) -> Result<AssetDocument, RestError> {
        self.call(Method::GET, &["assets", document_id(id)?]).read().await
    }

    /// `GET /wire/{wire_id}`: the document of the asset with this number.
    ///
    /// # Errors
    /// [`ErrorCode::AssetNotFound`].
    pub async fn asset_by_wire_id(&self, wire_id: u64) -> Result<AssetDocument, RestError> {
        self.call(Method::GET, &["wire", &wire_id.to_string()]).read().await
    }

    /// `DELETE /assets/{id}`: the asset and its binary.
    ///
    /// # Errors
    /// [`ErrorCode::AssetNotFound`].
    pub async fn delete_asset(&self, id: &str) -> Result<(), RestError> {
        self.call(Method::DELETE, &["assets", document_id(id)?]).done().await
    }

    /// `GET /assets/{id}/cache`: whether the binary matches the document.
    ///
    /// # Errors
    /// [`ErrorCode::AssetNotFound`].
    pub async fn cache(&self, id: &str) -> Result<CacheReport, RestError> {
        self.call(Method::GET, &["assets", document_id(id)?, "cache"]).read().await
    }

    /// `GET /assets/{id}/binary`: the binary of the current version.
    ///
    /// # Errors
    /// [`ErrorCode::NotCompiled`] while there is none; [`ErrorCode::AssetNotFound`].
    pub async fn binary(&self, id: &str) -> Result<Binary, RestError> {
        let call = self.call(Method::GET, &["assets", document_id(id)?, "binary"]);
        let (headers, bytes) = call.send(MAX_PAYLOAD_BYTES as usize).await?;
        let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
        let number = tag.trim_start_matches("W/").trim_matches('"');
        let version = number.parse().map_err(|_| RestError::BadAnswer {
            url: self.config.url(&["assets", id, "binary"]).into(),
            message: format!("its ETag must be the version, found `{tag}`"),
        })?;
        Ok(Binary { version, bytes })
    }

    /// `GET /search`: the assets whose recipes mean most nearly this, best first.
    ///
    /// # Errors
    /// What can go wrong on the way.
    pub async fn search(&self, text: &str, limit: Option<u32>) -> Result<Vec<SearchHit>, RestError> {
        #[derive(Serialize)]
        struct Query<'a> {
            text: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            limit: Option<u32>,
        }
        self.call(Method::GET, &["search"]).query(&Query { text, limit }).read().await
    }

    /// `POST /recipes/check`: what is wrong with a recipe; nothing is stored.
    ///
    /// # Errors
    /// What can go wrong on the way. A recipe with mistakes is no error.
    pub async fn check_recipe(&self, recipe: &str) -> Result<Vec<Violation>, RestError> {
        let call = self.call(Method::POST, &["recipes", "check"]).json_text(recipe.to_owned());
        match call.read::<Check>().await {
            Ok(check) => Ok(check.violations),
            Err(RestError::Refused { body, .. }) if body.code == ErrorCode::InvalidRecipe => {
                Ok(body.violations)
            }
            Err(error) => Err(error),
        }
    }

    /// `GET /health`: whether the Architect is well, and what it can do.
    ///
    /// # Errors
    /// What can go wrong on the way.
    pub async fn health(&self) -> Result<Health, RestError> {
        self.call(Method::GET, &["health"]).read().await
    }
}
