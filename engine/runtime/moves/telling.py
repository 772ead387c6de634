"""What the rules of a pico and the log of the engine hear of a move."""

from __future__ import annotations

from dataclasses import replace

import structlog

from engine.core.migration import acts
from engine.core.migration.messages import Attempt
from engine.runtime.moves.cases import Case, Cases
from engine.runtime.moves.office import Hooks, Office

log = structlog.get_logger("picomesh.moves")

Troubles = dict[str, str]
"""By pico, why the last message of its move did not get there."""
LATE = "no answer in time"
"""As the table says it."""


class Telling:
    def __init__(self, office: Office, hooks: Hooks, cases: Cases, troubles: Troubles) -> None:
        self._office = office
        self._hooks = hooks
        self._cases = cases
        self._troubles = troubles

    async def tell(self, did: str, what: str, reason: str, attempt: Attempt | None) -> None:
        case = self._cases.get(did)
        if case is None or not case.pico:
            return
        log.info("move", what=what, did=did, reason=reason)
        if what == "departed_failed":
            trouble = self._troubles.pop(did, "")
            reason = f"{reason}: {trouble}" if reason == LATE and trouble else reason
            self._cases.put(did, case := replace(case, failed=reason))
        if what in ("arrived", "departed_failed") and acts(case.seat):
            await self._hooks.tell(case.pico, what, self.attrs(case, reason, attempt))

    def attrs(self, case: Case, reason: str, attempt: Attempt | None) -> dict[str, str]:
        me = self._office.identities.engine
        names = ("", "") if attempt is None else (attempt.source, attempt.target)
        from_, to = (me if one == self._office.post.me else case.address(one) for one in names)
        name = "" if attempt is None else attempt.name
        return {"from": from_, "to": to, "reason": reason or case.reason, "attempt": name}
