"""Typed errors. Each has a stable code; `STATUS` is the one place that turns codes into HTTP."""

from collections.abc import Sequence

from architect.generated.models import ErrorBody, ErrorCode, Violation

STATUS: dict[ErrorCode, int] = {
    ErrorCode.ASSET_NOT_FOUND: 404,
    ErrorCode.MATERIAL_NOT_FOUND: 404,
    ErrorCode.NOT_COMPILED: 404,
    ErrorCode.COMPILE_NOT_FOUND: 404,
    ErrorCode.VERSION_CONFLICT: 409,
    ErrorCode.PAYLOAD_TOO_LARGE: 413,
    ErrorCode.INVALID_RECIPE: 422,
    ErrorCode.INVALID_REQUEST: 422,
    ErrorCode.STORE_UNAVAILABLE: 503,
    ErrorCode.INTERNAL: 500,
}
"""The HTTP status of each code."""


class ArchitectError(Exception):
    """Something that a client is told about."""

    code = ErrorCode.INTERNAL

    def body(self) -> ErrorBody:
        """The error as an answer's body."""
        return ErrorBody(code=self.code, message=str(self))


class AssetNotFoundError(ArchitectError):
    """No asset has this id."""

    code = ErrorCode.ASSET_NOT_FOUND

    def __init__(self, asset_id: str | int) -> None:
        """Names the id: a document id, or a wire id as a number."""
        kind = "wire id" if isinstance(asset_id, int) else "id"
        super().__init__(f"no asset has the {kind} {asset_id}")
        self.asset_id = asset_id


class MaterialNotFoundError(ArchitectError):
    """No material has this code."""

    code = ErrorCode.MATERIAL_NOT_FOUND

    def __init__(self, spec_id: str) -> None:
        """Names the code."""
        super().__init__(f"no material has the code {spec_id!r}; GET /materials lists them")
        self.spec_id = spec_id


class NotCompiledError(ArchitectError):
    """The asset has no binary of its current version."""

    code = ErrorCode.NOT_COMPILED

    def __init__(self, asset_id: str, version: int) -> None:
        """Names the asset and the version that has no binary."""
        super().__init__(f"version {version} of asset {asset_id} has not been compiled")


class CompileNotFoundError(ArchitectError):
    """No compile of this asset is known."""

    code = ErrorCode.COMPILE_NOT_FOUND

    def __init__(self, asset_id: str) -> None:
        """Names the asset."""
        super().__init__(f"no compile of asset {asset_id} is known")


class VersionConflictError(ArchitectError):
    """Somebody saved a newer version in between."""

    code = ErrorCode.VERSION_CONFLICT

    def __init__(self, expected: int, current: int) -> None:
        """Takes the version that the save was made on top of and the stored one."""
        super().__init__(
            f"this save was made on top of version {expected}, but version {current} is stored"
        )
        self.expected = expected
        self.current = current

    def body(self) -> ErrorBody:
        """The error with both versions."""
        return ErrorBody(
            code=self.code,
            message=str(self),
            expected_version=self.expected,
            current_version=self.current,
        )


class PayloadTooLargeError(ArchitectError):
    """A request is larger than its limit."""

    code = ErrorCode.PAYLOAD_TOO_LARGE

    def __init__(self, limit_bytes: int) -> None:
        """Names the limit."""
        super().__init__(f"this request may have at most {limit_bytes} bytes")


class _ViolationsError(ArchitectError):
    """Carries JSON paths with messages."""

    def __init__(self, message: str, violations: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.violations = [Violation(path=path, message=text) for path, text in violations]

    def body(self) -> ErrorBody:
        """The error with its violations."""
        return ErrorBody(code=self.code, message=str(self), violations=self.violations)


class InvalidRecipeError(_ViolationsError):
    """A recipe has mistakes; their paths start at the recipe's root, `$`."""

    code = ErrorCode.INVALID_RECIPE


class InvalidRequestError(_ViolationsError):
    """Something else about a request is wrong."""

    code = ErrorCode.INVALID_REQUEST


class StoreUnavailableError(ArchitectError):
    """The store does not answer."""

    code = ErrorCode.STORE_UNAVAILABLE


class StoreInUseError(StoreUnavailableError):
    """Another process has the store open."""


class StoreCorruptError(StoreUnavailableError):
    """The store's file is damaged, or is no store."""


class StartupError(Exception):
    """Why the Architect cannot start, in one line."""
