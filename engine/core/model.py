"""What a pico is: frozen data that one turn turns into the next.

Everything that has to survive a restart, an upgrade or a move is in here; nothing else is. Values of
the language (entity variables, pattern states) are shared between versions and never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NewType

from engine.core.did_keys import DidKey
from engine.core.dids import short_did
from pico_lang.values import Value

PicoId = NewType("PicoId", str)
"""The lifelong name of a pico."""
Eci = NewType("Eci", str)
"""The id of a channel: what the outside addresses."""
Rid = NewType("Rid", str)
"""The name a ruleset gives itself."""
RulesetHash = NewType("RulesetHash", str)
"""Lower-case hex SHA-256 of a ruleset's UTF-8 text: what a ruleset is, wherever it came from."""
EventId = NewType("EventId", str)
"""The sender's id of an event (`eid`), unique per pico."""

DefaultPolicy = Literal["allow", "deny"]
"""What the policy of a channel is that was made without one."""

EMPTY: Mapping[Any, Any] = MappingProxyType({})

Grants = Mapping[str, bool]
"""Modules of which the engine's owner has said whether a pico may use them. For the others it depends on the
module."""


@dataclass(frozen=True, slots=True)
class CredentialAsked:
    """A credential that somebody has to show: of all these types, by one of these issuers, with these claims
    about whoever shows it."""

    types: tuple[str, ...]
    issuers: tuple[str, ...]
    """DIDs."""
    claims: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """One line of a policy; `*` stands for any. For events (domain, name), for queries (rid, name)."""

    scope: str
    name: str
    sender: str | None = None
    """A DID: it is about that one alone. `*`: about everybody, also those who write in DIDComm and do not say
    who they are. Left out, an entry of `allow` is about everybody else, and one of `deny` about all."""
    credential: CredentialAsked | None = None
    """An entry of `allow` is about those alone who have shown this."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Deny is tested first, then one allow must match."""

    allow: tuple[PolicyEntry, ...]
    deny: tuple[PolicyEntry, ...] = ()


ALLOW_ALL = Policy((PolicyEntry("*", "*"),))


@dataclass(frozen=True, slots=True)
class Channel:
    """One address of a pico, with who may do what through it."""

    eci: Eci
    tags: tuple[str, ...]
    event_policy: Policy = ALLOW_ALL
    query_policy: Policy = ALLOW_ALL
    family: PicoId | None = None
    """The relative (or the pico itself) that alone may use it, from inside a ruleset."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a run learned from outside itself; with it the run can be repeated exactly."""

    time_ms: int
    """Milliseconds since 1970-01-01 UTC."""
    seed: str
    """Hex; every random number and new id of the run is derived from it."""
    answers: tuple[Mapping[str, Any], ...] = ()
    """Answers to the run's questions, in the order in which it asked."""
    default_policy: DefaultPolicy = "allow"
    """A setting of the engine. As what a run does depends on it, it is learned like the time."""


@dataclass(frozen=True, slots=True)
class FormerText:
    """A text that a ruleset had on a pico before another took its place."""

    url: str
    hash: RulesetHash
    config: Mapping[str, Value]
    seq: int
    """The turn that replaced it."""
    signed_by: tuple[DidKey, ...] = ()
    upgraded: bool = False
    """Whether the upgrade block of the other text changed entity variables."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Why an installed ruleset could not be woken, and since when it is set aside, with all it has."""

    since_ms: int
    code: str
    """Of the fault."""
    reason: str
    module: str | None = None
    """The ruleset it uses that is to blame; mending that one mends this."""
    is_outdated: bool = False
    """Whether another ruleset was installed meanwhile. What its global block once read may then not fit
    any more, so it has to look anew."""


@dataclass(frozen=True, slots=True)
class InstalledRuleset:
    """A ruleset on a pico. `inputs` has the time of the turn that initialised it and, as answers,
    everything its global block read, so that this has the same values whenever the pico is woken."""

    rid: Rid
    url: str
    hash: RulesetHash
    config: Mapping[str, Value]
    inputs: Inputs
    signed_by: tuple[DidKey, ...] = ()
    """The authors whose signatures the engine had when it was installed."""
    former: tuple[FormerText, ...] = ()
    """What it can be rolled back to: the last few texts that it had here, the newest first."""
    quarantine: Quarantine | None = None
    """Set while it is kept from running."""


