"""`/ws/assets` with real clients: the timeline of a save, subscriptions, bad frames."""

import asyncio
import json
from pathlib import Path

import gve_native
import pytest
from gate import Gate
from harness import FrameClient, Running, as_json, golden_dir, recipe, running

from architect.compiler.stages import splat_train, volume_bake
from architect.compiler.tools import Tools
from architect.generated.models import CompileStage, MessageType
from architect.limits import MAX_RECIPE_BYTES
from architect.protocol.frame import parse_progress

pytestmark = pytest.mark.anyio

READY = MessageType.ASSET_READY
PROGRESS = MessageType.ASSET_PROGRESS
INVALID = MessageType.ASSET_INVALID
BUMP = MessageType.VERSION_BUMP
INDEX = json.loads((golden_dir() / "frames" / "index.json").read_text())["frames"]
BAD_REQUESTS = [entry for entry in INDEX if entry["error"] and entry["sender"] == "client"]


async def test_the_timeline_of_a_save(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, tools) as server:
        asset = await server.create()
        await server.compiled(asset)
        wire_id = asset["wire_id"]
        async with server.frames() as watcher, server.frames() as stranger:
            await watcher.send(MessageType.REQUEST_ASSET, wire_id)
            first = await watcher.next()
            assert (first.msg_type, first.version) == (READY, 1)
            gate = Gate(monkeypatch, volume_bake)
            asset = await server.update(asset, recipe(radius=0.6))
            # Announced while nothing is compiled yet, to everybody.
            for client in (watcher, stranger):
                bump = await client.next()
                assert (bump.msg_type, bump.asset_id, bump.version) == (BUMP, wire_id, 2)
                assert bump.payload == b""
            gate.open()
            frames = await watcher.until(READY)
            assert {frame.version for frame in frames} == {2}
            assert [frame.msg_type for frame in frames[:-1]] == [PROGRESS] * (len(frames) - 1)
            stages = [parse_progress(frame.payload)[0] for frame in frames[:-1]]
            assert list(dict.fromkeys(stages)) == list(CompileStage)
            binary = await server.http.get(f"/assets/{asset['id']}/binary")
            assert binary.content == frames[-1].payload
            assert binary.headers["etag"] == '"2"'
            path = tmp_path / "received.gve_bin"
            path.write_bytes(frames[-1].payload)
            gve_native.verify(path)
            # Who has not subscribed hears of versions and nothing else.
            other = await server.create(recipe("Other"))
            bump = await stranger.next()
            assert (bump.msg_type, bump.asset_id, bump.version) == (BUMP, other["wire_id"], 1)


async def test_a_subscription_while_compiling_is_answered_as_it_goes(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, splat_train)
    async with running(tmp_path, tools) as server, server.frames() as client:
        asset = await server.create()
        await client.until(BUMP)
        await asyncio.to_thread(gate.wait)
        await client.send(MessageType.REQUEST_ASSET, asset["wire_id"])
        answer = await client.next()
        assert (answer.msg_type, answer.version) == (PROGRESS, 1)
        assert parse_progress(answer.payload)[0] is CompileStage.SPLAT_TRAIN
        gate.open()
        assert (await client.until(READY))[-1].version == 1


async def test_two_saves_during_one_compile_show_only_the_last(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, splat_train)
    async with running(tmp_path, tools) as server, server.frames() as client:
        asset = await server.create()
        await client.send(MessageType.REQUEST_ASSET, asset["wire_id"])
        await asyncio.to_thread(gate.wait)
        await server.update(asset, recipe(radius=0.6))
        await server.update(asset, recipe(radius=0.7))
        gate.open()
        frames = await client.until(READY)
        assert [frame.version for frame in frames if frame.msg_type is BUMP] == [1, 2, 3]
        assert [frame.version for frame in frames if frame.msg_type is READY] == [3]
        announced = 0
        for frame in frames:
            announced = max(announced, frame.version) if frame.msg_type is BUMP else announced
            assert frame.version >= announced or frame.msg_type is PROGRESS


