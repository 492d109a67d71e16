"""Checking recipes: the native module does it, its findings become typed errors."""

import json
from dataclasses import dataclass

import gve_native

from architect.errors import InvalidRecipeError
from architect.generated.models import AssetCategory
from architect.limits import MAX_RECIPE_BYTES


@dataclass(frozen=True, slots=True)
class CheckedRecipe:
    """A recipe that can be made."""

    dna_json: str
    """In its canonical form."""
    dna_hash: str
    """Hash of its content, whatever its version."""
    name: str
    category: AssetCategory
    subcategory: str | None


def check_recipe(data: bytes) -> CheckedRecipe:
    """Reads and checks a recipe's text. Takes milliseconds: call it off the event loop.

    Raises:
        InvalidRecipeError: everything that is wrong with it, with JSON paths from its root.

    """
    if len(data) > MAX_RECIPE_BYTES:
        message = f"a recipe has at most {MAX_RECIPE_BYTES} bytes, found {len(data)}"
        raise InvalidRecipeError(message, [("$", message)])
    try:
        dna_json = gve_native.check_recipe(data.decode())
    except UnicodeDecodeError as error:
        message = f"a recipe is UTF-8; byte {error.start} is not: {error.reason}"
        raise InvalidRecipeError(message, [("$", message)]) from error
    except gve_native.RecipeError as error:
        violations = list(error.violations)
        more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
        path, message = violations[0] if violations else ("$", str(error))
        raise InvalidRecipeError(
            f"the recipe is not valid: {path}: {message}{more}", violations
        ) from error
    dna = json.loads(dna_json)
    return CheckedRecipe(
        dna_json=dna_json,
        dna_hash=gve_native.dna_hash(dna_json),
        name=dna["metadata"]["name"],
        category=AssetCategory(dna["metadata"]["category"]),
        subcategory=dna.get("subcategory"),
    )
