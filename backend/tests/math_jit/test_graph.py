"""The graph against the interpreter and the native derivatives."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import gve_native
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is an extra", exc_type=ImportError)

from architect.math_jit import MathJit, MathJitMismatchError, compile_field  # noqa: E402
from architect.math_jit.check import check_graph, sample_points, tolerance_m  # noqa: E402
from architect.math_jit.graph import SdfGraph  # noqa: E402
from architect.math_jit.operations import DIFFERENTIABLE, VALUES  # noqa: E402

from .conftest import LIBRARY, recipe  # noqa: E402

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]

BALL: dict[str, Any] = {"op": "sphere", "radius": 0.5}
BOX: dict[str, Any] = {"op": "box", "half_extents": [0.4, 0.3, 0.2]}
SHAPES: dict[str, dict[str, Any]] = {
    "ball": BALL,
    "box": BOX,
    "torus": {"op": "torus", "major_radius": 0.5, "minor_radius": 0.1},
    "cone": {"op": "cone", "radius_bottom": 0.5, "radius_top": 0.1, "half_height": 0.5},
    "prism": {"op": "hexagonal_prism", "apothem": 0.5, "half_height": 0.2},
    "smooth": {"op": "union", "blend": {"kind": "smooth", "radius": 0.2}, "children": [BALL, BOX]},
    "chamfer": {
        "op": "subtract",
        "blend": {"kind": "chamfer", "radius": 0.1},
        "children": [BALL, BOX],
    },
    "twisted": {"op": "twist", "rate_rad_per_m": 3.0, "child": BOX},
    "ring": {
        "op": "polar_repeat",
        "count": 7,
        "child": {"op": "translate", "offset": [0.8, 0, 0], "child": BOX},
    },
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.name.split(".")[0])
def test_the_library_agrees_with_the_interpreter(path: Path, device: str) -> None:
    field = gve_native.Field(path.read_text())
    graph = compile_field(field, device=device, check=False)
    difference = check_graph(graph, field)
    # On a CPU every operation is the native one, to the last bit.
    assert difference == 0.0 if device == "cpu" else difference <= tolerance_m(field)


@pytest.mark.parametrize("name", SHAPES)
def test_derivatives_are_the_native_ones(name: str) -> None:
    field = gve_native.Field(recipe(SHAPES[name]))
    graph = compile_field(field)
    points = sample_points(field)
    found, native = graph.gradients(points), field.gradients(points)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found[:, 3], native[:, 3])
    np.testing.assert_allclose(found, native, atol=2e-5)


def test_every_operation_is_known() -> None:
    known = {"x", "y", "z", "const", "unknown", *VALUES}
    assert set(gve_native.Tape.names) == known
    assert set(DIFFERENTIABLE) == set(VALUES)


def test_where_there_is_no_derivative_it_is_finite() -> None:
    for root in (BALL, BOX, SHAPES["torus"], SHAPES["ring"], SHAPES["cone"]):
        field = gve_native.Field(recipe(root))
        graph = compile_field(field)
        points = np.array([[0, 0, 0], [0.4, 0, 0], [0.4, 0.3, 0.2], [0, 1, 0]], np.float32)
        assert np.isfinite(graph.gradients(points)).all()
    # On the face of a box it is the face's normal.
    face = compile_field(gve_native.Field(recipe(BOX))).gradients(points[1:2])
    np.testing.assert_allclose(face, [[1, 0, 0, 0]], atol=1e-6)


def test_gradients_flow_through_to_what_moves_the_points() -> None:
    graph = compile_field(gve_native.Field(recipe(BALL)))
    points = torch.tensor([[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]])
    scale = torch.tensor(1.0, requires_grad=True)
    (by_scale,) = torch.autograd.grad(graph(points * scale).sum(), scale)
    assert by_scale.item() == pytest.approx(5.0)


def test_slabs_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    field = gve_native.Field(recipe(SHAPES["ring"]))
    graph = compile_field(field)
    points = sample_points(field)
    whole, slopes = graph.distances(points), graph.gradients(points)
    monkeypatch.setattr("architect.math_jit.graph.CPU_SLAB_POINTS", 100)
    monkeypatch.setattr("architect.math_jit.graph.GRADIENT_SLAB_POINTS", 77)
    np.testing.assert_array_equal(graph.distances(points), whole)
    np.testing.assert_allclose(graph.gradients(points), slopes, atol=1e-6)
    assert graph.distances(points[:0]).shape == (0,)
    assert graph.gradients(points[:0]).shape == (0, 4)
    backwards = points[::-1]
    np.testing.assert_array_equal(graph.distances(backwards), whole[::-1])


def test_other_points_are_refused() -> None:
    graph = compile_field(gve_native.Field(recipe(BALL)))
    for points in (torch.zeros(3), torch.zeros(4, 2), torch.zeros(4, 3, dtype=torch.float64)):
        with pytest.raises(ValueError, match=r"float32 points of shape \(n, 3\)"):
            graph(points)


def test_a_wrong_graph_is_named_with_its_worst_point(monkeypatch: pytest.MonkeyPatch) -> None:
    field = gve_native.Field(recipe(SHAPES["smooth"]))
    right = VALUES["smooth_min"]
    monkeypatch.setitem(VALUES, "smooth_min", lambda a, b, k: right(a, b, 1.01 * k))
    with pytest.raises(MathJitMismatchError, match="disagrees with the interpreter") as caught:
        compile_field(field)
    error = caught.value
    assert abs(error.found - error.expected) > error.tolerance_m > 0
    point = np.array([error.point], np.float32)
    assert field.interpret(point)[0] == pytest.approx(error.expected)
    # It is the worst of all.
    graph = compile_field(field, check=False)
    points = sample_points(field)
    worst = np.abs(graph.distances(points) - field.interpret(points)).max()
    assert abs(error.found - error.expected) == pytest.approx(worst, rel=1e-3)
    monkeypatch.setitem(VALUES, "smooth_min", lambda a, b, k: right(a, b, k) * float("nan"))
    with pytest.raises(MathJitMismatchError, match="found nan"):
        compile_field(field)


def test_samples_lie_mostly_near_the_surface() -> None:
    field = gve_native.Field(recipe(SHAPES["smooth"]))
    points = sample_points(field)
    np.testing.assert_array_equal(points, sample_points(field))
    distances = np.abs(field.distances(points))
    assert (distances < 0.02).mean() > 0.6
    assert (distances > 0.1).any()


def test_the_jit_compiles_recipes() -> None:
    graph = MathJit().compile_tree(recipe(BALL))
    assert isinstance(graph, SdfGraph)
    assert len(graph) > 0
    with pytest.raises(gve_native.RecipeError):
        MathJit().compile_tree("{}")


def test_importing_it_imports_no_torch() -> None:
    code = "import sys, architect.math_jit; sys.exit('torch' in sys.modules)"
    backend = Path(__file__).parents[2]
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=backend, check=False, timeout=60)  # noqa: S603 - our own
    assert run.returncode == 0
