"""coordinate-mediation, the side whose mail is taken in: asking for it, and saying for which DIDs.

didcomm.org, "Coordinate Mediation". One update is sent at a time, and the next ones are kept back: two on
the way could arrive in either order, and the sides would disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from engine.core.didcomm.messages import Message
from engine.core.protocols.mediation import LARGEST_PAGE, MOST_DIDS, V3, Dialect, has_room, note
from engine.core.protocols.protocol import Words, say
from engine.core.protocols.reactions import Facts, Reaction, State, stray
from engine.core.protocols.threads import Settled, Stray, ask, is_open, settle

ANSWERED_IN_S = 3600
"""How long an update may take; then the next one is sent, and `query` tells what is the case."""
RETURN = {"return_route": "all"}

Update = tuple[str, Literal["add", "remove"]]


def request(state: State, id: str, now_s: int, until_s: int | None = None, dialect: Dialect = V3) -> Reaction:
    message = say(state, Words(dialect.type("mediate-request"), headers=RETURN, expires_s=until_s), id, now_s)
    return Reaction(ask(state, message, until_s), (message,))


def update(state: State, id: str, updates: Sequence[Update], now_s: int, dialect: Dialect = V3) -> Reaction:
    """Sent at once, or together with others when the answer to the one before is there."""
    mediated = _mediated(state)
    queued = [*mediated["queued"], *([did, action] for did, action in updates)]
    return _send_queued({**state, "mediated": {**mediated, "queued": queued}}, id, now_s, dialect)


def _send_queued(state: State, id: str, now_s: int, dialect: Dialect) -> Reaction:
    mediated = _mediated(state)
    if _is_updating(state) or not mediated["queued"]:
        return Reaction(state)
    now, later = mediated["queued"][:MOST_DIDS], mediated["queued"][MOST_DIDS:]
    message = _update_of(state, id, now, now_s, dialect)
    after = {**mediated, "updating": id, "queued": later, "version": mediated["version"] + 1}
    asked = ask({**state, "mediated": after}, message, now_s + ANSWERED_IN_S, {"updates": now})
    return Reaction(asked, (message,))


def _update_of(state: State, id: str, updates: Sequence[Update], now_s: int, dialect: Dialect) -> Message:
    body = {"updates": [{"recipient_did": did, "action": action} for did, action in updates]}
    until_s = now_s + ANSWERED_IN_S
    words = Words(dialect.type(dialect.update), body, headers=RETURN, expires_s=until_s)
    return say(state, words, id, now_s)


def query(
    state: State,
    id: str,
    now_s: int,
    limit: int = LARGEST_PAGE,
    dialect: Dialect = V3,
    until_s: int | None = None,
) -> Reaction:
    """All pages, one after the other; what the mediator lists is then what we take it to have."""
    return _ask_page(state, id, now_s, limit, [], dialect, until_s)


def _ask_page(
    state: State, id: str, now_s: int, limit: int, so_far: list[str], dialect: Dialect, until_s: int | None
) -> Reaction:
    body = {"paginate": {"limit": limit, "offset": len(so_far)}}
    message = say(state, Words(dialect.type(dialect.query), body, headers=RETURN), id, now_s)
    known = {"limit": limit, "so_far": so_far, "version": _mediated(state)["version"], "until_s": until_s}
    return Reaction(ask(state, message, until_s, known), (message,))


def routes(state: State) -> tuple[str, ...]:
    """Where the mediator wants our mail sent: what we publish as our endpoint."""
    return tuple(_mediated(state)["routing_dids"])


def mediated_dids(state: State) -> tuple[str, ...]:
    """Those for which the mediator has said that it takes in mail."""
    return tuple(_mediated(state)["dids"])


def _is_updating(state: State) -> bool:
    updating = _mediated(state)["updating"]
    return updating is not None and is_open(state, updating)


def _mediated(state: State) -> Mapping[str, Any]:
    nothing: dict[str, Any] = {"routing_dids": [], "dids": [], "updating": None, "queued": [], "version": 0}
    mediated: Mapping[str, Any] = state.get("mediated", nothing)
    return mediated


def heard_grant(state: State, message: Message, facts: Facts, dialect: Dialect) -> Reaction:
    settled = settle(state, message, facts, dialect.type("mediate-request"))
    if isinstance(settled, Stray):
        return stray(state, message, facts, settled.why)
    said = message.body["routing_did"]
    routing_dids = [said] if isinstance(said, str) else list(said)
    mediated = {**_mediated(settled.state), "routing_dids": routing_dids}
    told = note("mediate-grant", message, facts, {"routing_dids": routing_dids})
    return Reaction({**settled.state, "mediated": mediated}, notes=(told,))


def heard_deny(state: State, message: Message, facts: Facts, dialect: Dialect) -> Reaction:
    """Who was mediated for is so no longer."""
    settled = settle(state, message, facts, dialect.type("mediate-request"))
    if isinstance(settled, Stray):
        return stray(state, message, facts, settled.why)
    mediated = {**_mediated(settled.state), "routing_dids": [], "dids": []}
    return Reaction({**settled.state, "mediated": mediated}, notes=(note("mediate-deny", message, facts),))


def heard_updated(state: State, message: Message, facts: Facts, dialect: Dialect) -> Reaction:
    asked = dialect.type(dialect.update)
    settled = settle(state, message, facts, asked)
    if isinstance(settled, Stray):
        return stray(state, message, facts, settled.why)
    mediated = _mediated(settled.state)
    dids = _applied(mediated["dids"], message.body["updated"], settled.asked["updates"])
    after = {**settled.state, "mediated": {**mediated, "dids": dids, "updating": None}}
    next_id = facts.new_id(f"updates after {message.thread.lower()}")
    sent = _send_queued(after, next_id, facts.now_s, dialect)
    return replace(sent, notes=(note(dialect.updated, message, facts),))


def _applied(
    dids: Sequence[str], updated: Iterable[Mapping[str, Any]], asked: Sequence[Sequence[str]]
) -> list[str]:
    """What the mediator did of what it was asked, in its order. No change means that it was so before."""
    after, wanted = set(dids), {(did, action) for did, action in asked}
    for one in updated:
        did_it = one["result"] in ("success", "no_change")
        if did_it and (one["recipient_did"], one["action"]) in wanted:
            (after.add if one["action"] == "add" else after.discard)(one["recipient_did"])
    return sorted(after)


def heard_listed(state: State, message: Message, facts: Facts, dialect: Dialect) -> Reaction:
    settled = settle(state, message, facts, dialect.type(dialect.query))
    if isinstance(settled, Stray):
        return stray(state, message, facts, settled.why)
    page = [one["recipient_did"] for one in message.body[dialect.dids]]
    remaining = message.body.get("pagination", {}).get("remaining", 0)
    so_far = [*settled.asked["so_far"], *page]
    notes = (note(dialect.listed, message, facts, {"dids": page, "remaining": remaining}),)
    if remaining and page and has_room(so_far):
        return replace(_next_page(settled, so_far, message, facts, dialect), notes=notes)
    return Reaction(_listed(settled, so_far), notes=notes)


def _next_page(
    settled: Settled, so_far: list[str], message: Message, facts: Facts, dialect: Dialect
) -> Reaction:
    asked = settled.asked
    next_id = facts.new_id(f"page after {message.thread.lower()}")
    return _ask_page(settled.state, next_id, facts.now_s, asked["limit"], so_far, dialect, asked["until_s"])


def _listed(settled: Settled, dids: list[str]) -> State:
    """Unless something was changed meanwhile: then the pages may be of before and after."""
    mediated = _mediated(settled.state)
    if _is_updating(settled.state) or mediated["version"] != settled.asked["version"]:
        return settled.state
    return {**settled.state, "mediated": {**mediated, "dids": sorted(set(dids))}}
