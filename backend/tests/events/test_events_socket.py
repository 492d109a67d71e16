"""`/ws/events` with several real subscribers."""

import asyncio
import re
from pathlib import Path

import pytest
from harness import recipe, running

from architect.compiler.tools import Tools

pytestmark = pytest.mark.anyio

RFC_3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


async def test_all_subscribers_see_the_same_events_in_the_same_order(
    tmp_path: Path, tools: Tools
) -> None:
    async with (
        running(tmp_path, tools) as server,
        server.events() as a,
        server.events() as b,
        server.events() as c,
    ):
        assets = [await server.create(recipe(f"Ball {n}", 0.2 + 0.1 * n)) for n in range(3)]
        for asset in assets:
            await server.update(asset, recipe("Changed", 0.9))
        for asset in assets:
            await server.compiled(asset)
        await server.http.delete(f"/assets/{assets[0]['id']}")
        seen = await asyncio.gather(
            *(one.until(lambda e: e.type == "asset:deleted") for one in (a, b, c))
        )
        assert seen[0] == seen[1] == seen[2]
        assert all(RFC_3339_UTC.fullmatch(event.timestamp) for event in seen[0])
        times = [event.timestamp for event in seen[0]]
        assert times == sorted(times)
        for asset in assets:
            own = [e for e in seen[0] if e.payload.asset_id == asset["id"]]
            types = [event.type for event in own]
            assert types[0] == "asset:created"
            assert types.index("asset:updated") > 0
            versions = [e.payload.version for e in own if e.type == "asset:updated"]
            assert versions == [2]
            assert types.count("compile:complete") <= 2
            assert "compile:complete" in types[types.index("asset:updated") :]


async def test_a_late_subscriber_sees_what_comes(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        asset = await server.create()
        await server.compiled(asset)
        async with server.events() as late:
            await late.socket.send("anything is ignored")
            await server.http.delete(f"/assets/{asset['id']}")
            event = await late.next()
            assert (event.type, event.payload.asset_id) == ("asset:deleted", asset["id"])
