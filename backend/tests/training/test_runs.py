"""Values along fragments, against what PyTorch makes of the plain operations."""

from collections.abc import Callable

import pytest
import torch

from architect.training.runs import Runs

# Fragments by gaussian: the second has none, the last place is unused.
RANDOM = torch.Generator().manual_seed(0)
OWNERS = torch.tensor([0, 0, 0, 2, 2, 3, 3])
PIXELS = torch.tensor([1, 0, 4, 4, 1, 1, 6])
GAUSSIANS, SIZE = 4, 6


def runs() -> Runs:
    pixel, order = PIXELS.sort(stable=True)
    return Runs(
        OWNERS[order],
        order,
        torch.tensor([0, 3, 3, 5, 6]),
        pixel,
        torch.searchsorted(pixel, torch.arange(SIZE + 1)),
    )


def spread(values: torch.Tensor) -> torch.Tensor:
    return values[:, runs().owner]


def before(values: torch.Tensor) -> torch.Tensor:
    pixel = runs().pixel
    earlier = (pixel[:, None] == pixel[None]) & (torch.arange(7)[:, None] > torch.arange(7))
    return torch.where(earlier, values, 0.0).sum(1)


def totals(values: torch.Tensor) -> torch.Tensor:
    return torch.zeros(len(values), SIZE + 1).index_add(1, runs().pixel, values)[:, :SIZE]


@pytest.mark.parametrize(
    ("ours", "plain", "values"),
    [
        (runs().spread, spread, torch.randn(2, GAUSSIANS, generator=RANDOM)),
        (runs().before, before, torch.randn(7, dtype=torch.float64, generator=RANDOM)),
        (runs().totals, totals, torch.randn(3, 7, generator=RANDOM)),
    ],
)
def test_values_and_gradients_are_those_of_the_plain_operations(
    ours: Callable[[torch.Tensor], torch.Tensor],
    plain: Callable[[torch.Tensor], torch.Tensor],
    values: torch.Tensor,
) -> None:
    used = runs().pixel < SIZE
    results = []
    for operation in (ours, plain):
        leaf = values.clone().requires_grad_()
        found = operation(leaf)
        weights = torch.randn(found.shape, generator=torch.Generator().manual_seed(1))
        if found.shape[-1] == len(used):
            weights = weights * used  # What becomes of an unused fragment does not count.
        (gradient,) = torch.autograd.grad((found * weights).sum(), leaf)
        if gradient.shape[-1] == len(used):
            gradient = gradient * used
        results.append((found, gradient))
    torch.testing.assert_close(*(gradient for _, gradient in results))
    torch.testing.assert_close(
        *(found if found.shape[-1] != len(used) else found * used for found, _ in results)
    )
