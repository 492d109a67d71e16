"""What each operation of a tape is in PyTorch.

Two forms of each, which give the same values to the last bit, and those of the native evaluators:
each is the same IEEE operations in the same order, and PyTorch fuses none of them. Sine, cosine and
the angle are therefore the native polynomials and not PyTorch's own functions.

* `VALUES` is for distances alone.
* `DIFFERENTIABLE` also has the native derivatives: finite where there is none (0 for a root, a
  length and an absolute value at 0), and where `min` and `max` tie, that of the first operand.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    Operation = Callable[..., Tensor]

# gve_sdf::math: pi in three parts, and the coefficients of sin(r)/r in r² and atan(t)/t in t².
_PI_PARTS = (3.140625, 0.0009676218, 3.178651e-8)
_SIN = (1.0, -0.16666667, 0.008333331, -0.00019840815, 2.7522856e-6, -2.3846567e-8)
_ATAN = (
    1.0,
    -0.33333036,
    0.19991872,
    -0.14197798,
    0.10618371,
    -0.07456855,
    0.042137623,
    -0.015731249,
    0.0027662834,
)


def _single(x: float) -> float:
    """The nearest number of single precision, as Rust reads its literals."""
    return float(torch.tensor(x, dtype=torch.float32))


_PI_A, _PI_B, _PI_C = map(_single, _PI_PARTS)
_SIN_F32 = tuple(map(_single, _SIN))
_ATAN_F32 = tuple(map(_single, _ATAN))
_INVERSE_PI = _single(1.0 / math.pi)
_HALF_PI = _single(0.5 * math.pi)
_PI = _single(math.pi)
_INVERSE_SQRT_2 = _single(math.sqrt(0.5))
_SIN_LIMIT = _single(1.6)


def _exact_root(a: Tensor) -> Tensor:
    """The square root as IEEE 754 rounds it; PyTorch's own may be a step off on a CPU."""
    return a.to(torch.float64).sqrt().to(torch.float32)


def _polynomial(coefficients: tuple[float, ...], s: Tensor) -> Tensor:
    p = s * coefficients[-1] + coefficients[-2]
    for coefficient in reversed(coefficients[:-2]):
        p = p * s + coefficient
    return p


def _sin_poly(r: Tensor) -> Tensor:
    r = r.clamp(-_SIN_LIMIT, _SIN_LIMIT)
    return (_polynomial(_SIN_F32, r * r) * r).clamp(-1.0, 1.0)


def _reduced(x: Tensor, n: Tensor) -> Tensor:
    return ((x - n * _PI_A) - n * _PI_B) - n * _PI_C


def _parity_sign(n: Tensor) -> Tensor:
    return 1.0 - 2.0 * (n - 2.0 * (n * 0.5).floor())


def sine(x: Tensor) -> Tensor:
    """The native sine of radians."""
    n = (x * _INVERSE_PI + 0.5).floor()
    return _sin_poly(_reduced(x, n)) * _parity_sign(n)


def cosine(x: Tensor) -> Tensor:
    """The native cosine of radians."""
    n = (x * _INVERSE_PI).floor()
    return _sin_poly(_reduced(x, n + 0.5)) * -_parity_sign(n)


def angle(y: Tensor, x: Tensor) -> Tensor:
    """The native angle of the point (x, y); 0 at the origin."""
    ax, ay = x.abs(), y.abs()
    small, large = torch.minimum(ax, ay), torch.maximum(ax, ay)
    t = small / torch.where(large > 0.0, large, 1.0)
    r = _polynomial(_ATAN_F32, t * t) * t
    r = torch.where(ay > ax, _HALF_PI - r, r)
    r = torch.where(x < 0.0, _PI - r, r)
    return torch.where(y < 0.0, -r, r)


