"""How fast a binary reaches a client, next to bare sockets that send the same bytes.

Each server is a process of its own; the client is this one. All send from memory.
"""

import asyncio
import contextlib
import json
import socket
import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import websockets

from architect.errors import StartupError
from architect.generated.models import MessageType
from architect.protocol.frame import HEADER_BYTES, Frame

_PAUSE_SECS = 0.02
_WARM_UP_ROUNDS = 3
"""Not counted: they fill caches on both sides."""

_BARE_WEBSOCKET = """
import asyncio, sys, websockets
data = open(sys.argv[1], "rb").read()
async def serve(socket):
    async for _ in socket:
        await socket.send(data)
async def main():
    async with websockets.serve(serve, "127.0.0.1", 0, compression=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()
asyncio.run(main())
"""

_BARE_TCP = """
import socket, sys
data = open(sys.argv[1], "rb").read()
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    connection, _ = server.accept()
    with connection:
        while connection.recv(1):
            connection.sendall(data)
"""


async def measure(recipe: Path, rounds: int) -> dict[str, Any]:
    """Pushes one binary many times by turns over `/ws/assets` and over bare sockets.

    Raises:
        StartupError: the recipe cannot be read, or the Architect does not start.

    """
    with tempfile.TemporaryDirectory(prefix="architect-benchmark-") as folder:
        command = ["-m", "architect", "serve", "--port", "0", "--device", "cpu", "--no-train"]
        async with _process([*command, "--data", folder]) as line:
            url = json.loads(line)["url"]
            wire_id, path = await _compile(url, recipe)
            frame = Path(folder) / "frame"
            binary = path.read_bytes()
            # The same bytes: the frame's header is among them.
            size = len(binary)
            frame.write_bytes(Frame(MessageType.ASSET_READY, wire_id, 1, binary).to_bytes())
            async with (
                _process(["-c", _BARE_WEBSOCKET, str(frame)]) as websocket_port,
                _process(["-c", _BARE_TCP, str(frame)]) as tcp_port,
            ):
                times = await _measure(url, wire_id, size, websocket_port, tcp_port, rounds)
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {
        "bytes": size,
        "rounds": rounds,
        "architect_ms": round(medians["architect"] * 1e3, 3),
        "bare_websocket_ms": round(medians["websocket"] * 1e3, 3),
        "bare_tcp_ms": round(medians["tcp"] * 1e3, 3),
        "ratio_to_websocket": round(medians["architect"] / medians["websocket"], 3),
        "ratio_to_tcp": round(medians["architect"] / medians["tcp"], 3),
    }


def describe(result: dict[str, Any]) -> list[str]:
    """The measurement for people."""
    return [
        f"{result['bytes'] / (1 << 20):.2f} MiB, median of {result['rounds']}",
        f"/ws/assets      {result['architect_ms']:8.2f} ms",
        f"bare websocket  {result['bare_websocket_ms']:8.2f} ms"
        f"  ({result['ratio_to_websocket']:.2f} times that)",
        f"bare TCP        {result['bare_tcp_ms']:8.2f} ms"
        f"  ({result['ratio_to_tcp']:.2f} times that)",
    ]


async def _measure(
    url: str, wire_id: int, size: int, websocket_port: str, tcp_port: str, rounds: int
) -> dict[str, list[float]]:
    request = Frame(MessageType.REQUEST_ASSET, wire_id, 0).to_bytes()
    options: dict[str, Any] = {"max_size": None, "compression": None}
    received = memoryview(bytearray(HEADER_BYTES + size))
    async with (
        websockets.connect(f"ws{url[4:]}/ws/assets", **options) as architect,
        websockets.connect(f"ws://127.0.0.1:{int(websocket_port)}", **options) as bare,
    ):
        with socket.create_connection(("127.0.0.1", int(tcp_port))) as tcp:

            async def over(client: websockets.ClientConnection) -> None:
                await client.send(request)
                message = await client.recv()
                if not isinstance(message, bytes) or len(message) != len(received):
                    raise StartupError("something else than the binary was sent")

            def over_tcp() -> None:
                tcp.sendall(b"x")
                at = 0
                while at < len(received):
                    at += tcp.recv_into(received[at:])

            turns: dict[str, Callable[[], Awaitable[None]]] = {
                "architect": lambda: over(architect),
                "websocket": lambda: over(bare),
                "tcp": lambda: asyncio.to_thread(over_tcp),
            }
            times: dict[str, list[float]] = {name: [] for name in turns}
            for number in range(_WARM_UP_ROUNDS + rounds):
                for name, turn in turns.items():
                    begun = time.perf_counter()
                    await turn()
                    if number >= _WARM_UP_ROUNDS:
                        times[name].append(time.perf_counter() - begun)
                    await asyncio.sleep(_PAUSE_SECS)
    return times


async def _compile(url: str, recipe: Path) -> tuple[int, Path]:
    try:
        dna = json.loads(recipe.read_text())
    except (OSError, ValueError) as error:
        raise StartupError(f"{recipe}: {error}") from error
    body = {"dna": dna, "splat_iterations": 0}
    asset = await asyncio.to_thread(_ask, f"{url}/assets", body)
    while True:
        status = await asyncio.to_thread(_ask, f"{url}/assets/{asset['id']}/compile")
        if status["state"] == "complete":
            return int(asset["wire_id"]), Path(status["result"]["binary_path"])
        if status["state"] not in ("queued", "running"):
            raise StartupError(f"{recipe}: {status['result']['error']}")
        await asyncio.sleep(_PAUSE_SECS)


def _ask(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - the address is our own Architect's
        url,
        None if body is None else json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        raise StartupError(f"{url}: {error.read().decode()}") from error


@contextlib.asynccontextmanager
async def _process(arguments: list[str]) -> AsyncIterator[str]:
    """A Python process of ours; gives the first line that it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        line = (await process.stdout.readline()).decode()
        if not line:
            raise StartupError(f"{' '.join(arguments[:3])} did not start")
        yield line
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
