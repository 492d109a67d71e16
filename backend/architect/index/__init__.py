"""Search by meaning: recipes become texts, texts become vectors, vectors are compared."""

from architect.index.embedder import EMBEDDING_SIZE, Embedder, EmbedderUnavailableError
from architect.index.search import SearchIndex
from architect.index.text import describe_recipe

__all__ = [
    "EMBEDDING_SIZE",
    "Embedder",
    "EmbedderUnavailableError",
    "SearchIndex",
    "describe_recipe",
]
