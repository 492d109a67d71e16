"""Whether splats can be trained here."""

import dataclasses
import functools
import importlib.util
from typing import Literal

Device = Literal["cpu", "cuda"]


@dataclasses.dataclass(frozen=True, slots=True)
class TrainerAvailability:
    """What training would run on."""

    can_train: bool
    """Whether it can run at all."""
    device: Device
    """The best device there is; `cpu` where it cannot run."""
    reason: str | None
    """Why it cannot run, or why it cannot use a GPU that PyTorch was built for; for people."""


@functools.cache
def availability() -> TrainerAvailability:
    """Looks for PyTorch and a CUDA device, once; importing PyTorch takes seconds."""
    try:
        if importlib.util.find_spec("torch") is None:
            return TrainerAvailability(False, "cpu", "PyTorch is not installed")
        import torch
    # A broken installation fails in many ways: a library is missing, a version is wrong.
    except Exception as error:
        return TrainerAvailability(
            False, "cpu", f"PyTorch cannot be imported: {_first_line(error)}"
        )
    try:
        if not torch.cuda.is_available():
            return TrainerAvailability(True, "cpu", None)
        # The first allocation is what fails on a device that is there but cannot be used.
        torch.zeros(1, device="cuda").sum().item()
    except Exception as error:
        return TrainerAvailability(True, "cpu", f"CUDA cannot be used: {_first_line(error)}")
    return TrainerAvailability(True, "cuda", None)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
