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

router = APIRouter()


@router.websocket("/ws/assets")
async def assets(socket: WebSocket, architect: ArchitectDep) -> None:
    """Binary frames: versions, binaries and progress of assets."""
    await architect.hub.serve(socket, AssetSession(architect).handle)


@router.websocket("/ws/events")
async def events(socket: WebSocket, architect: ArchitectDep) -> None:
    """Every event in order, as JSON texts. What the client sends is not read."""
    subscription = architect.bus.subscribe()
    await socket.accept()
    timeout_secs = architect.settings.send_timeout_secs
    tasks = [
        asyncio.create_task(_send(socket, subscription, timeout_secs)),
        asyncio.create_task(_wait_for_end(socket)),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        architect.bus.unsubscribe(subscription)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if tasks[0] in done and isinstance(tasks[0].exception(), TimeoutError | SubscriptionClosed):
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
