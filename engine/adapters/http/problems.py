"""How a request that did not succeed is answered: a status and a body of `application/problem+json`.

The body also has the member `error`, "Type: message", where clients written for pico-engine look.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from engine.core.messages import Fault, Refusal

T = TypeVar("T")

STATUS_OF_REFUSAL: Mapping[str, int] = {
    "malformed": 400,
    "denied": 403,
    "unknown": 404,
    "undecided": 409,
    "moved": 409,
    "too_large": 413,
    "uncompilable": 422,
    "quota": 429,
    "draining": 503,
}

STATUS_OF_FAULT: Mapping[str, int] = {"R610": 404, "R613": 422, "R614": 403, "R615": 503}
"""Others are 500: something in a ruleset went wrong."""


class Problem(Exception):
    """A request that is answered with a status of 400 or more."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        hint: str | None = None,
        kind: str = "Error",
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.hint = hint
        self.kind = kind
        self.extra = extra or {}

    def to_document(self) -> dict[str, Any]:
        """The body (RFC 9457, with `code`, `hint` and `error` added)."""
        document = {
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "error": f"{self.kind}: {self.detail}",
        }
        if self.hint is not None:
            document["hint"] = self.hint
        return {**self.extra, **document}


def malformed(detail: str, hint: str) -> Problem:
    """A request that cannot be read."""
    return Problem(400, "malformed", detail, hint=hint, kind="SyntaxError")


def from_refusal(refusal: Refusal) -> Problem:
    """A request that the engine did not run."""
    # With 307 a client sends the same again, there.
    is_elsewhere = refusal.kind == "moved" and "url" in refusal.extra
    status = 307 if is_elsewhere else STATUS_OF_REFUSAL[refusal.kind]
    status = 410 if "proof" in refusal.extra else status
    return Problem(status, refusal.kind, refusal.reason, hint=refusal.hint, extra=refusal.extra)


def from_fault(fault: Fault) -> Problem:
    """A request that ran into an error of a ruleset."""
    kind = "TypeError" if fault.code == "R601" else "Error"
    places = [
        {"rid": place.rid, "line": place.line, "column": place.column, "within": place.within}
        for place in fault.places
    ]
    status = STATUS_OF_FAULT.get(fault.code, 500)
    return Problem(status, fault.code, fault.message, kind=kind, extra={"places": places} if places else None)


def settled(reply: T | Refusal | Fault) -> T:
    """The reply, or the problem it is, raised."""
    if isinstance(reply, Refusal):
        raise from_refusal(reply)
    if isinstance(reply, Fault):
        raise from_fault(reply)
    return reply
