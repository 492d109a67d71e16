"""Long work: what it makes, what it tells, and how it ends early."""

import re
import threading
import time
from collections.abc import Callable
from typing import Any

import gve_native
import numpy as np
import pytest

from .conftest import recipe

Work = Callable[..., Any]


def long_work(heavy: gve_native.Field) -> dict[str, Work]:
    """Everything that takes long, so fine that it would run for many seconds."""
    return {
        "bake_volume": lambda **more: gve_native.bake_volume(heavy, 512, **more),
        "bake_volume_with": lambda **more: gve_native.bake_volume_with(
            heavy, 512, heavy.distances, **more
        ),
        "generate_shell": lambda **more: gve_native.generate_shell(heavy, 512, **more),
        "seed_splats": lambda **more: gve_native.seed_splats(heavy, 2_700_000, **more),
        "bake": lambda **more: gve_native.bake(heavy.dna_json, volume_resolution=512, **more),
    }


NONE = 0xFFFFFFFF
"""A slot or a link that leads nowhere."""
NAMES = ["bake_volume", "bake_volume_with", "generate_shell", "seed_splats", "bake"]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_cancelled_inside(heavy: gve_native.Field, name: str) -> None:
    token = gve_native.CancelToken()
    seen: list[float] = []

    def cancel_on_the_way(share: float, message: str) -> None:
        assert message
        seen.append(share)
        if share > 0.0:
            token.cancel()

    with pytest.raises(gve_native.Cancelled):
        long_work(heavy)[name](progress=cancel_on_the_way, cancel=token)
    assert token.cancelled
    # It ended inside: the end was never told.
    assert seen[0] == 0.0
    assert 0.0 < seen[-1] < 1.0


@pytest.mark.parametrize("name", NAMES)
def test_what_the_callback_raises_ends_it(heavy: gve_native.Field, name: str) -> None:
    def fail(share: float, _: str) -> None:
        if share > 0.0:
            raise ZeroDivisionError("from the callback")

    with pytest.raises(ZeroDivisionError, match="from the callback"):
        long_work(heavy)[name](progress=fail)


@pytest.mark.parametrize("name", NAMES)
def test_a_cancelled_token_begins_nothing(heavy: gve_native.Field, name: str) -> None:
    token = gve_native.CancelToken()
    token.cancel()
    with pytest.raises(gve_native.Cancelled):
        long_work(heavy)[name](cancel=token)


def test_drawing_is_cancelled(heavy: gve_native.Field) -> None:
    token = gve_native.CancelToken()
    timer = threading.Timer(0.1, token.cancel)
    timer.start()
    with pytest.raises(gve_native.Cancelled):
        gve_native.render(heavy, size=(4096, 4096), samples_per_side=8, cancel=token)
    timer.join()


def test_another_thread_works_meanwhile(heavy: gve_native.Field) -> None:
    token, counted = gve_native.CancelToken(), 0
    running = threading.Event()

    def bake() -> None:
        with pytest.raises(gve_native.Cancelled):
            gve_native.bake_volume(heavy, 512, lambda *_: running.set(), token)

    worker = threading.Thread(target=bake)
    worker.start()
    running.wait(30)
    # Were the GIL held, none of this would run before the bake's end.
    for _ in range(100_000):
        counted += 1
    assert worker.is_alive()
    token.cancel()
    worker.join(30)
    assert not worker.is_alive()
    assert counted == 100_000


def test_an_interrupt_ends_it(heavy: gve_native.Field, request: pytest.FixtureRequest) -> None:
    import _thread
    import signal

    # A shell lets what it runs in the background ignore interrupts; this test needs them.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    timer = threading.Timer(0.2, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        gve_native.bake(heavy.dna_json, volume_resolution=512, splat_count=2_700_000)
    timer.join()


def test_progress_runs_from_0_to_1_on_the_callers_thread(text: str) -> None:
    seen: list[tuple[float, str]] = []

    def watch(share: float, message: str) -> None:
        assert threading.current_thread() is threading.main_thread()
        seen.append((share, message))

    started = time.monotonic()
    gve_native.bake(text, volume_resolution=64, splat_count=5000, progress=watch)
    seconds = time.monotonic() - started
    shares = [share for share, _ in seen]
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert shares == sorted(shares)
    assert len(shares) <= 3 + seconds / 0.04


