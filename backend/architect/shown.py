"""Names out of recipes and files, made fit for a log: shown, not obeyed, and on one line.

The same characters as in `gve_types::text`.
"""

import logging
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import _SysExcInfoType

_TURNING = (
    "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)
"""What turns the direction of text around, and breaks of lines and paragraphs."""

_DELETE = 0x7F
_PICTURES = 0x2400
"""Where Unicode has pictures of the first 32 characters."""


def _symbol(code: int) -> str:
    if code < ord(" "):
        return chr(_PICTURES + code)
    return "\u2421" if code == _DELETE else f"[U+{code:04X}]"


_SYMBOLS = {
    code: _symbol(code)
    for code in range(0x10000)
    if unicodedata.category(chr(code)) == "Cc" or chr(code) in _TURNING
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
