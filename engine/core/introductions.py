"""How a pico comes to know others by DID and goes on to: invitations made and accepted, DIDs rotated.

Names and signatures need keys, which are not here: they are questions. All else is computed, and leaves
with the commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.core import relations
from engine.core.births import new_eci
from engine.core.correspondence import keep_did, write
from engine.core.dids import did_of
from engine.core.model import Channel, Eci, Invitation, Policy, PolicyEntry, Relation, relation_key
from engine.core.neighbours import ask_address, ask_name, ask_next_name
from engine.core.protocols import out_of_band, relationships, trust_ping
from engine.core.protocols.out_of_band import BadInvitation, Short
from engine.core.run import Run
from pico_lang.errors import RuntimeFault

MOST_INVITATIONS = 1_024
GOAL_CODE = "connect"
PAGE = "https://example.org/invitation"
"""Where somebody without an agent lands, if neither the ruleset nor the engine has a page."""
MESSAGES_ONLY = Policy((PolicyEntry("didcomm", "*"),))
NOTHING = Policy(())
TAG = "didcomm"
ISSUED_S = "issued_s"
"""When our own DID was rotated last, as its `from_prior` says."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An invitation as it is handed out."""

    id: str
    eci: Eci
    did: str
    url: str


def invite(
    run: Run,
    eci: Eci,
    label: str = "",
    goal: str | None = None,
    page: str | None = None,
    once: bool = False,
    expires_s: int | None = None,
) -> Shown:
    """Whoever shows that URL to an agent lets it write to this channel, in a relation of its own."""
    _make_room(run)
    did, own_page = ask_address(run, eci)
    id = run.learned.chance.id()
    body = {"goal_code": GOAL_CODE, **({"goal": goal} if goal else {}), **({"label": label} if label else {})}
    until_s = None if expires_s is None else run.learned.time_ms // 1000 + expires_s
    try:
        message = out_of_band.invite(id, did, {**body, "accept": ["didcomm/v2"]}, (), until_s)
        url = out_of_band.to_url(message, page or own_page or PAGE)
    except BadInvitation as problem:
        raise RuntimeFault("R607", str(problem)) from problem
    run.draft.put_invitation(Invitation(id.lower(), eci, label, until_s, once))
    return Shown(id.lower(), eci, did, url)


def _make_room(run: Run) -> None:
    """Those that nobody can accept any more go first."""
    held = run.draft.invitations
    if len(held) < MOST_INVITATIONS:
        return
    run.meter.charge(len(held))
    now_s = run.learned.time_ms // 1000
    for id, one in sorted(held.items()):
        if (one.until_s is not None and one.until_s <= now_s) or (one.once and one.by is not None):
            run.draft.remove_invitation(id)
    if len(run.draft.invitations) >= MOST_INVITATIONS:
        raise RuntimeFault("R607", f"{MOST_INVITATIONS:,} invitations are open; didcomm:withdraw ends one")


def accept(
    run: Run,
    rid: str | None,
    url: str,
    label: str | None = None,
    event_policy: Policy = MESSAGES_ONLY,
    query_policy: Policy = NOTHING,
) -> Relation:
    """A channel with a DID for whoever invites, and a ping, by which they hear of it. An invitation that was
    accepted already stays as it is."""
    invitation = _read(run, url)
    inviter = did_of(str(invitation.from_))
    known = _accepted(run, inviter, invitation.id)
    if known is not None:
        return known
    channel = open_channel(run, event_policy, query_policy)
    state = relationships.begin(ask_name(run, channel.eci), inviter)
    called = label if label is not None else _label_of(invitation.body)
    relation = Relation(channel.eci, called, run.learned.time_ms, invitation.id, state)
    relations.keep(run, relation)
    ping = {"response_requested": True}
    write(run, rid, relation, channel.eci, trust_ping.PING, ping, {"pthid": invitation.id})
    return relation


def open_channel(run: Run, event_policy: Policy = MESSAGES_ONLY, query_policy: Policy = NOTHING) -> Channel:
    """One more, for those who are known by DID."""
    channel = Channel(new_eci(run), (TAG,), event_policy, query_policy)
    run.draft.put_channel(channel)
    return channel


def _read(run: Run, url: str) -> Any:
    run.meter.charge(len(url))
    try:
        invitation = out_of_band.from_url(url)
    except BadInvitation as problem:
        raise RuntimeFault("R607", str(problem)) from problem
    if isinstance(invitation, Short):
        raise RuntimeFault("R607", "this invitation has to be fetched first; give the URL that it leads to")
    if invitation.expires_time is not None and invitation.expires_time <= run.learned.time_ms // 1000:
        raise RuntimeFault("R607", "this invitation is not valid any more; ask for a new one")
    if invitation.id.lower() in run.draft.invitations:
        raise RuntimeFault("R607", "this invitation is the pico's own")
    return invitation


def _accepted(run: Run, inviter: str, id: str) -> Relation | None:
    found = (one for one in relations.relations_of(run) if one.thread == id)
    return next((one for one in found if relations.find(run, inviter, one.eci) is one), None)


def _label_of(body: Mapping[str, Any]) -> str:
    label = body.get("label")
    return label if isinstance(label, str) else ""


def withdraw(run: Run, id: str) -> None:
    if id.lower() in run.draft.invitations:
        run.draft.remove_invitation(id.lower())


def rotate(run: Run, rid: str | None, eci: Eci) -> str:
    """Give a channel a new DID, and tell everybody who knows it by an old one."""
    known = relations.on_channel(run, eci)
    named = {one.state["me"] for one in known}
    prior = named.pop() if len(named) == 1 else ask_name(run, eci)
    # Later than any before it, or it would be taken for an old one.
    issued_s = max([run.learned.time_ms // 1000, *(one.state.get(ISSUED_S, 0) + 1 for one in known)])
    others = {did for one in known for did in relationships.known_as(one.state)} - {prior}
    new, from_priors = ask_next_name(run, eci, prior, issued_s, sorted(others))
    keep_did(run, rid, eci, new)
    for one in known:
        rotated = relationships.rotate(one.state, new, from_priors)
        _announce(run, rid, replace(one, state={**rotated, ISSUED_S: issued_s}))
    return new


def _announce(run: Run, rid: str | None, after: Relation) -> None:
    """To whatever the other side has heard of: it follows from the DID it knows, and ignores the rest."""
    relations.keep(run, after)
    for state in relationships.all_told(after.state):
        # A ping, since its answer comes to the new DID and shows that the news has arrived.
        ping = {"response_requested": True}
        write(run, rid, replace(after, state=state), after.eci, trust_ping.PING, ping)


def forget(run: Run, relation: Relation) -> None:
    """Neither side is told; what they write from now on is from a stranger."""
    for did in relation.state.get("retired", ()):
        run.draft.remove_relation(relation_key(relation.eci, did))
    run.draft.remove_relation(relation.key)
