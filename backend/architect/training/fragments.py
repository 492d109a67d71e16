"""The splat renderer in plain PyTorch: what runs on a GPU, and what checks the native rasteriser.

Every gaussian is expanded to the pixels of its footprint; all these fragments are sorted by pixel
and depth and blended by sums along the sorted list. A few large operations on any device; PyTorch
differentiates them by itself. The model is that of `gve_bake::render`: its formulas stand there.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import gve_native
import torch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from architect.training.cloud import Cloud

MAX_ALPHA = 0.99
MIN_ALPHA = 1.0 / 255.0
MIN_TRANSMITTANCE = 1e-3
MIN_DEPTH = 1e-6

# The flat look.
_KEY = (0.48507, 0.72761, 0.48507)
_FILL = (-0.8165, 0.40825, 0.40825)
_BACKGROUND = ((0.75 + 0.055) / 1.055) ** 2.4


@dataclasses.dataclass(frozen=True)
class Lens:
    """What the projection needs of a camera; see `gve_native.camera_lens`."""

    numbers: torch.Tensor
    """Of the camera, for pictures of this size: (19,)."""
    size: tuple[int, int]
    """Width and height of the picture in pixels."""
    lights: torch.Tensor
    """Directions of the key and the fill light: (2, 3)."""

    @classmethod
    def of(cls, camera: NDArray[np.float32], size: tuple[int, int], device: str) -> Lens:
        """The lens of a camera for pictures of `size` (width, height)."""
        numbers = torch.from_numpy(gve_native.camera_lens(camera, size).copy()).to(device)
        return cls(numbers, size, torch.tensor((_KEY, _FILL), device=device))

    @property
    def eye(self) -> torch.Tensor:
        """Where it stands, in metres."""
        return self.numbers[0:3]

    @property
    def camera_from_world(self) -> torch.Tensor:
        """Turns world directions into x right, y down, z forward: (3, 3)."""
        return self.numbers[3:12].reshape(3, 3)

    @property
    def focal(self) -> torch.Tensor:
        """Pixels per unit at depth 1."""
        return self.numbers[12:14]

    @property
    def middle(self) -> torch.Tensor:
        """The middle of the picture in pixels."""
        return self.numbers[14:16]

    @property
    def limit(self) -> torch.Tensor:
        """The largest tangent that the projection is linearised at."""
        return self.numbers[16:18]

    @property
    def low_pass_px2(self) -> torch.Tensor:
        """Variance in square pixels that is added to every gaussian."""
        return self.numbers[18]


def _columns(rotations: torch.Tensor) -> torch.Tensor:
    """Rotation matrices of quaternions xyzw of any length: (n, 3, 3)."""
    x, y, z, w = torch.nn.functional.normalize(rotations, dim=1, eps=1e-12).unbind(1)
    xx, yy, zz = x * x, y * y, z * z
    xy, xz, yz = x * y, x * z, y * z
    wx, wy, wz = w * x, w * y, w * z
    numbers = (
        1.0 - 2.0 * (yy + zz),
        2.0 * (xy - wz),
        2.0 * (xz + wy),
        2.0 * (xy + wz),
        1.0 - 2.0 * (xx + zz),
        2.0 * (yz - wx),
        2.0 * (xz - wy),
        2.0 * (yz + wx),
        1.0 - 2.0 * (xx + yy),
    )
    return torch.stack(numbers, dim=1).reshape(-1, 3, 3)


def _shade(albedos: torch.Tensor, normals: torch.Tensor, lens: Lens) -> torch.Tensor:
    light = (
        0.18
        + 0.22 * (0.5 + 0.5 * normals[:, 1])
        + 0.50 * (normals @ lens.lights[0]).clamp(min=0.0)
        + 0.15 * (normals @ lens.lights[1]).clamp(min=0.0)
    )
    return (albedos * 0.85 + 0.08) * light[:, None]


def _project(
    cloud: Cloud, lens: Lens, scale: float | torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Per gaussian: centre, conic, opacity, colour (n, 9); variances (n, 2); depth, 0 if unseen."""
    to_eye = lens.eye - cloud.positions
    turn = _columns(cloud.rotations)
    normals = turn[:, :, 2]
    point = -to_eye @ lens.camera_from_world.T
    # Not `clamp`: a value at its limit has a slope too.
    opacity = torch.where(cloud.opacities > 1.0, 1.0, cloud.opacities)
    with torch.no_grad():
        seen = (
            ((normals * to_eye).sum(1) > 0.0)
            & (point[:, 2] > MIN_DEPTH)
            & (opacity > MIN_ALPHA)
            & (cloud.rotations.square().sum(1) > 1e-24)
        )
    depth = torch.where(seen, point[:, 2], 1.0)[:, None]
    tangent = point[:, :2] / depth
    held = torch.minimum(torch.maximum(tangent, -lens.limit), lens.limit)
    per_metre = lens.focal / depth
    # The rows of the Jacobian in the world's axes, then along the gaussian's own.
    x_axis, y_axis, z_axis = lens.camera_from_world.unbind(0)
    rows = torch.stack((x_axis - held[:, :1] * z_axis, y_axis - held[:, 1:] * z_axis), dim=1)
    along = (rows @ turn) * per_metre[:, :, None] * (cloud.log_scales.exp() * scale)[:, None, :]
    on_x, on_y = along.unbind(1)
    xx = on_x.square().sum(1) + lens.low_pass_px2
    yy = on_y.square().sum(1) + lens.low_pass_px2
    xy = (on_x * on_y).sum(1)
    determinant = xx * yy - xy * xy
    with torch.no_grad():
        seen = seen & (determinant > 0.0) & determinant.isfinite()
    inverse = torch.where(seen, determinant, 1.0).reciprocal()
    center = tangent * lens.focal + lens.middle
    color = _shade(cloud.albedos, normals, lens)
    conic = torch.stack((yy, -xy, xx), dim=1) * inverse[:, None]
    footprint = torch.cat((center, conic, opacity[:, None], color), dim=1)
    with torch.no_grad():
        seen = seen & footprint.isfinite().all(1)
        return footprint, torch.stack((xx, yy), dim=1), torch.where(seen, point[:, 2], 0.0)


