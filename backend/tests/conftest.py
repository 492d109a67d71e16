"""What the tests of the Architect share."""

import pytest

from architect.compiler.tools import NoTrainer, Tools
from architect.index import Embedder
from architect.librarian.materials import MaterialLibrarian


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def tools() -> Tools:
    """A light machine: no PyTorch, few splats. The sentence model is loaded once."""
    return Tools(
        device="cpu",
        torch=False,
        trainer=NoTrainer("PyTorch is not installed"),
        materials=MaterialLibrarian.from_native(),
        embedder=Embedder(),
        splat_count=2000,
    )
