"""All clients of `/ws/assets`: who is subscribed to what, and what they are sent."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.websockets import WebSocket, WebSocketDisconnect

from architect.generated.models import CompileProgress, MessageType
from architect.protocol.binaries import BinaryUnavailableError, FrameCache
from architect.protocol.frame import (
    Frame,
    FrameError,
    parse_client_frame,
    progress_payload,
    reason_payload,
)
from architect.protocol.outbox import Message, Outbox, OutboxOverflowError
from architect.protocol.server import close_within
from architect.settings import Settings

_LOG = logging.getLogger(__name__)

UNSUPPORTED_DATA = 1003
INTERNAL_ERROR = 1011
TRY_AGAIN_LATER = 1013

FindBinary = Callable[[int, int], Awaitable[Path | None]]
"""Where the binary of an asset (wire id) and version is; `None` if it is not current any more."""


class Client:
    """One connection."""

    def __init__(self, hub: "Hub", socket: WebSocket, settings: Settings) -> None:
        """Takes an accepted connection."""
        self._hub = hub
        self._socket = socket
        self._settings = settings
        self._outbox = Outbox(settings.client_queue_messages, settings.client_queue_collapse)
        self.subscriptions: set[int] = set()
        """Wire ids of the assets that it wants to hear of."""
        self._closed = asyncio.Event()

    def send(self, message: Message) -> None:
        """Lines a message up; a client that does not keep up is closed."""
        if self._closed.is_set():
            return
        try:
            self._outbox.put(message)
        except OutboxOverflowError:
            self.close(TRY_AGAIN_LATER, "too slow: too many messages wait")

    def invalid(self, asset_id: int, version: int, error: str) -> None:
        """Says why an asset cannot be had."""
        self.send(Message(MessageType.ASSET_INVALID, asset_id, version, reason_payload(error)))

    def close(self, code: int, reason: str) -> None:
        """Ends the connection; never waits."""
        if not self._closed.is_set():
            self._closed.set()
            close_within(self._socket, code, reason, self._settings.close_grace_secs)

    async def run(self, handle: "Callable[[Client, Frame], Awaitable[None]]") -> None:
        """Serves the connection until it ends, whoever ends it."""
        tasks = [
            asyncio.create_task(self._receive(handle)),
            asyncio.create_task(self._send()),
            asyncio.create_task(self._closed.wait()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if self._closed.is_set() or isinstance(result, WebSocketDisconnect):
                continue
            if isinstance(result, Exception):
                _LOG.error("a connection broke off", exc_info=result)
                self.close(INTERNAL_ERROR, "internal error")

    async def _receive(self, handle: "Callable[[Client, Frame], Awaitable[None]]") -> None:
        while True:
            # A client that asks faster than it reads is not read from.
            await self._outbox.room()
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                self._closed.set()
                return
            data = message.get("bytes")
            if data is None:
                self.close(UNSUPPORTED_DATA, "this socket takes binary frames")
                return
            try:
                frame = parse_client_frame(data)
            except FrameError as error:
                self.close(error.close_code, str(error))
                return
            await handle(self, frame)

    async def _send(self) -> None:
        while True:
            message = await self._outbox.get()
            data = await self._hub.bytes_of(message, self)
            if data is None:
                continue
            try:
                async with asyncio.timeout(self._settings.send_timeout_secs):
                    await self._socket.send({"type": "websocket.send", "bytes": data})
            except TimeoutError:
                self.close(TRY_AGAIN_LATER, "too slow: a message could not be sent in time")
                return


class Hub:
    """Sends messages to those they concern. Belongs to one event loop."""

    def __init__(self, settings: Settings, find_binary: FindBinary) -> None:
        """Takes how binaries are found."""
        self._settings = settings
        self._find_binary = find_binary
        self._clients: set[Client] = set()
        self._announced: dict[int, int] = {}
        self.frames = FrameCache(settings.frame_cache_bytes)
        """The binaries' bytes."""

    async def serve(
        self, socket: WebSocket, handle: Callable[[Client, Frame], Awaitable[None]]
    ) -> None:
        """Serves a connection until it ends."""
        client = Client(self, socket, self._settings)
        try:
            with contextlib.suppress(WebSocketDisconnect):
                await socket.accept()
                self._clients.add(client)
                await client.run(handle)
        finally:
            self._clients.discard(client)

    def version_bump(self, asset_id: int, version: int) -> None:
        """Announces a version to everybody."""
        self._announced[asset_id] = version
        for client in list(self._clients):
            client.send(Message(MessageType.VERSION_BUMP, asset_id, version))

    def progress(self, asset_id: int, version: int, progress: CompileProgress) -> None:
        """Tells an asset's subscribers how far its compile is."""
        payload = progress_payload(progress.stage, progress.progress)
        self._publish(Message(MessageType.ASSET_PROGRESS, asset_id, version, payload))

    def ready(self, asset_id: int, version: int) -> None:
        """Sends an asset's binary to its subscribers."""
        self.frames.forget(asset_id)
        self._publish(Message(MessageType.ASSET_READY, asset_id, version))

    def invalid(self, asset_id: int, version: int, error: str) -> None:
        """Tells an asset's subscribers why there is no binary."""
        self._publish(Message(MessageType.ASSET_INVALID, asset_id, version, reason_payload(error)))

    def deleted(self, asset_id: int, version: int) -> None:
        """Tells an asset's subscribers that it is gone, and unsubscribes them."""
        self._announced.pop(asset_id, None)
        self.frames.forget(asset_id)
        self.invalid(asset_id, version, "deleted")
        for client in self._clients:
            client.subscriptions.discard(asset_id)

    async def bytes_of(self, message: Message, client: Client) -> bytes | None:
        """What is sent for a message; `None` if there is nothing to be sent any more."""
        if message.msg_type is not MessageType.ASSET_READY:
            frame = Frame(message.msg_type, message.asset_id, message.version, message.payload)
            return frame.to_bytes()
        if self._outdated(message):
            return None
        kept = self.frames.kept(message.asset_id, message.version)
        if kept is not None:
            return kept
        path = await self._find_binary(message.asset_id, message.version)
        if path is None:
            return None
        try:
            data = await self.frames.frame(message.asset_id, message.version, path)
        except BinaryUnavailableError as error:
            if not self._outdated(message):
                client.invalid(message.asset_id, message.version, str(error))
            return None
        # A newer version may have been announced while this one was read.
        return None if self._outdated(message) else data

    def _outdated(self, message: Message) -> bool:
        return self._announced.get(message.asset_id, 0) > message.version

    def _publish(self, message: Message) -> None:
        for client in list(self._clients):
            if message.asset_id in client.subscriptions:
                client.send(message)
