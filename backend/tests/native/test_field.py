"""Fields and their evaluators."""

import gc
import json
import math
import weakref

import gve_native
import numpy as np
import pytest
from numpy.typing import NDArray

from .conftest import recipe


def grid(field: gve_native.Field, count: int = 5000) -> NDArray[np.float32]:
    low, high = np.array(field.bounds, np.float32)
    random = np.random.default_rng(7).random((count, 3), np.float32)
    return np.ascontiguousarray(low + (high - low) * random, np.float32)


def test_all_evaluators_agree(field: gve_native.Field) -> None:
    points = grid(field)
    distances = field.distances(points)
    assert distances.dtype == np.float32
    assert distances.shape == (5000,)
    assert (distances < 0).any()
    assert (distances > 0).any()
    np.testing.assert_array_equal(distances, field.interpret(points))
    gradients = field.gradients(points)
    np.testing.assert_array_equal(gradients[:, 3], distances)
    assert np.linalg.norm(gradients[:, :3], axis=1).max() <= field.lipschitz + 1e-5
    assert set(field.material_indices(points)) == {0, 1}


def test_a_ball_is_a_ball() -> None:
    ball = gve_native.Field(recipe({"op": "sphere", "radius": 0.5}))
    points = np.array([[2, 0, 0], [0, 0, 0], [0, -0.5, 0]], np.float32)
    np.testing.assert_allclose(ball.distances(points), [1.5, -0.5, 0.0], atol=1e-7)
    np.testing.assert_allclose(ball.gradients(points)[0], [1, 0, 0, 1.5], atol=1e-6)
    np.testing.assert_allclose(ball.bounds, [[-0.5] * 3, [0.5] * 3], atol=1e-3)
    assert ball.lipschitz == 1.0
    weight = json.loads(gve_native.weigh(ball))
    mass = weight["total"]
    assert mass["relative_error"] < 1e-3
    assert [part["mass_kg"] for part in weight["parts"]] == [mass["mass_kg"]]
    assert math.isclose(mass["volume_m3"], math.pi / 6, rel_tol=2e-3)


def test_points_may_have_gaps_and_may_be_none(field: gve_native.Field) -> None:
    wide = np.zeros((100, 6), np.float32)
    wide[:, ::2] = grid(field, 100)
    np.testing.assert_array_equal(
        field.distances(wide[::-1, ::2]), field.distances(np.ascontiguousarray(wide[::-1, ::2]))
    )
    assert field.distances(np.zeros((0, 3), np.float32)).shape == (0,)
    assert field.gradients(np.zeros((0, 3), np.float32)).shape == (0, 4)


def test_other_points_are_refused(field: gve_native.Field) -> None:
    with pytest.raises(ValueError, match=r"\(n, 3\), found \(4, 2\)"):
        field.distances(np.zeros((4, 2), np.float32))
    with pytest.raises(TypeError):
        field.distances(np.zeros((4, 3)))  # type: ignore[arg-type]
    spoiled = np.zeros((4, 3), np.float32)
    spoiled[2, 1] = np.nan
    for evaluate in (field.distances, field.gradients, field.interpret, field.material_indices):
        with pytest.raises(ValueError, match="found NaN at point 2"):
            evaluate(spoiled)


def test_weighing_has_limits(field: gve_native.Field) -> None:
    for tolerance in (0.0, 0.2):
        with pytest.raises(ValueError, match=r"0\.0001 to 0\.1, found"):
            gve_native.weigh(field, tolerance)


def test_a_tape_is_a_program_of_known_operations(field: gve_native.Field) -> None:
    tape = field.tape()
    assert len(tape) == len(tape.opcodes) == len(tape.operands) == len(tape.constants)
    names = [tape.names[code] for code in tape.opcodes]
    assert "unknown" not in names
    assert tape.operands.shape == (len(tape), 3)
    # Every operation reads earlier ones only.
    assert (tape.operands.max(axis=1)[1:] < np.arange(1, len(tape))).all()
    assert tape.distance < len(tape)
    assert tape.part < len(tape)


def test_a_view_keeps_its_owner_and_cannot_be_written(field: gve_native.Field) -> None:
    tape = field.tape()
    opcodes = tape.opcodes
    before = opcodes.copy()
    owner: object = opcodes.base
    assert owner is tape
    with pytest.raises(ValueError, match="read-only"):
        opcodes[0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        opcodes.flags.writeable = True
    slice_of_it = opcodes[1:]
    gone = weakref.ref(opcodes)
    del tape, opcodes, owner
    gc.collect()
    assert gone() is not None or slice_of_it.base is not None
    # New memory would be laid over the old, were it free.
    _ = [field.tape() for _ in range(32)]
    np.testing.assert_array_equal(slice_of_it, before[1:])
