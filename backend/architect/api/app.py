"""The FastAPI application of one Architect."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from architect import VERSION
from architect.api import errors
from architect.api.routes import assets, compiles, health, materials, recipes, sockets
from architect.service import Architect


def create_app(architect: Architect) -> FastAPI:
    """Makes the application; starting and stopping the Architect is the caller's part."""
    app = FastAPI(title="GVE-1 Architect", version=VERSION, redoc_url=None)
    app.state.architect = architect
    errors.install(app)
    for module in (assets, compiles, recipes, materials, health, sockets):
        app.include_router(module.router)
    _describe(app)
    return app


def _describe(app: FastAPI) -> None:
    """Adds the models of bodies that routes read themselves to the documentation."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
            known = schema.setdefault("components", {}).setdefault("schemas", {})
            for model in (*assets.BODY_MODELS, *compiles.BODY_MODELS):
                definition = model.model_json_schema(ref_template="#/components/schemas/{model}")
                for name, part in definition.pop("$defs", {}).items():
                    known.setdefault(name, part)
                known.setdefault(model.__name__, definition)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
