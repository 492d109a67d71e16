"""The two WebSockets."""

import asyncio
import contextlib

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from architect.api.dependencies import ArchitectDep
from architect.events import Subscription, SubscriptionClosed
from architect.protocol.hub import TRY_AGAIN_LATER
from architect.protocol.server import close_within
from architect.protocol.session import AssetSession
from architect.service import Architect

router = APIRouter()


@router.websocket("/ws/assets")
async def assets(socket: WebSocket, architect: ArchitectDep) -> None:
    """Binary frames: versions, binaries and progress of assets."""
    await architect.hub.serve(socket, AssetSession(architect).handle)


@router.websocket("/ws/events")
async def events(socket: WebSocket, architect: ArchitectDep) -> None:
    """Every event in order, as JSON texts. What the client sends is not read."""
    subscription = architect.bus.subscribe()
    try:
        with contextlib.suppress(WebSocketDisconnect):
            await socket.accept()
            await _relay(socket, architect, subscription)
    finally:
        architect.bus.unsubscribe(subscription)


async def _relay(socket: WebSocket, architect: Architect, subscription: Subscription) -> None:
    """Sends events until the client goes, or does not keep up."""
    timeout_secs = architect.settings.send_timeout_secs
    sending = asyncio.create_task(_send(socket, subscription, timeout_secs))
    ending = asyncio.create_task(_wait_for_end(socket))
    try:
        await asyncio.wait((sending, ending), return_when=asyncio.FIRST_COMPLETED)
    finally:
        ended = sending.done()
        for task in (sending, ending):
            task.cancel()
        results = await asyncio.gather(sending, ending, return_exceptions=True)
    if ended and isinstance(results[0], TimeoutError | SubscriptionClosed):
        reason = "too slow: too many events wait"
        close_within(socket, TRY_AGAIN_LATER, reason, architect.settings.close_grace_secs)


async def _send(socket: WebSocket, subscription: Subscription, timeout_secs: float) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            text = await subscription.next_event()
            async with asyncio.timeout(timeout_secs):
                await socket.send_text(text)


async def _wait_for_end(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
