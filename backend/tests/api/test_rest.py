"""Every REST operation over HTTP."""

import asyncio
from pathlib import Path

import gve_native
import pytest
from gate import Gate
from harness import recipe, running, save_body

from architect.compiler.stages import volume_bake
from architect.compiler.tools import Tools
from architect.generated.models import (
    AssetDocument,
    AssetPage,
    CacheReport,
    CompileStatus,
    Health,
    MaterialSpec,
    SearchHit,
)

pytestmark = pytest.mark.anyio


async def test_an_asset_is_created_read_changed_and_deleted(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        http = server.http
        created = await http.post("/assets", json=save_body(subcategory="toys"))
        assert created.status_code == 201
        document = AssetDocument.model_validate_json(created.content)
        assert (document.version, document.wire_id, document.name) == (1, 1, "Ball")
        assert document.meta.subcategory == "toys"
        assert document.dna.metadata.version == 1
        url = f"/assets/{document.id}"
        assert (await http.get(url)).json() == created.json()
        assert (await http.get("/wire/1")).json() == created.json()

        changed = await http.put(url, json=save_body(recipe("Marble", 0.2), expected_version=1))
        assert changed.status_code == 200
        again = AssetDocument.model_validate_json(changed.content)
        assert (again.id, again.version, again.name) == (document.id, 2, "Marble")
        assert again.meta.subcategory == "toys"
        assert again.dna.metadata.version == 2
        assert again.created_at == document.created_at
        assert (await http.get(url)).json() == changed.json()

        path = Path((await server.compiled(changed.json()))["result"]["binary_path"])
        assert (await http.delete(url)).status_code == 204
        assert not path.exists()
        for gone in (url, "/wire/1", f"{url}/cache", f"{url}/binary", f"{url}/compile"):
            answer = await http.get(gone)
            assert (answer.status_code, answer.json()["code"]) == (404, "asset_not_found")
        assert (await http.delete(url)).status_code == 404
        assert (await http.put(url, json=save_body())).status_code == 404


async def test_the_recipe_comes_back_as_it_was_sent(tmp_path: Path, tools: Tools) -> None:
    library = Path(__file__).resolve().parents[3] / "assets" / "library"
    text = (library / "windsor_chair.gve.json").read_bytes()
    async with running(tmp_path, tools) as server:
        body = b'{"splat_iterations": 0, "volume_resolution": 8, "dna": ' + text + b"}"
        answer = await server.http.post("/assets", content=body)
        assert answer.status_code == 201
        assert answer.json()["meta"]["subcategory"] == "furniture"
        asset = (await server.http.get(f"/assets/{answer.json()['id']}")).content
        dna = AssetDocument.model_validate_json(asset).dna.model_dump_json(exclude_none=True)
        assert gve_native.dna_hash(dna) == gve_native.dna_hash(text.decode())


async def test_the_cache_says_missing_valid_and_stale(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, tools) as server:
        asset = await server.create()
        await server.compiled(asset)
        url = f"/assets/{asset['id']}"

        async def cache() -> CacheReport:
            return CacheReport.model_validate_json((await server.http.get(f"{url}/cache")).content)

        report = await cache()
        assert (report.status.value, report.version, report.file_version) == ("valid", 1, 1)
        gate = Gate(monkeypatch, volume_bake)
        await server.update(asset, recipe(radius=0.6))
        report = await cache()
        assert (report.status.value, report.version, report.file_version) == ("stale", 2, 1)
        assert (await server.http.get(f"{url}/binary")).json()["code"] == "not_compiled"
        gate.open()
        await server.compiled(asset)
        report = await cache()
        assert report.status.value == "valid"
        Path(report.binary_path).write_bytes(b"GVE1 but damaged")
        assert (await cache()).status.value == "missing"
        Path(report.binary_path).unlink()
        assert (await cache()).status.value == "missing"


async def test_the_binary_has_its_version_as_entity_tag(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        asset = await server.create()
        path = Path((await server.compiled(asset))["result"]["binary_path"])
        url = f"/assets/{asset['id']}/binary"
        answer = await server.http.get(url)
        assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
        assert answer.content == path.read_bytes()
        same = await server.http.get(url, headers={"If-None-Match": '"0", "1"'})
        assert (same.status_code, same.content) == (304, b"")
        other = await server.http.get(url, headers={"If-None-Match": '"0"'})
        assert other.status_code == 200


async def test_assets_are_listed_in_pages(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        for name in ("Oak chair", "Oak table", "Lamp"):
            await server.create(recipe(name))
        await server.create(recipe("Sword", category="Weapon"))

        async def names(**query: str | int) -> tuple[list[str], int | None]:
            answer = await server.http.get("/assets", params=query)
            page = AssetPage.model_validate_json(answer.content)
            return [one.name for one in page.items], page.next_after

        assert await names() == (["Oak chair", "Oak table", "Lamp", "Sword"], None)
        assert await names(limit=2) == (["Oak chair", "Oak table"], 2)
        assert await names(limit=2, after=2) == (["Lamp", "Sword"], None)
        assert await names(name="oak") == (["Oak chair", "Oak table"], None)
        assert await names(category="Weapon") == (["Sword"], None)


async def test_a_compile_is_asked_for_and_watched(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, volume_bake)
    async with running(tmp_path, tools) as server:
        asset = await server.create()
        url = f"/assets/{asset['id']}/compile"
        await asyncio.to_thread(gate.wait)
        status = CompileStatus.model_validate_json((await server.http.get(url)).content)
        assert (status.state.value, status.version) == ("running", 1)
        assert status.progress is not None
        assert status.progress.message
        same = {"asset_id": asset["id"], "volume_resolution": 16, "splat_iterations": 0}
        assert (await server.http.post(url, json=same)).json()["state"] == "running"
        other = await server.http.post(url, json={**same, "volume_resolution": 24, "priority": 3})
        assert other.status_code == 202
        gate.open()
        status = CompileStatus.model_validate(await server.compiled(asset))
        assert status.result is not None
        assert status.result.success
        assert gate.order == ["Ball", "Ball"]
        # Nothing in the body: the defaults.
        assert (await server.http.post(url)).status_code == 202
        await server.compiled(asset)


async def test_search_finds_by_meaning(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        for name in ("Wooden chair", "Steam locomotive", "Sheep"):
            await server.compiled(await server.create(recipe(name)))

        async def best(text: str) -> str:
            answer = await server.http.get("/search", params={"text": text, "limit": 2})
            hits = [SearchHit.model_validate(one) for one in answer.json()]
            assert len(hits) == 2
            assert hits[0].score > hits[1].score
            return hits[0].asset.name

        assert await best("a railway engine") == "Steam locomotive"
        assert await best("farm animal") == "Sheep"
        assert await best("something to sit on") == "Wooden chair"
    # The embeddings are stored: they are there again without another compile.
    async with running(tmp_path, tools) as server:
        answer = await server.http.get("/search", params={"text": "farm animal"})
        assert answer.json()[0]["asset"]["name"] == "Sheep"
        await server.http.delete(f"/assets/{answer.json()[0]['asset']['id']}")
        answer = await server.http.get("/search", params={"text": "farm animal"})
        assert {one["asset"]["name"] for one in answer.json()} == {
            "Wooden chair",
            "Steam locomotive",
        }


async def test_materials_are_served(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        specs = [
            MaterialSpec.model_validate(one) for one in (await server.http.get("/materials")).json()
        ]
        assert "WOOD_OAK" in [spec.spec_id for spec in specs]
        oak = (await server.http.get("/materials/WOOD_OAK")).json()
        assert MaterialSpec.model_validate(oak) in specs
        audio = (await server.http.get("/materials/WOOD_OAK/audio")).json()
        assert audio["damping"] == oak["damping_coefficient"]
        pairs = [
            (await server.http.get("/materials/impact", params={"a": a, "b": b})).json()
            for a, b in (("WOOD_OAK", "ASTM_A36"), ("ASTM_A36", "WOOD_OAK"))
        ]
        assert pairs[0] == pairs[1]
        for url in ("/materials/NONE", "/materials/NONE/audio", "/materials/impact?a=NONE&b=NONE"):
            answer = await server.http.get(url)
            assert (answer.status_code, answer.json()["code"]) == (404, "material_not_found")


async def test_health_and_recipe_check(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        health = Health.model_validate_json((await server.http.get("/health")).content)
        assert (health.status, health.device, health.can_train) == ("ok", "cpu", False)
        assert health.store_id == await server.architect.store.store_id()
        answer = await server.http.post("/recipes/check", json=recipe())
        assert (answer.status_code, answer.json()) == (200, {"violations": []})
        answer = await server.http.post("/recipes/check", json=recipe(radius=-1))
        assert answer.status_code == 422
        assert answer.json()["violations"][0]["path"] == "$.root_node.radius"
        assert (await server.http.get("/assets")).json()["items"] == []


async def test_the_documentation_describes_every_operation(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        schema = (await server.http.get("/openapi.json")).json()
    operations = {
        (method.upper(), path) for path, item in schema["paths"].items() for method in item
    }
    assert operations == {
        ("GET", "/assets"),
        ("POST", "/assets"),
        ("GET", "/assets/{id}"),
        ("PUT", "/assets/{id}"),
        ("DELETE", "/assets/{id}"),
        ("GET", "/wire/{wire_id}"),
        ("GET", "/assets/{id}/cache"),
        ("GET", "/assets/{id}/binary"),
        ("POST", "/assets/{id}/compile"),
        ("GET", "/assets/{id}/compile"),
        ("DELETE", "/assets/{id}/compile"),
        ("GET", "/search"),
        ("POST", "/recipes/check"),
        ("GET", "/materials"),
        ("GET", "/materials/{spec_id}"),
        ("GET", "/materials/{spec_id}/audio"),
        ("GET", "/materials/impact"),
        ("GET", "/health"),
    }
    known = schema["components"]["schemas"]
    for item in schema["paths"].values():
        for operation in item.values():
            error = operation["responses"]["422"]["content"]["application/json"]["schema"]
            assert error == {"$ref": "#/components/schemas/ErrorBody"}
    conflict = schema["paths"]["/assets/{id}"]["put"]["responses"]["409"]
    assert "version_conflict" in conflict["description"]

    def references(value: object) -> list[str]:
        if isinstance(value, dict):
            own = [str(value["$ref"])] if isinstance(value.get("$ref"), str) else []
            return own + [one for part in value.values() for one in references(part)]
        if isinstance(value, list):
            return [one for part in value for one in references(part)]
        return []

    names = {one.rsplit("/", 1)[-1] for one in references(schema)}
    assert {"SaveAsset", "CompileRequest", "AssetDna", "AssetDocument"} <= names
    assert names <= set(known)
