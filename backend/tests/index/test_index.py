"""Embeddings and search: the model's known behaviour."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from architect.compiler.tools import Tools
from architect.index import (
    EMBEDDING_SIZE,
    Embedder,
    EmbedderUnavailableError,
    SearchIndex,
    describe_recipe,
)

LIBRARY = Path(__file__).resolve().parents[3] / "assets" / "library"


def similarity(tools: Tools, a: str, b: str) -> float:
    return float(tools.embedder.embed(a) @ tools.embedder.embed(b))


def test_similar_sentences_score_higher(tools: Tools) -> None:
    oak = "old gnarled oak tree"
    near = similarity(tools, oak, "mossy ancient oak")
    assert near > 0.6
    for far in ("a stone castle", "a spaceship", "a bowl of soup"):
        assert similarity(tools, oak, far) < near - 0.3
    pairs = [
        ("a man is playing a guitar", "someone performs music on a guitar", "a cat sleeps"),
        ("steam locomotive", "railway engine", "teapot"),
        ("sword", "blade", "sheep"),
    ]
    for text, close, distant in pairs:
        assert similarity(tools, text, close) > similarity(tools, text, distant) + 0.2


def test_known_values_of_the_model(tools: Tools) -> None:
    """The model card's own example; its authors' implementation gives these three numbers."""
    vector = tools.embedder.embed("This is an example sentence")
    assert vector.shape == (EMBEDDING_SIZE,)
    assert vector[:3] == pytest.approx([0.0677, 0.0635, 0.0487], abs=1e-4)


def test_embeddings_have_length_1_and_are_repeatable(tools: Tools) -> None:
    for text in ("chair", "", "größer 椅子 🪑", "word " * 1000):
        vector = tools.embedder.embed(text)
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
        assert np.array_equal(vector, Embedder._embed(tools.embedder, text))


def test_a_missing_model_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(EmbedderUnavailableError, match=str(tmp_path)):
        Embedder(tmp_path).embed("chair")


def test_a_damaged_model_is_a_clear_error(tmp_path: Path, tools: Tools) -> None:
    from architect.index.embedder import _installed_model

    tokenizer = (_installed_model() / "tokenizer.json").read_bytes()
    (tmp_path / "tokenizer.json").write_bytes(tokenizer)
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(EmbedderUnavailableError, match="cannot be loaded"):
        Embedder(tmp_path).embed("chair")


def test_a_recipe_is_described_in_words(tools: Tools) -> None:
    dna: dict[str, Any] = {
        "metadata": {"name": "Garden bench", "category": "Prop", "material_spec": "WOOD_OAK"},
        "subcategory": "street_furniture",
        "root_node": {
            "op": "union",
            "children": [
                {"op": "box", "name": "seat"},
                {"op": "translate", "child": {"op": "box", "name": "leg", "material": "ASTM_A36"}},
                {"op": "morph", "from": {"op": "sphere"}, "to": {"op": "box", "name": "knob"}},
            ],
        },
    }
    text = describe_recipe(json.dumps(dna), tools.materials)
    steel = tools.materials.get_material("ASTM_A36").display_name
    oak = tools.materials.get_material("WOOD_OAK").display_name
    assert text == (
        "Garden bench. Prop street furniture. parts: seat, leg, knob. "
        f"made of: {oak}, {steel}. shapes: union, box, translate, morph, sphere"
    )


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("a seat made of wood", "Windsor chair"),
        ("medieval weapon", "Arming sword"),
        ("railway engine", "Steam locomotive"),
        ("farm animal", "Sheep"),
        ("something to brew tea with", "Porcelain teapot"),
        ("airplane", "Biplane"),
        ("artillery gun", "Field cannon"),
    ],
)
def test_the_sample_library_is_found_by_meaning(tools: Tools, wanted: str, expected: str) -> None:
    index, names = SearchIndex(), {}
    for path in sorted(LIBRARY.glob("*.gve.json")):
        text = path.read_text()
        name = json.loads(text)["metadata"]["name"]
        names[path.name] = name
        index.put(path.name, tools.embedder.embed(describe_recipe(text, tools.materials)))
    (best, score), *others = index.nearest(tools.embedder.embed(wanted), 3)
    assert names[best].casefold() == expected.casefold()
    assert score > others[0][1]


def test_the_index_gives_the_exact_order() -> None:
    index, random = SearchIndex(), np.random.default_rng(1)
    vectors = random.normal(size=(500, EMBEDDING_SIZE)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for number, vector in enumerate(vectors):
        index.put(str(number), vector.astype("<f4").tobytes())
    found = index.nearest(vectors[7], 5)
    expected = np.argsort(-(vectors @ vectors[7]))[:5]
    assert [one for one, _ in found] == [str(number) for number in expected]
    assert found[0][1] == pytest.approx(1.0, abs=1e-5)
    index.remove("7")
    index.remove("7")
    assert index.nearest(vectors[7], 1)[0][0] == str(expected[1])


def test_an_empty_index_finds_nothing_and_odd_vectors_are_refused() -> None:
    index = SearchIndex()
    assert index.nearest(np.zeros(EMBEDDING_SIZE, np.float32), 5) == []
    with pytest.raises(ValueError, match="384 numbers"):
        index.put("a", b"\0" * 8)
