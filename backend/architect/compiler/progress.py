"""From native threads to the event loop, not too often."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Protocol

from architect.generated.models import CompileProgress, CompileResult, CompileStage
from architect.store import StoredAsset


class CompileListener(Protocol):
    """Hears how a compile goes; called on the event loop."""

    def started(self, asset: StoredAsset, stages: list[CompileStage]) -> None:
        """The compile begins with these stages to come."""

    def progressed(self, asset: StoredAsset, progress: CompileProgress) -> None:
        """It is this far. Each stage reports 0 and 1 at least."""

    def completed(self, asset: StoredAsset, result: CompileResult, embedding: bytes | None) -> None:
        """The binary is in its place. Called before anybody else can change the asset."""


class NoListener:
    """Nobody listens."""

    def started(self, asset: StoredAsset, stages: list[CompileStage]) -> None:
        """Does nothing."""

    def progressed(self, asset: StoredAsset, progress: CompileProgress) -> None:
        """Does nothing."""

    def completed(self, asset: StoredAsset, result: CompileResult, embedding: bytes | None) -> None:
        """Does nothing."""


class StageProgress:
    """Takes a stage's progress from any thread and passes it on, at most once per interval."""

    def __init__(
        self,
        stage: CompileStage,
        interval_secs: float,
        deliver: Callable[[CompileProgress], None],
    ) -> None:
        """Must be made on the event loop that `deliver` is to be called on."""
        self._stage = stage
        self._interval_secs = interval_secs
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._last = time.monotonic()
        self._share = 0.0
        self.message = ""
        """What the stage said last."""

    def __call__(self, share: float, message: str) -> None:
        """Reports `share` of the stage, 0 to 1; shares never run back."""
        self.message = message
        now = time.monotonic()
        if now - self._last < self._interval_secs or not math.isfinite(share):
            return
        self._last = now
        self._share = min(max(share, self._share), 1.0)
        progress = CompileProgress(stage=self._stage, progress=self._share, message=message)
        self._loop.call_soon_threadsafe(self._deliver, progress)
