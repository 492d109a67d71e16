"""Recipes written by Rust come back from Pydantic as the same values.

`cargo xtask test` sets GVE_ROUNDTRIP to a folder with the recipes in `rust/`, and compares what
this writes to `python/` with what it sent.
"""

import os
from pathlib import Path

import pytest

from architect.generated.models import AssetDna


@pytest.fixture(scope="module")
def folder() -> Path:
    """The folder that Rust has written to."""
    path = os.environ.get("GVE_ROUNDTRIP")
    if path is None:
        pytest.skip("GVE_ROUNDTRIP is not set; `cargo xtask roundtrip run` sets it")
    return Path(path)


def test_recipes_pass_through_strict_models(folder: Path) -> None:
    """Every recipe is valid in strict mode, equal after a dump, and written back for Rust."""
    recipes = sorted((folder / "rust").glob("*.gve.json"))
    assert len(recipes) >= 300
    target = folder / "python"
    target.mkdir(exist_ok=True)
    for path in recipes:
        dna = AssetDna.model_validate_json(path.read_bytes(), strict=True)
        text = dna.model_dump_json(exclude_none=True)
        assert AssetDna.model_validate_json(text, strict=True) == dna
        (target / path.name).write_text(text)
