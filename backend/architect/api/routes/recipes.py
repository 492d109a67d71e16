"""Checking a recipe, searching for assets."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request

from architect.api.body import read_body
from architect.api.dependencies import ArchitectDep
from architect.api.errors import responses
from architect.generated.models import ErrorCode, SearchHit, Violation
from architect.librarian.recipe import check_recipe
from architect.limits import MAX_RECIPE_BYTES, MAX_SEARCH_CHARACTERS, MAX_SEARCH_HITS

router = APIRouter()

_RECIPE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AssetDna"}}},
    }
}


@router.post(
    "/recipes/check",
    tags=["recipes"],
    responses=responses(ErrorCode.PAYLOAD_TOO_LARGE, ErrorCode.INVALID_RECIPE),
    openapi_extra=_RECIPE_BODY,
)
async def check(request: Request) -> dict[str, list[Violation]]:
    """Checks a recipe without storing it; the answer to a bad one lists what is wrong."""
    await asyncio.to_thread(check_recipe, await read_body(request, MAX_RECIPE_BYTES))
    return {"violations": []}


@router.get("/search", tags=["search"], responses=responses())
async def search(
    architect: ArchitectDep,
    text: Annotated[str, Query(min_length=1, max_length=MAX_SEARCH_CHARACTERS)],
    limit: Annotated[int, Query(ge=1, le=MAX_SEARCH_HITS)] = 10,
) -> list[SearchHit]:
    """Compiled assets by the meaning of a text, best first."""
    return await architect.search(text, limit)
