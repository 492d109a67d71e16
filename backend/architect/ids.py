"""Document ids: 24 hex digits in the form of a MongoDB ObjectId."""

import re
import secrets
import threading
import time

ID_PATTERN = "^[0-9a-f]{24}$"
"""What a document id looks like, as a regular expression."""

_ID = re.compile(r"[0-9a-f]{24}")


class IdSource:
    """Hands out document ids: seconds, five random bytes of this process, a counter.

    The counter starts anywhere and comes last, so that the last six digits, which end up in file
    names, differ between neighbours.
    """

    def __init__(self) -> None:
        """Chooses the random part."""
        self._process = secrets.token_hex(5)
        self._counter = secrets.randbelow(1 << 24)
        self._lock = threading.Lock()

    def next_id(self) -> str:
        """An id that this process has not handed out before."""
        with self._lock:
            self._counter = (self._counter + 1) % (1 << 24)
            counter = self._counter
        seconds = int(time.time()) & 0xFFFF_FFFF
        return f"{seconds:08x}{self._process}{counter:06x}"


def is_id(text: str) -> bool:
    """Whether a text is a document id: lower case, as this Architect writes them."""
    return _ID.fullmatch(text) is not None
