"""Moves splats so that their pictures become those of the field.

Centres and the two standard deviations in the surface move; the seeds' normals, colours and
opacities are exact already, and letting them move fits noise: views that were not trained on become
worse, and surfaces speckle.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from typing import TYPE_CHECKING

import gve_native
import numpy as np
import torch

from architect.training import native, targets
from architect.training.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

OutOfMemoryError = torch.OutOfMemoryError
DEVICE_ERRORS: tuple[type[Exception], ...] = (torch.OutOfMemoryError, torch.AcceleratorError)
"""What a GPU raises that cannot go on."""

_BETA_1, _BETA_2 = 0.9, 0.99
_DRAWING = 0.25
"""Share of the work that drawing the views takes."""


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """How splats are trained."""

    views: int = 48
    """Pictures of the field."""
    covered: int = 8_000
    """Pixels that the field covers in each of them, about."""
    samples_per_side: int = 3
    """Of each pixel of the pictures."""
    prefix_every: int = 4
    """Each so many iterations draw only the most important splats, as a coarser level does."""
    smallest_prefix: float = 0.1
    """The share of the splats that such an iteration draws at least."""
    position_rate: float = 0.012
    """Learning rate of the centres, in standard deviations of a splat in the middle."""
    scale_rate: float = 0.018
    """Learning rate of the logarithms of the standard deviations."""
    decay: float = 0.1
    """What the rates are multiplied by until the end."""
    slide: float = 0.25
    """How far a centre may move along each axis, in standard deviations."""
    growth: float = 2.0
    """How many times larger a standard deviation may become."""
    shrinkage: float = 1.05
    """How many times smaller: little, lest holes open that only nearer views would show."""


@dataclasses.dataclass(frozen=True)
class Problem:
    """What is optimised, with limits and learning rates; on one device."""

    cloud: Cloud
    """Its centres and log-scales are what moves."""
    limits: tuple[tuple[torch.Tensor, torch.Tensor], ...]
    """Least and largest value of each of them."""
    rates: tuple[float, ...]

    @classmethod
    def of(cls, seeds: gve_native.Splats, settings: Settings, device: str) -> Problem:
        """Starts from seeded splats."""
        cloud = Cloud.of(seeds, device)
        sizes = cloud.log_scales[:, :2].exp()
        slide = settings.slide * sizes.amin(1, keepdim=True)
        # Across the surface nothing is to be won that would not show from the side.
        along = torch.tensor((1.0, 1.0, 0.0), device=device)
        growth, shrinkage = math.log(settings.growth) * along, math.log(settings.shrinkage) * along
        limits = (
            (cloud.positions - slide, cloud.positions + slide),
            (cloud.log_scales - shrinkage, cloud.log_scales + growth),
        )
        rates = (settings.position_rate * float(sizes.median()), settings.scale_rate)
        cloud.positions.requires_grad_()
        cloud.log_scales.requires_grad_()
        return cls(cloud, limits, rates)

    @property
    def moving(self) -> tuple[torch.Tensor, ...]:
        """The parameters that move."""
        return self.cloud.positions, self.cloud.log_scales


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One iteration."""

    view: int
    count: int
    """How many splats are drawn."""
    decay: float
    """What the learning rates are multiplied by."""


def schedule(views: int, splats: int, iterations: int, settings: Settings) -> Iterator[Step]:
    """The iterations: every view once in each round; the same every time."""
    random = np.random.default_rng(7)
    order: NDArray[np.intp] = np.empty(0, np.intp)
    for number in range(iterations):
        if number % views == 0:
            order = random.permutation(views)
        count = splats
        if number % settings.prefix_every == settings.prefix_every - 1:
            count = max(1, round(splats * settings.smallest_prefix ** random.uniform()))
        yield Step(int(order[number % views]), count, settings.decay ** (number / iterations))


