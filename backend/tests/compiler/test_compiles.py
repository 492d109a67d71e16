"""Compiles through a running Architect: stages, reuse, priorities, supersession, failure."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import gve_native
import pytest
from gate import Gate
from harness import recipe, running

from architect.compiler.stages import math_jit, splat_train, volume_bake, writing
from architect.compiler.tools import Tools, TorchTrainer
from architect.generated.models import CompileStage

pytestmark = pytest.mark.anyio
STAGES = [stage.value for stage in CompileStage]


def types(events: list[Any]) -> list[str]:
    return [event.type for event in events if event.type != "compile:progress"]


async def test_a_compile_runs_the_six_stages_in_order(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server, server.events() as events:
        asset = await server.create()
        seen = await events.until(lambda e: e.type == "compile:complete")
        assert types(seen) == ["asset:created", "compile:started", "compile:complete"]
        assert seen[1].payload.stages == list(CompileStage)
        progress = [e.payload for e in seen if e.type == "compile:progress"]
        for stage in CompileStage:
            shares = [one.progress for one in progress if one.stage is stage]
            assert shares[0] == 0.0
            assert shares[-1] == 1.0
            assert shares == sorted(shares)
        order = [one.stage for one in progress]
        assert order == sorted(order, key=list(CompileStage).index)
        status = await server.compiled(asset)
        assert status["state"] == "complete"
        result = status["result"]
        assert [one["stage"] for one in result["stages"]] == STAGES
        assert all(one["seconds"] >= 0 for one in result["stages"])
        assert result["binary_path"] == seen[-1].payload.binary_path
        assert (result["version"], result["reused"], result["device"]) == (1, False, "cpu")
        assert result["splats"]["count"] > 100
        header = gve_native.read_header(result["binary_path"])
        assert (header.asset_id, header.version) == (asset["wire_id"], 1)
        gve_native.verify(result["binary_path"])
        assert list((tmp_path / "cache" / ".staging").iterdir()) == []


async def test_without_pytorch_splats_are_seeded_and_the_result_says_so(
    tmp_path: Path, tools: Tools
) -> None:
    async with running(tmp_path, tools) as server:
        asset = await server.create(splat_iterations=300)
        result = (await server.compiled(asset))["result"]
        assert result["splats"]["trained"] is False
        assert result["splats"]["reason"] == "PyTorch is not installed"
        warning = "splats were seeded but not trained: PyTorch is not installed"
        assert warning in result["warnings"]
        metadata = gve_native.read_metadata(result["binary_path"])
        assert warning in metadata
        assert (await server.http.get("/health")).json()["can_train"] is False


async def test_what_is_too_thin_is_told_with_its_node(tmp_path: Path, tools: Tools) -> None:
    pane = {"op": "box", "half_extents": [0.5, 0.00015, 0.5], "name": "Pane"}
    turned = {"op": "rotate", "axis": [1, 2, 3], "angle_rad": 0.5, "child": pane}
    ball = {"op": "sphere", "radius": 0.2}
    union = {"op": "union", "material": "WOOD_OAK", "children": [ball, turned]}
    dna = recipe() | {"root_node": union}
    async with running(tmp_path, tools) as server:
        result = (await server.compiled(await server.create(dna)))["result"]
        path = "$.root_node.children[1].child"
        for form in ("for the volume", "for an asset of this size"):
            told = [text for text in result["warnings"] if form in text]
            assert told, (form, result["warnings"])
            assert told[0].startswith(path), told
        metadata = json.loads(gve_native.read_metadata(result["binary_path"]))
        assert metadata["warnings"] == result["warnings"]


async def test_splats_are_trained_where_pytorch_is(tmp_path: Path, tools: Tools) -> None:
    pytest.importorskip("torch")
    trained = replace(tools, torch=True, trainer=TorchTrainer("cpu"), splat_count=500)
    async with running(tmp_path, trained) as server, server.events() as events:
        asset = await server.create(splat_iterations=4)
        result = (await server.compiled(asset))["result"]
        report = result["splats"]
        assert report["psnr_after_db"] >= report["psnr_before_db"] > 10
        assert report["trained"] is (report["psnr_after_db"] > report["psnr_before_db"])
        assert result["device"] == "cpu"
        header = gve_native.read_header(result["binary_path"])
        assert header.splats_trained is report["trained"]
        seen = await events.until(lambda e: e.type == "compile:complete")
        stage = CompileStage.SPLAT_TRAIN
        shares = [e.payload.progress for e in seen[2:-1] if e.payload.stage is stage]
        assert shares == sorted(shares)
        assert any(0.1 < share < 1.0 for share in shares)


async def test_a_graph_that_does_not_agree_leaves_the_field_to_native_code(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mismatch(*_args: Any, **_options: Any) -> Any:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")

    monkeypatch.setattr("architect.math_jit.compile_field", mismatch)
    async with running(tmp_path, replace(tools, torch=True, device="cuda")) as server:
        result = (await server.compiled(await server.create()))["result"]
        assert result["success"]
        assert result["device"] == "cpu"
        assert any("out of memory" in warning for warning in result["warnings"])


class BrokenTrainer:
    """PyTorch that imports, and fails when it is used."""

    can_train = True
    reason: str | None = None

    def train(self, *_args: Any, **_options: Any) -> Any:
        raise RuntimeError("no kernel image is available\nfor execution on the device")


async def test_a_trainer_that_fails_leaves_a_binary_that_is_not_used_again(
    tmp_path: Path, tools: Tools
) -> None:
    async with running(tmp_path, replace(tools, trainer=BrokenTrainer())) as server:
        asset = await server.create(splat_iterations=10)
        result = (await server.compiled(asset))["result"]
        assert result["success"]
        assert result["splats"]["reason"] == "training failed: RuntimeError"
        failure = "RuntimeError: no kernel image is available"
        assert f"splats were seeded but not trained: {failure}" in result["warnings"]
        asset = await server.update(asset, recipe(), splat_iterations=10)
        assert (await server.compiled(asset))["result"]["reused"] is False


async def test_an_unchanged_recipe_compiles_once(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server, server.events() as events:
        asset = await server.create()
        first = (await server.compiled(asset))["result"]
        asset = await server.update(asset, recipe())
        again = (await server.compiled(asset))["result"]
        assert (again["version"], again["reused"], again["stages"]) == (2, True, [])
        assert again["splats"] == first["splats"]
        header = gve_native.read_header(again["binary_path"])
        assert (header.asset_id, header.version) == (asset["wire_id"], 2)
        await events.until(lambda e: e.type == "compile:complete")
        seen = await events.until(lambda e: e.type == "compile:complete")
        assert seen[1].payload.stages == [CompileStage.WRITING]

        other = await server.create()
        twin = (await server.compiled(other))["result"]
        assert twin["reused"] is True
        header = gve_native.read_header(twin["binary_path"])
        assert (header.asset_id, header.version) == (other["wire_id"], 1)


async def test_the_current_binary_is_left_where_it_is(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        asset = await server.create()
        result = (await server.compiled(asset))["result"]
        before = Path(result["binary_path"]).stat()
        options = {"asset_id": asset["id"], "volume_resolution": 16, "splat_iterations": 0}
        url = f"/assets/{asset['id']}/compile"
        assert (await server.http.post(url, json=options)).status_code == 202
        assert (await server.compiled(asset))["result"]["reused"] is True
        assert Path(result["binary_path"]).stat().st_ino == before.st_ino
        forced = await server.http.post(url, json={**options, "force_recompile": True})
        assert forced.status_code == 202
        result = (await server.compiled(asset))["result"]
        assert result["reused"] is False
        assert Path(result["binary_path"]).stat().st_ino != before.st_ino


@pytest.mark.parametrize("change", ["recipe", "volume_resolution", "splat_iterations", "damage"])
async def test_what_decides_the_content_is_compiled_anew(
    tmp_path: Path, tools: Tools, change: str
) -> None:
    async with running(tmp_path, tools) as server:
        asset = await server.create()
        path = Path((await server.compiled(asset))["result"]["binary_path"])
        options: dict[str, Any] = {}
        dna = recipe(radius=0.6 if change == "recipe" else 0.5)
        if change == "volume_resolution":
            options["volume_resolution"] = 24
        elif change == "splat_iterations":
            options["splat_iterations"] = 5
        elif change == "damage":
            data = bytearray(path.read_bytes())
            data[-1] ^= 1
            path.write_bytes(data)
        asset = await server.update(asset, dna, **options)
        assert (await server.compiled(asset))["result"]["reused"] is False
        gve_native.verify(path)


async def test_a_renamed_asset_moves_its_binary(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        asset = await server.create(subcategory="toys")
        old = Path((await server.compiled(asset))["result"]["binary_path"])
        asset = await server.update(asset, recipe("Marble"), subcategory="games")
        new = Path((await server.compiled(asset))["result"]["binary_path"])
        assert new.relative_to(tmp_path / "cache").parts[:3] == ("geometry", "prop", "games")
        assert new.name == f"marble_{asset['id'][-6:]}.gve_bin"
        assert new.exists()
        assert not old.exists()
        # Only another place: the binary is used again.
        asset = await server.update(asset, recipe("Marble"), subcategory="toys")
        result = (await server.compiled(asset))["result"]
        assert result["reused"] is True
        assert not new.exists()


async def test_priorities_are_strict(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, volume_bake)
    async with running(tmp_path, tools) as server:
        await server.create(recipe("first"))
        await asyncio.to_thread(gate.wait)
        for number, priority in enumerate((0, 2, 1, 3, 0, 1, 2, 3)):
            dna = recipe(str(priority), radius=0.1 + 0.1 * number)
            await server.create(dna, priority=priority)
        gate.open()
        last = 9
        async with asyncio.timeout(60):
            while len(gate.order) < last:
                await asyncio.sleep(0.005)
        assert gate.order == ["first", "3", "3", "2", "2", "1", "1", "0", "0"]


async def test_a_newer_save_takes_the_place_of_a_running_compile(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, splat_train)
    async with running(tmp_path, tools) as server, server.events() as events:
        asset = await server.create(recipe(radius=0.5))
        await asyncio.to_thread(gate.wait)
        await server.update(asset, recipe(radius=0.6))
        asset = await server.update(asset, recipe(radius=0.7))
        await asyncio.to_thread(gate.wait)
        gate.open()
        seen = await events.until(lambda e: e.type == "compile:complete")
        # The second compile may have begun before the third save, or not.
        told = [one for one in types(seen) if one != "compile:started"]
        assert told == ["asset:created", "asset:updated", "asset:updated", "compile:complete"]
        status = await server.compiled(asset)
        assert (status["version"], status["state"]) == (3, "complete")
        assert gve_native.read_header(status["result"]["binary_path"]).version == 3


async def test_a_binary_that_came_too_late_is_dropped(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The save comes when the file is written already, but not in its place."""
    gate = Gate(monkeypatch, writing)
    async with running(tmp_path, tools) as server:
        asset = await server.create(recipe(radius=0.5))
        await asyncio.to_thread(gate.wait)
        asset = await server.update(asset, recipe(radius=0.6))
        cache = (await server.http.get(f"/assets/{asset['id']}/cache")).json()
        assert cache["status"] == "missing"
        gate.open()
        status = await server.compiled(asset)
        assert status["version"] == 2
        cache = (await server.http.get(f"/assets/{asset['id']}/cache")).json()
        assert (cache["status"], cache["file_version"]) == ("valid", 2)


