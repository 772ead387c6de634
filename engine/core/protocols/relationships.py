"""One relationship: the DIDs of both sides as they are now, and how each may be rotated.

DIDComm v2.1, "DID Rotation" and "Ending a Relationship". `from_prior` itself is proven, and made, by whoever
has keys; here is decided what a proven one means. Its time must be later than that of any before it, so
that an old rotation cannot be played again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.core.didcomm.messages import Message
from engine.core.didcomm.rotation import Rotation, read_own
from engine.core.dids import same_did
from engine.core.protocols.reactions import Facts, Note, Reaction, State, Trouble

EMPTY = "https://didcomm.org/empty/1.0/empty"
MOST_UNSEEN = 8
"""DIDs of ours after the one by which the other side knows us that it may have heard of; the newest ones."""
RETIRED_KEPT = 16
"""Former DIDs of the other side that are remembered as such."""


def begin(me: str, peer: str | None) -> State:
    """Without `peer` it is with everybody whom nothing proves; they are heard and never answered."""
    return {"me": me, "peer": peer}


def is_over(state: State) -> bool:
    return "ended_s" in state


def why_not_heard(state: State, facts: Facts) -> str | None:
    """What comes from a DID that was rotated away has to be ignored: its key may be in wrong hands."""
    if is_over(state):
        return "the relationship is over"
    peer = state["peer"]
    if facts.sender is None:
        return None if peer is None else "nobody is proven to have written it"
    if peer is not None and same_did(facts.sender, peer):
        return None
    if any(same_did(facts.sender, former) for former in state.get("retired", ())):
        return "from a DID that was rotated away"
    return "from somebody else"


def heed(state: State, rotation: Rotation, facts: Facts) -> Reaction | Trouble:
    """Before the message that brings it is heard. Hearing of the same rotation again changes nothing."""
    if _is_known(state, rotation):
        return Reaction(state)
    problem = problem_with(state, rotation)
    if problem:
        return Trouble("e.p.trust.rotation", (problem,))
    return _ended(state, rotation, facts) if rotation.new is None else _rotated(state, rotation, facts)


def _is_known(state: State, rotation: Rotation) -> bool:
    known = state.get("rotated")
    return known is not None and (known == _record(rotation) or _leads_here(state, rotation))


def _leads_here(state: State, rotation: Rotation) -> bool:
    """From a former DID to the one we know: whoever rotated twice may say it in one step."""
    former, new = state.get("retired", ()), rotation.new
    is_peer = new is not None and state["peer"] is not None and same_did(new, state["peer"])
    return is_peer and any(same_did(rotation.prior, did) for did in former)


def _record(rotation: Rotation) -> dict[str, Any]:
    return {"prior": rotation.prior, "new": rotation.new, "iat": rotation.issued_s}


def problem_with(state: State, rotation: Rotation) -> str | None:
    """Why a proven rotation that is news is not heeded, or None."""
    peer, known = state["peer"], state.get("rotated")
    if is_over(state):
        return "the relationship is over"
    if peer is None or not same_did(rotation.prior, peer):
        return "it is not the DID we know that was rotated"
    if known is not None and rotation.issued_s <= known["iat"]:
        return "a later rotation is known"
    new = rotation.new
    if new is not None and any(same_did(new, did) for did in (peer, state["me"], *state.get("retired", ()))):
        return "it leads to a DID that was there before"
    return None


def _rotated(state: State, rotation: Rotation, facts: Facts) -> Reaction:
    retired = [*state.get("retired", ()), rotation.prior][-RETIRED_KEPT:]
    after = {**state, "peer": rotation.new, "rotated": _record(rotation), "retired": retired}
    attrs = {"prior": rotation.prior, "did": rotation.new, "since": rotation.issued_s}
    return Reaction(after, notes=(Note("rotated", attrs),))


def _ended(state: State, rotation: Rotation, facts: Facts) -> Reaction:
    after = {**state, "rotated": _record(rotation), "ended_s": facts.now_s}
    return Reaction(after, notes=(Note("ended", {"prior": rotation.prior, "since": rotation.issued_s}),))


# --- our own side ------------------------------------------------------------------------------------


def known_as(state: State) -> list[str]:
    """The DIDs by which the other side may know us, oldest first. By the first one it has known us for sure;
    of the others we have told it, and not heard that it heard."""
    if is_seen(state):
        return [state["me"]]
    told = state.get("tellings")
    former = [read_own(state["telling"])["prior"]] if told is None else [prior for prior, _ in told]
    return [former[0], *[*former[1:], state["me"]][-MOST_UNSEEN:]]


def rotate(state: State, new: str, from_priors: Mapping[str, str]) -> State:
    """From now on we are `new`, and every message says so, until one reaches us there.

    What it says is a rotation from the DID by which the other side knows us for sure. It may have heard of a
    later one without our knowing: so `from_priors` has what is said of each of `known_as`.
    """
    if is_over(state):
        raise ValueError("a DID can be rotated while the relationship goes on")
    return _telling({**state, "me": new}, [[prior, from_priors[prior]] for prior in known_as(state)])


def _telling(state: State, told: list[list[str]]) -> State:
    rest = {name: value for name, value in state.items() if name not in ("telling", "tellings")}
    if not told:
        return rest
    # What is told of one is kept as it was before there could be several.
    return {**rest, "telling": told[0][1], **({"tellings": told} if len(told) > 1 else {})}


def is_seen(state: State) -> bool:
    """Whether the other side is known to know us by the DID that we have now."""
    return "telling" not in state


def all_told(state: State) -> list[State]:
    """The state as it is for messages to somebody who knows us by each of `known_as`."""
    told = state.get("tellings", ())
    return [{**state, "telling": from_prior} for _, from_prior in told] or [state]


def seen_at(state: State, to: str | None) -> State:
    """The other side wrote to a new DID of ours, so it has heard of that, and knows us by it."""
    if is_seen(state) or to is None:
        return state
    if same_did(to, state["me"]):
        return _telling(state, [])
    told = state.get("tellings", [])
    since = next((place for place, (prior, _) in enumerate(told) if same_did(prior, to)), 0)
    return _telling(state, told[since:]) if since else state


def end(state: State, id: str, from_prior: str, now_s: int) -> Reaction:
    """Our DID is rotated to nothing; the last message says so, and is from nobody."""
    last = Message(
        id,
        EMPTY,
        to=_recipients(state),
        created_time=now_s,
        from_prior=from_prior,
    )
    return Reaction({**state, "ended_s": now_s}, (last,))


# --- what is said ------------------------------------------------------------------------------------


def addressed(state: State, message: Message) -> Message:
    """From us to the other side as both are called now, with the news of a rotation that was not seen yet."""
    return replace(message, from_=state["me"], to=_recipients(state), from_prior=state.get("telling"))


def _recipients(state: State) -> tuple[str, ...] | None:
    return None if state["peer"] is None else (state["peer"],)
