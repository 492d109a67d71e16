"""The WebSocket server's connection, with one thing more: it lets go of clients that hang."""

from collections.abc import Callable
from typing import Any, cast

from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.http11 import Request

_EXTENSION = "architect.close"
_REASON_BYTES = 123
"""Longest reason that a close frame carries, in bytes."""

Close = Callable[[int, str, float], None]


class AssetWebSocketProtocol(WebSocketsSansIOProtocol):
    """Adds closing without waiting for the client to read what was sent before.

    The server's own close waits for room in the send buffer, and keeps the buffer until the
    client has read it: forever, if the client hangs.
    """

    def handle_connect(self, event: Request) -> None:
        """Offers `close_within` to the application."""
        super().handle_connect(event)
        scope = cast("dict[str, Any] | None", getattr(self, "scope", None))
        if scope is not None:
            scope["extensions"][_EXTENSION] = self.close_within

    def close_within(self, code: int, reason: str, grace_secs: float) -> None:
        """Sends a close frame behind what waits, and breaks off if that is not read in time."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            self.loop.call_later(grace_secs, self._break_off)
            return
        try:
            self.conn.send_close(code, reason)
        except InvalidState:
            self._break_off()
            return
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(grace_secs, self._break_off)

    def _break_off(self) -> None:
        if not self.disconnected:
            self.transport.abort()


def close_within(socket: WebSocket, code: int, reason: str, grace_secs: float) -> None:
    """Closes a connection whether its client reads or not; never waits.

    The client has `grace_secs` to read what waits and the reason, of which 123 bytes are sent.
    """
    close: Close = socket.scope["extensions"][_EXTENSION]
    close(code, reason.encode()[:_REASON_BYTES].decode(errors="ignore"), grace_secs)