@dataclasses.dataclass(frozen=True)
class _Fragments:
    """Pixels of footprints, sorted by pixel and depth; unused places at the end have no pixel."""

    owner: torch.Tensor
    pixel: torch.Tensor
    """Row by row; one past the last for unused places."""
    at: torch.Tensor
    """Centres of the pixels: (n, 2)."""
    first: torch.Tensor
    """For each fragment the first one of its pixel."""
    needed: torch.Tensor
    """How many places there should be."""


@torch.no_grad()
def _expand(
    footprint: torch.Tensor,
    variance: torch.Tensor,
    depth: torch.Tensor,
    size: tuple[int, int],
    capacity: int | None,
) -> _Fragments:
    width, height = size
    device = footprint.device
    reach = (2.0 * (footprint[:, 5:6] / MIN_ALPHA).log()).sqrt()
    extent = variance.sqrt() * reach
    low = (footprint[:, :2] - extent - 0.5).ceil().clamp(min=0.0)
    high = (footprint[:, :2] + extent - 0.5).floor()
    shown = (depth > 0.0) & low.isfinite().all(1) & high.isfinite().all(1)
    columns = torch.where(shown, high[:, 0].clamp(max=width - 1.0) - low[:, 0] + 1.0, 0.0)
    rows = torch.where(shown, high[:, 1].clamp(max=height - 1.0) - low[:, 1] + 1.0, 0.0)
    columns, rows = columns.clamp(min=0.0).long(), rows.clamp(min=0.0).long()
    low = torch.where(shown[:, None], low, 0.0).long()
    counts = columns * rows
    ends = counts.cumsum(0)
    needed = ends[-1]
    places = torch.arange(int(needed) if capacity is None else capacity, device=device)
    owner = torch.searchsorted(ends, places, right=True).clamp(max=len(counts) - 1)
    place = places - (ends - counts)[owner]
    across = columns[owner].clamp(min=1)
    x = low[:, 0][owner] + place % across
    y = low[:, 1][owner] + place // across
    pixel = torch.where(places < needed, y * width + x, width * height)
    # Bits of positive floats sort like the floats.
    keys = (pixel << 32) | depth.view(torch.int32)[owner].long()
    keys, order = keys.sort(stable=True)
    pixel = keys >> 32
    starts = torch.searchsorted(pixel, torch.arange(width * height + 1, device=device))
    at = torch.stack((x, y), dim=1)[order].float() + 0.5
    return _Fragments(owner[order], pixel, at, starts[pixel], needed)


