"""Whether the Architect is well."""

from fastapi import APIRouter

from architect import VERSION
from architect.api.dependencies import ArchitectDep
from architect.api.errors import responses
from architect.generated.models import Health

router = APIRouter(tags=["health"])


@router.get("/health", responses=responses())
async def get_health(architect: ArchitectDep) -> Health:
    """Asks the store for a sign of life; an error is the answer if it gives none."""
    store_id = await architect.store.store_id()
    return Health(
        status="ok",
        version=VERSION,
        device=architect.tools.device,
        can_train=architect.tools.trainer.can_train,
        store_id=store_id,
    )
