"""The identity of whoever types commands: a DID of one's own, and messages sent and answered with it.

Its seed is a file in the user's configuration folder. The DID names no place, so answers come back over the
connection that the message went out on.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import click

from engine.adapters.credentials import Signer
from engine.adapters.didcomm.envelopes import OwnEnvelopes
from engine.adapters.dids.own import make_own_did
from engine.adapters.dids.refused import DidRefused
from engine.adapters.dids.resolver import DidResolver
from engine.adapters.dids.routes import DidDirectory
from engine.adapters.keys import SeedKeys
from engine.adapters.web.client import HttpxWebClient, WebLimits
from engine.commands.failure import Failure, NoEngine
from engine.commands.names_for_life import KnownName
from engine.commands.own_keys import identity_file, open_keys
from engine.commands.showing import NOTHING, Showing, read_showing
from engine.core.didcomm.messages import BadMessage, Message, write_message
from engine.core.didcomm.refused import Refused
from engine.core.dids import Did, did_of, fragment_of, is_did_url, same_did, scid_in, show_did
from engine.core.protocols import report_problem
from engine.core.protocols.picomesh import REFUSALS
from engine.host_patterns import read_patterns
from engine.ports import CannotSend, KeptLog, WebRequest, WebResponse
from engine.runtime.identities import CURVES, SIGNING
from engine.runtime.letters import Letters
from engine.runtime.told_logs import ask_for_log
from engine.wiring_of_mail import fetch_document

PURPOSE = "person"
PATIENCE_S = 60.0
SHOWN_FOR_S = 600
"""How long a message with a presentation is good, since clocks differ."""
HINTS = {
    "e.p.trust.credential-needed": "show one about your own DID with --show FILE",
    "e.p.trust.credential-refused": "`picomesh credential verify FILE` says more of a credential",
}
WITHOUT_LIST = "ask its issuer for the status list, and bring that along with --status-list FILE"
DOORS: Mapping[bool | None, str] = {
    None: "a pico takes messages to its name for life over the channel that it has tagged did, as the "
    "policies of that one say; without one it takes none",
    False: "no channel of the pico is tagged did, and over that one it would take messages to its name for "
    "life; ctx:newChannel makes one, or the event wrangler:new_channel_request",
    True: "the policy of the pico's channel with the tag did has to allow it, to anybody or to your own DID, "
    "which `picomesh did show --me` prints; ctx:putChannel changes it",
}
"""What whoever is refused at a name for life can do, by whether the pico is known to have a channel for it. A
refusal does not say: strangers do not learn what there is."""
Show = Callable[[str, str], None]
"""Shows what goes over the wire: a heading and a text."""


@dataclass(frozen=True)
class OwnIdentity:
    did: Did
    keys: SeedKeys

    def secret(self, kid: str) -> tuple[str, bytes] | None:
        fragment = fragment_of(kid)
        if did_of(kid) != self.did or fragment not in CURVES:
            return None
        return CURVES[fragment], self.keys.derive(f"{PURPOSE}/{fragment}")

    def signer(self) -> Signer:
        return Signer(self.did, f"{self.did}#{SIGNING}", self.keys.derive(f"{PURPOSE}/{SIGNING}"))


def own_identity() -> OwnIdentity:
    """It is made when it is first needed."""
    keys = open_keys(identity_file())
    return OwnIdentity(
        make_own_did(keys.derive(f"{PURPOSE}/key-1"), keys.derive(f"{PURPOSE}/key-2"), None), keys
    )


def to_show(shown: Sequence[str], lists: Sequence[str]) -> Showing:
    """Credentials in files, about the one who types."""
    return read_showing(own_identity().did, shown, lists) if shown or lists else NOTHING


def ask(
    to: str,
    type: str,
    body: Mapping[str, Any],
    show: Show,
    id: str | None = None,
    shown: Showing = NOTHING,
    name: KnownName | None = None,
) -> Message:
    """Send a message and wait for what it is answered with. `name`: what is known of the one it is for."""
    if not is_did_url(to):
        raise Failure(f"{show_did(to)} is not a DID; one looks like did:peer:2.Vz6Mk…")
    me, id = own_identity(), id or secrets.token_hex(16)
    now_s = int(time.time())
    attached = shown.attachments(me.signer(), id, Did(did_of(to)))
    message = Message(
        id,
        type,
        body,
        from_=me.did,
        to=(did_of(to),),
        created_time=now_s,
        expires_time=now_s + SHOWN_FOR_S if attached else None,
        attachments=attached,
        headers={"return_route": "all"},
    )
    return asyncio.run(_ask(me, Did(to), message, show, name))


def look_up(did_url: str, name: KnownName | None = None) -> Mapping[str, Any]:
    """The document of somebody as it is now, asked for where the URL says. Raises `DidRefused`."""
    return asyncio.run(_look_up(own_identity(), did_url, name))


async def _look_up(me: OwnIdentity, did_url: str, name: KnownName | None) -> Mapping[str, Any]:
    reach = _Reach.of(me, show_nothing, name)
    if name is not None:
        await reach.resolver.learn(name.log, did_of(did_url))
    return await reach.resolver.resolve(did_url)


@dataclass(frozen=True)
class _Reach:
    """What finds others, and writes to them."""

    resolver: DidResolver
    envelopes: OwnEnvelopes
    letters: Letters

    @classmethod
    def of(cls, me: OwnIdentity, show: Show, name: KnownName | None) -> _Reach:
        # Whoever types a DID has decided to write there; on this machine too.
        web = _Shown(HttpxWebClient(WebLimits(read_patterns(True), total_s=PATIENCE_S)), show)
        resolver = DidResolver(web, time.time)
        envelopes = OwnEnvelopes(resolver.at_hand, partial(fetch_document, resolver), me.secret)
        directory = DidDirectory(resolver) if name is None else DidDirectory(resolver, name.newest)
        letters = Letters(envelopes, directory, web)

        async def ask(whom: Did, pico: Did) -> KeptLog:
            now_s = int(time.time())
            return await ask_for_log(letters, envelopes, me.did, secrets.token_hex(16), now_s, whom, pico)

        resolver.ask = ask
        return cls(resolver, envelopes, letters)


async def _ask(me: OwnIdentity, to: Did, message: Message, show: Show, name: KnownName | None) -> Message:
    reach = _Reach.of(me, show, name)
    resolver, envelopes, letters = reach.resolver, reach.envelopes, reach.letters
    try:
        if name is not None:
            await resolver.learn(name.log, to)
        show("message", _pretty(message))
        posted = await letters.send(message, to)
        if posted.reply is None:
            raise Failure("the message was taken, and nothing came back over the connection")
        letter = await envelopes.open(posted.reply, int(time.time()))
    except (BadMessage, DidRefused) as problem:
        raise Failure(str(problem)) from None
    except CannotSend as problem:
        raise (Failure if problem.is_final else NoEngine)(str(problem)) from None
    except Refused as problem:
        raise Failure(f"what came back is no answer: {problem.reason}") from None
    show("answer", _pretty(letter.message))
    is_theirs = letter.sender is not None and same_did(letter.sender, to)
    if not is_theirs or message.id not in (letter.message.pthid, letter.message.thid):
        raise Failure("what came back is from somebody else, or answers something else")
    return letter.message


def read_outcome(answer: Message, name: KnownName | None = None) -> dict[str, Any]:
    """What an event or a query came to. Raises `Failure` where it was refused or failed."""
    body = dict(answer.body)
    if report_problem.is_report(answer):
        comment = body.get("comment", "")
        said = report_problem.interpolate(str(comment), body.get("args", []))
        hint = _hint(body, str(answer.from_), None if name is None else name.is_open)
        raise Failure(f"it was refused: {said or body.get('code')} [{body.get('code')}]", hint)
    if "fault" in body:
        fault = body["fault"]
        raise Failure(f"{fault.get('message')} [{fault.get('code')}]", code=fault.get("code"))
    return body


def _hint(report: Mapping[str, Any], sender: str, is_open: bool | None) -> str | None:
    if report.get("code") == REFUSALS["not allowed"] and scid_in(sender) is not None:
        return DOORS[is_open]
    hint = HINTS.get(str(report.get("code")))
    return WITHOUT_LIST if report.get("args") == ["status-unknown"] else hint


def show_traffic(heading: str, text: str) -> None:
    click.secho(f"--- {heading}", fg="cyan", err=True)
    click.echo(text, err=True)


def show_nothing(heading: str, text: str) -> None:
    """For those who only want the answer."""


class _Shown:
    """`engine.ports.WebClient` that lets somebody see what goes over the wire."""

    def __init__(self, web: HttpxWebClient, show: Show) -> None:
        self._web = web
        self._show = show

    async def send(self, request: WebRequest) -> WebResponse:
        self._show(f"{request.method} {request.url}", request.body or "")
        response = await self._web.send(request)
        self._show(f"{response.status} {response.reason}", response.content)
        return response


def _pretty(message: Message) -> str:
    return json.dumps(write_message(message), indent=2, ensure_ascii=False)
