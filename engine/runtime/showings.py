"""What senders of messages have shown: presentations of credentials, looked at and remembered for a while.

A presentation is good in one message: its challenge is the message's id, its domain the DID of ours that the
message is to, its holder the sender. So nothing has to be asked for first. What it shows counts for that
channel and that sender; it is forgotten by a restart, and whoever is asked for it again shows it again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence

from engine.core.didcomm.attachments import Attachment, Embedded
from engine.core.dids import Did, short_did
from engine.core.messages import Refusal
from engine.core.model import CredentialAsked, Eci
from engine.core.protocols.payloads import NoPayload, decoded
from engine.core.protocols.picomesh import PRESENTATION, STATUS_LIST
from engine.core.vouching import Doubt, Shown
from engine.ports import CredentialCheck, Letter, Presentation

REMEMBERED_S = 3600
"""At most. Then it has to be shown again, so that a credential which was revoked ends with that."""
SHORT_LIFE_S = 3600
"""How far ahead the end of a message with a presentation may be: it is no good for keeping."""
MOST_SENDERS = 10_000
MOST_SHOWN = 16
"""By one sender to one channel."""
MOST_LISTS = 4
MOST_AT_ONCE = 64

Key = tuple[Eci, str]
Kept = tuple[tuple[int, Shown], ...]
"""Each with the second from which it counts no more."""


class Showings:
    def __init__(self, check: CredentialCheck, now_ms: Callable[[], int]) -> None:
        self._check = check
        self._now_ms = now_ms
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._under_way = 0

    def known(self, eci: Eci, sender: Did | None) -> tuple[Shown, ...]:
        """What this sender has shown to that channel."""
        kept = () if sender is None else self._kept.get(_key(eci, sender), ())
        return tuple(shown for until_s, shown in kept if self._now_s() < until_s)

    async def look_at(
        self, letter: Letter, eci: Eci, asks: Sequence[CredentialAsked]
    ) -> Doubt | Refusal | None:
        """Remember what the message shows of what is asked for; None too where it shows nothing at all."""
        sender, recipient = letter.sender, letter.recipient
        texts = list(_texts(letter, PRESENTATION))
        if sender is None or recipient is None or not asks or not texts:
            return None
        if len(texts) > 1:
            return Doubt("malformed", "there are several presentations in one message")
        if not self._is_short_lived(letter):
            return Doubt("stale", f"its message has no expires_time within {SHORT_LIFE_S} seconds")
        if self._under_way >= MOST_AT_ONCE:
            return Refusal("quota", "many presentations are being looked at", "send it again later")
        lists = tuple(list(_texts(letter, STATUS_LIST))[:MOST_LISTS])
        issuers = frozenset(one for asked in asks for one in asked.issuers)
        shown = Presentation(texts[0], letter.message.id, recipient, sender, issuers, lists)
        return await self._look_at(eci, shown)

    async def _look_at(self, eci: Eci, presentation: Presentation) -> Doubt | None:
        self._under_way += 1
        try:
            found = await self._check.check(presentation, self._now_s())
        finally:
            self._under_way -= 1
        if isinstance(found, Doubt):
            return found
        self._remember(_key(eci, presentation.holder), found)
        return None

    def _remember(self, key: Key, found: Iterable[tuple[Shown, int | None]]) -> None:
        now_s = self._now_s()
        fresh = [
            (min(now_s + REMEMBERED_S, until_s or now_s + REMEMBERED_S), shown) for shown, until_s in found
        ]
        names = [shown for _, shown in fresh]
        older = [one for one in self._kept.pop(key, ()) if now_s < one[0] and one[1] not in names]
        self._kept[key] = (*fresh, *older)[:MOST_SHOWN]
        while len(self._kept) > MOST_SENDERS:
            self._kept.popitem(last=False)

    def _is_short_lived(self, letter: Letter) -> bool:
        end_s = letter.message.expires_time
        return end_s is not None and self._now_s() < end_s <= self._now_s() + SHORT_LIFE_S

    def _now_s(self) -> int:
        return self._now_ms() // 1000

    def stop(self) -> None:
        self._check.stop()


def _key(eci: Eci, sender: Did) -> Key:
    return eci, short_did(sender)


def _texts(letter: Letter, format: str) -> Iterator[str]:
    """The attachments of this format that can be read as a text."""
    for one in letter.message.attachments:
        text = _text(one) if one.format == format else None
        if text is not None:
            yield text


def _text(attachment: Attachment) -> str | None:
    match attachment.data.json:
        case Embedded(str(text)):
            return text
    try:
        return None if attachment.data.base64 is None else decoded(attachment.data.base64).decode()
    except (NoPayload, UnicodeDecodeError):
        return None
