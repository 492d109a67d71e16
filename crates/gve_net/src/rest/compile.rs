//! Compiles.

use gve_types::compile::{CompileRequest, CompileStatus};
use reqwest::Method;

use super::{Rest, RestError, transfer::document_id};

impl Rest {
    /// `POST /assets/{id}/compile`: compiles what is stored.
    ///
    /// # Errors
    /// [`AssetNotFound`](gve_types::api::ErrorCode::AssetNotFound).
    pub async fn compile(&self, request: &CompileRequest) -> Result<CompileStatus, RestError> {
        let id = document_id(&request.asset_id)?;
        self.call(Method::POST, &["assets", id, "compile"]).json(request).read().await
    }

    /// `GET /assets/{id}/compile`: where the asset's newest compile stands.
    ///
    /// # Errors
    /// [`CompileNotFound`](gve_types::api::ErrorCode::CompileNotFound) if none is known.
    pub async fn compile_status(&self, id: &str) -> Result<CompileStatus, RestError> {
        self.call(Method::GET, &["assets", document_id(id)?, "compile"]).read().await
    }

    /// `DELETE /assets/{id}/compile`: cancels the asset's compile.
    ///
    /// # Errors
    /// [`CompileNotFound`](gve_types::api::ErrorCode::CompileNotFound) if none is known.
    pub async fn cancel_compile(&self, id: &str) -> Result<CompileStatus, RestError> {
        self.call(Method::DELETE, &["assets", document_id(id)?, "compile"]).read().await
    }
}
