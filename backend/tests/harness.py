"""A running Architect and clients of it: real sockets, real files, in one event loop."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import websockets

from architect.compiler.tools import Tools
from architect.events.bus import ENVELOPE
from architect.generated.models import EventEnvelope, MessageType
from architect.protocol.frame import Frame, parse_frame
from architect.serve import listen, make_server
from architect.service import Architect
from architect.settings import Settings

WAIT_SECS = 60.0
"""How long a test waits for what must come; it fails then, but never passes by it."""

PATIENT: dict[str, Any] = {"max_queue": None, "open_timeout": WAIT_SECS, "ping_interval": None}
"""Options of clients that a loaded machine does not disturb.

Their queue has no limit, because a client that stops reading does not see that the server closes.
"""


def recipe(name: str = "Ball", radius: float = 0.5, **metadata: Any) -> dict[str, Any]:
    """A small recipe that bakes in milliseconds."""
    return {
        "dna_version": 1,
        "metadata": {"name": name, "version": 1, "category": "Prop", **metadata},
        "root_node": {"op": "sphere", "radius": radius, "material": "WOOD_OAK"},
    }


def save_body(dna: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """A save that compiles quickly."""
    quick = {"volume_resolution": 16, "splat_iterations": 0}
    return {"dna": dna or recipe(), **quick, **options}


class Running:
    """An Architect that serves on a port of its own."""

    def __init__(self, architect: Architect, url: str, http: httpx.AsyncClient) -> None:
        self.architect = architect
        self.url = url
        self.http = http

    async def create(self, dna: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        answer = await self.http.post("/assets", json=save_body(dna, **options))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def update(
        self, asset: dict[str, Any], dna: dict[str, Any], **options: Any
    ) -> dict[str, Any]:
        answer = await self.http.put(f"/assets/{asset['id']}", json=save_body(dna, **options))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def compiled(self, asset: dict[str, Any]) -> dict[str, Any]:
        """Waits for the asset's compile to end."""
        async with asyncio.timeout(WAIT_SECS):
            while True:
                status = (await self.http.get(f"/assets/{asset['id']}/compile")).json()
                if status["state"] not in ("queued", "running"):
                    return dict(status)
                await asyncio.sleep(0.005)

    @contextlib.asynccontextmanager
    async def events(self) -> AsyncIterator["EventReader"]:
        url = f"ws{self.url[4:]}/ws/events"
        async with websockets.connect(url, **PATIENT) as socket:
            yield EventReader(socket)

    @contextlib.asynccontextmanager
    async def frames(self, **options: Any) -> AsyncIterator["FrameClient"]:
        options = {"max_size": None, "compression": None, **PATIENT, **options}
        async with websockets.connect(f"ws{self.url[4:]}/ws/assets", **options) as socket:
            yield FrameClient(socket)


class EventReader:
    """Reads `/ws/events`; every message is checked against the generated models."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket

    async def next(self) -> EventEnvelope:
        async with asyncio.timeout(WAIT_SECS):
            return ENVELOPE.validate_json(await self.socket.recv())

    async def until(self, last: Callable[[Any], bool]) -> list[Any]:
        """All events up to the first that `last` is true of, that one included."""
        events: list[Any] = []
        while not events or not last(events[-1]):
            events.append(await self.next())
        return events


class FrameClient:
    """Speaks on `/ws/assets`."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket

    async def send(
        self, msg_type: MessageType, asset_id: int, version: int = 0, payload: bytes = b""
    ) -> None:
        await self.socket.send(Frame(msg_type, asset_id, version, payload).to_bytes())

    async def next(self) -> Frame:
        async with asyncio.timeout(WAIT_SECS):
            message = await self.socket.recv()
        assert isinstance(message, bytes)
        return parse_frame(message)

    async def until(self, msg_type: MessageType, version: int | None = None) -> list[Frame]:
        """All frames up to the first of a type (and version), that one included."""
        frames = [await self.next()]
        while frames[-1].msg_type is not msg_type or version not in (None, frames[-1].version):
            frames.append(await self.next())
        return frames

    async def close_code(self) -> int | None:
        """Reads until the server has closed."""
        async with asyncio.timeout(WAIT_SECS):
            with contextlib.suppress(websockets.ConnectionClosed):
                while True:
                    await self.socket.recv()
        return self.socket.close_code


@contextlib.asynccontextmanager
async def running(data_dir: Path, tools: Tools, **settings: Any) -> AsyncIterator[Running]:
    """Serves on a free port until the block ends."""
    quick = {"progress_interval_secs": 0.0, **settings}
    chosen = Settings(data_dir=data_dir, port=0, **quick)
    with listen(chosen) as listener:
        architect = await Architect.start(chosen, tools)
        server = make_server(architect)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:
                await asyncio.sleep(0.001)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            async with httpx.AsyncClient(base_url=url, timeout=WAIT_SECS) as http:
                yield Running(architect, url, http)
        finally:
            server.should_exit = True
            await serving
            await architect.stop()


def golden_dir() -> Path:
    """The files that Rust and Python are both tested against."""
    return Path(__file__).resolve().parents[2] / "tests" / "golden"


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()
