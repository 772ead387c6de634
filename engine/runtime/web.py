"""What the web says to questions of kind `http`, a few at a time for each pico and for the whole engine.

Whatever goes wrong is an answer as well: see `engine.core.requests` for what they look like.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.model import PicoId
from engine.ports import WebClient, WebFailed, WebRefused, WebRequest
from engine.runtime.lanes import Lanes


class WebAnswers:
    """The one place through which picos reach the web."""

    def __init__(self, client: WebClient, per_pico: int, at_once: int) -> None:
        self._client = client
        self._lanes = Lanes(per_pico, at_once)

    async def answer(self, pico: PicoId, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make the request when it is its turn."""
        async with self._lanes.of(pico):
            return await self._ask(_read_request(content))

    async def _ask(self, request: WebRequest) -> Mapping[str, Any]:
        try:
            response = await self._client.send(request)
        except WebRefused as problem:
            return {"error": str(problem), "code": "R607"}
        except WebFailed as problem:
            return {"error": str(problem), "code": "R608"}
        return {
            "status": response.status,
            "reason": response.reason,
            "headers": dict(response.headers),
            "content": response.content,
        }


def _read_request(content: Mapping[str, Any]) -> WebRequest:
    return WebRequest(
        content["method"], content["url"], content["headers"], content.get("body"), content["redirect"]
    )
