"""Wills: events that rulesets leave behind, for when they cannot say anything any more.

A pico that is deleted gets no turn in which it could take its leave, so what others should learn then is
part of its state. Its wills are sent by the very commit that deletes it, those of a ruleset by the turn
that uninstalls it. They do not pass on to forks, and a new text of the ruleset keeps them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256

from engine.core.codec import wills_of
from engine.core.messages import SendEvent
from engine.core.model import EMPTY, EventId, Pico, Rid, Will
from engine.core.run import Run
from pico_lang.errors import RuntimeFault
from pico_lang.values import Value

MOST_WILLS = 20_000
"""That one pico may have, as it may have as many channels: each is sent by the commit that deletes it."""

STEPS_OF_A_WILL = 10
"""What leaving one costs: it is kept, and sent in the end."""


def leave(run: Run, will: Will) -> None:
    """Keep a will, in the place of an earlier one of that name."""
    held = sum(len(names) for names in run.draft.wills.values())
    own = own_wills(run, will.rid)
    run.meter.charge(STEPS_OF_A_WILL)
    run.meter.check_copy(len(own))
    if held >= MOST_WILLS and will.name not in own:
        raise RuntimeFault("R607", f"this pico has {MOST_WILLS:,} wills, and may have no more")
    if will.rid not in run.gone:
        run.draft.put_will(will)


def revoke(run: Run, rid: str, name: str) -> None:
    """Forget a will, if there is one of that name."""
    own = own_wills(run, rid)
    run.meter.check_copy(len(own))
    if name in own:
        run.draft.remove_will(rid, name)


def own_wills(run: Run, rid: str) -> Mapping[str, Will]:
    """What a ruleset would have sent, by name."""
    return run.draft.wills.get(Rid(rid), EMPTY)


def show_will(will: Will) -> dict[str, Value]:
    """A will as rulesets see it."""
    return {"eci": will.eci, "domain": will.domain, "type": will.type, "attrs": will.attrs}


def speak(run: Run, rid: str) -> None:
    """Send what a ruleset wanted sent, which is about to be uninstalled."""
    own = own_wills(run, rid)
    for name in sorted(own):
        run.send_event(own[name].eci, own[name].domain, own[name].type, own[name].attrs)


def last_words(pico: Pico) -> Iterator[SendEvent]:
    """What a pico has sent by the commit that deletes it. Their ids differ from those of all that it sent
    while it lived."""
    for will in wills_of(pico):
        place = f"{pico.id}/{pico.seq}/will/{will.rid}/{will.name}"
        eid = EventId(sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:32])
        yield SendEvent(will.eci, will.domain, will.type, will.attrs, eid)
