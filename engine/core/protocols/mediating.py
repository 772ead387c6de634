"""coordinate-mediation, the side that takes in mail for others: for whom, and for which of their DIDs.

didcomm.org, "Coordinate Mediation".
"""

from __future__ import annotations

from engine.core.didcomm.messages import Message
from engine.core.protocols.mediation import LARGEST_PAGE, Dialect, has_room, note
from engine.core.protocols.protocol import Words, reply
from engine.core.protocols.reactions import Facts, Reaction, State, Trouble


def serves(state: State) -> tuple[str, ...]:
    """The DIDs for which mail is taken in for the other side; none without a grant."""
    mediator = state.get("mediator")
    return tuple(mediator["dids"]) if mediator else ()


def heard_request(state: State, message: Message, facts: Facts, dialect: Dialect) -> Reaction:
    """Granted to whomever policy gives routes to. A denial takes back what was granted before."""
    notes = (note("mediate-request", message, facts, {"granted": bool(facts.routing_dids)}),)
    if not facts.routing_dids:
        denied = reply(state, message, facts, Words(dialect.type("mediate-deny")))
        return Reaction({**state, "mediator": None}, (denied,), notes)
    routing = list(facts.routing_dids) if dialect.many_routes else facts.routing_dids[0]
    granted = reply(state, message, facts, Words(dialect.type("mediate-grant"), {"routing_did": routing}))
    return Reaction({**state, "mediator": {"dids": list(serves(state))}}, (granted,), notes)


def heard_update(state: State, message: Message, facts: Facts, dialect: Dialect) -> Reaction | Trouble:
    if not state.get("mediator"):
        return Trouble("e.p.req.mediation-not-granted")
    dids, updated = set(serves(state)), []
    for one in message.body["updates"]:
        result = _change(dids, one["recipient_did"], one["action"], facts)
        updated.append({"recipient_did": one["recipient_did"], "action": one["action"], "result": result})
    answer = reply(state, message, facts, Words(dialect.type(dialect.updated), {"updated": updated}))
    notes = (note(dialect.update, message, facts, {"dids": sorted(dids)}),)
    return Reaction({**state, "mediator": {"dids": sorted(dids)}}, (answer,), notes)


def _change(dids: set[str], did: str, action: str, facts: Facts) -> str:
    """In place; says the result. What is another's mail here is not given away."""
    if (action == "add") == (did in dids):
        return "no_change"
    if action == "add" and (not has_room(dids, did) or len(dids) >= facts.most_dids or did in facts.taken):
        return "client_error"
    (dids.add if action == "add" else dids.discard)(did)
    return "success"


def heard_query(state: State, message: Message, facts: Facts, dialect: Dialect) -> Reaction | Trouble:
    if not state.get("mediator"):
        return Trouble("e.p.req.mediation-not-granted")
    paginate = message.body.get("paginate", {"limit": LARGEST_PAGE, "offset": 0})
    dids, offset = serves(state), paginate["offset"]
    page = dids[offset : offset + min(paginate["limit"], LARGEST_PAGE)]
    remaining = max(0, len(dids) - offset - len(page))
    body = {
        dialect.dids: [{"recipient_did": did} for did in page],
        "pagination": {"count": len(page), "offset": offset, "remaining": remaining},
    }
    answer = reply(state, message, facts, Words(dialect.type(dialect.listed), body))
    return Reaction(state, (answer,), (note(dialect.query, message, facts),))
