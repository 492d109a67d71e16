"""Runs an Architect until it is told to end."""

import asyncio
import contextlib
import json
import logging
import signal
import socket
import sys
from collections.abc import Iterator

import uvicorn

from architect.api.app import create_app
from architect.errors import StartupError
from architect.limits import MAX_PAYLOAD_BYTES
from architect.protocol.frame import HEADER_BYTES
from architect.protocol.server import AssetWebSocketProtocol
from architect.service import Architect
from architect.settings import Settings
from architect.shown import ShownFormatter

_SHUTDOWN_SECS = 3
"""How long open connections may take to end."""
_PING_INTERVAL_SECS = 20.0
_PING_TIMEOUT_SECS = 60.0
"""A pong comes behind the binary that a client is still reading."""


async def serve(settings: Settings) -> None:
    """Starts, says so in one line of JSON on standard output, and serves until a signal.

    Raises:
        StartupError: the address is taken, or the device or the cache cannot be used.
        StoreUnavailableError: the store is in use, corrupt or cannot be opened.

    """
    with listen(settings) as listener:
        architect = await Architect.start(settings)
        try:
            server = make_server(architect)
            with _ending(server):
                serving = asyncio.create_task(server.serve(sockets=[listener]))
                while not server.started and not serving.done():
                    await asyncio.sleep(0.01)
                if server.started:
                    _say_ready(architect, listener)
                await serving
        finally:
            await architect.stop()


def make_server(architect: Architect) -> uvicorn.Server:
    """The web server of an Architect, not started."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(architect),
            ws=AssetWebSocketProtocol,
            # Binaries do not get smaller by it, and it is slower than the network.
            ws_per_message_deflate=False,
            ws_max_size=MAX_PAYLOAD_BYTES + HEADER_BYTES,
            ws_ping_interval=_PING_INTERVAL_SECS,
            ws_ping_timeout=_PING_TIMEOUT_SECS,
            timeout_graceful_shutdown=_SHUTDOWN_SECS,
            lifespan="off",
            log_config=None,
            access_log=False,
        )
    )


@contextlib.contextmanager
def listen(settings: Settings) -> Iterator[socket.socket]:
    """A socket that listens where the settings say.

    Raises:
        StartupError: the address is taken or is none of this machine's.

    """
    place = f"{settings.host}:{settings.port}"
    try:
        found = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise StartupError(f"cannot listen on {place}: {error.strerror}") from error
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as listener:
        try:
            if sys.platform != "win32":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(1024)
        except OSError as error:
            raise StartupError(
                f"cannot listen on {place}: {error.strerror}; choose another --port"
            ) from error
        yield listener


def _say_ready(architect: Architect, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    host = f"[{host}]" if ":" in host else host
    line = {
        "ready": True,
        "url": f"http://{host}:{port}",
        "can_train": architect.tools.trainer.can_train,
        "device": architect.tools.device,
    }
    # The one line that is meant for programs.
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


@contextlib.contextmanager
def _ending(server: uvicorn.Server) -> Iterator[None]:
    """Lets signals end the server in order.

    The server raises them again when it has ended; then they are to do nothing more.
    """

    def end(_signal: int, _frame: object) -> None:
        server.should_exit = True

    before = {one: signal.signal(one, end) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def set_up_logging(verbose: bool) -> None:
    """Sends what happens to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(ShownFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, handlers=[handler])
