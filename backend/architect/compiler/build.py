"""What all stages of one compile share."""

from dataclasses import dataclass, field
from pathlib import Path

import gve_native

from architect.compiler.request import BuildOptions
from architect.compiler.tools import Tools
from architect.store import StoredAsset


@dataclass(slots=True)
class Build:
    """One compile under way."""

    asset: StoredAsset
    options: BuildOptions
    tools: Tools
    target: Path
    """Where the binary is written; the caller moves it into its place."""
    cancel: gve_native.CancelToken
    """Stops native work from another thread."""
    warnings: list[str] = field(default_factory=list)
    """What the designer should know; also in the file."""
    degraded: bool = False
    """Whether a stage did less than it can, so that the binary is not to be used again."""
    device: str = "cpu"
    """Where the heavy stages ran: `cuda` if any of them did."""

    def fall_back(self, what: str, error: Exception) -> None:
        """Notes that a stage had to do without PyTorch, and why, for the designer."""
        self.degraded = True
        lines = str(error).strip().splitlines() or [""]
        self.warnings.append(f"{what}: {type(error).__name__}: {lines[0]}")
