"""What bad input gets: a typed answer, never a fault, and nothing is stored."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness import Running, as_json, recipe, running, save_body

from architect.compiler.tools import Tools
from architect.errors import STATUS
from architect.generated.models import ErrorBody
from architect.limits import MAX_ENVELOPE_BYTES, MAX_RECIPE_BYTES

pytestmark = pytest.mark.anyio

DEEP = 10_000


def checked(answer: httpx.Response, status: int, code: str) -> ErrorBody:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = ErrorBody.model_validate_json(answer.content)
    assert body.code.value == code
    assert STATUS[body.code] == status
    assert body.message
    assert "Traceback" not in answer.text
    return body


async def nothing_is_stored(server: Running) -> None:
    assert (await server.http.get("/assets")).json()["items"] == []


RECIPE_FAULTS: list[tuple[str, Any, str]] = [
    ("negative radius", recipe(radius=-1), "$.root_node.radius"),
    ("unknown material", recipe(material_spec="WOOD_OKA"), "$.metadata.material_spec"),
    ("unknown category", recipe(category="Boat"), "$.metadata.category"),
    ("empty name", recipe(name=" "), "$.metadata.name"),
    ("long name", recipe(name="n" * 200), "$.metadata.name"),
    ("no root", {"dna_version": 1, "metadata": recipe()["metadata"]}, "$"),
    ("unknown field", {**recipe(), "colour": 1}, "$.colour"),
    ("another version", {**recipe(), "dna_version": 9}, "$.dna_version"),
    ("unknown op", {**recipe(), "root_node": {"op": "blob"}}, "$.root_node.op"),
    (
        "deep inside",
        {
            **recipe(),
            "root_node": {
                "op": "union",
                "children": [recipe()["root_node"], {"op": "sphere", "radius": "1"}],
            },
        },
        "$.root_node.children[1].radius",
    ),
    ("no object", [], "$"),
    ("null", None, "$"),
    ("a number", 3, "$"),
]


async def test_recipe_errors_come_back_with_their_path(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        asset = await server.create()
        url = f"/assets/{asset['id']}"
        for name, dna, path in RECIPE_FAULTS:
            body = as_json({"dna": dna})
            for answer in (
                await server.http.post("/assets", content=body),
                await server.http.post("/recipes/check", content=as_json(dna)),
                await server.http.put(url, content=body),
            ):
                violations = checked(answer, 422, "invalid_recipe").violations
                assert path in [one.path for one in violations], name
        assert (await server.http.get(url)).json()["version"] == 1
        assert len((await server.http.get("/assets")).json()["items"]) == 1


GOOD = as_json(recipe())
BODIES: list[tuple[str, bytes, str]] = [
    ("empty", b"", "$"),
    ("no JSON", b"hello", "$"),
    ("cut off", b'{"dna": ' + GOOD, "$"),
    ("something behind", b'{"dna": ' + GOOD + b"} x", "$"),
    ("a list", b"[]", "$"),
    ("no recipe", b"{}", "$.dna"),
    ("invalid UTF-8", b'{"dna": "\xff"}', "$"),
    ("UTF-16", '{"dna": {}}'.encode("utf-16"), "$"),
    ("twice", b'{"dna": ' + GOOD + b', "dna": {}}', "$.dna"),
    ("deep lists", b'{"dna": ' + b"[" * DEEP + b"]" * DEEP + b"}", "$"),
    ("deep objects", b'{"dna": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}", "$"),
    ("deep options", b'{"priority": ' + b"[" * DEEP + b"]" * DEEP + b', "dna": 1}', "$"),
    ("unknown option", b'{"colour": 1, "dna": ' + GOOD + b"}", "$.colour"),
    ("NaN", b'{"priority": NaN, "dna": ' + GOOD + b"}", "$"),
    ("infinity", b'{"dna": Infinity}', "$"),
    ("priority", b'{"priority": 4, "dna": ' + GOOD + b"}", "$.priority"),
    ("iterations", b'{"splat_iterations": -1, "dna": ' + GOOD + b"}", "$.splat_iterations"),
    ("resolution", b'{"volume_resolution": 4096, "dna": ' + GOOD + b"}", "$.volume_resolution"),
    ("huge", b'{"expected_version": 1e999, "dna": ' + GOOD + b"}", "$.expected_version"),
    ("digits", b'{"priority": ' + b"9" * 10_000 + b', "dna": ' + GOOD + b"}", "$"),
    ("surrogate", b'{"subcategory": "\\ud800", "dna": ' + GOOD + b"}", "$"),
    ("surrogate name", b'{"\\ud800": 1, "dna": ' + GOOD + b"}", "$"),
    (
        "long subcategory",
        b'{"subcategory": "' + b"s" * 129 + b'", "dna": ' + GOOD + b"}",
        "$.subcategory",
    ),
]


async def test_bad_bodies_say_where(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        for name, body, path in BODIES:
            answer = await server.http.post("/assets", content=body)
            violations = checked(answer, 422, "invalid_request").violations
            assert [one.path for one in violations] == [path], name
        await nothing_is_stored(server)


async def test_numbers_that_json_does_not_have_are_refused_in_recipes(
    tmp_path: Path, tools: Tools
) -> None:
    async with running(tmp_path, tools) as server:
        for number in (b"NaN", b"Infinity", b"-Infinity", b"1e999"):
            dna = as_json(recipe()).replace(b"0.5", number)
            answer = await server.http.post("/recipes/check", content=dna)
            checked(answer, 422, "invalid_recipe")
            answer = await server.http.post("/assets", content=b'{"dna": ' + dna + b"}")
            assert answer.status_code == 422
        deep = b"[" * DEEP + b"]" * DEEP
        checked(await server.http.post("/recipes/check", content=deep), 422, "invalid_recipe")
        await nothing_is_stored(server)


async def test_bodies_are_bounded(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        limit = MAX_RECIPE_BYTES + MAX_ENVELOPE_BYTES
        big = b'{"dna": "' + b"x" * limit + b'"}'
        checked(await server.http.post("/assets", content=big), 413, "payload_too_large")

        async def chunks() -> Any:
            for _ in range(limit // (1 << 20) + 2):
                yield b" " * (1 << 20)

        answer = await server.http.post("/assets", content=chunks())
        checked(answer, 413, "payload_too_large")
        # A recipe by itself that is too long, in a request that is not.
        long = as_json(save_body())[:-1] + b" " * 10 + b"}"
        assert (await server.http.post("/assets", content=long)).status_code == 201
        dna = as_json(recipe())
        padded = dna[:-1] + b" " * (MAX_RECIPE_BYTES + 1 - len(dna)) + b"}"
        answer = await server.http.post("/assets", content=b'{"dna":' + padded + b"}")
        checked(answer, 422, "invalid_recipe")


async def test_a_wrong_content_type_is_refused(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            answer = await server.http.post(
                "/assets", content=as_json(save_body()), headers={"Content-Type": kind}
            )
            assert kind in checked(answer, 422, "invalid_request").message
        good = {"Content-Type": "application/json; charset=utf-8"}
        answer = await server.http.post("/assets", content=as_json(save_body()), headers=good)
        assert answer.status_code == 201


async def test_a_lost_race_tells_both_versions(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        asset = await server.create()
        await server.update(asset, recipe(radius=0.6), expected_version=1)
        url = f"/assets/{asset['id']}"
        answer = await server.http.put(url, json=save_body(expected_version=1))
        body = checked(answer, 409, "version_conflict")
        assert (body.expected_version, body.current_version) == (1, 2)
        assert (await server.http.get(url)).json()["version"] == 2

        racers = [
            server.http.put(url, json=save_body(recipe(radius=0.1 * n), expected_version=2))
            for n in range(1, 7)
        ]
        answers = await asyncio.gather(*racers)
        assert sorted(one.status_code for one in answers) == [200, *[409] * 5]
        assert (await server.http.get(url)).json()["version"] == 3


BAD_URLS = [
    "/assets/abc",
    "/assets/507F1F77BCF86CD799439011",
    "/assets/507f1f77bcf86cd79943901g",
    "/assets/507f1f77bcf86cd7994390110",
    "/wire/0",
    "/wire/-1",
    "/wire/9007199254740992",
    "/wire/x",
    "/assets?limit=0",
    "/assets?limit=501",
    "/assets?after=-1",
    "/assets?after=99999999999999999999999",
    "/assets?category=Boat",
    "/search",
    "/search?text=",
    "/search?text=" + "x" * 1001,
    "/search?text=a&limit=101",
    "/materials/impact?a=WOOD_OAK",
]


async def test_bad_urls_are_refused(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        for url in BAD_URLS:
            assert checked(await server.http.get(url), 422, "invalid_request").violations, url


async def test_unknown_places_and_methods_have_the_same_form(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        for method, url, status in (
            ("GET", "/nowhere", 404),
            ("GET", "/assets/../../etc/passwd", 404),
            ("PATCH", "/assets", 405),
            ("GET", "/ws/events", 404),
        ):
            answer = await server.http.request(method, url)
            assert answer.status_code == status
            assert ErrorBody.model_validate_json(answer.content).message


async def test_a_compile_request_must_name_the_same_asset(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        asset = await server.create()
        url = f"/assets/{asset['id']}/compile"
        answer = await server.http.post(url, json={"asset_id": "0" * 24})
        assert checked(answer, 422, "invalid_request").violations[0].path == "$.asset_id"
        answer = await server.http.post(url, json={"volume_resolution": 7})
        body = checked(answer, 422, "invalid_request")
        assert body.violations[0].path == "$.volume_resolution"
        unknown = f"/assets/{'0' * 24}/compile"
        for method in ("GET", "POST", "DELETE"):
            answer = await server.http.request(method, unknown)
            checked(answer, 404, "asset_not_found")


async def test_a_store_that_does_not_answer_is_503(tmp_path: Path, tools: Tools) -> None:
    async with running(tmp_path, tools) as server:
        asset = await server.create()
        await server.compiled(asset)
        thread = server.architect.store._thread  # type: ignore[attr-defined]
        connection, thread._connection = thread._connection, None
        for answer in (
            await server.http.get(f"/assets/{asset['id']}"),
            await server.http.post("/assets", json=save_body()),
            await server.http.get("/health"),
        ):
            checked(answer, 503, "store_unavailable")
        thread._connection = connection
        assert (await server.http.get(f"/assets/{asset['id']}")).status_code == 200


async def test_a_fault_is_told_without_its_traceback(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, tools) as server:

        def fault() -> None:
            raise ZeroDivisionError("secret")

        monkeypatch.setattr(server.architect.materials, "list_materials", fault)
        answer = await server.http.get("/materials")
        assert "secret" not in checked(answer, 500, "internal").message
