"""A small field and its seeds; a PyTorch that does not fight for the cores."""

import json
from collections.abc import Iterator

import gve_native
import pytest
import torch

STILL_LIFE = {
    "metadata": {
        "name": "Still life",
        "version": 1,
        "category": "Prop",
        "material_spec": "ASTM_A36",
    },
    "root_node": {
        "op": "union",
        "children": [
            {"op": "torus", "major_radius": 0.4, "minor_radius": 0.12},
            {
                "op": "translate",
                "offset": [0.1, 0.2, 0.3],
                "child": {"op": "box", "half_extents": [0.3, 0.1, 0.2], "material": "WOOD_OAK"},
            },
        ],
    },
}


@pytest.fixture(scope="session")
def field() -> gve_native.Field:
    return gve_native.Field(json.dumps(STILL_LIFE))


@pytest.fixture(scope="session")
def seeds(field: gve_native.Field) -> gve_native.Splats:
    return gve_native.seed_splats(field, 3000)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """PyTorch's threads spin while they wait, and slow everything else down."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
