"""Splats and their arrays."""

import gc
from typing import Any

import gve_native
import numpy as np
import pytest


@pytest.fixture(scope="module")
def splats(field: gve_native.Field) -> gve_native.Splats:
    return gve_native.seed_splats(field, 4000)


def arrays(splats: gve_native.Splats) -> dict[str, Any]:
    names = ("positions", "scales", "rotations", "colors", "normals_oct", "materials")
    return {name: getattr(splats, name).copy() for name in names}


def test_seeds_lie_on_the_surface(field: gve_native.Field, splats: gve_native.Splats) -> None:
    assert 3000 < len(splats) <= 4000
    positions = splats.positions
    assert positions.shape == (len(splats), 3)
    assert np.abs(field.distances(positions)).max() < 5e-3
    assert (splats.scales > 0).all()
    np.testing.assert_allclose(np.linalg.norm(splats.rotations, axis=1), 1, atol=1e-3)
    assert splats.colors.shape == (len(splats), 4)
    assert splats.normals_oct.shape == (len(splats), 2)
    assert set(splats.materials) == {0, 1}


def test_the_same_field_gives_the_same_seeds(
    field: gve_native.Field, splats: gve_native.Splats
) -> None:
    again = arrays(gve_native.seed_splats(field, 4000))
    for name, array in arrays(splats).items():
        np.testing.assert_array_equal(array, again[name])


def test_views_are_of_one_memory_and_keep_it(field: gve_native.Field) -> None:
    splats = gve_native.seed_splats(field, 500)
    positions, rotations = splats.positions, splats.rotations
    address = positions.__array_interface__["data"][0]
    assert rotations.__array_interface__["data"][0] == address + 24
    assert positions.strides == (48, 4)
    owner: object = positions.base
    assert owner is splats
    assert not positions.flags.writeable
    before = positions.copy()
    del splats, rotations, owner
    gc.collect()
    _ = [gve_native.seed_splats(field, 500) for _ in range(4)]
    np.testing.assert_array_equal(positions, before)


def test_arrays_make_the_round_trip(splats: gve_native.Splats) -> None:
    again = gve_native.Splats.from_arrays(**arrays(splats))
    assert len(again) == len(splats)
    for name, array in arrays(splats).items():
        np.testing.assert_allclose(getattr(again, name), array, atol=1e-6)
    # A copy: the arrays may change afterwards.
    given = arrays(splats)
    copied = gve_native.Splats.from_arrays(**given)
    given["positions"][:] = 7
    np.testing.assert_array_equal(copied.positions, splats.positions)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("positions", np.nan, "positions of splat 3: expected finite"),
        ("positions", np.inf, "positions of splat 3"),
        ("scales", 0.0, "scales of splat 3: expected positive"),
        ("scales", -1.0, "scales of splat 3"),
        ("rotations", 0.9, "rotations of splat 3: expected a quaternion of length 1"),
        ("rotations", np.nan, "rotations of splat 3"),
    ],
)
def test_bad_numbers_are_refused(
    splats: gve_native.Splats, name: str, value: float, says: str
) -> None:
    spoiled = arrays(splats)
    spoiled[name][3] = value
    with pytest.raises(ValueError, match=says):
        gve_native.Splats.from_arrays(**spoiled)


@pytest.mark.parametrize("name", ["positions", "scales", "rotations", "colors", "materials"])
def test_other_shapes_are_refused(splats: gve_native.Splats, name: str) -> None:
    short = arrays(splats)
    short[name] = short[name][1:]
    with pytest.raises(ValueError, match="expected shape"):
        gve_native.Splats.from_arrays(**short)
    narrow = arrays(splats)
    if name != "materials":
        narrow[name] = narrow[name][:, 1:]
        with pytest.raises(ValueError, match="expected shape"):
            gve_native.Splats.from_arrays(**narrow)


def test_no_splats_at_all_are_refused(splats: gve_native.Splats) -> None:
    none = {name: array[:0] for name, array in arrays(splats).items()}
    with pytest.raises(ValueError, match="found 0"):
        gve_native.Splats.from_arrays(**none)
