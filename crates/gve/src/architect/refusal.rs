//! The Architect's errors as failures of a command.

use gve_net::RestError;
use gve_types::api::ErrorCode;

use crate::{
    failure::{Failure, name as path_name},
    input::Recipe,
};

/// The failure that an error of the REST interface is.
pub(crate) fn failure(error: &RestError) -> Failure {
    match error {
        RestError::Unreachable { server, message } => {
            let reason = message.split(" (os error").next().unwrap_or(message);
            let message = format!(
                "no Architect answers at {server} ({reason}); start one with `python -m architect serve`, or name another with --server"
            );
            Failure::new("unreachable", message)
        }
        RestError::Refused { body, .. } => Failure::new(name(body.code), body.message.clone()),
        RestError::Timeout { .. } => Failure::new("timeout", error.to_string()),
        _ => Failure::new("bad_answer", error.to_string()),
    }
}

/// The failure of a save: mistakes point into the recipe, a conflict says what to do.
pub(crate) fn save_failure(error: &RestError, recipe: &Recipe) -> Failure {
    let Some(body) = error.body() else { return about(recipe, failure(error)) };
    match body.code {
        ErrorCode::InvalidRecipe if !body.violations.is_empty() => recipe.blame(&body.violations),
        ErrorCode::VersionConflict => {
            let expected = body.expected_version.map_or("an older one".to_owned(), |v| v.to_string());
            let current = body.current_version.map_or("a newer one".to_owned(), |v| v.to_string());
            let message = format!(
                "{}: somebody else has saved this asset: you last pushed version {expected}, the Architect has version {current}; `gve push --force` saves yours on top of it",
                path_name(&recipe.path)
            );
            Failure::about(name(body.code), &recipe.path, message)
        }
        _ => about(recipe, failure(error)),
    }
}

fn about(recipe: &Recipe, failure: Failure) -> Failure {
    match failure.code {
        // Not about this recipe more than about any other.
        "unreachable" | "timeout" => failure,
        code => {
            Failure::about(code, &recipe.path, format!("{}: {}", path_name(&recipe.path), failure.message))
        }
    }
}

/// The code as it stands in JSON.
fn name(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::AssetNotFound => "asset_not_found",
        ErrorCode::MaterialNotFound => "material_not_found",
        ErrorCode::NotCompiled => "not_compiled",
        ErrorCode::CompileNotFound => "compile_not_found",
        ErrorCode::VersionConflict => "version_conflict",
        ErrorCode::PayloadTooLarge => "payload_too_large",
        ErrorCode::InvalidRecipe => "invalid_recipe",
        ErrorCode::InvalidRequest => "invalid_request",
        ErrorCode::StoreUnavailable => "store_unavailable",
        ErrorCode::Internal => "internal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_interface() {
        for code in [
            ErrorCode::AssetNotFound,
            ErrorCode::MaterialNotFound,
            ErrorCode::NotCompiled,
            ErrorCode::CompileNotFound,
            ErrorCode::VersionConflict,
            ErrorCode::PayloadTooLarge,
            ErrorCode::InvalidRecipe,
            ErrorCode::InvalidRequest,
            ErrorCode::StoreUnavailable,
            ErrorCode::Internal,
        ] {
            assert_eq!(serde_json::json!(code), name(code));
        }
    }
}
