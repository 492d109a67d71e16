"""The iterations on a CUDA device, recorded once and played again.

An iteration is some two hundred small kernels: starting them one by one takes several times as
long as they run. So for each size of the pictures a CUDA graph of a whole iteration is recorded;
what changes between iterations (camera, number of splats, picture, rates) lies in tensors that are
filled before it is played.
"""

from __future__ import annotations

import collections
import math
from typing import TYPE_CHECKING

import torch

from architect.training import fragments
from architect.training.optimiser import Adam, srgb

if TYPE_CHECKING:
    from collections.abc import Callable

    from architect.training.optimiser import Problem, Step
    from architect.training.targets import Targets

_EAGER = 1
"""Iterations of each size before the recording: libraries set themselves up in them."""
_ROOM = 1.5
"""Room for fragments over what the seeds need; footprints grow a little."""
_CHECK_EVERY = 32
"""Iterations after which the room is looked at."""
_AHEAD = 2
"""Iterations that may wait on the device: few, so that a cancelled one ends soon."""


class _Lane:
    """The iterations with pictures of one size."""

    def __init__(
        self,
        problem: Problem,
        surface: fragments.Surface,
        adam: Adam,
        views: Targets,
        side: int,
        pool: torch.cuda._POOL_HANDLE | None,
    ) -> None:
        self._problem, self._surface, self._adam, self._pool = problem, surface, adam, pool
        device = problem.cloud.positions.device
        self._lens = {
            view: fragments.Lens.of(views.cameras[view], (side, side), str(device))
            for view in range(len(views.pictures))
            if views.side(view) == side
        }
        self._wanted = {
            view: srgb(torch.from_numpy(views.pictures[view][..., :3]).to(device))
            for view in self._lens
        }
        needed = [
            fragments.fragments_needed(problem.cloud, surface, lens) for lens in self._lens.values()
        ]
        self._capacity = max(1024, math.ceil(_ROOM * int(torch.stack(needed).max())))
        first = next(iter(self._lens.values()))
        self._now = fragments.Lens(first.numbers.clone(), first.size, first.lights)
        self._target = torch.zeros(side, side, 3, device=device)
        self._scale = torch.ones((), device=device)
        self._count = torch.zeros((), dtype=torch.long, device=device)
        self._needed = torch.zeros((), dtype=torch.long, device=device)
        self._graph: torch.cuda.CUDAGraph | None = None
        self._runs = 0

    @property
    def recorded(self) -> bool:
        """Whether iterations are only played from now on."""
        return self._graph is not None

    def run(self, step: Step) -> None:
        """Does one iteration."""
        splats = len(self._problem.cloud.positions)
        self._now.numbers.copy_(self._lens[step.view].numbers)
        self._target.copy_(self._wanted[step.view])
        self._scale.fill_(math.sqrt(splats / step.count))
        self._count.fill_(step.count)
        self._runs += 1
        if self._target.is_cuda and self._graph is None and self._runs > _EAGER:
            graph = torch.cuda.CUDAGraph()
            # Other threads may use the device meanwhile.
            with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
                self._iterate()
            # Recording computes nothing.
            self._graph = graph
        if self._graph is not None:
            self._graph.replay()
        elif self._target.is_cuda:
            self._aside()
        else:
            self._iterate()

    def _aside(self) -> None:
        """Iterates on a stream of its own, as what comes before a recording must be."""
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self._iterate()
        torch.cuda.current_stream().wait_stream(stream)

    def _iterate(self) -> None:
        picture, needed = fragments.render_within(
            self._problem.cloud,
            self._surface,
            self._now,
            self._scale,
            self._count,
            self._capacity,
        )
        loss = (srgb(picture[..., :3]) - self._target).square().sum()
        self._adam.move(torch.autograd.grad(loss, self._problem.moving))
        torch.maximum(self._needed, needed, out=self._needed)

    def make_room(self) -> None:
        """Records anew if fragments did not fit."""
        needed = int(self._needed)
        if needed > self._capacity:
            self._capacity = math.ceil(_ROOM * needed)
            self._graph = None


def descend(
    problem: Problem,
    views: Targets,
    steps: list[Step],
    progress: Callable[[float], None],
    idle: Callable[[], None] = lambda: None,
) -> None:
    """Runs the iterations with the renderer in PyTorch's own operations.

    `idle` is called once everything is recorded: from then on the processor only waits. Before, it
    sets the pace, and would be slowed down by other work.
    """
    device = problem.cloud.positions.device
    on_gpu = device.type == "cuda"
    adam = Adam(problem)
    lens = fragments.Lens.of(views.cameras[0], (1, 1), str(device))
    surface = fragments.Surface.of(problem.cloud, lens)
    # Recordings are played one after another and leave nothing behind: they can share memory.
    pool = torch.cuda.graph_pool_handle() if on_gpu else None
    sides = sorted({views.side(view) for view in range(len(views.pictures))})
    lanes = {side: _Lane(problem, surface, adam, views, side, pool) for side in sides}
    preparing = set(sides)
    waiting: collections.deque[torch.cuda.Event] = collections.deque()
    for number, step in enumerate(steps):
        progress(number / len(steps))
        adam.aim(step)
        side = views.side(step.view)
        lanes[side].run(step)
        if side in preparing and lanes[side].recorded:
            preparing.remove(side)
            if not preparing:
                idle()
        if number % _CHECK_EVERY == _CHECK_EVERY - 1:
            for lane in lanes.values():
                lane.make_room()
        if on_gpu:
            event = torch.cuda.Event()  # type: ignore[no-untyped-call]
            event.record()
            waiting.append(event)
            if len(waiting) > _AHEAD:
                waiting.popleft().synchronize()
