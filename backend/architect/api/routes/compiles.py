"""Compiles: ask for one, watch it, cancel it."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from architect.api.body import read_model
from architect.api.dependencies import ArchitectDep, AssetId
from architect.api.errors import responses
from architect.errors import InvalidRequestError
from architect.generated.models import CompileRequest, CompileStatus, ErrorCode

router = APIRouter(tags=["compiles"])

_BODY: dict[str, Any] = {
    "requestBody": {
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/CompileRequest"}}
        },
    }
}
BODY_MODELS = (CompileRequest,)
"""Models of bodies that routes read themselves; the documentation is told of them."""


@router.post(
    "/assets/{id}/compile",
    status_code=202,
    response_model_exclude_none=True,
    responses=responses(ErrorCode.ASSET_NOT_FOUND, ErrorCode.PAYLOAD_TOO_LARGE),
    openapi_extra=_BODY,
)
async def request_compile(
    asset_id: AssetId, request: Request, architect: ArchitectDep
) -> CompileStatus:
    """Lines up a compile of the stored version; the body may be left out."""
    wanted = await read_model(request, CompileRequest, {"asset_id": asset_id})
    if wanted.asset_id != asset_id:
        message = f"expected {asset_id} as in the path, found {wanted.asset_id}"
        raise InvalidRequestError(f"$.asset_id: {message}", [("$.asset_id", message)])
    return await architect.request_compile(wanted)


@router.get(
    "/assets/{id}/compile",
    response_model_exclude_none=True,
    responses=responses(ErrorCode.ASSET_NOT_FOUND, ErrorCode.COMPILE_NOT_FOUND),
)
async def get_compile(asset_id: AssetId, architect: ArchitectDep) -> CompileStatus:
    """Where the asset's newest compile stands, and what it ended with."""
    return await architect.compile_status(asset_id)


@router.delete(
    "/assets/{id}/compile",
    status_code=202,
    response_model_exclude_none=True,
    responses=responses(ErrorCode.ASSET_NOT_FOUND, ErrorCode.COMPILE_NOT_FOUND),
)
async def cancel_compile(asset_id: AssetId, architect: ArchitectDep) -> CompileStatus:
    """Cancels the asset's compile if it has not ended; a running one stops a bit later."""
    return await architect.cancel_compile(asset_id)
