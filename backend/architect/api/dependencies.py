"""What routes ask for."""

from typing import Annotated

from fastapi import Depends, Path
from starlette.requests import HTTPConnection

from architect.ids import ID_PATTERN
from architect.service import Architect


def _architect(connection: HTTPConnection) -> Architect:
    architect = connection.app.state.architect
    assert isinstance(architect, Architect)  # noqa: S101 - set by the application's factory
    return architect


ArchitectDep = Annotated[Architect, Depends(_architect)]
"""The Architect that the application belongs to."""

AssetId = Annotated[str, Path(alias="id", pattern=ID_PATTERN, description="24 hex digits.")]
"""A document id in a path."""
