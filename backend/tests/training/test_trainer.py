"""Training as the compiler calls it."""

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gve_native
import numpy as np
import pytest
import torch

from architect import training
from architect.training import graphs, optimiser, targets, trainer
from architect.training.cloud import Cloud

SMALL = optimiser.Settings(views=8, covered=600, samples_per_side=2)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few and small views, so that a test takes a second."""
    monkeypatch.setattr(optimiser, "Settings", lambda: SMALL)


def arrays(splats: gve_native.Splats) -> list[Any]:
    names = ("positions", "scales", "rotations", "colors", "normals_oct", "materials")
    return [getattr(splats, name) for name in names]


def same(a: gve_native.Splats, b: gve_native.Splats) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(arrays(a), arrays(b), strict=True))


def test_training_makes_splats_better_and_repeats_itself(
    field: gve_native.Field, seeds: gve_native.Splats
) -> None:
    told: list[float] = []
    first = training.train(
        field, seeds, 24, progress=lambda share, text: told.append(share), device="cpu"
    )
    assert first.trained
    assert (first.iterations, first.device, first.warnings) == (24, "cpu", [])
    assert first.psnr_after_db > first.psnr_before_db + 0.3
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert same(first.splats, training.train(field, seeds, 24, device="cpu").splats)


def test_what_is_exact_already_stays(field: gve_native.Field, seeds: gve_native.Splats) -> None:
    trained = training.train(field, seeds, 12, device="cpu").splats
    for name in ("colors", "normals_oct", "materials"):
        assert np.array_equal(getattr(trained, name), getattr(seeds, name)), name
    assert np.allclose(trained.rotations, seeds.rotations, atol=1e-6)
    assert np.allclose(trained.scales[:, 2], seeds.scales[:, 2], rtol=1e-5)
    reach = SMALL.slide * seeds.scales[:, :2].min(axis=1, keepdims=True)
    assert (np.abs(trained.positions - seeds.positions) <= reach + 1e-6).all()
    growth = trained.scales[:, :2] / seeds.scales[:, :2]
    assert growth.min() > 1.0 / SMALL.shrinkage - 1e-3
    assert growth.max() < SMALL.growth + 1e-3
    assert not np.allclose(growth, 1.0)


def test_no_iterations_only_measure(field: gve_native.Field, seeds: gve_native.Splats) -> None:
    result = training.train(field, seeds, 0)
    assert result.splats is seeds
    assert not result.trained
    assert result.psnr_after_db == result.psnr_before_db > 20.0
    with pytest.raises(ValueError, match="iterations"):
        training.train(field, seeds, -1)


def test_the_measure_is_that_of_the_bake(field: gve_native.Field, seeds: gve_native.Splats) -> None:
    views = gve_native.HeldOutViews(field)
    assert views.cameras.shape == (8, 10)
    psnr, overlap = views.compare(seeds)
    assert len(psnr) == 8
    assert 0.8 < overlap <= 1.0
    assert training.train(field, seeds, 0).psnr_before_db == pytest.approx(np.mean(psnr))


@pytest.mark.parametrize("count", [8, 48, 64])
def test_no_held_out_view_is_trained_on(field: gve_native.Field, count: int) -> None:
    held_out = gve_native.HeldOutViews(field, size=8).cameras
    center = np.mean(field.bounds, axis=0)

    def directions(cameras: Any) -> Any:
        d = cameras[:, :3] - center
        return d / np.linalg.norm(d, axis=1, keepdims=True)

    cosines = directions(targets.cameras(field, count)) @ directions(held_out).T
    assert np.degrees(np.arccos(cosines.max())) > 1.0


def test_seeds_come_back_when_training_does_harm(
    field: gve_native.Field, seeds: gve_native.Splats, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt = Cloud.of(seeds)
    spoilt.log_scales[:, :2] -= 1.0
    monkeypatch.setattr(optimiser, "optimise", lambda *args: spoilt.quantised(seeds))
    result = training.train(field, seeds, 5, device="cpu")
    assert result.splats is seeds
    assert not result.trained
    assert result.psnr_after_db == result.psnr_before_db
    assert "not make the splats better" in result.warnings[0]


def test_cancelling_ends_within_an_iteration(
    field: gve_native.Field, seeds: gve_native.Splats
) -> None:
    token = gve_native.CancelToken()
    heard: list[float] = []

    def progress(share: float, text: str) -> None:
        if text == "Training splats":
            heard.append(share)
            if len(heard) == 3:
                token.cancel()

    with pytest.raises(gve_native.Cancelled):
        training.train(field, seeds, 1000, progress=progress, cancel=token, device="cpu")
    assert len(heard) == 3
    with pytest.raises(gve_native.Cancelled):
        training.train(field, seeds, 10, cancel=token, device="cpu")


@pytest.mark.parametrize("fails_late", [False, True])
@pytest.mark.parametrize(
    ("error", "word"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "memory"),
        (torch.AcceleratorError("x"), "failed"),
    ],
)
def test_a_gpu_that_cannot_go_on_is_replaced_by_the_cpu(
    field: gve_native.Field,
    seeds: gve_native.Splats,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    word: str,
    fails_late: bool,
) -> None:
    found = training.TrainerAvailability(True, "cuda", None)
    monkeypatch.setattr(trainer, "availability", lambda: found)
    real = optimiser.optimise
    devices: list[str] = []

    def optimise(
        field: gve_native.Field,
        seeds: gve_native.Splats,
        iterations: int,
        device: str,
        progress: Callable[[float, str], None],
        cancel: gve_native.CancelToken | None,
        idle: Callable[[], None],
    ) -> gve_native.Splats:
        devices.append(device)
        if device == "cuda":
            if fails_late:
                idle()
            raise error
        return real(field, seeds, iterations, device, progress, cancel, idle)

    monkeypatch.setattr(optimiser, "optimise", optimise)
    result = training.train(field, seeds, 12)
    assert devices == ["cuda", "cpu"]
    assert result.trained
    assert result.psnr_before_db == training.train(field, seeds, 0).psnr_before_db
    assert result.device == "cpu"
    assert word in result.warnings[0]
    assert "CPU" in result.warnings[0]


def test_a_device_that_is_not_there_is_refused(
    field: gve_native.Field, seeds: gve_native.Splats, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = training.TrainerAvailability(True, "cpu", None)
    monkeypatch.setattr(trainer, "availability", lambda: found)
    for device in ("cuda", "tpu"):
        with pytest.raises(trainer.TrainingError):
            training.train(field, seeds, 1, device=device)


def test_the_gpu_s_iterations_are_the_cpu_s(
    field: gve_native.Field, seeds: gve_native.Splats
) -> None:
    """The same problem through the other renderer; only the recording needs a GPU."""
    views = targets.draw(field, 8, 600, 1, lambda share, text: None, None)
    steps = list(optimiser.schedule(8, len(seeds), 8, SMALL))
    clouds = []
    for descend in (optimiser.descend, graphs.descend):
        problem = optimiser.Problem.of(seeds, SMALL, "cpu")
        descend(problem, views, steps, lambda share: None)
        clouds.append(problem.cloud)
    sizes = clouds[0].log_scales[:, :2].exp().amin(1)
    moved = (clouds[0].positions - clouds[1].positions).norm(dim=1) / sizes
    assert moved.median().item() < 1e-3
    assert moved.quantile(0.99).item() < 0.05


IMPORTS = """
    import sys
    from architect import training
    assert "torch" not in sys.modules
