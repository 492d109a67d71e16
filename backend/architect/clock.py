"""The time as it travels: RFC 3339, UTC."""

from datetime import UTC, datetime


def now_rfc3339() -> str:
    """The current time with milliseconds, such as `2026-01-29T10:00:00.000Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
