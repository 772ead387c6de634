"""What answers have in them. Each names what is always there; what depends on the case may come on top."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

Document = dict[str, Any]
"""Of which only those who made it know the parts."""


class Told(Struct, kw_only=True):
    """An answer."""


class Problem(Told):
    """What is answered instead (RFC 9457): `code` is for programs, `detail` and `hint` for people."""

    title: str
    status: int
    detail: str
    code: str
    error: str
    hint: str | UnsetType = UNSET


class UiContext(Told):
    version: str
    eci: str


class Version(Told):
    name: str
    version: str


class EngineItself(Version):
    root: str
    root_eci: str


class Health(Told):
    status: Literal["ok", "ready"]


class Installed(Told):
    eid: str
    url: str


class Compiler(Told):
    version: str
    warnings: list[Document]


class Flushed(Told):
    url: str
    rid: str
    hash: str
    flushed: str
    compiler: Compiler


class PicoTree(Told):
    id: str
    name: str | None
    eci: str | None
    rulesets: list[str]
    children: list[PicoTree]
    damage: str | UnsetType = UNSET
    beside: list[PicoTree] | UnsetType = UNSET
    quarantined: dict[str, Any] | UnsetType = UNSET
    is_cut: bool | UnsetType = UNSET


class PicoCard(Told):
    """A pico in passing."""

    id: str
    name: str | None
    is_root: bool
    eci: str | None
    rulesets: list[str]
    quarantined: dict[str, Any]
    children: int
    kin: list[Document]


class PicoPath(Told):
    pico: PicoCard
    root: str
    above: list[Document]


class Checked(Told):
    ok: bool
    rid: str | None
    version: str | None
    diagnostics: list[Document]


class Picos(Told):
    """A piece of the tree (`picos`, `groups`), a page (`pico`, `children`), or what was found (`picos`)."""

    picos: list[PicoCard] | UnsetType = UNSET
    groups: list[Document] | UnsetType = UNSET
    pico: PicoCard | UnsetType = UNSET
    children: list[PicoCard] | UnsetType = UNSET


class System(Told):
    version: str
    now: str
    up_s: int
    picos: Document
    queues: Document
    room: Document
    moves: Document
    stores: Document | None


class LogLine(Told):
    level: str
    message: Any
    value: Any


class Evaluated(Told):
    type: str
    value: Any
    names: list[str]
    log: list[LogLine]


class Pass(Told):
    id: str
    kind: Literal["owner", "token", "session"]
    name: str
    scope: str
    made: str
    until: str | None
    used: str | None


class NewPass(Pass):
    token: str


class Passes(Told):
    tokens: list[Pass]


class LoginLink(Told):
    path: str
    scope: str
    lasts_s: int


class LoggedOut(Told):
    scope: None


class KeptRuleset(Told):
    rid: str | None
    version: str | None
    cid: str
    hash: str
    signedBy: list[str]


class Rulesets(Told):
    rulesets: list[KeptRuleset]
    pico: str | UnsetType = UNSET


class Pushed(KeptRuleset):
    warnings: list[Document]


class Signatures(Told):
    cid: str
    signatures: list[str]


class Signed(Told):
    cid: str
    author: str
    signedBy: list[str]


class Upgraded(Told):
    """What became of each pico; or, where it was only tried, of each trial."""

    rid: str


class RolledBack(Told):
    rid: str


class ModuleMember(Told):
    name: str
    kind: str
    signature: str
    about: str


class Module(Told):
    name: str
    origin: str = field(name="from")
    about: str
    free: bool
    members: list[ModuleMember]


class Modules(Told):
    modules: list[Module]
    problems: list[Document]


class Granted(Told):
    pico: str
    module: str
    granted: bool


class Turn(Told):
    """One turn: when, who, what, and how it ended."""

    seq: int
    time: str
    eid: str
    eci: str
    sender: str | None
    timer: str | None
    event: str
    attrs: dict[str, Any]
    outcome: Literal["done", "failed"]
    fault: Document | None
    directives: int
    messages: int
    steps: int


class TurnLog(Told):
    pico: str
    events: list[Turn]


class Reasons(Turn):
    pico: str
    cause: Document | None
    effects: list[Document]
    differences: list[Difference]


class Difference(Told):
    part: list[Any]
    old: Any = None
    new: Any = None


class Differences(Told):
    pico: str
    first: int = field(name="from")
    second: int = field(name="to")
    differences: list[Difference]


class PicoState(Told):
    id: str
    seq: int


class Replayed(Told):
    pico: str
    first: int = field(name="from")
    to: int
    last: int
    repeated: int
    skipped: list[int]
    lacking: dict[str, list[str]]
    state: str
    refused: Document | None
    departure: Document | None


class Forked(Told):
    id: str
    eci: str | None
    rulesets: list[str]


class Did(Told):
    did: str
    eci: str | UnsetType = UNSET


class Invitation(Told):
    id: str
    eci: str
    did: str
    url: str


class Rotated(Told):
    eci: str
    did: str


class DidLog(Told):
    did: str
    log: str
    approvals: str


class Engines(Told):
    here: Document
    engines: list[Document]
    heard: int | list[Document]


class EngineInvitation(Told):
    url: str
    once: bool
    trust: str
    lasts_s: int | None
    name: str


class Drained(Told):
    running: bool
    engines: list[str]
    left: int
    gone: dict[str, Any]
    moving: list[str]
    stay: dict[str, Any]
    on_the_way: dict[str, Any]
    sending_on: bool


class Sealed(Told):
    sealed: list[Document]
    failed: list[Document]


class SealHistory(Told):
    pico: str
    heads: list[Document]
    evidence: list[Document]
    trouble: str | None
    unsealed: int


class SeenHead(Told):
    pico: str | None
    evidence: Document | None


class Owners(Told):
    owners: list[Document]


class Stores(Told):
    local: Document
    others: list[Document]
    seal: bool
    waiting: int
    evidence: Document


class Collected(Told):
    kept: int
    removed: int
    bytes: int


class Moves(Told):
    moves: list[Document]


class Moving(Told):
    pico: str
    attempt: str
    phase: str


class Place(Told):
    did: str
    engine: str
    here: bool
    epoch: int


class Credential(Told):
    pico: str
    did: str
    credential: str


class RequestText(Told):
    pico: str
    request: str


class EventAnswer(Told):
    eid: str
    directives: list[Document]
