"""Clients that stop reading: they are closed, the others notice nothing."""

import asyncio
import socket
import struct
from pathlib import Path
from typing import Any

import pytest
import websockets
from harness import FrameClient, Running, recipe, running

from architect.compiler.tools import Tools
from architect.generated.models import CompileProgress, CompileStage, MessageType
from architect.limits import MAX_PAYLOAD_BYTES
from architect.protocol.frame import HEADER_BYTES, Frame, parse_progress
from architect.protocol.outbox import Message, Outbox, OutboxOverflowError

pytestmark = pytest.mark.anyio

BUMP, PROGRESS = MessageType.VERSION_BUMP, MessageType.ASSET_PROGRESS
READY, INVALID = MessageType.ASSET_READY, MessageType.ASSET_INVALID


def small_socket(server: Running) -> socket.socket:
    """A connection whose operating system takes only a little before the client reads."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    host, port = server.url.removeprefix("http://").split(":")
    connection.connect((host, int(port)))
    return connection


async def raw_client(server: Running) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that has done the handshake and reads only when it is told to."""
    reader, writer = await asyncio.open_connection(sock=small_socket(server), limit=4096)
    writer.write(
        b"GET /ws/assets HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert b"101" in (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0]
    return reader, writer


def masked(frame: Frame) -> bytes:
    """A small frame as a client's WebSocket message, masked with zeros."""
    data = frame.to_bytes()
    return bytes((0x82, 0x80 | len(data))) + bytes(4) + data


async def closed(server: Running, count: int) -> None:
    """Waits until so many clients are left."""
    async with asyncio.timeout(60):
        while len(server.architect.hub._clients) != count:
            await asyncio.sleep(0.01)


async def test_a_client_that_does_not_read_its_binary_is_closed(
    tmp_path: Path, tools: Tools
) -> None:
    slow = {"send_timeout_secs": 0.2, "close_grace_secs": 0.2}
    async with running(tmp_path, tools, **slow) as server, server.frames() as bystander:
        asset = await server.create(volume_resolution=64)
        await server.compiled(asset)
        await bystander.until(BUMP)
        _, writer = await raw_client(server)
        await closed(server, 2)
        request = masked(Frame(MessageType.REQUEST_ASSET, asset["wire_id"], 0))
        # More than the operating system's buffers hold, so that the server has to wait.
        for _ in range(64):
            writer.write(request)
        await closed(server, 1)
        # Also what the connection holds in memory is let go of.
        async with asyncio.timeout(60):
            while any("ESTAB" in one for one in _connections(server, writer)):
                await asyncio.sleep(0.01)
        writer.close()
        await bystander.send(MessageType.REQUEST_ASSET, asset["wire_id"])
        assert (await bystander.next()).msg_type is READY


def _connections(server: Running, writer: asyncio.StreamWriter) -> list[str]:
    """The server's end of a connection, if it is still open."""
    port = writer.get_extra_info("sockname")[1]
    here = int(server.url.rsplit(":", 1)[1])
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = [line.split() for line in lines]
    ends = f":{here:04X}", f":{port:04X}"
    return [
        "ESTAB"
        for one in fields
        if one[1].endswith(ends[0]) and one[2].endswith(ends[1]) and one[3] == "01"
    ]


async def test_a_message_over_the_limit_is_refused_before_it_is_read(
    tmp_path: Path, tools: Tools
) -> None:
    async with running(tmp_path, tools) as server, server.frames() as bystander:
        reader, writer = await raw_client(server)
        too_long = HEADER_BYTES + MAX_PAYLOAD_BYTES + 1
        writer.write(b"\x82\xff" + struct.pack("!Q", too_long) + bytes(4) + b"only this much")
        async with asyncio.timeout(60):
            answer = await reader.read()
        assert answer[0] == 0x88
        assert int.from_bytes(answer[2:4]) == 1009
        writer.close()
        asset = await server.create()
        assert (await bystander.next()).asset_id == asset["wire_id"]


async def test_a_slow_client_reads_why_it_is_closed(tmp_path: Path, tools: Tools) -> None:
    options: dict[str, Any] = {"client_queue_messages": 8, "client_queue_collapse": 4}
    async with (
        running(tmp_path, tools, **options, close_grace_secs=30.0) as server,
        server.frames() as client,
    ):
        await server.architect.store.store_id()
        # One tick of the loop, in which nothing can be sent: bumps of different assets.
        for asset_id in range(1, 20):
            server.architect.hub.version_bump(asset_id, 1)
        assert await client.close_code() == 1013
        assert "too many messages" in str(client.socket.close_reason)


async def test_progress_that_is_not_read_collapses_to_the_newest(
    tmp_path: Path, tools: Tools
) -> None:
    options: dict[str, Any] = {"client_queue_messages": 8, "client_queue_collapse": 4}
    async with running(tmp_path, tools, **options) as server, server.frames() as client:
        asset = await server.create()
        await server.compiled(asset)
        await client.send(MessageType.REQUEST_ASSET, asset["wire_id"])
        await client.until(READY)
        for number in range(1000):
            server.architect.hub.progress(
                asset["wire_id"],
                1,
                CompileProgress(stage=CompileStage.INDEXING, progress=number / 1000, message=""),
            )
        server.architect.hub.version_bump(asset["wire_id"], 2)
        frames = await client.until(BUMP)
        assert 1 <= len(frames) - 1 <= 5
        assert parse_progress(frames[-2].payload)[1] == pytest.approx(0.999)


async def test_a_client_that_is_gone_does_not_disturb(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server, server.frames() as bystander:
        for _ in range(5):
            _, writer = await raw_client(server)
            writer.transport.abort()
        asset = await server.create()
        assert (await bystander.next()).asset_id == asset["wire_id"]
        await closed(server, 1)


async def test_a_subscriber_of_events_that_lags_is_closed(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools, subscriber_queue_events=4) as server:
        url = f"ws{server.url[4:]}/ws/events"
        async with websockets.connect(url, ping_interval=None) as slow:
            await server.architect.store.store_id()
            for number in range(10):
                server.architect.bus.publish(_deleted(number))
            await FrameClient(slow).close_code()
            assert slow.close_code == 1013
        await server.create(recipe("B"))


def _deleted(number: int) -> Any:
    from architect.generated.models import AssetDeleted

    return AssetDeleted(asset_id=f"{number:024x}")


def bump(asset_id: int, version: int) -> Message:
    return Message(BUMP, asset_id, version)


async def test_an_announced_version_drops_older_binaries_that_wait() -> None:
    outbox = Outbox(limit=10, collapse_from=10)
    for message in (Message(READY, 1, 1), Message(READY, 2, 1), bump(1, 2), Message(READY, 1, 2)):
        outbox.put(message)
    waiting = [await outbox.get() for _ in range(len(outbox))]
    assert waiting == [Message(READY, 2, 1), bump(1, 2), Message(READY, 1, 2)]


async def test_the_outbox_keeps_the_newest_of_each_asset_and_its_order() -> None:
    outbox = Outbox(limit=6, collapse_from=4)
    told = Message(INVALID, 1, 1, b"why")
    for message in (bump(1, 1), told, bump(2, 1), bump(1, 2), told, bump(2, 2), bump(1, 3)):
        outbox.put(message)
    waiting = [await outbox.get() for _ in range(len(outbox))]
    assert waiting == [told, told, bump(2, 2), bump(1, 3)]


async def test_the_outbox_is_bounded() -> None:
    outbox = Outbox(limit=6, collapse_from=4)
    for asset_id in range(1, 7):
        outbox.put(bump(asset_id, 1))
    with pytest.raises(OutboxOverflowError):
        outbox.put(bump(7, 1))


async def test_a_client_that_only_asks_is_not_read_from() -> None:
    outbox = Outbox(limit=4, collapse_from=4)
    for asset_id in range(1, 4):
        outbox.put(bump(asset_id, 1))
    waiting = asyncio.create_task(outbox.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    await outbox.get()
    await waiting
