"""Which version of a document a DID URL asks for: `?versionId=`, `?versionTime=`, `?versionNumber=`.

did:webvh 1.0, "Reading did:webvh DID URLs". Also of a pico that has ended.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from engine.adapters.dids.log_times import read_time
from engine.adapters.dids.log_verification import VerifiedLog, Version
from engine.adapters.dids.refused import DidRefused

_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class VersionQuery:
    """The newest of those that fit everything that is said."""

    version_id: str | None = None
    number: int | None = None
    time_s: float | None = None

    def find(self, log: VerifiedLog) -> Version:
        fitting = [version for version in log.versions if self._fits(version)]
        if not fitting:
            raise DidRefused("not-found", f"{log.name} has no such version")
        return fitting[-1]

    def _fits(self, version: Version) -> bool:
        return (
            self.version_id in (None, version.entry.version_id)
            and self.number in (None, version.number)
            and (self.time_s is None or version.time_s <= self.time_s)
        )


def read_version_query(query: str | None) -> VersionQuery | None:
    """None if the newest is meant."""
    asked = dict(parse_qsl(query or "", keep_blank_values=True))
    if not asked.keys() & {"versionId", "versionNumber", "versionTime"}:
        return None
    number, time = asked.get("versionNumber"), asked.get("versionTime")
    if number is not None and not _NUMBER.fullmatch(number):
        raise DidRefused("not-found", f"{number[:20]!r} is not the number of a version")
    return VersionQuery(
        asked.get("versionId"),
        None if number is None else int(number),
        # A plus stands for a space in queries, and for itself in times.
        None if time is None else read_time(time.replace(" ", "+"), "versionTime"),
    )
