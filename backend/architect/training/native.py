"""The native rasteriser as a function that PyTorch differentiates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gve_native
import torch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from architect.training.cloud import Cloud


class _Rasterize(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> torch.Tensor:  # noqa: ANN401 - as torch declares it
        *parameters, camera, size, scale = inputs
        positions, log_scales, rotations, opacities, albedos = (
            tensor.detach().numpy() for tensor in parameters
        )
        rendering = gve_native.rasterize(
            positions, log_scales, rotations, opacities, albedos, camera, size, scale=scale
        )
        ctx.rendering = rendering
        ctx.save_for_backward(*parameters)
        return torch.from_numpy(rendering.image)

    @staticmethod
    def backward(ctx: Any, *by_image: Any) -> Any:  # noqa: ANN401 - as torch declares it
        arrays = [tensor.detach().numpy() for tensor in ctx.saved_tensors]
        gradients = ctx.rendering.backward(*arrays, by_image[0].contiguous().numpy())
        wanted = zip(gradients, ctx.needs_input_grad, strict=False)
        by_parameters = (torch.from_numpy(values) if need else None for values, need in wanted)
        return (*by_parameters, None, None, None)


def render(
    cloud: Cloud, camera: NDArray[np.float32], size: tuple[int, int], scale: float = 1.0
) -> torch.Tensor:
    """Draws a cloud in the flat look on the CPU: linear colour and coverage, (height, width, 4).

    `camera` holds ten numbers as `gve_native.rasterize` wants them, `size` is (width, height),
    `scale` a factor on all standard deviations.
    """
    image: torch.Tensor = _Rasterize.apply(*cloud.tensors(), camera, size, scale)
    return image