@dataclass(frozen=True, slots=True)
class Child:
    """A child as its parent sees it: the child's family channel and its id."""

    eci: Eci
    pico: PicoId


@dataclass(frozen=True, slots=True)
class Timer:
    """A scheduled event. `timing` is a cron expression for `repeat`, else the time in ms."""

    id: str
    rid: Rid
    kind: Literal["at", "repeat"]
    timing: str | int
    due_ms: int
    eci: Eci
    domain: str
    name: str
    attrs: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Will:
    """An event that a ruleset leaves behind: it is sent when the pico is deleted or the ruleset
    uninstalled, since neither can say anything afterwards."""

    rid: Rid
    name: str
    """What the ruleset calls it by."""
    eci: Eci
    """To whom it goes."""
    domain: str
    type: str
    attrs: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a pico has shown to somebody it does not know yet. `once`: only the first who comes is taken."""

    id: str
    eci: Eci
    """The channel that whoever accepts writes to."""
    label: str
    until_s: int | None = None
    once: bool = False
    by: str | None = None
    """Who has accepted it last."""


@dataclass(frozen=True, slots=True)
class Relation:
    """Somebody known by DID, on one channel. `state` is that of `engine.core.protocols.relationships`; where
    the DID was rotated away it says only what that has `moved` to."""

    eci: Eci
    label: str
    since_ms: int
    thread: str | None
    """The invitation it began with."""
    state: Mapping[str, Any]

    @property
    def key(self) -> str:
        return relation_key(self.eci, self.state["peer"])


def relation_key(eci: str, did: str) -> str:
    """What the relation with this DID on this channel is kept by."""
    return f"{eci} {short_did(did)}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to somebody, by DID and from one channel, that has had no answer."""

    eci: Eci
    thread: str
    """In lower case: threads are compared without regard to case."""
    did: str
    type: str
    since_ms: int
    until_s: int | None = None

    @property
    def key(self) -> str:
        return asked_key(self.eci, self.thread)


def asked_key(eci: str, thread: str) -> str:
    """What the question that began this thread on this channel is kept by."""
    return f"{eci} {thread.lower()}"


@dataclass(frozen=True, slots=True)
class Pico:
    """A whole pico. `seq` counts committed turns, from 0 for one just created."""

    id: PicoId
    seq: int = 0
    parent: Eci | None = None
    children: tuple[Child, ...] = ()
    channels: Mapping[Eci, Channel] = field(default_factory=lambda: EMPTY)
    rulesets: tuple[InstalledRuleset, ...] = ()
    """In order of installation, for ever."""
    entities: Mapping[Rid, Mapping[str, Value]] = field(default_factory=lambda: EMPTY)
    patterns: Mapping[Rid, Mapping[str, Value]] = field(default_factory=lambda: EMPTY)
    """Half-matched event expressions: rid → rule name → state, as `pico_lang.event_patterns` has it."""
    timers: Mapping[str, Timer] = field(default_factory=lambda: EMPTY)
    grants: Grants = field(default_factory=lambda: EMPTY)
    wills: Mapping[Rid, Mapping[str, Will]] = field(default_factory=lambda: EMPTY)
    """What others are told when it, or one of its rulesets, is no more: rid → name → will."""
    relations: Mapping[str, Relation] = field(default_factory=lambda: EMPTY)
    """Whom it knows by DID, by `Relation.key`."""
    invitations: Mapping[str, Invitation] = field(default_factory=lambda: EMPTY)
    """Those that may still be accepted, by their ids."""
    asked: Mapping[str, Asked] = field(default_factory=lambda: EMPTY)
    """What others by DID were asked and have not answered, by `Asked.key`."""

    def ruleset(self, rid: str) -> InstalledRuleset | None:
        """The installed ruleset of that name."""
        return next((one for one in self.rulesets if one.rid == rid), None)
