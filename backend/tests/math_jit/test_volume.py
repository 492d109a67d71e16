"""Volumes from a graph, and the benchmark."""

import json
from pathlib import Path

import gve_native
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is an extra", exc_type=ImportError)

from architect.math_jit import benchmark, compile_field  # noqa: E402
from architect.math_jit.volume import (  # noqa: E402
    TOLERANCE_F16_STEPS,
    bake_volume,
    f16_steps_apart,
    same_bricks,
    volume_steps_apart,
)

from .conftest import LIBRARY  # noqa: E402

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
SOME = [path for path in LIBRARY if path.name.startswith(("teapot", "moai", "arming", "sheep"))]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("path", SOME, ids=lambda path: path.name.split(".")[0])
def test_a_volume_from_the_graph_is_the_native_one(path: Path, device: str) -> None:
    field = gve_native.Field(path.read_text())
    native = gve_native.bake_volume(field, 32)
    found = bake_volume(compile_field(field, device=device), field, 32)
    assert len(native.levels) > 1
    assert same_bricks(found, native)
    steps = volume_steps_apart(found, native)
    assert steps <= (0 if device == "cpu" else TOLERANCE_F16_STEPS)


def test_it_can_be_cancelled() -> None:
    field = gve_native.Field(SOME[0].read_text())
    token = gve_native.CancelToken()

    def cancel(share: float, _: str) -> None:
        if share > 0:
            token.cancel()

    with pytest.raises(gve_native.Cancelled):
        bake_volume(compile_field(field), field, 128, cancel, token)


def test_steps_of_half_precision_are_counted() -> None:
    one = np.array([1.0], np.float16)
    assert f16_steps_apart(one, one) == 0
    assert f16_steps_apart(one, np.nextafter(one, np.float16(2))) == 1
    assert f16_steps_apart(np.array([0.0], np.float16), np.array([-0.0], np.float16)) == 0
    smallest = np.array([6e-8], np.float16)
    assert f16_steps_apart(smallest, -smallest) == 2


def test_the_benchmark_says_what_it_measured(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert benchmark.main([str(SOME[0]), "--resolution", "16", "--rounds", "1", "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured["points"] == 16**3
    assert measured["largest_difference_m"] == 0.0
    assert measured["volume_f16_steps"] == 0
    assert all(measured[name] > 0 for name in measured if name.endswith("_seconds"))
    assert benchmark.main([str(tmp_path / "none.json")]) == 2
    assert "none.json" in capsys.readouterr().err
