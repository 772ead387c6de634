"""What the two tables of a move are told, and what they want done: plain data.

Of the messages some come from the other engine, the rest are what an engine tells itself: that a turn is
finished, that time is over. A head is the name of one state of the pico; an entry is the number and the
content of one line of its log, which whoever hands it in has verified.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to move. Whoever proves to be neither of the two engines cannot speak in it."""

    epoch: int
    """The number of the newest entry of the pico's log when it begins."""
    number: int
    """Counted by the source from 1 on, anew after each entry."""
    name: str
    """Made by chance for this one, since an engine that was restored from a backup counts anew."""
    source: str
    target: str

    @property
    def order(self) -> tuple[int, int]:
        return self.epoch, self.number


@dataclass(frozen=True, slots=True)
class Head:
    sequence: int
    state: str
    """The id of the state."""
    cid: str
    """The block that names all others."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Of the pico's log: who hosts it from then on, and the key that was made there for it."""

    number: int
    id: str
    host: str
    key: str


# --- from the source to the target ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offer:
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Handoff:
    attempt: Attempt
    head: Head
    entry: Entry | None = None
    """Set when the release was before, and the target has nothing of what it once had."""


@dataclass(frozen=True, slots=True)
class Release:
    attempt: Attempt
    entry: Entry


@dataclass(frozen=True, slots=True)
class Cancel:
    """The source knows this attempt, has given it up, and has not released the pico by it."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Unknown:
    """The source does not know this attempt, and so cannot say whether it has released the pico by it."""

    attempt: Attempt


# --- from the target to the source ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Accept:
    attempt: Attempt
    key: str


@dataclass(frozen=True, slots=True)
class Refuse:
    attempt: Attempt
    reason: str


@dataclass(frozen=True, slots=True)
class Ready:
    """The target holds the whole state, durably, and will hold it until it hears what became of it."""

    attempt: Attempt
    head: Head
    key: str
    proven: bool = False
    """Whether it shows the handoff of this head in this attempt, signed with the source's own key: then the
    source was there, even if it knows nothing of it any more."""


@dataclass(frozen=True, slots=True)
class Resend:
    """The pico was released to the target, which holds nothing of it (any more)."""

    attempt: Attempt
    entry: Entry


@dataclass(frozen=True, slots=True)
class Taken:
    attempt: Attempt
    entry: Entry
    """The newest that the target knows."""


# --- between any two engines ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Where:
    """Is anything known that is newer than this entry?"""

    asker: str
    number: int
    asked: str
    """Names the question."""


@dataclass(frozen=True, slots=True)
class NotHere:
    """Nothing newer, and nothing under way."""

    asked: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What an engine hears whose entry is no longer the newest: the proof comes along."""

    entry: Entry


# --- what an engine tells itself --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """A rule or the owner wants the pico to move."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Finished:
    """The turn that was under way is over, and this is the state. It is put down in one commit with what
    the table makes of it, so that no turn comes in between."""

    attempt: Attempt
    head: Head


@dataclass(frozen=True, slots=True)
class Signed:
    """The entry that names the target is made. Nobody has seen it yet."""

    attempt: Attempt
    entry: Entry


@dataclass(frozen=True, slots=True)
class Willing:
    attempt: Attempt
    key: str


@dataclass(frozen=True, slots=True)
class Unwilling:
    attempt: Attempt
    reason: str


@dataclass(frozen=True, slots=True)
class Staged:
    """All of the state is here, verified and durable in one commit with what the table makes of this."""

    attempt: Attempt
    head: Head


@dataclass(frozen=True, slots=True)
class NotStaged:
    attempt: Attempt
    reason: str


@dataclass(frozen=True, slots=True)
class Late:
    """So long may the phase take in which the attempt is."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Again:
    """It is time to repeat what was not answered."""


@dataclass(frozen=True, slots=True)
class Started:
    """The engine has started, and only what was durable is left."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Everyone asked since the start has answered that nothing newer is known."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry of the pico's log came to be known, by whatever way."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The time is over for which the state of a pico that is gone was kept."""


ToTarget = Offer | Handoff | Release | Cancel | Unknown
ToSource = Accept | Refuse | Ready | Resend | Taken
Between = Where | NotHere | Moved
Sent = ToTarget | ToSource | Between
"""What goes over the wire."""


# --- effects ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Send:
    to: str
    message: Sent


@dataclass(frozen=True, slots=True)
class AskAround:
    """Ask everyone who might know a newer entry. `Confirmed` follows when all have said that they do not."""

    number: int


@dataclass(frozen=True, slots=True)
class Finish:
    """`Finished` follows."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Sign:
    """`Signed` follows, with an entry that names the target and this key of it."""

    attempt: Attempt
    key: str


@dataclass(frozen=True, slots=True)
class Consider:
    """`Willing` or `Unwilling` follows: trust, room, price, versions."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Fetch:
    """`Staged` or `NotStaged` follows."""

    attempt: Attempt
    head: Head


@dataclass(frozen=True, slots=True)
class Drop:
    """What was staged in this attempt, or reserved for it, is not needed any more."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Publish:
    """Whoever looks for the pico's log is to find this entry."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Tell:
    """The pico's rules and the engine's log: what happened and why."""

    what: str
    reason: str = ""


Effect = Send | AskAround | Finish | Sign | Consider | Fetch | Drop | Publish | Tell
Effects = tuple[Effect, ...]
"""To be performed after the commit of the phase they come with. All may be lost: what matters is repeated."""
