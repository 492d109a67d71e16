"""Moves the parameters of a cloud so that its pictures become those of the field."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from typing import TYPE_CHECKING, Protocol

import gve_native
import numpy as np
import torch

from architect.training import fragments, native, targets
from architect.training.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

OutOfMemoryError = torch.OutOfMemoryError
DEVICE_ERRORS: tuple[type[Exception], ...] = (torch.OutOfMemoryError, torch.AcceleratorError)
"""What a GPU raises that cannot go on."""


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """How splats are trained; lengths are relative to the splats' own sizes."""

    views: int = 64
    """Pictures of the field."""
    side: int = 256
    """Width and height of the pictures in pixels."""
    samples_per_side: int = 2
    """Of each pixel of the pictures."""
    prefix_every: int = 4
    """Each so many iterations draw only the most important splats, as a coarser level does."""
    smallest_prefix: float = 0.1
    """The share of the splats that such an iteration draws at least."""
    position_rate: float = 0.012
    """Learning rate of the centres, in standard deviations."""
    scale_rate: float = 0.012
    """Of the logarithms of the standard deviations."""
    rotation_rate: float = 0.003
    """Of the unit quaternions."""
    opacity_rate: float = 0.012
    albedo_rate: float = 0.003
    decay: float = 0.1
    """What the rates are multiplied by until the end."""
    slide: float = 0.5
    """How far a centre may move along each axis, in standard deviations."""
    growth: float = 2.0
    """How many times larger or smaller a standard deviation in the surface may become."""
    turn: float = 0.1
    """How far each number of a unit quaternion may move."""
    tint: float = 0.1
    """How far each linear channel of an albedo may move."""
    least_opacity: float = 0.05


class Renderer(Protocol):
    """Draws a cloud as one of the training cameras sees it."""

    def __call__(self, cloud: Cloud, view: int, scale: float) -> torch.Tensor:
        """Linear colour and coverage, (height, width, 4); `scale` multiplies all sizes."""
        ...


def renderer_for(views: targets.Targets, device: str) -> Renderer:
    """The native rasteriser on the CPU, PyTorch's own operations elsewhere."""
    if device == "cpu":

        def draw_natively(cloud: Cloud, view: int, scale: float) -> torch.Tensor:
            return native.render(cloud, views.cameras[view], views.size, scale)

        return draw_natively
    lenses = [fragments.Lens.of(camera, views.size, device) for camera in views.cameras]

    def draw_fragments(cloud: Cloud, view: int, scale: float) -> torch.Tensor:
        return fragments.render(cloud, lenses[view], scale)

    return draw_fragments


def optimise(
    field: gve_native.Field,
    seeds: gve_native.Splats,
    iterations: int,
    device: str,
    progress: Callable[[float, str], None],
    cancel: gve_native.CancelToken | None,
    settings: Settings | None = None,
) -> gve_native.Splats:
    """Trains splats for some iterations on `cpu` or `cuda`; returns them as a file can hold them.

    `progress` is called at every iteration, and may raise to stop the work. On the CPU the same
    arguments give the same splats.
    """
    settings = settings or Settings()
    views = targets.draw(
        field,
        settings.views,
        settings.side,
        settings.samples_per_side,
        lambda share, message: progress(_DRAWING * share, message),
        cancel,
    )
    with _one_thread() if device == "cpu" else contextlib.nullcontext():
        trained = _descend(seeds, views, iterations, device, progress, settings)
    return trained.quantised(seeds)


_DRAWING = 0.2
"""Share of the work that drawing the views takes."""


def _descend(
    seeds: gve_native.Splats,
    views: targets.Targets,
    iterations: int,
    device: str,
    progress: Callable[[float, str], None],
    settings: Settings,
) -> Cloud:
    seed = Cloud.of(seeds, device)
    low, high, rates = _limits(seed, settings)
    cloud = Cloud(*(tensor.clone().requires_grad_() for tensor in seed.tensors()))
    parameters = cloud.tensors()
    groups = [
        {"params": [tensor], "lr": rate} for tensor, rate in zip(parameters, rates, strict=True)
    ]
    adam = torch.optim.Adam(groups, betas=(0.9, 0.99), eps=1e-15, fused=True)
    render = renderer_for(views, device)
    wanted = srgb(torch.from_numpy(views.pictures[..., :3]).to(device))
    schedule = _schedule(len(views.cameras), len(seeds), iterations, settings)
    for number, (view, count) in enumerate(schedule):
        progress(_DRAWING + (1.0 - _DRAWING) * number / iterations, "Training splats")
        for group, rate in zip(adam.param_groups, rates, strict=True):
            group["lr"] = rate * settings.decay ** (number / iterations)
        drawn = cloud if count == len(seeds) else cloud.prefix(count)
        picture = render(drawn, view, math.sqrt(len(seeds) / count))
        loss = (srgb(picture[..., :3]) - wanted[view]).square().sum()
        adam.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        with torch.no_grad():
            for tensor, least, most in zip(parameters, low.tensors(), high.tensors(), strict=True):
                torch.clamp(tensor, least, most, out=tensor)
    return cloud


def srgb(linear: torch.Tensor) -> torch.Tensor:
    """Encodes linear values: errors count as the eye and the measure see them."""
    # The power's slope at 0 is infinite, and would spoil the other branch's gradient.
    curve = 1.055 * linear.clamp(min=0.0031308).pow(1.0 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, 12.92 * linear, curve)


def _limits(seed: Cloud, settings: Settings) -> tuple[Cloud, Cloud, list[float]]:
    """How far each parameter may go, and the learning rates in the order of the parameters."""
    sizes = seed.log_scales[:, :2].exp()
    slide = settings.slide * sizes.amin(1, keepdim=True)
    growth = math.log(settings.growth) * torch.ones_like(seed.log_scales)
    # Across the surface nothing is to be won that would not show from the side.
    growth[:, 2] = 0.0

    def moved(sign: float) -> Cloud:
        return Cloud(
            positions=seed.positions + sign * slide,
            log_scales=seed.log_scales + sign * growth,
            rotations=seed.rotations + sign * settings.turn,
            opacities=torch.full_like(
                seed.opacities, 1.0 if sign > 0.0 else settings.least_opacity
            ),
            albedos=(seed.albedos + sign * settings.tint).clamp(0.0, 1.0),
        )

    rates = [
        settings.position_rate * float(sizes.median()),
        settings.scale_rate,
        settings.rotation_rate,
        settings.opacity_rate,
        settings.albedo_rate,
    ]
    return moved(-1.0), moved(1.0), rates


def _schedule(
    views: int, splats: int, iterations: int, settings: Settings
) -> Iterator[tuple[int, int]]:
    """For each iteration the view, and how many splats are drawn."""
    # Not for secrets: the same every time, so that the same recipe gives the same splats.
    random = np.random.default_rng(7)
    order: NDArray[np.intp] = np.empty(0, np.intp)
    for number in range(iterations):
        if number % views == 0:
            order = random.permutation(views)
        count = splats
        if number % settings.prefix_every == settings.prefix_every - 1:
            count = max(1, round(splats * settings.smallest_prefix ** random.uniform()))
        yield int(order[number % views]), count


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