def test_a_callback_that_cannot_be_called_is_an_error(field: gve_native.Field) -> None:
    with pytest.raises(TypeError):
        gve_native.bake_volume(field, 16, 3)  # type: ignore[arg-type]


def places(volume: gve_native.Volume) -> list[Any]:
    """The place of each brick of each level, x, y, z."""
    x, y, z = volume.bricks
    grid = np.stack(np.meshgrid(np.arange(z), np.arange(y), np.arange(x), indexing="ij"), axis=-1)
    found = [grid.reshape(-1, 3)[:, ::-1]]
    children = np.array([[i & 1, i >> 1 & 1, i >> 2] for i in range(8)])
    for coarse, fine in zip(volume.levels, volume.levels[1:], strict=False):
        slots, links = coarse.cells.T
        parents = np.flatnonzero((slots != NONE) & (links != NONE))
        below = np.zeros((len(fine.cells), 3), np.int64)
        for parent in parents:
            first = 8 * int(links[parent])
            below[first : first + 8] = 2 * found[-1][parent] + children
        found.append(below)
    return found


def test_a_volume_is_the_field_sampled(field: gve_native.Field) -> None:
    volume = gve_native.bake_volume(field, 96)
    x, y, z = volume.bricks
    assert volume.levels[0].cells.shape == (x * y * z, 2)
    assert len(volume.levels) > 1
    assert volume.lacks == []
    sx, sy = volume.slab
    steps = np.stack(np.meshgrid(*[np.arange(8)] * 3, indexing="ij"), axis=-1)[..., ::-1]
    for number, (level, at) in enumerate(zip(volume.levels, places(volume), strict=True)):
        assert level.cell_size_m == volume.cell_size_m / 2**number
        assert level.distances.dtype == np.float16
        assert level.distances.shape == level.parts.shape
        assert level.distances.shape[1:] == (8 * sy, 8 * sx)
        slots = level.cells[:, 0]
        kept = np.flatnonzero(slots != NONE)
        assert sorted(slots[kept]) == list(range(len(level.scales)))
        # Each brick holds the distances at its own samples.
        for brick in kept[:: max(1, len(kept) // 20)]:
            samples = 7 * at[brick] + steps
            points = np.array(volume.origin) + samples * level.cell_size_m
            slot = int(slots[brick])
            low = 8 * np.array([slot % sx, slot // sx % sy, slot // (sx * sy)])
            stored = level.distances[low[2] : low[2] + 8, low[1] : low[1] + 8, low[0] : low[0] + 8]
            exact = field.distances(points.reshape(-1, 3).astype(np.float32)).reshape(8, 8, 8)
            metres = stored.astype(np.float32) * level.scales[slot]
            np.testing.assert_allclose(metres, exact, rtol=1e-3, atol=1e-6)
    with pytest.raises(ValueError, match="read-only"):
        volume.levels[0].distances[0, 0, 0] = 0


def test_a_budget_pays_for_thin_parts() -> None:
    # Turned: on the axis it would stand on samples, which show it however thin it is.
    upright = {"op": "cylinder", "radius": 0.0005, "half_height": 0.5}
    turned = {"op": "rotate", "axis": [1, 0, 0.4], "angle_rad": 0.8, "child": upright}
    wire = gve_native.Field(recipe(turned))
    coarse = gve_native.bake_volume(wire, 16, budget_bytes=0)
    lacks = coarse.lacks
    assert [text.split(":")[0] for text in coarse.warnings] == ["$.root_node"]
    assert [path for path, _, _ in lacks] == ["$.root_node"]
    assert lacks[0][2] == pytest.approx(0.001, rel=0.05)
    fine = gve_native.bake_volume(wire, 16)
    assert (fine.lacks, fine.warnings) == ([], [])


def test_distances_from_outside_give_the_same_volume(field: gve_native.Field) -> None:
    native = gve_native.bake_volume(field, 40)
    thread = threading.get_ident()

    def evaluate(points: Any) -> Any:
        assert threading.get_ident() == thread
        assert points.shape[1:] == (3,)
        assert len(points) <= 4096
        return field.distances(points)

    outside = gve_native.bake_volume_with(field, 40, evaluate, points_per_call=4096)
    for found, expected in zip(outside.levels, native.levels, strict=True):
        np.testing.assert_array_equal(found.cells, expected.cells)
        np.testing.assert_array_equal(found.scales, expected.scales)
        np.testing.assert_array_equal(found.distances, expected.distances)
        np.testing.assert_array_equal(found.parts, expected.parts)
    assert outside.lipschitz == native.lipschitz


@pytest.mark.parametrize(
    ("evaluate", "error", "says"),
    [
        (lambda p: p[:, 0].astype(np.float64), TypeError, "float32 array of shape"),
        (lambda p: p[1:, 0], ValueError, "distances, found"),
        (lambda p: np.full(len(p), np.nan, np.float32), gve_native.BakeError, "finite distance"),
        (lambda _: 1 / 0, ZeroDivisionError, "division"),
        (lambda _: None, TypeError, "float32 array"),
    ],
)
def test_bad_distances_from_outside_are_refused(
    field: gve_native.Field, evaluate: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        gve_native.bake_volume_with(field, 24, evaluate)


def test_a_shell_is_closed(field: gve_native.Field) -> None:
    shell = gve_native.generate_shell(field, 40)
    assert shell.positions.shape == shell.normals.shape == (shell.vertex_count, 3)
    assert shell.indices.shape == (3 * shell.triangle_count,)
    np.testing.assert_allclose(np.linalg.norm(shell.normals, axis=1), 1, atol=1e-3)
    # The divergence theorem: a closed surface knows the volume that it encloses.
    a, b, c = shell.positions[shell.indices].reshape(-1, 3, 3).transpose(1, 0, 2).astype(float)
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6
    exact = 1.2 * 0.1 * 1.0 + np.pi * (0.3**2 * 0.8 - 0.24**2 * 0.7)
    assert volume == pytest.approx(exact, rel=0.03)
    assert shell.warnings == []


def test_thin_walls_are_warned_about() -> None:
    wall = gve_native.Field(recipe({"op": "box", "half_extents": [1, 1, 0.004]}))
    # As thin as a fourth of a hundredth of its size, it is whole.
    assert gve_native.generate_shell(wall, 16).warnings == []
    skin = gve_native.Field(
        recipe({"op": "shell", "thickness": 0.0005, "child": {"op": "sphere", "radius": 0.5}})
    )
    warnings = gve_native.generate_shell(skin, 32).warnings
    assert len(warnings) == 1
    assert re.match(r"\$\.root_node.* (0\.49|0\.50)\d mm", warnings[0])


def test_resolutions_have_limits(field: gve_native.Field) -> None:
    for resolution in (0, 7, 513):
        for work in (gve_native.bake_volume, gve_native.generate_shell):
            with pytest.raises(gve_native.BakeError, match=f"8 to 512.*found {resolution}"):
                work(field, resolution)
    with pytest.raises(OverflowError):
        gve_native.bake_volume(field, -1)
    for count in (0, 1 << 30):
        with pytest.raises(gve_native.BakeError, match=f"found {count}"):
            gve_native.seed_splats(field, count)


def test_pictures_have_the_shape_that_was_asked_for(field: gve_native.Field) -> None:
    picture = gve_native.render(field, size=(48, 32))
    assert picture.shape == (32, 48, 4)
    assert picture.dtype == np.uint8
    assert (picture[..., 3] == 255).all()
    linear = gve_native.render_linear(field, size=(48, 32), look="flat", samples_per_side=1)
    assert linear.shape == (32, 48, 4)
    assert set(np.unique(linear[..., 3])) == {0.0, 1.0}
    np.testing.assert_array_equal(picture, gve_native.render(field, size=(48, 32)))
    for wrong in (
        {"size": (0, 32)},
        {"size": (32, 8193)},
        {"look": "noir"},
        {"azimuth_rad": np.nan},
        {"vertical_fov_rad": 0},
        {"samples_per_side": 9},
    ):
        with pytest.raises(ValueError, match=r"expected|finite"):
            gve_native.render(field, **wrong)
