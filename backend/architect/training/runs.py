"""Values along the fragments of a picture, and how they are differentiated.

PyTorch would differentiate picking by adding with atomics, one number at a time. A gaussian's
fragments lie side by side before they are sorted, a pixel's lie side by side after: so all these
are sums of runs, which a GPU adds up several times as fast.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import torch


@dataclasses.dataclass(frozen=True)
class Runs:
    """Fragments sorted by pixel and depth; unused ones at the end have no pixel."""

    owner: torch.Tensor
    """The gaussian of each fragment."""
    order: torch.Tensor
    """Where each was when they were sorted by gaussian."""
    begins: torch.Tensor
    """Where each gaussian's began then, and where the last one's ended: (gaussians + 1,)."""
    pixel: torch.Tensor
    """Row by row; one past the last for unused fragments."""
    starts: torch.Tensor
    """Where each pixel's fragments begin, and where the last one's end: (pixels + 1,)."""

    def spread(self, values: torch.Tensor) -> torch.Tensor:
        """Rows of gaussians' values to rows of fragments': (k, gaussians) to (k, fragments)."""
        spread: torch.Tensor = _Spread.apply(values, self)
        return spread

    def before(self, values: torch.Tensor) -> torch.Tensor:
        """Sums over the earlier fragments of each one's pixel: (fragments,) of float64."""
        before: torch.Tensor = _Before.apply(values, self)
        return before

    def totals(self, values: torch.Tensor) -> torch.Tensor:
        """Sums over the fragments of each pixel: (k, fragments) to (k, pixels)."""
        totals: torch.Tensor = _Totals.apply(values, self)
        return totals


class _Spread(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, runs: Runs) -> torch.Tensor:  # noqa: ANN401 - as torch declares it
        ctx.runs = runs
        return values[:, runs.owner]

    @staticmethod
    def backward(ctx: Any, by_fragment: Any) -> Any:  # noqa: ANN401 - as torch declares it
        runs: Runs = ctx.runs
        by_gaussian = torch.empty_like(by_fragment)
        by_gaussian[:, runs.order] = by_fragment
        return _sums(by_gaussian, runs.begins), None


class _Before(torch.autograd.Function):
    # Differences of sums along the whole list, which is why they are in float64.
    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, runs: Runs) -> torch.Tensor:  # noqa: ANN401 - as torch declares it
        ctx.runs = runs
        sums = values.cumsum(0) - values
        return sums - sums[runs.starts[runs.pixel]]

    @staticmethod
    def backward(ctx: Any, by_sum: Any) -> Any:  # noqa: ANN401 - as torch declares it
        # A value counts in the sums of all later fragments of its pixel.
        runs: Runs = ctx.runs
        sums = by_sum.cumsum(0)
        last = runs.starts[1:] - 1
        return sums[last.clamp(min=0)][runs.pixel.clamp(max=len(last) - 1)] - sums, None


class _Totals(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, runs: Runs) -> torch.Tensor:  # noqa: ANN401 - as torch declares it
        ctx.runs = runs
        return _sums(values, runs.starts)

    @staticmethod
    def backward(ctx: Any, by_total: Any) -> Any:  # noqa: ANN401 - as torch declares it
        pixel = ctx.runs.pixel
        return by_total[:, pixel.clamp(max=by_total.shape[1] - 1)], None


def _sums(values: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
    """Sums of runs in each row: (k, values) to (k, runs)."""
    starts = starts.expand(len(values), -1).contiguous()
    # What it checks, it would wait for the device to check.
    return torch.segment_reduce(values, "sum", offsets=starts, axis=1, unsafe=True)
