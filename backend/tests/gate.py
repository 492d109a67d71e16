"""Stops a stage until a test lets it go on."""

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from architect.compiler.build import Build

WAIT_SECS = 60.0


class Gate:
    """Holds every compile that reaches a stage, before it or behind its work."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stage: ModuleType) -> None:
        self.reached = threading.Semaphore(0)
        self._open = threading.Event()
        self.order: list[str] = []
        """Names of the assets that came by."""
        run: Callable[..., Any] = stage.run
        gate = self

        def gated(build: Build, *args: Any) -> Any:
            gate.order.append(build.asset.name)
            gate.reached.release()
            while not (gate._open.wait(0.005) or build.cancel.cancelled):
                pass
            return run(build, *args)

        monkeypatch.setattr(stage, "run", gated)

    def open(self) -> None:
        self._open.set()

    def wait(self) -> None:
        """Blocks until a compile has come to the gate: call it in a thread."""
        assert self.reached.acquire(timeout=WAIT_SECS)
