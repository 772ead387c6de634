"""What requests say: the parameters of each route, by name."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from engine.core.access import TokenScope

Text = Annotated[str, Meta(min_length=1, description="a text that is not empty")]
Eci = Annotated[str, Meta(min_length=1, description="a channel of a pico; to look, its id does as well")]
Seq = Annotated[int, Meta(ge=0, lt=10**15, description="the number of a turn")]
Flag = Literal["true", ""]
"""What only has to be there."""


class Given(Struct, kw_only=True, omit_defaults=True):
    """Parameters. Others than these are passed over."""


class OfPico(Given):
    eci: Eci


class MaybeOfPico(Given):
    eci: Eci | UnsetType = UNSET


class WhichPicos(Given):
    under: Annotated[str, Meta(pattern=r"\S")] | UnsetType = UNSET
    first: Annotated[int, Meta(ge=0, lt=10**9)] | UnsetType = field(default=UNSET, name="from")
    n: Annotated[int, Meta(ge=0, lt=10**9)] | UnsetType = UNSET
    search: Annotated[str, Meta(pattern=r"\S")] | UnsetType = UNSET


class Grant(OfPico):
    words: list[str] = field(default_factory=list)
    granted: bool = True


class Call(Given):
    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)


class OneResource(Given):
    uri: str


class QrCode(Given):
    text: Text


class Named(Given):
    url: Annotated[str, Meta(min_length=1, description="the URL that it was installed from")]


class Install(OfPico):
    url: Annotated[str, Meta(description="where the ruleset is: file:, http(s):, ipfs: or library:")]
    config: dict[str, Any] = field(default_factory=dict)


class Evaluate(OfPico):
    texts: list[str]
    rid: str | None = None


class NewToken(Given):
    name: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"\S")]
    scope: TokenScope
    lasts: (
        Annotated[float, Meta(ge=1, le=315_360_000, description="seconds; without end if left out")] | None
    ) = None


class NewLink(Given):
    scope: TokenScope = "admin"


class Upgrade(Given):
    url: Text | None = None
    eci: Eci | None = None
    as_if: bool = field(default=False, name="try")
    events: Annotated[int, Meta(ge=0, lt=10**15)] = 20


class RollBack(Given):
    eci: Eci | None = None
    state: Literal["keep", "restore"] | None = None


class OfModule(OfPico):
    module: Text


class Log(OfPico):
    n: Seq | UnsetType = UNSET
    full: bool = False


class Why(Given):
    eid: Text
    eci: Eci | UnsetType = UNSET


class State(OfPico):
    at: Seq | UnsetType = UNSET
    rid: Text | UnsetType = UNSET


class Between(OfPico):
    first: Seq = field(name="from")
    second: Seq = field(name="to")


class Fork(OfPico):
    at: Seq | None = None


class Watch(MaybeOfPico):
    after: Text | UnsetType = UNSET


class Invite(OfPico):
    label: str | None = None
    once: bool | None = None
    expires: Annotated[float, Meta(gt=0, le=315_360_000)] | None = None
    here: bool | None = None


class Connect(OfPico):
    url: Text
    label: str | None = None


class WhichEngines(Given):
    with_heard: Flag | UnsetType = field(default=UNSET, name="all")
    now: Flag | UnsetType = UNSET


class InviteEngine(Given):
    lasts: Annotated[float, Meta(ge=1, le=315_360_000)] | None = None
    once: bool = True
    trust: Literal["known", "trusted", "blocked"] | None = None


class AddEngine(Given):
    invitation: Annotated[str, Meta(min_length=1, pattern=r"\S")]
    name: Annotated[str, Meta(min_length=1, pattern=r"\S")] | None = None
    trust: Literal["known", "trusted", "blocked"] | None = None


class OneEngine(Given):
    engine: Annotated[str, Meta(min_length=1, pattern=r"\S")]


class ChangeEngine(OneEngine):
    name: Annotated[str, Meta(min_length=1, pattern=r"\S")] | None = None
    trust: Literal["known", "trusted", "blocked"] | None = None


class Drain(Given):
    engines: list[str] = field(default_factory=list)
    reason: str = ""


class OfDidLog(Given):
    eci: Eci | UnsetType = UNSET
    did: Text | UnsetType = UNSET


class ChangeDidLog(Given):
    eci: Eci | None = None
    did: Text | None = None
    rotate: bool = False
    recovery: str | None = None
    entry: str | None = None
    approvals: str | None = None


class Guardians(OfPico):
    needed: float = 0
    of: Annotated[list[str], Meta(max_length=64)] = field(default_factory=list)
    watching: bool = False
    forgets_owner: bool = False
    owner: dict[str, Any] | None = None
    promise: dict[str, Any] | None = None


class WantedChange(OfPico):
    change: Literal["rotate", "guard", "recover"]
    note: str = ""
    log: str = ""
    approvals: str = ""


class Vouch(OfPico):
    subject: str
    type: str
    claims: dict[str, Any] = field(default_factory=dict)
    days: Annotated[int, Meta(ge=1, le=36_500)] = 365
    form: Literal["jwt", "linked-data"] = "jwt"


class Seal(MaybeOfPico):
    copies: Annotated[int, Meta(ge=0, lt=1000)] | None = None
    stores: list[str] | None = None
    wait: Annotated[float, Meta(ge=0, le=3600)] = 0.0
    usual: bool = False


class ShownHead(Given):
    head: Text


class SealOwners(Given):
    eci: Eci | None = None
    owners: list[str | dict[str, Any]] | None = None
    remove: str | dict[str, Any] | None = None
    only: bool = False


class Move(OfPico):
    to: Text
    reason: str = ""
    price: Annotated[int, Meta(ge=0, lt=2**53)] = 0


class Where(Given):
    did: Text