async def test_a_recipe_that_cannot_be_baked_fails_with_its_reason(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_surface(*_args: Any) -> Any:
        raise gve_native.BakeError("the field has no surface")

    monkeypatch.setattr(volume_bake, "run", no_surface)
    async with running(tmp_path, tools) as server, server.events() as events:
        asset = await server.create()
        seen = await events.until(lambda e: e.type == "compile:failed")
        assert seen[-1].payload.error == "the field has no surface"
        status = await server.compiled(asset)
        assert status["state"] == "failed"
        assert status["result"]["error"] == "the field has no surface"
        binary = await server.http.get(f"/assets/{asset['id']}/binary")
        assert (binary.status_code, binary.json()["code"]) == (404, "not_compiled")
        # The next compile is none the worse.
        monkeypatch.undo()
        asset = await server.update(asset, recipe(radius=0.6))
        assert (await server.compiled(asset))["state"] == "complete"


async def test_a_fault_in_a_stage_fails_that_compile_alone(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_args: Any) -> Any:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(math_jit, "run", fault)
    async with running(tmp_path, tools) as server:
        asset = await server.create()
        status = await server.compiled(asset)
        assert status["state"] == "failed"
        assert "a fault of ours" in status["result"]["error"]
        monkeypatch.undo()
        assert (await server.compiled(await server.create(recipe("B"))))["state"] == "complete"


async def test_a_cache_that_cannot_be_written_fails_the_compile(
    tmp_path: Path, tools: Tools
) -> None:
    async with running(tmp_path, tools) as server:
        (tmp_path / "cache" / "geometry").write_text("a file where a folder has to be")
        asset = await server.create()
        status = await server.compiled(asset)
        assert status["state"] == "failed"
        assert "cannot be written" in status["result"]["error"]