def optimise(
    field: gve_native.Field,
    seeds: gve_native.Splats,
    iterations: int,
    device: str,
    progress: Callable[[float, str], None],
    cancel: gve_native.CancelToken | None,
    idle: Callable[[], None] = lambda: None,
    settings: Settings | None = None,
) -> gve_native.Splats:
    """Trains splats for some iterations on `cpu` or `cuda`; returns them as a file can hold them.

    `progress` is called at every iteration, and may raise to stop the work; `idle` once at most,
    when from then on a GPU has the work. On the CPU the same arguments give the same splats.
    """
    settings = settings or Settings()

    def drawing(share: float, message: str) -> None:
        progress(_DRAWING * share, message)

    def training(share: float) -> None:
        progress(_DRAWING + (1.0 - _DRAWING) * share, "Training splats")

    views = targets.draw(
        field, settings.views, settings.covered, settings.samples_per_side, drawing, cancel
    )
    steps = list(schedule(len(views.pictures), len(seeds), iterations, settings))
    if device == "cpu":
        with _one_thread():
            problem = Problem.of(seeds, settings, device)
            descend(problem, views, steps, training)
    else:
        from architect.training import graphs

        problem = Problem.of(seeds, settings, device)
        graphs.descend(problem, views, steps, training, idle)
    return problem.cloud.quantised(seeds)


class Adam:
    """Kingma and Ba's optimiser (2015), within the limits of a problem.

    `torch.optim` loads PyTorch's compiler when it is first used, which takes seconds.
    """

    def __init__(self, problem: Problem) -> None:
        """Starts at rest."""
        self._problem = problem
        self._means = [torch.zeros_like(tensor) for tensor in problem.moving]
        self._squares = [torch.zeros_like(tensor) for tensor in problem.moving]
        device = problem.cloud.positions.device
        self._rates = [torch.zeros((), device=device) for _ in problem.rates]
        self._steps = 0

    def aim(self, step: Step) -> None:
        """Sets the rates for the next move; the only part that a CUDA graph does not hold."""
        self._steps += 1
        correction = math.sqrt(1.0 - _BETA_2**self._steps) / (1.0 - _BETA_1**self._steps)
        for tensor, rate in zip(self._rates, self._problem.rates, strict=True):
            tensor.fill_(rate * step.decay * correction)

    @torch.no_grad()
    def move(self, gradients: tuple[torch.Tensor, ...]) -> None:
        """Moves the parameters against their gradients."""
        parts = zip(
            self._problem.moving,
            gradients,
            self._means,
            self._squares,
            self._rates,
            self._problem.limits,
            strict=True,
        )
        for tensor, gradient, mean, square, rate, (least, most) in parts:
            mean.lerp_(gradient, 1.0 - _BETA_1)
            square.mul_(_BETA_2).addcmul_(gradient, gradient, value=1.0 - _BETA_2)
            tensor.sub_(mean.div(square.sqrt().add_(1e-15)).mul_(rate))
            torch.clamp(tensor, least, most, out=tensor)


def descend(
    problem: Problem, views: targets.Targets, steps: list[Step], progress: Callable[[float], None]
) -> None:
    """Runs the iterations with the native rasteriser."""
    adam = Adam(problem)
    wanted = [srgb(torch.from_numpy(picture[..., :3])) for picture in views.pictures]
    splats = len(problem.cloud.positions)
    for number, step in enumerate(steps):
        progress(number / len(steps))
        adam.aim(step)
        cloud = problem.cloud if step.count == splats else problem.cloud.prefix(step.count)
        side = views.side(step.view)
        scale = math.sqrt(splats / step.count)
        picture = native.render(cloud, views.cameras[step.view], (side, side), scale)
        loss = (srgb(picture[..., :3]) - wanted[step.view]).square().sum()
        adam.move(torch.autograd.grad(loss, problem.moving))


def srgb(linear: torch.Tensor) -> torch.Tensor:
    """Encodes linear values: errors count as the eye and the measure see them."""
    # The power's slope at 0 is infinite, and would spoil the other branch's gradient.
    curve = 1.055 * linear.clamp(min=0.0031308).pow(1.0 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, 12.92 * linear, curve)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """PyTorch's threads wait for work by spinning, and would take the cores from the rasteriser."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def release_memory() -> None:
    """Gives the GPU memory that nothing uses any more back."""
    # A failed device answers with the error that it failed with.
    with contextlib.suppress(*DEVICE_ERRORS):
        torch.cuda.empty_cache()
