"""Whom a pico knows by DID: who that is, and what a message says of the relation before rules see it.

What a rotation means is decided by `engine.core.protocols.relationships`; here it is kept as part of a pico.
An event says itself what its envelope has proven, so a turn that is run again comes to the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from engine.core.didcomm.messages import Message
from engine.core.didcomm.rotation import Rotation
from engine.core.dids import did_of, same_did, short_did
from engine.core.messages import Event
from engine.core.model import Eci, Relation, relation_key
from engine.core.policy import SameParty
from engine.core.protocols import out_of_band, relationships
from engine.core.protocols.reactions import Facts, Reaction, State, Trouble, ids_from
from engine.core.run import Run
from engine.core.timekeeping import to_iso
from pico_lang.errors import RuntimeFault
from pico_lang.values import Value

MOST_RELATIONS = 20_000
"""That one pico may have, DIDs that were rotated away included."""
RELATIONS_PER_STEP = 8
"""Relations looked through for the price of one step."""
MOVED = "moved"
DIDCOMM = "didcomm"


# --- finding ---------------------------------------------------------------------------------------


def relations_of(run: Run) -> Iterator[Relation]:
    """Those that are not DIDs of former times, in a fixed order."""
    relations = run.draft.relations
    run.meter.charge(len(relations) // RELATIONS_PER_STEP)
    return (relations[key] for key in sorted(relations) if MOVED not in relations[key].state)


def find(run: Run, did: str, eci: str | None = None) -> Relation | None:
    """The relation with whoever is, or once was, called that; on one channel, or on the first that has it."""
    ecis = {one.eci for one in relations_of(run)} if eci is None else {Eci(eci)}
    found = (_newest(run, one, did) for one in sorted(ecis))
    return next((one for one in found if one is not None), None)


def _newest(run: Run, eci: Eci, did: str) -> Relation | None:
    """Past rotations, which lead round in no circle: nobody can rotate to a DID that was there before."""
    found = run.draft.relations.get(relation_key(eci, did))
    while found is not None and MOVED in found.state:
        run.meter.charge(1)
        found = run.draft.relations.get(relation_key(eci, found.state[MOVED]))
    return found


def on_channel(run: Run, eci: str) -> list[Relation]:
    return [one for one in relations_of(run) if one.eci == eci and not relationships.is_over(one.state)]


def keep(run: Run, relation: Relation) -> None:
    known = relation.key in run.draft.relations
    if not known and len(run.draft.relations) >= MOST_RELATIONS:
        raise RuntimeFault("R607", f"this pico knows {MOST_RELATIONS:,} others by DID, and can know no more")
    run.draft.put_relation(relation)


def show(relation: Relation) -> dict[str, Value]:
    """A relation as rulesets see it."""
    state = relation.state
    told: dict[str, Value] = {
        "eci": relation.eci,
        "me": state["me"],
        "them": state["peer"],
        "label": relation.label,
        "since": to_iso(relation.since_ms),
        "thread": relation.thread,
    }
    if not relationships.is_seen(state):
        told["rotating"] = True
    if relationships.is_over(state):
        told["ended"] = True
    return told


# --- what a message says of it -----------------------------------------------------------------------


def heed(run: Run, event: Event) -> str | None:
    """Before rules see an event; why they may not see it, or None."""
    if not run.draft.relations and not run.draft.invitations:
        return None
    proven = event.proven or {}
    rotation = proven.get("rotation")
    if rotation is not None:
        why = _follow(run, event, Rotation(rotation["prior"], rotation.get("new"), rotation["iat"], ""))
        if why is not None:
            return why
    if event.sender is None or not event.sender.startswith("did:"):
        return None
    relation = run.draft.relations.get(relation_key(event.eci, event.sender))
    if relation is None:
        _meet(run, event)
        return None
    why = why_over(run.draft.relations, event.eci, event.sender)
    if why is not None:
        return why
    seen = relationships.seen_at(relation.state, proven.get("to"))
    if seen is not relation.state:
        run.draft.put_relation(replace(relation, state=seen))
    return None


def why_over(relations: Mapping[str, Relation], eci: str, did: str) -> str | None:
    """Why nothing that this DID wants is heard any more, or None. Its key may be in wrong hands."""
    relation = relations.get(relation_key(eci, did)) if relations and did.startswith("did:") else None
    if relation is None:
        return None
    if MOVED in relation.state:
        return "it is from a DID that was rotated away"
    return "the relationship is over" if relationships.is_over(relation.state) else None


def same_party(relations: Mapping[str, Relation], eci: str, proven: Mapping[str, Any] | None) -> SameParty:
    """Whether somebody whom a policy names is who writes now: where a DID was rotated the new one is meant,
    and not the old one any more. `proven` may bring the news of that."""
    told = (proven or {}).get("rotation")

    def is_same(named: str, did: str) -> bool:
        newest = newest_did(relations, eci, named)
        if told is not None and same_did(newest, told["prior"]) and _is_followed(relations, eci, told):
            newest = told["new"]
        return same_did(newest, did)

    return is_same if relations else same_did


def newest_did(relations: Mapping[str, Relation], eci: str, did: str) -> str:
    """By which somebody goes today who is known by that one on a channel."""
    found = relations.get(relation_key(eci, did))
    while found is not None and MOVED in found.state:
        did = found.state[MOVED]
        found = relations.get(relation_key(eci, did))
    return did


def _is_followed(relations: Mapping[str, Relation], eci: str, told: Mapping[str, Any]) -> bool:
    """Whether the event that brings it will be seen as from the new DID: see `_follow`."""
    prior, new = relations.get(relation_key(eci, told["prior"])), told.get("new")
    if prior is None or new is None or MOVED in prior.state or relation_key(eci, new) in relations:
        return False
    return relationships.problem_with(prior.state, Rotation(told["prior"], new, told["iat"], "")) is None


def _follow(run: Run, event: Event, rotation: Rotation) -> str | None:
    """A rotation that its prior DID has signed. Of somebody unknown it says nothing to us."""
    prior = run.draft.relations.get(relation_key(event.eci, rotation.prior))
    if prior is None:
        return None
    if MOVED in prior.state:
        newest = _newest(run, event.eci, rotation.prior)
        if newest is None or rotation.new is None or not same_did(newest.state["peer"], rotation.new):
            return "its from_prior is an old one"
        return None
    if rotation.new is not None and relation_key(event.eci, rotation.new) in run.draft.relations:
        return "its from_prior leads to a DID that is known already"
    heeded = relationships.heed(prior.state, rotation, _facts(run, event))
    if isinstance(heeded, Trouble):
        return f"its from_prior is refused: {', '.join(heeded.args)}"
    _take(run, event, prior, heeded)
    return None


def _take(run: Run, event: Event, prior: Relation, heeded: Reaction) -> None:
    if heeded.state["peer"] != prior.state["peer"]:
        run.draft.put_relation(replace(prior, state={**_former(prior.state), MOVED: heeded.state["peer"]}))
        _forget_oldest(run, prior.eci, prior.state, heeded.state)
    keep(run, replace(prior, state=heeded.state))
    for note in heeded.notes:
        run.raise_event(replace(event, domain=DIDCOMM, name=note.name, attrs=dict(note.attrs), proven=None))


def _former(state: State) -> State:
    return {"me": state["me"], "peer": state["peer"]}


def _forget_oldest(run: Run, eci: Eci, before: State, after: State) -> None:
    """What the relation itself remembers no more as a DID of the past, unless a policy does."""
    named = _named_in_policies(run, eci)
    for did in before.get("retired", ()):
        if did not in after.get("retired", ()):
            _lead_past(run, eci, did, named)
            if short_did(did) not in named:
                run.draft.remove_relation(relation_key(eci, did))


def _named_in_policies(run: Run, eci: Eci) -> set[str]:
    channel = run.draft.channels.get(eci)
    policies = () if channel is None else (channel.event_policy, channel.query_policy)
    entries = [entry for policy in policies for entry in (*policy.allow, *policy.deny)]
    run.meter.charge(len(entries))
    return {short_did(did_of(entry.sender)) for entry in entries if entry.sender is not None}


def _lead_past(run: Run, eci: Eci, did: str, named: Iterable[str]) -> None:
    """What led to that DID leads on to where it leads itself."""
    following = run.draft.relations[relation_key(eci, did)].state[MOVED]
    for one in sorted(named):
        found = run.draft.relations.get(relation_key(eci, one))
        if found is not None and MOVED in found.state and same_did(found.state[MOVED], did):
            run.draft.put_relation(replace(found, state={**found.state, MOVED: following}))


def _meet(run: Run, event: Event) -> None:
    """Somebody new; a relation begins if an invitation of this pico is what they name."""
    named = event.attrs.get("pthid") if event.domain == DIDCOMM else None
    invitation = run.draft.invitations.get(named.lower()) if isinstance(named, str) else None
    if invitation is None or invitation.eci != event.eci or not isinstance(event.attrs.get("to"), str):
        return
    record = {"until_s": invitation.until_s, "once": invitation.once, "by": invitation.by, "n": 1}
    message = Message(event.eid, str(event.attrs.get("type")), pthid=invitation.id)
    taken = out_of_band.accept({invitation.id: record}, message, _facts(run, event))
    if isinstance(taken, Trouble):
        run.write_log("warn", "", f"an invitation is not valid any more: {taken.code}")
        return
    run.draft.put_invitation(replace(invitation, by=event.sender))
    state = relationships.begin(event.attrs["to"], event.sender)
    keep(run, Relation(event.eci, invitation.label, run.learned.time_ms, invitation.id, state))
    told = {"invitation": invitation.id, "from": event.sender, "to": state["me"], "label": invitation.label}
    run.raise_event(replace(event, domain=DIDCOMM, name="out_of_band_accepted", attrs=told, proven=None))


def _facts(run: Run, event: Event) -> Facts:
    return Facts(event.sender, None, run.learned.time_ms // 1000, ids_from(event.eid))
