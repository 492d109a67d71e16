"""Exact nearest neighbours: one matrix, one product."""

import numpy as np
from numpy.typing import NDArray

from architect.index.embedder import EMBEDDING_SIZE

Array = NDArray[np.float32]


class SearchIndex:
    """The embeddings of all assets. Belongs to one thread."""

    def __init__(self) -> None:
        """Makes an empty one."""
        self._vectors: dict[str, Array] = {}
        self._matrix: Array | None = None
        self._ids: list[str] = []

    def put(self, asset_id: str, embedding: bytes | Array) -> None:
        """Adds or replaces an asset's embedding; bytes are little-endian f32.

        Raises:
            ValueError: it does not have 384 numbers.

        """
        vector = (
            np.frombuffer(embedding, dtype="<f4") if isinstance(embedding, bytes) else embedding
        )
        if vector.shape != (EMBEDDING_SIZE,):
            raise ValueError(f"an embedding has {EMBEDDING_SIZE} numbers, found {vector.shape}")
        self._vectors[asset_id] = vector
        self._matrix = None

    def remove(self, asset_id: str) -> None:
        """Takes an asset out; harmless if it is not in."""
        if self._vectors.pop(asset_id, None) is not None:
            self._matrix = None

    def nearest(self, vector: Array, limit: int) -> list[tuple[str, float]]:
        """The closest assets with their cosine similarity, best first."""
        if not self._vectors:
            return []
        if self._matrix is None:
            self._ids = list(self._vectors)
            self._matrix = np.stack([self._vectors[one] for one in self._ids])
        scores = self._matrix @ vector
        best = np.argsort(-scores, kind="stable")[:limit]
        return [(self._ids[i], float(np.clip(scores[i], -1.0, 1.0))) for i in best]