"""


def run(code: str, path: str = "") -> str:
    script = textwrap.dedent(IMPORTS) + textwrap.dedent(code)
    start = f"import sys; sys.path.insert(0, {path!r})\n" if path else ""
    done = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", start + script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_pytorch_the_reason_is_told() -> None:
    told = run("""
        class Blocked:
            def find_spec(self, name, path=None, target=None):
                if name.split(".")[0] == "torch":
                    raise ModuleNotFoundError("No module named 'torch'", name="torch")
        sys.meta_path.insert(0, Blocked())
        found = training.availability()
        print(found.can_train, found.device, found.reason)
    """)
    assert told.startswith("False cpu PyTorch")
    assert "No module named 'torch'" in told


@pytest.mark.parametrize(
    "failure", ["OSError('libcudart.so.13: cannot open shared object file')", "RuntimeError()"]
)
def test_a_broken_pytorch_is_a_reason_and_no_error(tmp_path: Path, failure: str) -> None:
    package = tmp_path / "torch"
    package.mkdir()
    (package / "__init__.py").write_text(f"raise {failure}\n")
    told = run(
        """
        found = training.availability()
        print(found.can_train, found.device, found.reason)
        """,
        str(tmp_path),
    )
    assert told.startswith("False cpu PyTorch cannot be imported: ")
    assert failure.split("(")[0] in told


def test_quantising_keeps_what_a_file_holds(seeds: gve_native.Splats) -> None:
    again = Cloud.of(seeds).quantised(seeds)
    for name in ("positions", "colors", "normals_oct", "materials"):
        assert np.array_equal(getattr(again, name), getattr(seeds, name)), name
    assert np.allclose(again.scales, seeds.scales, rtol=1e-6)