async def test_an_unknown_asset_is_told_to_who_asked(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server, server.frames() as client:
        for msg_type in (
            MessageType.REQUEST_ASSET,
            MessageType.REQUEST_COMPILE,
            MessageType.CANCEL_COMPILE,
        ):
            await client.send(msg_type, 77)
            answer = await client.next()
            assert (answer.msg_type, answer.asset_id, answer.version) == (INVALID, 77, 0)
            assert answer.payload == b"no asset has the wire id 77"


async def test_a_recipe_in_a_frame_is_the_next_version(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server, server.frames() as client:
        asset = await server.create()
        await server.compiled(asset)
        await client.send(MessageType.REQUEST_ASSET, asset["wire_id"])
        await client.until(READY)
        request = MessageType.REQUEST_COMPILE
        await client.send(request, asset["wire_id"], 1, as_json(recipe("Renamed", 0.6)))
        frames = await client.until(READY)
        assert frames[0].msg_type is BUMP
        assert frames[-1].version == 2
        stored = (await server.http.get(f"/wire/{asset['wire_id']}")).json()
        assert (stored["version"], stored["name"]) == (2, "Renamed")
        # Version 0 is not compared.
        await client.send(request, asset["wire_id"], 0, as_json(recipe(radius=0.7)))
        assert (await client.until(READY))[-1].version == 3


async def test_a_bad_recipe_or_a_lost_race_is_told_to_that_client_alone(
    tmp_path: Path, tools: Tools
) -> None:
    async with (
        running(tmp_path, tools) as server,
        server.frames() as client,
        server.frames() as other,
    ):
        asset = await server.create()
        await server.compiled(asset)
        for one in (client, other):
            await one.send(MessageType.REQUEST_ASSET, asset["wire_id"])
            await one.until(READY)
        bad: list[tuple[int, bytes, str]] = [
            (0, as_json(recipe(radius=-1)), "$.root_node.radius"),
            (0, b"{", "not JSON"),
            (0, b"\xff\xfe", "UTF-8"),
            (0, b" " * (MAX_RECIPE_BYTES + 1), "at most"),
            (0, b"[" * 10_000, "$"),
            (7, as_json(recipe()), "on top of version 7, but version 1 is stored"),
        ]
        for version, payload, expected in bad:
            await client.send(MessageType.REQUEST_COMPILE, asset["wire_id"], version, payload)
            answer = await client.next()
            assert (answer.msg_type, answer.version) == (INVALID, 1)
            assert expected in answer.payload.decode()
        # The other one hears of the next version first.
        await server.update(asset, recipe(radius=0.6))
        assert (await other.next()).msg_type is BUMP


async def test_an_empty_request_compiles_what_is_stored(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server, server.frames() as client:
        asset = await server.create()
        path = Path((await server.compiled(asset))["result"]["binary_path"])
        before = path.stat().st_ino
        await client.send(MessageType.REQUEST_COMPILE, asset["wire_id"])
        await client.send(MessageType.REQUEST_ASSET, asset["wire_id"])
        assert (await client.until(READY))[-1].version == 1
        assert (await server.compiled(asset))["result"]["reused"] is True
        assert path.stat().st_ino == before


async def test_a_lost_binary_is_made_again_when_it_is_asked_for(
    tmp_path: Path, tools: Tools
) -> None:
    async with running(tmp_path, tools) as server, server.frames() as client:
        asset = await server.create()
        path = Path((await server.compiled(asset))["result"]["binary_path"])
        path.unlink()
        await client.send(MessageType.REQUEST_ASSET, asset["wire_id"])
        assert (await client.until(READY))[-1].version == 1
        assert path.exists()


async def test_a_cancelled_compile_is_told_to_subscribers_now_and_later(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    Gate(monkeypatch, volume_bake)
    async with running(tmp_path, tools) as server, server.frames() as client:
        asset = await server.create()
        await client.send(MessageType.REQUEST_ASSET, asset["wire_id"])
        await client.until(PROGRESS)
        await client.send(MessageType.CANCEL_COMPILE, asset["wire_id"])
        told = (await client.until(INVALID))[-1]
        assert (told.version, told.payload) == (1, b"the compile was cancelled")
        async with server.frames() as late:
            await late.send(MessageType.REQUEST_ASSET, asset["wire_id"])
            assert (await late.next()).payload == b"the compile was cancelled"


async def test_a_deleted_asset_is_invalid_for_its_subscribers(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server, server.frames() as client:
        asset = await server.create()
        await server.compiled(asset)
        await client.send(MessageType.REQUEST_ASSET, asset["wire_id"])
        await client.until(READY)
        await server.http.delete(f"/assets/{asset['id']}")
        told = await client.next()
        assert (told.msg_type, told.version, told.payload) == (INVALID, 1, b"deleted")


async def _still_well(server: Running, bystander: FrameClient) -> None:
    asset = await server.create(recipe("Another", 0.3))
    bump = await bystander.next()
    assert (bump.msg_type, bump.asset_id) == (BUMP, asset["wire_id"])


async def test_bad_frames_close_their_connection_alone(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server, server.frames() as bystander:
        for entry in BAD_REQUESTS:
            async with server.frames() as client:
                await client.socket.send((golden_dir() / "frames" / entry["file"]).read_bytes())
                expected = 1009 if entry["error"] == "payload_too_large" else 1002
                assert await client.close_code() == expected, entry["name"]
                assert client.socket.close_reason
        await _still_well(server, bystander)


async def test_a_text_message_is_not_supported(tmp_path: Path, tools: Tools) -> None:
    async with (
        running(tmp_path, tools) as server,
        server.frames() as client,
        server.frames() as bystander,
    ):
        await client.socket.send("hello")
        assert await client.close_code() == 1003
        await _still_well(server, bystander)


async def test_compression_is_never_negotiated(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server, server.frames(compression="deflate") as client:
        assert client.socket.response is not None
        assert "Sec-WebSocket-Extensions" not in client.socket.response.headers
