"""What the stages work with; tests put other tools in."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from architect.errors import StartupError
from architect.index import Embedder
from architect.librarian.materials import MaterialLibrarian
from architect.settings import Settings

if TYPE_CHECKING:
    import gve_native

    from architect.training import TrainedSplats

Progress = Callable[[float, str], None]


class Trainer(Protocol):
    """Makes splats better."""

    can_train: bool
    """Whether it can."""
    reason: str | None
    """Why it cannot, for people."""

    def train(
        self,
        field: "gve_native.Field",
        seeds: "gve_native.Splats",
        iterations: int,
        *,
        progress: Progress,
        cancel: "gve_native.CancelToken",
    ) -> "TrainedSplats":
        """Trains seeded splats; blocks."""


class NoTrainer:
    """Stands in where splats cannot be trained."""

    can_train = False

    def __init__(self, reason: str) -> None:
        """Takes why not, for people."""
        self.reason: str | None = reason

    def train(
        self,
        field: "gve_native.Field",
        seeds: "gve_native.Splats",
        iterations: int,
        *,
        progress: Progress,
        cancel: "gve_native.CancelToken",
    ) -> "TrainedSplats":
        """Never called.

        Raises:
            RuntimeError: always.

        """
        raise RuntimeError(self.reason)


class TorchTrainer:
    """Trains with PyTorch."""

    can_train = True
    reason: str | None = None

    def __init__(self, device: str) -> None:
        """Takes where it works: `cpu` or `cuda`."""
        self._device = device

    def train(
        self,
        field: "gve_native.Field",
        seeds: "gve_native.Splats",
        iterations: int,
        *,
        progress: Progress,
        cancel: "gve_native.CancelToken",
    ) -> "TrainedSplats":
        """Trains seeded splats; blocks."""
        from architect import training

        return training.train(
            field, seeds, iterations, progress=progress, cancel=cancel, device=self._device
        )


@dataclass(frozen=True, slots=True)
class Tools:
    """What every compile of one Architect shares."""

    device: str
    """Where the heavy stages run: `cpu` or `cuda`."""
    torch: bool
    """Whether PyTorch can be used."""
    trainer: Trainer
    materials: MaterialLibrarian
    embedder: Embedder
    splat_count: int = 100_000
    """Most splats of an asset; what `gve bake` makes."""

    @classmethod
    def find(cls, settings: Settings) -> "Tools":
        """Looks what this machine has; imports PyTorch if it is installed, which takes seconds.

        Raises:
            StartupError: a CUDA device was asked for and there is none.

        """
        materials, embedder = MaterialLibrarian.from_native(), Embedder()
        if settings.device == "cpu" and not settings.train:
            trainer: Trainer = NoTrainer("training is switched off")
            return cls("cpu", "torch" in sys.modules, trainer, materials, embedder)
        from architect import training

        found = training.availability()
        if settings.device == "cuda" and found.device != "cuda":
            raise StartupError(
                f"--device cuda: there is no CUDA device ({found.reason or 'PyTorch sees none'})"
            )
        device = found.device if settings.device == "auto" else settings.device
        if not settings.train:
            trainer = NoTrainer("training is switched off")
        elif not found.can_train:
            trainer = NoTrainer(found.reason or "training is not possible here")
        else:
            trainer = TorchTrainer(device)
        return cls(device, found.can_train, trainer, materials, embedder)
