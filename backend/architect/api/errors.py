"""Every error as an `ErrorBody`."""

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from architect.api.body import json_path
from architect.errors import STATUS, ArchitectError, InvalidRequestError
from architect.generated.models import ErrorBody, ErrorCode


def responses(*codes: ErrorCode) -> dict[int | str, dict[str, Any]]:
    """What a route's documentation says about the errors it answers with."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for code in (*codes, ErrorCode.INVALID_REQUEST, ErrorCode.STORE_UNAVAILABLE):
        entry = by_status.setdefault(STATUS[code], {"model": ErrorBody, "description": ""})
        entry["description"] += f"{', ' if entry['description'] else ''}`{code.value}`"
    return by_status


def install(app: FastAPI) -> None:
    """Makes the application answer all errors in the one form."""

    @app.exception_handler(ArchitectError)
    async def architect_error(_request: Request, error: ArchitectError) -> Response:
        return _answer(STATUS[error.code], error.body())

    @app.exception_handler(RequestValidationError)
    async def invalid_request(_request: Request, error: RequestValidationError) -> Response:
        violations = [(json_path(one["loc"]), str(one["msg"])) for one in error.errors()]
        path, message = violations[0] if violations else ("$", "not valid")
        wrong = InvalidRequestError(f"the request is not valid: {path}: {message}", violations)
        return _answer(STATUS[wrong.code], wrong.body())

    # Unknown paths and methods; the framework's status says which.
    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        message = f"{request.method} {request.url.path}: {error.detail}"
        body = ErrorBody(code=ErrorCode.INVALID_REQUEST, message=message)
        return _answer(error.status_code, body, error.headers)

    # The web server logs it.
    @app.exception_handler(Exception)
    async def internal_error(_request: Request, _error: Exception) -> Response:
        body = ErrorBody(code=ErrorCode.INTERNAL, message="a fault of the Architect; see its log")
        return _answer(STATUS[body.code], body)


def _answer(status: int, body: ErrorBody, headers: Any = None) -> Response:  # noqa: ANN401
    return Response(
        body.model_dump_json(exclude_none=True),
        status_code=status,
        headers=dict(headers) if headers else None,
        media_type="application/json",
    )