class _Sine(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:  # noqa: ANN401 - as torch declares it
        ctx.save_for_backward(x)
        return sine(x)

    @staticmethod
    def backward(ctx: Any, *by: Any) -> Any:  # noqa: ANN401 - as torch declares it
        (x,) = ctx.saved_tensors
        return by[0] * _apply(_Cosine, x)


class _Cosine(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:  # noqa: ANN401 - as torch declares it
        ctx.save_for_backward(x)
        return cosine(x)

    @staticmethod
    def backward(ctx: Any, *by: Any) -> Any:  # noqa: ANN401 - as torch declares it
        (x,) = ctx.saved_tensors
        return -by[0] * _apply(_Sine, x)


class _Angle(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, y: Tensor, x: Tensor) -> Tensor:  # noqa: ANN401 - as torch declares it
        ctx.save_for_backward(y, x)
        return angle(y, x)

    @staticmethod
    def backward(ctx: Any, *by: Any) -> Any:  # noqa: ANN401 - as torch declares it
        y, x = ctx.saved_tensors
        squared = x * x + y * y
        # Closer to the axis the inverse would overflow.
        far = squared > 1e-30
        inverse = torch.where(far, 1.0 / torch.where(far, squared, 1.0), 0.0)
        return _fit(by[0] * x * inverse, y), _fit(-by[0] * y * inverse, x)


class _Quotient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:  # noqa: ANN401 - as torch declares it
        ctx.save_for_backward(a, b)
        return a / b

    @staticmethod
    def backward(ctx: Any, *by: Any) -> Any:  # noqa: ANN401 - as torch declares it
        a, b = ctx.saved_tensors
        inverse = torch.where(b == 0.0, 0.0, 1.0 / torch.where(b == 0.0, 1.0, b))
        return _fit(by[0] * inverse, a), _fit(-by[0] * a * inverse * inverse, b)


def _apply(function: type[torch.autograd.Function], *inputs: Tensor) -> Tensor:
    result: Tensor = function.apply(*inputs)
    return result


def _fit(gradient: Tensor, like: Tensor) -> Tensor:
    """A constant's share of a gradient is the sum over the points."""
    return gradient if gradient.shape == like.shape else gradient.sum().expand(like.shape)


# Distances alone.


def _length2(a: Tensor, b: Tensor) -> Tensor:
    return _exact_root(a * a + b * b)


def _length3(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    return _exact_root(a * a + b * b + c * c)


def _corner2(a: Tensor, b: Tensor) -> Tensor:
    return _length2(a.clamp(min=0.0), b.clamp(min=0.0)) + torch.maximum(a, b).clamp(max=0.0)


def _corner3(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    inside = torch.maximum(torch.maximum(a, b), c).clamp(max=0.0)
    return _length3(a.clamp(min=0.0), b.clamp(min=0.0), c.clamp(min=0.0)) + inside


def _seam(a: Tensor, b: Tensor, k: float) -> Tensor:
    """What a blend of radius `k` adds or takes away: h² k / 4, h = max(k - |a - b|, 0) / k."""
    h = (k - (a - b).abs()).clamp(min=0.0)
    return h * h * _single(0.25 / k)


def _smooth_min(a: Tensor, b: Tensor, k: float) -> Tensor:
    return torch.minimum(a, b) - _seam(a, b, k)


def _smooth_max(a: Tensor, b: Tensor, k: float) -> Tensor:
    return torch.maximum(a, b) + _seam(a, b, k)


def _chamfer_min(a: Tensor, b: Tensor, r: float) -> Tensor:
    return torch.minimum(torch.minimum(a, b), (a + b - r) * _INVERSE_SQRT_2)


def _chamfer_max(a: Tensor, b: Tensor, r: float) -> Tensor:
    return torch.maximum(torch.maximum(a, b), (a + b + r) * _INVERSE_SQRT_2)


def _less(a: Tensor, b: Tensor) -> Tensor:
    return (a < b).to(torch.float32)


def _select(c: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return torch.where(c != 0.0, a, b)


VALUES: dict[str, Operation] = {
    "neg": torch.neg,
    "abs": torch.abs,
    "sqrt": lambda a: _exact_root(a.clamp(min=0.0)),
    "square": lambda a: a * a,
    "sin": sine,
    "cos": cosine,
    "floor": torch.floor,
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "min": torch.minimum,
    "max": torch.maximum,
    "atan2": angle,
    "less": _less,
    "select": _select,
    "length2": _length2,
    "length3": _length3,
    "corner2": _corner2,
    "corner3": _corner3,
    "smooth_min": _smooth_min,
    "smooth_max": _smooth_max,
    "chamfer_min": _chamfer_min,
    "chamfer_max": _chamfer_max,
}
"""Every operation but coordinates and constants; blends also take their radius."""

# With derivatives. `where` gives the whole derivative to the operand that it takes.


def _first_min(a: Tensor, b: Tensor) -> Tensor:
    return torch.where(b < a, b, a)


def _first_max(a: Tensor, b: Tensor) -> Tensor:
    return torch.where(b > a, b, a)


def _positive(a: Tensor) -> Tensor:
    return torch.where(a < 0.0, 0.0, a)


def _root(squared: Tensor) -> Tensor:
    is_zero = squared <= 0.0
    return torch.where(is_zero, 0.0, _exact_root(torch.where(is_zero, 1.0, squared)))


def _smooth_length2(a: Tensor, b: Tensor) -> Tensor:
    return _root(a * a + b * b)


def _smooth_length3(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    return _root(a * a + b * b + c * c)


def _inside(a: Tensor) -> Tensor:
    """The smaller of a value and 0, the value where they tie."""
    return torch.where(a > 0.0, 0.0, a)


def _first_chamfer_min(a: Tensor, b: Tensor, r: float) -> Tensor:
    return _first_min(_first_min(a, b), (a + b - r) * _INVERSE_SQRT_2)


def _first_chamfer_max(a: Tensor, b: Tensor, r: float) -> Tensor:
    return _first_max(_first_max(a, b), (a + b + r) * _INVERSE_SQRT_2)


DIFFERENTIABLE: dict[str, Operation] = VALUES | {
    "sqrt": _root,
    "sin": lambda x: _apply(_Sine, x),
    "cos": lambda x: _apply(_Cosine, x),
    "div": lambda a, b: _apply(_Quotient, a, b),
    "min": _first_min,
    "max": _first_max,
    "atan2": lambda y, x: _apply(_Angle, y, x),
    "length2": _smooth_length2,
    "length3": _smooth_length3,
    "corner2": lambda a, b: _smooth_length2(_positive(a), _positive(b)) + _inside(_first_max(a, b)),
    "corner3": lambda a, b, c: (
        _smooth_length3(_positive(a), _positive(b), _positive(c))
        + _inside(_first_max(_first_max(a, b), c))
    ),
    "smooth_min": lambda a, b, k: _first_min(a, b) - _seam(a, b, k),
    "smooth_max": lambda a, b, k: _first_max(a, b) + _seam(a, b, k),
    "chamfer_min": _first_chamfer_min,
    "chamfer_max": _first_chamfer_max,
}
"""The same operations with the native derivatives."""
