"""Reading request bodies: bounded, UTF-8, JSON, with errors that say where."""

import json
from dataclasses import dataclass
from typing import Any, TypeVar

import pydantic
from starlette.requests import Request

from architect.base import BaseModel
from architect.errors import InvalidRequestError, PayloadTooLargeError
from architect.generated.models import SaveAsset
from architect.limits import MAX_ENVELOPE_BYTES, MAX_NAME_BYTES, MAX_RECIPE_BYTES

M = TypeVar("M", bound=BaseModel)

_WHITESPACE = " \t\n\r"


@dataclass(frozen=True, slots=True)
class SaveBody:
    """Body of a save: the recipe as it was sent, and the rest."""

    dna: bytes
    options: Any
    """A `SaveOptions`."""


SaveOptions: type[BaseModel] = pydantic.create_model(
    "SaveOptions",
    __base__=BaseModel,
    **{
        name: (field.annotation, field)
        for name, field in SaveAsset.model_fields.items()
        if name != "dna"
    },  # type: ignore[call-overload]
)
"""`SaveAsset` without the recipe, which the native module checks."""


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """The whole body.

    Raises:
        InvalidRequestError: it is not said to be JSON.
        PayloadTooLargeError: it is longer than `limit_bytes`; the rest is not read.

    """
    kind = request.headers.get("content-type", "application/json")
    if kind.partition(";")[0].strip().lower() not in ("", "application/json"):
        raise InvalidRequestError(f"the content type must be application/json, found {kind!r}")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit_bytes:
        raise PayloadTooLargeError(limit_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise PayloadTooLargeError(limit_bytes)
    return bytes(body)


async def read_save(request: Request) -> SaveBody:
    """The body of a save, with the recipe unparsed.

    Raises:
        InvalidRequestError: it is no JSON object as `SaveAsset` describes.
        PayloadTooLargeError: it is longer than the limits allow.

    """
    body = await read_body(request, MAX_RECIPE_BYTES + MAX_ENVELOPE_BYTES)
    members = _members(_text(body))
    if "dna" not in members:
        raise _invalid("$.dna", "is missing")
    rest = {name: _value(text) for name, text in members.items() if name != "dna"}
    options = parse_model(SaveOptions, rest)
    length = len((rest.get("subcategory") or "").encode())
    if length > MAX_NAME_BYTES:
        raise _invalid("$.subcategory", f"at most {MAX_NAME_BYTES} bytes, found {length}")
    return SaveBody(members["dna"].encode(), options)


async def read_model(request: Request, model: type[M], defaults: dict[str, Any]) -> M:
    """A small body; what it leaves out comes from `defaults`. No body at all is an empty one.

    Raises:
        InvalidRequestError: it is no JSON object as the model describes.
        PayloadTooLargeError: it is longer than the limit.

    """
    body = await read_body(request, MAX_ENVELOPE_BYTES)
    members = _members(_text(body)) if body else {}
    return parse_model(model, defaults | {name: _value(text) for name, text in members.items()})


def parse_model(model: type[M], value: dict[str, Any]) -> M:
    """Checks a value.

    Raises:
        InvalidRequestError: everything that is wrong with it, with JSON paths.

    """
    try:
        return model.model_validate(value)
    except pydantic.ValidationError as error:
        violations = [(json_path(one["loc"]), one["msg"]) for one in error.errors()]
        path, message = violations[0]
        raise InvalidRequestError(
            f"the request is not valid: {path}: {message}", violations
        ) from error


def json_path(location: tuple[int | str, ...]) -> str:
    """Where Pydantic found something, as a JSON path: `$.a[0].b`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "$" + "".join(parts)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise _invalid("$", f"byte {error.start} is not UTF-8: {error.reason}") from error


def _members(text: str) -> dict[str, str]:
    """The members of a JSON object by name, each as the text that stands there."""
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        raise _invalid("$", "expected a JSON object")
    members: dict[str, str] = {}
    at = _skip(text, at + 1)
    if text[at : at + 1] == "}":
        at += 1
    else:
        while True:
            name, at = _decode(text, at)
            if not isinstance(name, str):
                raise _syntax(text, at, "expected a name in quotes")
            _check_encodable(name)
            if name in members:
                raise _invalid(f"$.{name}", "is given twice")
            at = _skip(text, at)
            if text[at : at + 1] != ":":
                raise _syntax(text, at, "expected `:`")
            start = _skip(text, at + 1)
            _, end = _decode(text, start)
            members[name] = text[start:end]
            at = _skip(text, end)
            if text[at : at + 1] == "}":
                at += 1
                break
            if text[at : at + 1] != ",":
                raise _syntax(text, at, "expected `,` or `}`")
            at = _skip(text, at + 1)
    if _skip(text, at) != len(text):
        raise _syntax(text, at, "expected nothing after the object")
    return members


def _value(text: str) -> Any:  # noqa: ANN401 - any JSON value
    value, _ = _decode(text, 0)
    _check_encodable(value)
    return value


def _check_encodable(value: object) -> None:
    """Refuses texts with half of a surrogate pair, which no answer could repeat."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _invalid("$", "a text holds half of a surrogate pair") from None


def _decode(text: str, at: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise _syntax(text, error.pos, error.msg) from error
    except RecursionError as error:
        raise _invalid("$", "the JSON is nested too deeply") from error
    except ValueError as error:
        raise _invalid("$", str(error)) from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _WHITESPACE:
        at += 1
    return at


def _syntax(text: str, at: int, message: str) -> InvalidRequestError:
    line = text.count("\n", 0, at) + 1
    column = at - text.rfind("\n", 0, at)
    return _invalid("$", f"line {line}, column {column}: not JSON: {message}")


def _invalid(path: str, message: str) -> InvalidRequestError:
    return InvalidRequestError(f"the request is not valid: {path}: {message}", [(path, message)])
