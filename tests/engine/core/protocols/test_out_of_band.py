"""Invitations: into a URL and back, what is none, and who may accept one."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.didcomm.attachments import Attachment, AttachmentData, Embedded
from engine.core.didcomm.base64url import encode
from engine.core.didcomm.messages import Message, write_message
from engine.core.protocols import Facts, Trouble, ids_from, trust_ping
from engine.core.protocols.out_of_band import (
    INVITATION,
    LONGEST_URL,
    BadInvitation,
    Short,
    accept,
    choose,
    from_url,
    invite,
    offer,
    to_url,
    withdraw,
)
from engine.core.protocols.payloads import as_base64
from engine.core.protocols.remembering import Records
from tests.engine.core.protocols.parties import ALICE, BOB, CAROL, NOW_S, Party, message_of

PAGE = "https://bob.example/i"
OF_THE_SPECIFICATION = (
    "https://example.com/path?_oob=eyJ0eXBlIjoiaHR0cHM6Ly9kaWRjb21tLm9yZy9vdXQtb2YtYmFuZC8yLjAvaW52aXRhdGlvbiIsImlk"
    "IjoiNjkyMTJhM2EtZDA2OC00ZjlkLWEyZGQtNDc0MWJjYTg5YWYzIiwiZnJvbSI6ImRpZDpleGFtcGxlOmFsaWNlIiwiYm9keSI6eyJnb2FsX2"
    "NvZGUiOiIiLCJnb2FsIjoiIn0sImF0dGFjaG1lbnRzIjpbeyJpZCI6InJlcXVlc3QtMCIsIm1lZGlhX3R5cGUiOiJhcHBsaWNhdGlvbi9qc29u"
    "IiwiZGF0YSI6eyJqc29uIjoiPGpzb24gb2YgcHJvdG9jb2wgbWVzc2FnZT4ifX1dfQ"
)


def url_of(**invitation: Any) -> str:
    message = {"id": "i", "type": INVITATION, "from": BOB, "body": {}} | invitation
    given = {name: value for name, value in message.items() if value is not None}
    return f"{PAGE}?_oob={encode(json.dumps(given).encode())}"


def test_the_example_of_the_specification_is_read() -> None:
    """DIDComm v2.1, "Example Out-of-Band Message Encoding"."""
    invitation = from_url(OF_THE_SPECIFICATION)
    assert isinstance(invitation, Message)
    assert (invitation.id, invitation.from_) == ("69212a3a-d068-4f9d-a2dd-4741bca89af3", "did:example:alice")
    assert invitation.attachments[0].id == "request-0"


goals = st.dictionaries(st.sampled_from(["goal", "goal_code", "custom"]), st.text(max_size=20))


@given(goals, st.none() | st.integers(0, 2**53 - 1), st.sampled_from([PAGE, f"{PAGE}?a=b", "http://x:8080"]))
def test_what_is_made_is_read(body: dict[str, str], expires_s: int | None, page: str) -> None:
    """Whatever people say that they want, and wherever the URL leads."""
    invitation = invite("i", BOB, body, [message_of(trust_ping.PING)], expires_s)
    assert from_url(f" {to_url(invitation, page)}\n") == invitation


@given(
    st.text(max_size=40)
    | st.binary(max_size=40).map(encode)
    | st.text('{}[]":,0ab').map(lambda t: encode(t.encode()))
)
def test_whatever_is_pasted_is_an_invitation_or_said_to_be_none(text: str) -> None:
    """Never another exception."""
    for url in (text, f"{PAGE}?_oob={text}"):
        with contextlib.suppress(BadInvitation):
            assert isinstance(from_url(url), Message | Short)


def test_padding_and_the_other_alphabet_are_read() -> None:
    """As some stacks write them."""
    url = url_of(body={"goal": "ÿ?~>>"})
    long = url + "=" * (-len(url.partition("_oob=")[2]) % 4)
    assert from_url(long) == from_url(url)
    assert from_url(long.replace("-", "%2B").replace("_", "%2F").replace("%2Foob", "_oob")) == from_url(url)


def test_a_short_url_is_told_from_a_long_one() -> None:
    """It has to be fetched, which is for somebody else to do."""
    assert from_url("https://a.example/p?_oobid=5f0e") == Short("https://a.example/p?_oobid=5f0e", "5f0e")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "has _oob"),
        ("https://a.example/", "has _oob"),
        (f"{PAGE}?_oob=", "has _oob"),
        (f"{PAGE}?_oob=x&_oob=y", "two invitations"),
        (f"{PAGE}?_oob=x", "not base64url"),
        (f"{PAGE}?_oob=ä", "not base64url"),
        (f"{PAGE}?_oob=e30", "a message has id"),
        (f"{PAGE}?_oob={encode(b'[]')}", "not a JSON object"),
        (f"{PAGE}?_oob={encode(b'{' * 100)}", "not the JSON|too deeply"),
        ("http://[::1?_oob=e30", "not a URL"),
        (f"{PAGE}?_oob=" + "A" * LONGEST_URL, "at most"),
        ("?" + "&" * 100, "not a URL"),
        (url_of(type=trust_ping.PING), "not an invitation"),
        (url_of(type="https://didcomm.org/out-of-band/1.0/invitation"), "not an invitation"),
        (url_of(**{"from": None}), "who invites"),
        (url_of(body={"goal": 1}), "goal is not"),
        (url_of(body={"accept": "x"}), "accept is not"),
        (url_of(id="a b"), "not a DIDComm message"),
    ],
)
def test_what_is_no_invitation_is_said_to_be_none(url: str, why: str) -> None:
    """To whoever pasted it."""
    with pytest.raises(BadInvitation, match=why):
        from_url(url)


@pytest.mark.parametrize("page", ["", "bob.example", "ftp://bob.example", "https://", f"{PAGE}#x"])
def test_an_invitation_leads_to_a_page(page: str) -> None:
    """On the web, where one reads how to get an agent."""
    with pytest.raises(BadInvitation, match="is not the URL of a page"):
        to_url(invite("i", BOB, {}), page)


def test_the_first_message_that_is_understood_is_chosen() -> None:
    """They are in the order of preference; what cannot be read is passed over."""
    chess, ping = message_of("https://example.com/chess/1.0/move"), message_of(trust_ping.PING)
    unreadable = Attachment(AttachmentData(json=Embedded("<json of protocol message>")))
    invitation = invite("i", BOB, {}, [chess, ping])
    invitation = replace(invitation, attachments=(unreadable, *invitation.attachments))
    assert choose(invitation, [trust_ping.PING, chess.type]) == chess
    assert choose(invitation, ["https://didcomm.org/trust-ping/2.1/ping"]) == ping
    assert choose(invitation, []) is None
    encoded = as_base64(json.dumps(write_message(ping)).encode(), "p")
    assert choose(replace(invitation, attachments=(encoded,)), [trust_ping.PING]) == ping


def accepted(
    offered: Records, sender: str | None = ALICE, pthid: str = "i", now_s: int = NOW_S
) -> dict[str, Any] | str:
    message = message_of(trust_ping.PING, pthid=pthid)
    taken = accept(offered, message, Facts(sender, BOB, now_s, ids_from("b")))
    return taken.code if isinstance(taken, Trouble) else dict(taken[0])


@pytest.mark.parametrize("once", [True, False])
def test_who_may_accept(once: bool) -> None:
    """Anybody, or the first one; who accepted may go on, and threads have no case."""
    offered = accepted(offer({}, invite("i", BOB, {}, expires_s=NOW_S + 1), once))
    assert isinstance(offered, dict)
    assert isinstance(accepted(offered, pthid="I"), dict)
    other = accepted(offered, CAROL)
    assert other == "e.p.req.invitation-used" if once else isinstance(other, dict)
    assert accepted(offered, pthid="j") == "e.p.req.no-such-invitation"
    assert accepted(offered, None) == "e.p.trust.unknown-sender"
    assert accepted(offered, now_s=NOW_S + 1) == "e.p.req.time.invitation-over"
    assert accepted(withdraw(offered, "I")) == "e.p.req.no-such-invitation"


def test_an_invitation_may_come_as_a_message() -> None:
    """It still has to say who invites, who may be somebody else than who passes it on."""
    bob = Party(BOB, ALICE)
    bob.hear(message_of(INVITATION, {"goal": "talk"}))
    assert bob.names == ["out_of_band_invitation"]
    nobody = Party(BOB, None)
    nobody.hear(message_of(INVITATION, from_=None))
    assert nobody.names == ["refused"]
