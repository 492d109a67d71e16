//! Materials.

use gve_types::{
    MaterialSpec,
    material::{AudioProperties, ImpactProperties},
};
use reqwest::Method;
use serde::Serialize;

use super::{Rest, RestError, transfer::material_id};

impl Rest {
    /// `GET /materials`: all of them, by their codes.
    ///
    /// # Errors
    /// What can go wrong on the way.
    pub async fn materials(&self) -> Result<Vec<MaterialSpec>, RestError> {
        self.call(Method::GET, &["materials"]).read().await
    }

    /// `GET /materials/{spec_id}`: one material.
    ///
    /// # Errors
    /// [`MaterialNotFound`](gve_types::api::ErrorCode::MaterialNotFound).
    pub async fn material(&self, spec_id: &str) -> Result<MaterialSpec, RestError> {
        self.call(Method::GET, &["materials", material_id(spec_id)?]).read().await
    }

    /// `GET /materials/{spec_id}/audio`: what sound needs of a material.
    ///
    /// # Errors
    /// [`MaterialNotFound`](gve_types::api::ErrorCode::MaterialNotFound).
    pub async fn material_audio(&self, spec_id: &str) -> Result<AudioProperties, RestError> {
        self.call(Method::GET, &["materials", material_id(spec_id)?, "audio"]).read().await
    }

    /// `GET /materials/impact`: what two materials have in common when they strike each other.
    ///
    /// # Errors
    /// [`MaterialNotFound`](gve_types::api::ErrorCode::MaterialNotFound).
    pub async fn impact(&self, a: &str, b: &str) -> Result<ImpactProperties, RestError> {
        #[derive(Serialize)]
        struct Pair<'a> {
            a: &'a str,
            b: &'a str,
        }
        self.call(Method::GET, &["materials", "impact"]).query(&Pair { a, b }).read().await
    }
}
