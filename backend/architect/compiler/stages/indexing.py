"""Stage 5: the vector that finds the asset by its meaning."""

import numpy as np
from numpy.typing import NDArray

from architect.compiler.build import Build
from architect.compiler.tools import Progress
from architect.index import EmbedderUnavailableError, describe_recipe


def run(build: Build, progress: Progress) -> NDArray[np.float32] | None:
    """Embeds the recipe's description; without the model the asset is compiled all the same."""
    del progress  # Milliseconds, but for the first time.
    text = describe_recipe(build.asset.dna_json, build.tools.materials)
    try:
        return build.tools.embedder.embed(text)
    except EmbedderUnavailableError as error:
        build.degraded = True
        build.warnings.append(f"the asset cannot be searched for: {error}")
        return None
