"""The parameters of a cloud of splats as tensors."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Self

import gve_native
import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAMES = ("positions", "log_scales", "rotations", "opacities", "albedos")


@dataclasses.dataclass(frozen=True)
class Cloud:
    """Gaussians, one tensor for each parameter; float32, most important first."""

    positions: torch.Tensor
    """Centres in metres: (n, 3)."""
    log_scales: torch.Tensor
    """Natural logarithms of the standard deviations in metres; the last is across the surface."""
    rotations: torch.Tensor
    """Quaternions xyzw of any length but 0: (n, 4)."""
    opacities: torch.Tensor
    """From 0 to 1: (n,)."""
    albedos: torch.Tensor
    """Linear: (n, 3)."""

    @classmethod
    def of(cls, splats: gve_native.Splats, device: str = "cpu") -> Self:
        """The parameters of splats."""
        colors = splats.colors.astype(np.float32) / np.float32(255.0)
        arrays = (
            splats.positions,
            np.log(splats.scales),
            splats.rotations,
            colors[:, 3],
            linear_from_srgb(colors[:, :3]),
        )
        tensors = (torch.from_numpy(np.array(a, np.float32, order="C")) for a in arrays)
        return cls(*(tensor.to(device) for tensor in tensors))

    def tensors(self) -> tuple[torch.Tensor, ...]:
        """All parameters, in the order of `NAMES`."""
        return tuple(getattr(self, name) for name in NAMES)

    def prefix(self, count: int) -> Cloud:
        """The first `count` gaussians."""
        return Cloud(*(tensor[:count] for tensor in self.tensors()))

    def quantised(self, seeds: gve_native.Splats) -> gve_native.Splats:
        """What a file can hold of it; materials are the seeds', normals follow the rotation."""
        positions, log_scales, rotations, opacities, albedos = (
            tensor.detach().to("cpu").numpy() for tensor in self.tensors()
        )
        lengths = np.linalg.norm(rotations.astype(np.float64), axis=1, keepdims=True)
        rotations = (rotations / lengths).astype(np.float32)
        rgb = np.rint(srgb_from_linear(albedos) * 255.0)
        # One step is the least that is drawn at all.
        alpha = np.clip(np.rint(opacities * 255.0), 2.0, 255.0)
        x, y, z, w = rotations.T
        normals = np.stack(
            (2.0 * (x * z + w * y), 2.0 * (y * z - w * x), 1.0 - 2.0 * (x * x + y * y)), axis=1
        )
        return gve_native.Splats.from_arrays(
            np.ascontiguousarray(positions),
            np.exp(log_scales),
            rotations,
            np.column_stack((rgb, alpha)).astype(np.uint8),
            octahedral(normals),
            np.ascontiguousarray(seeds.materials),
        )


def linear_from_srgb(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Decodes sRGB values from 0 to 1."""
    low, high = x / np.float32(12.92), ((x + np.float32(0.055)) / np.float32(1.055)) ** 2.4
    return np.where(x <= 0.04045, low, high).astype(np.float32)


def srgb_from_linear(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Encodes linear values, clamped to 0 to 1."""
    x = np.clip(x, 0.0, 1.0)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1.0 / 2.4) - 0.055).astype(np.float32)


def octahedral(normals: NDArray[np.float32]) -> NDArray[np.int8]:
    """Unit vectors as two signed bytes each: Cigolle et al., JCGT 2014."""
    flat = normals[:, :2] / np.abs(normals).sum(axis=1, keepdims=True)
    folded = (1.0 - np.abs(flat[:, ::-1])) * np.where(flat >= 0.0, 1.0, -1.0)
    chosen = np.where(normals[:, 2:] < 0.0, folded, flat)
    # Away from zero at halves, as Rust rounds.
    rounded = np.trunc(chosen * 127.0 + np.copysign(0.5, chosen))
    codes: NDArray[np.int8] = np.clip(rounded, -127, 127).astype(np.int8)
    return codes
