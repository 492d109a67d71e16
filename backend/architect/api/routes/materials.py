"""Materials."""

from fastapi import APIRouter

from architect.api.dependencies import ArchitectDep
from architect.api.errors import responses
from architect.generated.models import (
    AudioProperties,
    ErrorCode,
    ImpactProperties,
    MaterialSpec,
)

router = APIRouter(tags=["materials"])

_NOT_FOUND = responses(ErrorCode.MATERIAL_NOT_FOUND)


@router.get("/materials", responses=responses())
async def list_materials(architect: ArchitectDep) -> list[MaterialSpec]:
    """All materials."""
    return architect.materials.list_materials()


# Before the route with a code in its path, which would take `impact` for one.
@router.get("/materials/impact", responses=_NOT_FOUND)
async def get_impact(architect: ArchitectDep, a: str, b: str) -> ImpactProperties:
    """What two materials sound like when they collide; the same in either order."""
    return architect.materials.resolve_impact_pair(a, b)


@router.get("/materials/{spec_id}", responses=_NOT_FOUND)
async def get_material(spec_id: str, architect: ArchitectDep) -> MaterialSpec:
    """All properties of a material."""
    return architect.materials.get_material(spec_id)


@router.get("/materials/{spec_id}/audio", responses=_NOT_FOUND)
async def get_audio(spec_id: str, architect: ArchitectDep) -> AudioProperties:
    """What a material sounds like."""
    return architect.materials.get_audio_properties(spec_id)
