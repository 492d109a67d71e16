"""A tape as a chain of PyTorch operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from architect.math_jit.operations import DIFFERENTIABLE, VALUES

if TYPE_CHECKING:
    import gve_native
    from numpy.typing import NDArray
    from torch import Tensor

CPU_SLAB_POINTS = 32_768
"""Points evaluated together on a CPU: the values in use at a time fit its caches."""
CUDA_SLAB_POINTS = 1 << 21
"""Points evaluated together on a GPU: starting a kernel takes longer than it runs for fewer.

Each value in use takes 8 MiB; some recipes have eighty.
"""
GRADIENT_SLAB_POINTS = 4096
"""Points differentiated together: every value of the tape is kept for the way back."""

_AXES = {"x": 0, "y": 1, "z": 2}
_RADIUS_FOLLOWS = {"smooth_min", "smooth_max", "chamfer_min", "chamfer_max"}
_OPERAND_COUNT = (
    dict.fromkeys(("neg", "abs", "sqrt", "square", "sin", "cos", "floor"), 1)
    | dict.fromkeys(("add", "sub", "mul", "div", "min", "max", "atan2", "less", "length2"), 2)
    | dict.fromkeys(("corner2", *_RADIUS_FOLLOWS), 2)
    | dict.fromkeys(("select", "length3", "corner3"), 3)
)


class _Step(NamedTuple):
    """One operation, on registers."""

    name: str
    operands: tuple[int, ...]
    radius: tuple[float, ...]
    """A blend's radius in metres; empty for other operations."""
    result: int
    done: tuple[int, ...]
    """Registers that nobody reads after this step."""


class SdfGraph:
    """The signed distance of one recipe in metres, negative inside, as PyTorch computes it.

    May be called from several threads at once.
    """

    def __init__(self, tape: gve_native.Tape, *, device: str = "cpu") -> None:
        """Takes the program and where it runs. `compile_field` also checks it."""
        self.device = torch.device(device)
        names = [tape.names[code] for code in tape.opcodes]
        operands = tape.operands.tolist()
        numbers = tape.constants.tolist()
        places = _live(names, operands, tape.distance)
        self._axes: dict[int, int] = {}
        self._constants: dict[int, Tensor] = {}
        chain: list[tuple[int, str, tuple[int, ...], tuple[float, ...]]] = []
        for place in places:
            name = names[place]
            if name in _AXES:
                self._axes[place] = _AXES[name]
            elif name == "const":
                self._constants[place] = torch.tensor(
                    numbers[place], dtype=torch.float32, device=self.device
                )
            else:
                radius = (numbers[place],) if name in _RADIUS_FOLLOWS else ()
                chain.append((place, name, tuple(operands[place][: _OPERAND_COUNT[name]]), radius))
        self._result: int = tape.distance
        self._steps = self._with_ends(chain)

    def _with_ends(
        self, chain: list[tuple[int, str, tuple[int, ...], tuple[float, ...]]]
    ) -> list[_Step]:
        last_read = {self._result: len(chain)}
        for index, (_, _, operands, _) in reversed(list(enumerate(chain))):
            for operand in operands:
                last_read.setdefault(operand, index)
        steps = []
        for index, (place, name, operands, radius) in enumerate(chain):
            done = tuple(
                operand
                for operand in dict.fromkeys(operands)
                if last_read[operand] == index and operand not in self._constants
            )
            steps.append(_Step(name, operands, radius, place, done))
        return steps

    def __len__(self) -> int:
        """Operations per distance."""
        return len(self._steps)

    @property
    def slab_points(self) -> int:
        """How many points `distances` evaluates together on this device."""
        return CPU_SLAB_POINTS if self.device.type == "cpu" else CUDA_SLAB_POINTS

    def __call__(self, points: Tensor) -> Tensor:
        """Distances at points of shape (n, 3) on the graph's device: shape (n,).

        Where a gradient is wanted, PyTorch keeps every value in memory: some thousands of bytes per
        point. `gradients` takes many points in slabs.

        Raises:
            ValueError: the points are no float32 of that shape.

        """
        if points.dtype != torch.float32 or points.ndim != 2 or points.shape[1] != 3:
            raise ValueError(
                "expected float32 points of shape (n, 3), "
                f"found {points.dtype} of {tuple(points.shape)}"
            )
        wants_gradient = torch.is_grad_enabled() and points.requires_grad
        operations = DIFFERENTIABLE if wants_gradient else VALUES
        columns = points.unbind(1) if wants_gradient else points.t().contiguous().unbind(0)
        values = dict(self._constants)
        values.update((place, columns[axis]) for place, axis in self._axes.items())
        for step in self._steps:
            read = [values[operand] for operand in step.operands]
            values[step.result] = operations[step.name](*read, *step.radius)
            for place in step.done:
                del values[place]
        return values[self._result].expand(points.shape[0])

    def distances(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Distances at points of shape (n, 3), slab by slab: shape (n,)."""
        slab = self.slab_points
        out = np.empty(len(points), np.float32)
        with torch.no_grad():
            for start in range(0, len(points), slab):
                part = self._upload(points[start : start + slab])
                out[start : start + slab] = self(part).cpu().numpy()
        return out

    def gradients(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Gradients by autograd and distances: d/dx, d/dy, d/dz, distance; shape (n, 4)."""
        out = np.empty((len(points), 4), np.float32)
        for start in range(0, len(points), GRADIENT_SLAB_POINTS):
            part = self._upload(points[start : start + GRADIENT_SLAB_POINTS]).requires_grad_()
            with torch.enable_grad():
                distances = self(part)
                if distances.requires_grad:
                    (slopes,) = torch.autograd.grad(distances.sum(), part)
                else:
                    # The same distance everywhere.
                    slopes = torch.zeros_like(part)
            out[start : start + GRADIENT_SLAB_POINTS, :3] = slopes.cpu().numpy()
            out[start : start + GRADIENT_SLAB_POINTS, 3] = distances.detach().cpu().numpy()
        return out

    def _upload(self, points: NDArray[np.float32]) -> Tensor:
        # Copied: PyTorch has no tensors that cannot be written to, NumPy has such arrays.
        return torch.from_numpy(np.array(points, np.float32, order="C")).to(self.device)


def _live(names: list[str], operands: list[list[int]], result: int) -> list[int]:
    """Places that the result needs, in order."""
    live = {result}
    for place in range(result, -1, -1):
        if place in live:
            count = _operand_count(names[place])
            live.update(operands[place][:count])
    return sorted(live)


def _operand_count(name: str) -> int:
    if name in _AXES or name == "const":
        return 0
    try:
        return _OPERAND_COUNT[name]
    except KeyError:
        raise NotImplementedError(f"the Math JIT does not know the operation {name!r}") from None
