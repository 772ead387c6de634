"""The logs of lifelong names: what is read of them, and the changes that can be made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from engine.core.dids import Did
from engine.ports.messages import Acting


class BadLog(ValueError):
    """A log that nobody would believe, or an entry that cannot follow. Says why."""


@dataclass(frozen=True, slots=True)
class KeptLog:
    """A log as JSON lines, and what its witnesses have approved of it, which is in a file of its own."""

    lines: str
    approvals: str = ""
    """Empty if it has no witnesses."""


@dataclass(frozen=True, slots=True)
class Hosting:
    """What the newest entry of a log says of who hosts the pico."""

    name: Did
    """That the pico has for life."""
    number: int
    id: str
    host: str
    """The DID of the engine; empty if the entry names none."""
    key: str
    """The multikey with which that engine signs as the pico; another one for each stay."""
    hosts: tuple[str, ...] = ()
    """Of all entries, the oldest first."""


@dataclass(frozen=True, slots=True)
class NewHost:
    """An engine that a pico is to move to, and the public halves of the keys that it has made for that."""

    host: Did
    url: str | None
    """Where it is reached."""
    stay: str
    """Names the keys: those of another stay at the same engine are others."""
    signing: str
    agreeing: str
    next_hash: str
    """Of the key with which it signs the entry after the one by which the pico comes."""
    desk: tuple[str, ...] = ()
    """With which it approves entries, where there are guardians."""


class LifelongLogs(Protocol):
    """The logs in which picos keep who they are. Each of these raises `BadLog`."""

    def begin(self, pico: str, url: str | None, host: Did, recovery: str | None, now_s: float) -> KeptLog:
        """The first entry. `url` is where the engine is reached, `host` its DID, and `recovery` the hash of a
        key that the pico's owner keeps."""

    def rotate(self, pico: str, log: KeptLog, now_s: float) -> KeptLog:
        """The log with one more entry, signed with the key that the last one promised."""

    def address(self, pico: str, log: KeptLog, url: str | None, host: Did, now_s: float) -> KeptLog:
        """The log; with one more entry, if the newest does not say how messages to the pico get here."""

    def extend(self, pico: str, log: KeptLog | None, more: KeptLog, now_s: float) -> KeptLog:
        """The log with entries of somebody else's, and what approves them; `more` may be a whole log."""

    def describe(self, pico: str, log: KeptLog, now_s: float) -> Mapping[str, Any]:
        """What it says: `did`, the name for life, `epoch` and so on."""

    def acting(self, log: KeptLog, now_s: float) -> Acting:
        """Whose signatures counted as the pico's, and when."""

    def approvers(self, log: KeptLog, now_s: float) -> frozenset[str]:
        """The did:keys of those who have signed that they approve an entry: guardians, an owner that acts as
        one. That a log names somebody proves nothing of them; this does."""

    def hosting(self, log: KeptLog, now_s: float) -> Hosting:
        """Where the pico lives."""

    def prepare(self, pico: str, stay: str, number: int, url: str | None, host: Did) -> NewHost:
        """Keys of this engine for a pico that is to come to it by that entry. Nothing is kept: the same are
        made again."""

    def check_release(self, pico: str, log: KeptLog, host: Did, now_s: float) -> None:
        """That this engine, which is called `host`, can write the entry by which the pico leaves it."""

    def release(self, pico: str, log: KeptLog, to: NewHost, now_s: float) -> KeptLog:
        """The log with the entry by which the pico is somebody else's to host."""

    def promises(self, pico: str, log: KeptLog, now_s: float) -> Promises:
        """Whose keys it promises, but for those of this engine and of guardians."""


@dataclass(frozen=True, slots=True)
class Promises:
    """Keys of owners that a log promises, by their hashes."""

    now: frozenset[str]
    ever: frozenset[str]
    """In any entry, with those of engines and guardians: what was promised once is not promised anew."""


@dataclass(frozen=True, slots=True)
class OwnersKey:
    """What may be known of the key that an owner keeps."""

    hash: str
    approving: tuple[str, ...] = ()
    """The did:keys with which he approves alone, where a log has guardians: as many as are needed or more."""


@dataclass(frozen=True, slots=True)
class Rotate:
    """On to the key that was promised; with another document, if one is given."""

    document: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """Promise a key of an owner's besides what is promised already."""

    owner: OwnersKey


@dataclass(frozen=True, slots=True)
class Guard:
    """Name those who, so many of them together, can take the pico back; nobody, if `of` is empty."""

    needed: int
    of: tuple[str, ...]
    """Their DIDs."""
    watching: bool = False
    """Whether they approve every entry, so that the engine writes none alone."""
    owner: OwnersKey | None = None
    forgets_owner: bool = False
    """Whether keys of an owner that were promised are so no more."""


@dataclass(frozen=True, slots=True)
class Recover:
    """Have this engine go on with a log that it may not write in, hosting the pico from then on."""

    url: str | None
    host: Did
    signer: str | None
    """The multikey of an owner's key that was promised; None for the guardians."""
    owner: OwnersKey | None = None
    """To be promised from then on."""
    watching: bool = False


@dataclass(frozen=True, slots=True)
class Forget:
    """Promise these keys of owners no more."""

    hashes: tuple[str, ...]
    approving: tuple[str, ...] = ()
    """The did:keys with which those owners approved alone, where there are guardians."""


OwnChange = Rotate | Promise | Forget | Guard


"""What the engine that hosts a pico may write by itself, unless guardians watch."""


LogChange = OwnChange | Recover


class Succession(Protocol):
    """Who may go on with the log of a pico. Each of these raises `BadLog`."""

    def change(self, pico: str, log: KeptLog, change: OwnChange, now_s: float) -> KeptLog:
        """The log with one more entry, where this engine may write it alone."""

    def ask(self, pico: str, log: KeptLog, change: LogChange, note: str, now_s: float) -> str:
        """A request to those who have to sign or approve it; the log stays as it is."""

    def end(self, pico: str, log: KeptLog, now_s: float) -> KeptLog:
        """The log with its last entry. One that has ended is as it was."""


class KnownLogs(Protocol):
    """Logs that need not be fetched, by the self-certifying id in their names."""

    def own(self, scid: str) -> KeptLog | None:
        """That of a pico of this engine, as it is now."""

    def told(self, scid: str) -> KeptLog | None:
        """One that somebody handed over: there may be a newer one."""
