"""How one Architect is set up."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be chosen; `serve` fills it from its arguments."""

    data_dir: Path
    """Holds the store and the cache."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 8420
    """Port to listen on; 0 takes any free one."""
    device: Device = "auto"
    """Where the heavy stages run; `auto` takes a CUDA device if there is one."""
    train: bool = True
    """Whether splats are trained where PyTorch is installed."""
    compile_workers: int = 1
    """Compiles that run side by side; each keeps all cores busy by itself."""
    progress_interval_secs: float = 0.1
    """Least time between two progress reports of one stage."""
    send_timeout_secs: float = 30.0
    """A client that takes longer to take what is sent to it is closed."""
    close_grace_secs: float = 5.0
    """How long a client that is closed for being slow may take to read why."""
    client_queue_messages: int = 1024
    """Most messages that wait for one client of `/ws/assets`."""
    client_queue_collapse: int = 64
    """From this many on, messages that newer ones supersede are dropped."""
    subscriber_queue_events: int = 4096
    """Most events that wait for one client of `/ws/events`."""
    frame_cache_bytes: int = 128 << 20
    """Binaries kept in memory for clients yet to come, in bytes."""

    @property
    def store_path(self) -> Path:
        """The store's file."""
        return self.data_dir / "store.sqlite3"

    @property
    def cache_root(self) -> Path:
        """The folder of the binaries."""
        return self.data_dir / "cache"
