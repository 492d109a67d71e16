"""Cancelling: in each stage, within native work, while waiting."""

import asyncio
from pathlib import Path
from types import ModuleType

import pytest
from gate import Gate
from harness import recipe, running

from architect.compiler.stages import (
    indexing,
    math_jit,
    shell_gen,
    splat_train,
    volume_bake,
    writing,
)
from architect.compiler.tools import Tools
from architect.generated.models import CompileStage

pytestmark = pytest.mark.anyio
STAGES = [math_jit, volume_bake, shell_gen, splat_train, indexing, writing]


@pytest.mark.parametrize("stage", STAGES, ids=[one.__name__.split(".")[-1] for one in STAGES])
async def test_a_compile_is_cancelled_in_any_stage(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch, stage: ModuleType
) -> None:
    gate = Gate(monkeypatch, stage)
    async with running(tmp_path, tools) as server, server.events() as events:
        asset = await server.create()
        await asyncio.to_thread(gate.wait)
        answer = await server.http.delete(f"/assets/{asset['id']}/compile")
        assert answer.status_code == 202
        seen = await events.until(lambda e: e.type == "compile:failed")
        assert seen[-1].payload.error == "the compile was cancelled"
        reached = [e.payload.stage for e in seen if e.type == "compile:progress"]
        assert reached[-1] is list(CompileStage)[STAGES.index(stage)]
        status = await server.compiled(asset)
        assert status["state"] == "cancelled"
        assert list((tmp_path / "cache").rglob("*.gve_bin")) == []
        # Another compile of it goes through.
        gate.open()
        await server.http.post(
            f"/assets/{asset['id']}/compile",
            json={"asset_id": asset["id"], "volume_resolution": 16, "splat_iterations": 0},
        )
        assert (await server.compiled(asset))["state"] == "complete"


async def test_native_work_is_cancelled_on_its_way(tmp_path: Path, tools: Tools) -> None:
    dna = recipe()
    dna["root_node"] = {
        "op": "displace",
        "pattern": "gyroid",
        "amplitude": 0.05,
        "wavelength": 0.05,
        "octaves": 6,
        "child": dna["root_node"],
    }
    async with running(tmp_path, tools) as server, server.events() as events:
        asset = await server.create(dna, volume_resolution=512)
        stage = CompileStage.VOLUME_BAKE
        await events.until(lambda e: e.type == "compile:progress" and e.payload.stage is stage)
        await server.http.delete(f"/assets/{asset['id']}/compile")
        seen = await events.until(lambda e: e.type in ("compile:failed", "compile:complete"))
        assert seen[-1].type == "compile:failed"
        shares = [e.payload.progress for e in seen[:-1] if e.payload.stage is stage]
        assert 1.0 not in shares


async def test_a_waiting_compile_is_cancelled_at_once(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, volume_bake)
    async with running(tmp_path, tools) as server:
        await server.create(recipe("A"))
        await asyncio.to_thread(gate.wait)
        waiting = await server.create(recipe("B"))
        answer = await server.http.delete(f"/assets/{waiting['id']}/compile")
        assert (answer.status_code, answer.json()["state"]) == (202, "cancelled")
        gate.open()
        await server.compiled(await server.create(recipe("C")))
        assert gate.order == ["A", "C"]


async def test_cancelling_what_has_ended_changes_nothing(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        asset = await server.create()
        await server.compiled(asset)
        answer = await server.http.delete(f"/assets/{asset['id']}/compile")
        assert (answer.status_code, answer.json()["state"]) == (202, "complete")


async def test_a_deleted_asset_ends_its_compile_and_leaves_no_file(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, writing)
    async with running(tmp_path, tools) as server, server.events() as events:
        asset = await server.create()
        await asyncio.to_thread(gate.wait)
        assert (await server.http.delete(f"/assets/{asset['id']}")).status_code == 204
        gate.open()
        other = await server.create(recipe("Other"))
        await server.compiled(other)
        seen = await events.until(lambda e: e.type == "compile:complete")
        of_the_deleted = [e.type for e in seen if e.payload.asset_id == asset["id"]]
        assert of_the_deleted[-1] == "asset:deleted"
        names = [path.name for path in (tmp_path / "cache").rglob("*.gve_bin")]
        assert names == [f"other_{other['id'][-6:]}.gve_bin"]