def render(
    cloud: Cloud, lens: Lens, scale: float | torch.Tensor = 1.0, count: torch.Tensor | None = None
) -> torch.Tensor:
    """Draws a cloud in the flat look: linear colour and coverage, (height, width, 4).

    `scale` multiplies all standard deviations; only the first `count` gaussians are drawn.
    """
    return render_within(cloud, lens, scale, count, None)[0]


@torch.no_grad()
def fragments_needed(cloud: Cloud, lens: Lens) -> torch.Tensor:
    """How many fragments a picture of the whole cloud has."""
    return _expand(*_project(cloud, lens, 1.0), lens.size, 0).needed


def render_within(
    cloud: Cloud,
    lens: Lens,
    scale: float | torch.Tensor,
    count: torch.Tensor | None,
    capacity: int | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draws with room for so many fragments; returns the picture and how many it needs.

    With a capacity all shapes are known before anything is computed, as a CUDA graph wants it; what
    does not fit is left out.
    """
    width, height = lens.size
    if len(cloud.positions) == 0:
        empty = torch.zeros(height, width, 4, device=cloud.positions.device)
        empty[..., :3] = _BACKGROUND
        return empty, torch.zeros((), dtype=torch.long, device=empty.device)
    footprint, variance, depth = _project(cloud, lens, scale)
    if count is not None:
        depth = torch.where(torch.arange(len(depth), device=depth.device) < count, depth, 0.0)
    fragments = _expand(footprint, variance, depth, lens.size, capacity)
    own = footprint.index_select(0, fragments.owner)
    d = fragments.at - own[:, :2]
    dx, dy = d.unbind(1)
    power = own[:, 2] * dx * dx + 2.0 * own[:, 3] * dx * dy + own[:, 4] * dy * dy
    alpha = (own[:, 5] * (-0.5 * power).exp()).clamp(max=MAX_ALPHA)
    unused = fragments.pixel == width * height
    alpha = torch.where((alpha < MIN_ALPHA) | unused, 0.0, alpha)
    # Transmittance is a product along each pixel's run: a sum of logarithms along the whole list,
    # less what it was where the run began. In float64, because the whole list is long.
    logs = torch.log1p(-alpha.double())
    before = logs.cumsum(0) - logs
    transmittance = (before - before.index_select(0, fragments.first)).exp()
    with torch.no_grad():
        open_ = transmittance >= MIN_TRANSMITTANCE
    weight = torch.where(open_, alpha * transmittance, 0.0).float()
    left = torch.where(open_, logs, 0.0).float()
    shares = torch.cat((own[:, 6:9] * weight[:, None], left[:, None]), dim=1)
    sums = torch.zeros(width * height + 1, 4, dtype=shares.dtype, device=shares.device)
    sums = sums.index_add(0, fragments.pixel, shares)[:-1]
    behind = sums[:, 3:].exp()
    image = torch.cat((sums[:, :3] + _BACKGROUND * behind, 1.0 - behind), dim=1)
    return image.reshape(height, width, 4), fragments.needed
