"""Assets: save, read, list, delete, and their binaries."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from architect.api.body import SaveBody, read_save
from architect.api.dependencies import ArchitectDep, AssetId
from architect.api.errors import responses
from architect.generated.models import (
    AssetCategory,
    AssetDocument,
    AssetPage,
    CacheReport,
    ErrorCode,
    SaveAsset,
)
from architect.librarian.assets import Save
from architect.librarian.recipe import check_recipe
from architect.limits import MAX_NAME_BYTES, MAX_PAGE, MAX_WIRE_ID
from architect.service import Architect
from architect.store import CompileJob, StoredAsset

router = APIRouter(tags=["assets"])

_CHUNK_BYTES = 1 << 20

_SAVE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SaveAsset"}}},
    }
}
BODY_MODELS = (SaveAsset,)
"""Models of bodies that routes read themselves; the documentation is told of them."""

_SAVE_ERRORS = (ErrorCode.PAYLOAD_TOO_LARGE, ErrorCode.INVALID_RECIPE)


@router.post(
    "/assets",
    status_code=201,
    response_model=AssetDocument,
    responses=responses(*_SAVE_ERRORS),
    openapi_extra=_SAVE_BODY,
)
async def create_asset(request: Request, architect: ArchitectDep) -> Response:
    """Stores a new asset at version 1 and compiles it."""
    asset = await _save(architect, await read_save(request), None)
    return _document(asset, 201)


@router.put(
    "/assets/{id}",
    response_model=AssetDocument,
    responses=responses(ErrorCode.ASSET_NOT_FOUND, ErrorCode.VERSION_CONFLICT, *_SAVE_ERRORS),
    openapi_extra=_SAVE_BODY,
)
async def update_asset(asset_id: AssetId, request: Request, architect: ArchitectDep) -> Response:
    """Stores an asset's next version, announces it at once, and compiles it."""
    return _document(await _save(architect, await read_save(request), asset_id))


@router.get("/assets", response_model_exclude_none=True, responses=responses())
async def list_assets(
    architect: ArchitectDep,
    category: AssetCategory | None = None,
    name: Annotated[str | None, Query(max_length=MAX_NAME_BYTES)] = None,
    after: Annotated[int, Query(ge=0, lt=MAX_WIRE_ID)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> AssetPage:
    """Assets in the order of their wire ids; `name` may be any part of a name."""
    items = await architect.store.list_assets(
        category=category, name=name, after=after, limit=limit + 1
    )
    more = len(items) > limit
    items = items[:limit]
    return AssetPage(items=items, next_after=items[-1].wire_id if more else None)


@router.get(
    "/assets/{id}", response_model=AssetDocument, responses=responses(ErrorCode.ASSET_NOT_FOUND)
)
async def get_asset(asset_id: AssetId, architect: ArchitectDep) -> Response:
    """An asset with its recipe."""
    return _document(await architect.librarian.find(asset_id))


@router.get(
    "/wire/{wire_id}",
    response_model=AssetDocument,
    responses=responses(ErrorCode.ASSET_NOT_FOUND),
)
async def get_asset_by_wire_id(
    wire_id: Annotated[int, Path(ge=1, lt=MAX_WIRE_ID)], architect: ArchitectDep
) -> Response:
    """The same by its number in the binary protocol."""
    return _document(await architect.librarian.find_by_wire_id(wire_id))


@router.delete("/assets/{id}", status_code=204, responses=responses(ErrorCode.ASSET_NOT_FOUND))
async def delete_asset(asset_id: AssetId, architect: ArchitectDep) -> None:
    """Deletes an asset, its binary and its compile."""
    await architect.delete(asset_id)


@router.get("/assets/{id}/cache", responses=responses(ErrorCode.ASSET_NOT_FOUND))
async def get_cache(asset_id: AssetId, architect: ArchitectDep) -> CacheReport:
    """Whether the binary matches what is stored."""
    return await architect.librarian.cache_report(await architect.librarian.find(asset_id))


@router.get(
    "/assets/{id}/binary",
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {}}, "description": "The `.gve_bin`."},
        304: {"description": "The client has this version."},
        **responses(ErrorCode.ASSET_NOT_FOUND, ErrorCode.NOT_COMPILED),
    },
)
async def get_binary(asset_id: AssetId, request: Request, architect: ArchitectDep) -> Response:
    """The binary of the current version; its version is the entity tag."""
    async with architect.librarian.changes:
        asset, path = await architect.open_binary(asset_id)
        file = await asyncio.to_thread(path.open, "rb")
    tag = f'"{asset.version}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if tag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
        file.close()
        return Response(status_code=304, headers=headers)
    headers["Content-Length"] = str(file.seek(0, 2))
    file.seek(0)
    return StreamingResponse(_chunks(file), media_type="application/octet-stream", headers=headers)


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
            yield chunk


async def _save(architect: Architect, body: SaveBody, asset_id: str | None) -> StoredAsset:
    options = body.options
    if asset_id is not None:
        # An unknown asset is told before the recipe is looked at.
        await architect.librarian.find(asset_id)
    recipe = await asyncio.to_thread(check_recipe, body.dna)
    job = CompileJob(
        asset_id="",
        version=0,
        priority=options.priority,
        splat_iterations=options.splat_iterations,
        volume_resolution=options.volume_resolution,
    )
    return await architect.save(
        Save(
            recipe=recipe,
            job=job,
            asset_id=asset_id,
            subcategory=options.subcategory,
            expected_version=options.expected_version,
        )
    )


def _document(asset: StoredAsset, status: int = 200) -> Response:
    return Response(asset.document_json(), status_code=status, media_type="application/json")
