"""Why a DID, a document or a log is not relied on: one exception, with a name for each kind of reason."""

from __future__ import annotations

from typing import Literal

Problem = Literal[
    "not-a-did",
    "unknown-method",
    "bad-key",
    "bad-peer-did",
    "bad-location",
    "unknown-short-form",
    "not-found",
    "unreachable",
    "bad-document",
    "wrong-document",
    "too-large",
    "bad-log",
    "bad-parameters",
    "bad-time",
    "broken-chain",
    "wrong-scid",
    "wrong-name",
    "not-portable",
    "bad-proof",
    "unauthorised-key",
    "uncommitted-key",
    "not-witnessed",
    "after-deactivation",
    "deactivated",
    "forked",
]
Error = Literal["invalidDid", "notFound", "methodNotSupported"]

_ERRORS: dict[Problem, Error] = {
    "unknown-method": "methodNotSupported",
    "unknown-short-form": "notFound",
    "not-found": "notFound",
    "unreachable": "notFound",
}


class DidRefused(Exception):
    """`version` is the number of the entry of a log that is at fault, where one is."""

    def __init__(self, problem: Problem, reason: str, version: int | None = None) -> None:
        place = "" if version is None else f"entry {version}: "
        super().__init__(f"{place}{reason} ({problem})")
        self.problem = problem
        self.reason = reason
        self.version = version

    @property
    def error(self) -> Error:
        """The error code of the DID Resolution specification."""
        return _ERRORS.get(self.problem, "invalidDid")

    def in_version(self, number: int) -> DidRefused:
        return DidRefused(self.problem, self.reason, number)
