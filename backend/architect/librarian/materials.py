"""Material look-up: engineering codes to properties."""

import gve_native
import pydantic

from architect.errors import MaterialNotFoundError
from architect.generated.models import AudioProperties, ImpactProperties, MaterialSpec

_TABLE = pydantic.TypeAdapter(list[MaterialSpec])


class MaterialLibrarian:
    """Finds materials by their codes, such as `ASTM_A36`."""

    def __init__(self, specs: list[MaterialSpec]) -> None:
        """Takes the table; `from_native` reads the one that the engine has."""
        self._specs = {spec.spec_id: spec for spec in specs}

    @classmethod
    def from_native(cls) -> "MaterialLibrarian":
        """The built-in table."""
        return cls(_TABLE.validate_json(gve_native.materials()))

    def list_materials(self) -> list[MaterialSpec]:
        """All materials in the table's order."""
        return list(self._specs.values())

    def get_material(self, spec_id: str) -> MaterialSpec:
        """All properties of a material.

        Raises:
            MaterialNotFoundError: the code is unknown.

        """
        try:
            return self._specs[spec_id]
        except KeyError:
            raise MaterialNotFoundError(spec_id) from None

    def get_audio_properties(self, spec_id: str) -> AudioProperties:
        """What a material sounds like: its damping and its band in hertz.

        Raises:
            MaterialNotFoundError: the code is unknown.

        """
        spec = self.get_material(spec_id)
        return AudioProperties(
            damping=spec.damping_coefficient,
            resonance_range=(spec.resonance_freq_min_hz, spec.resonance_freq_max_hz),
        )

    def resolve_impact_pair(self, spec_a: str, spec_b: str) -> ImpactProperties:
        """What two materials sound like when they collide; the same in either order.

        The damping is the mean of both, the frequency the mean of the bands' centres in hertz.

        Raises:
            MaterialNotFoundError: a code is unknown.

        """
        for spec_id in (spec_a, spec_b):
            self.get_material(spec_id)
        return ImpactProperties.model_validate_json(gve_native.impact_properties(spec_a, spec_b))
