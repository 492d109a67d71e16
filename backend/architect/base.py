"""The base of all generated models."""

import pydantic


class BaseModel(pydantic.BaseModel):
    """What holds for every model that crosses a language.

    Unknown fields are refused, as Rust refuses them. NaN and infinity have no JSON. Fields whose
    JSON name is no Python name (`$schema`, `from`) are written under their JSON name and may be
    given under either.
    """

    model_config = pydantic.ConfigDict(
        extra="forbid",
        allow_inf_nan=False,
        serialize_by_alias=True,
        validate_by_alias=True,
        validate_by_name=True,
    )
