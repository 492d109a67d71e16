"""Names out of recipes and files, made fit for a log: shown, not obeyed, and on one line.

The same characters as in `gve_types::text`.
"""

import logging
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import _SysExcInfoType

_OBEYED = (
    (0xAD, 0xAD),
    (0x61C, 0x61C),
    (0x180E, 0x180E),
    (0x200B, 0x200B),
    (0x200E, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x2064),
    (0x2066, 0x206F),
    (0xFEFF, 0xFEFF),
    (0xE0000, 0xE001F),
)
"""First and last: what turns text around, breaks lines and paragraphs, or is seen nowhere."""

_DELETE = 0x7F
_PICTURES = 0x2400
"""Where Unicode has pictures of the first 32 characters."""


def _symbol(code: int) -> str:
    if code < ord(" "):
        return chr(_PICTURES + code)
    return "\u2421" if code == _DELETE else f"[U+{code:04X}]"


_CONTROL = {code for code in range(0x100) if unicodedata.category(chr(code)) == "Cc"}
_SYMBOLS = {
    code: _symbol(code)
    for code in _CONTROL.union(*(range(first, last + 1) for first, last in _OBEYED))
}
_SYMBOLS_OF_LINES = {code: symbol for code, symbol in _SYMBOLS.items() if code != ord("\n")}


def shown(text: str) -> str:
    """The text on one line, with a visible symbol for everything that a terminal would obey."""
    return text.translate(_SYMBOLS)


class ShownFormatter(logging.Formatter):
    """Writes each message on one line, whatever names it holds."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """The line of a record."""
        return shown(super().formatMessage(record))

    def formatException(self, ei: "_SysExcInfoType") -> str:  # noqa: N802
        """The lines of a traceback."""
        return super().formatException(ei).translate(_SYMBOLS_OF_LINES)
