"""The native rasteriser against PyTorch's own derivatives."""

from collections.abc import Callable
from typing import Any

import gve_native
import numpy as np
import pytest
import torch

from architect.training import fragments, native
from architect.training.cloud import NAMES, Cloud

SIZE = (61, 45)


def view(field: gve_native.Field) -> Any:
    return gve_native.frame_cameras(field, np.array([[0.7, 0.4]], np.float32), 0.7)[0]


def tracked(cloud: Cloud) -> Cloud:
    return Cloud(*(tensor.detach().clone().requires_grad_() for tensor in cloud.tensors()))


def translucent(cloud: Cloud) -> Cloud:
    """Larger, see-through gaussians with quaternions of other lengths: every gradient counts."""
    generator = torch.Generator().manual_seed(3)
    return Cloud(
        cloud.positions,
        cloud.log_scales + 0.6,
        cloud.rotations * 1.3,
        0.2 + 0.7 * torch.rand(len(cloud.opacities), generator=generator),
        torch.rand(len(cloud.opacities), 3, generator=generator),
    )


@pytest.mark.parametrize("change", [lambda cloud: cloud, translucent])
def test_native_gradients_are_those_of_autograd(
    field: gve_native.Field, seeds: gve_native.Splats, change: Callable[[Cloud], Cloud]
) -> None:
    cloud = change(Cloud.of(seeds))
    ours, theirs = tracked(cloud), tracked(cloud)
    camera = view(field)
    scale = 1.2
    picture = native.render(ours, camera, SIZE, scale)
    reference = fragments.render(theirs, fragments.Lens.of(camera, SIZE, "cpu"), scale)
    assert picture.shape == (SIZE[1], SIZE[0], 4)
    assert 0.05 < picture[..., 3].mean().item() < 0.8
    torch.testing.assert_close(picture, reference, atol=2e-5, rtol=0)
    weights = torch.randn(picture.shape, generator=torch.Generator().manual_seed(5))
    gradients = torch.autograd.grad((picture * weights).sum(), ours.tensors())
    oracle = torch.autograd.grad((reference * weights).sum(), theirs.tensors())
    for name, found, wanted in zip(NAMES, gradients, oracle, strict=True):
        error = (found - wanted).norm().item()
        assert error <= 1e-4 * wanted.norm().item(), name


def test_a_prefix_is_what_is_drawn_of_fewer_splats(
    field: gve_native.Field, seeds: gve_native.Splats
) -> None:
    cloud, lens = Cloud.of(seeds), fragments.Lens.of(view(field), SIZE, "cpu")
    fewer = fragments.render(cloud.prefix(500), lens, 2.0)
    counted = fragments.render(cloud, lens, 2.0, torch.tensor(500))
    torch.testing.assert_close(fewer, counted)


def test_a_capacity_changes_nothing_when_it_suffices(
    field: gve_native.Field, seeds: gve_native.Splats
) -> None:
    cloud, lens = Cloud.of(seeds), fragments.Lens.of(view(field), SIZE, "cpu")
    surface = fragments.Surface.of(cloud, lens)
    needed = int(fragments.fragments_needed(cloud, surface, lens))
    wide, told = fragments.render_within(cloud, surface, lens, 1.0, None, needed + 1000)
    torch.testing.assert_close(wide, fragments.render(cloud, lens))
    assert int(told) == needed
    _, told = fragments.render_within(cloud, surface, lens, 1.0, None, needed // 2)
    assert int(told) == needed, "what does not fit is still counted"


def test_broken_gaussians_are_left_out(field: gve_native.Field, seeds: gve_native.Splats) -> None:
    cloud = tracked(Cloud.of(seeds).prefix(50))
    with torch.no_grad():
        cloud.positions[0, 0] = float("nan")
        cloud.log_scales[1, 0] = float("inf")
        cloud.rotations[2] = 0.0
    camera = view(field)
    lens = fragments.Lens.of(camera, SIZE, "cpu")
    picture = native.render(cloud, camera, SIZE)
    torch.testing.assert_close(picture, fragments.render(cloud, lens), atol=2e-5, rtol=0)
    gradients = torch.autograd.grad(picture.sum(), cloud.tensors())
    assert all(bool(gradient.isfinite().all()) for gradient in gradients)


def test_shapes_are_checked(field: gve_native.Field, seeds: gve_native.Splats) -> None:
    cloud = Cloud.of(seeds)
    arrays = [tensor.numpy() for tensor in cloud.tensors()]
    # Called with what its types forbid.
    rasterize: Any = gve_native.rasterize
    with pytest.raises(ValueError, match="rotations"):
        rasterize(*arrays[:2], arrays[2][1:], *arrays[3:], view(field), SIZE)
    with pytest.raises(ValueError, match="contiguous"):
        rasterize(arrays[0][::-1], *arrays[1:], view(field), SIZE)
    with pytest.raises(ValueError, match="camera"):
        rasterize(*arrays, view(field)[:9].copy(), SIZE)
    with pytest.raises(ValueError, match="size"):
        rasterize(*arrays, view(field), (0, 5))
    drawn = rasterize(*arrays, view(field), SIZE)
    with pytest.raises(ValueError, match="pixels"):
        drawn.backward(*arrays, np.zeros((3, 3, 4), np.float32))
