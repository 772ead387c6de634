"""Messages that a pico writes to others by DID: any type, any body, once its turn is committed.

Each is tried again and again until it was taken, under one id. Whatever a relation has to tell the other
side of a rotation goes along with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.didcomm.attachments import read_attachment
from engine.core.didcomm.messages import BadMessage, Message, write_message
from engine.core.didcomm.refused import Refused
from engine.core.far_events import FAR
from engine.core.inquiries import ask
from engine.core.later import send_for
from engine.core.messages import Question
from engine.core.model import Relation
from engine.core.run import Run
from pico_lang.errors import RuntimeFault
from pico_lang.values import Value, to_json, to_stored

STEPS_OF_A_LETTER = 1_000
MESSAGE = "message"
"""The kind of question: `did`, `from` (a channel of the pico), `domain`, `name`, `attrs`, `since` (when, in
milliseconds) and `key`; in a relation also `me` and perhaps `from_prior`. Its answer is `{}` or
`{"error", "code"}`."""
LETTER = "letter"
"""The kind of question: `did`, `from` (a channel of the pico), `id`, `type`, `body`, `since` and `key`; also,
where there is one, `me` (which DID of the channel writes), `thid`, `pthid`, `from_prior`, `expires`, and what
`extras` reads. Its answer is `{}` or `{"error", "code"}`."""
ENVELOPE = "envelope"
"""The kind of question: `envelope` and `key`. It is received like any other. Its answer is `{}`."""
KEEP_DID = "keep_did"
"""The kind of question: `eci`, `did` and `key`. The channel has that DID from now on. Its answer is `{}`."""

Headers = Mapping[str, Any]


def write(
    run: Run,
    rid: str | None,
    to: str | Relation,
    sender: str,
    type: str,
    body: Value,
    headers: Headers | None = None,
) -> str:
    """Have a message sent from that channel; its id. `headers`: `id`, `thid`, `pthid`, `expires`,
    `attachments`, and under `headers` those that DIDComm leaves to others."""
    run.meter.charge(STEPS_OF_A_LETTER)
    if not isinstance(body, dict | None):
        raise RuntimeFault("R607", "the body of a message is a map")
    told = {name: value for name, value in (headers or {}).items() if value is not None}
    content: dict[str, Any] = {
        "did": to if isinstance(to, str) else to.state["peer"],
        "from": sender,
        **({} if isinstance(to, str) else of_relation(to)),
        "type": type,
        "body": to_stored(body or {}, run.meter),
        **told,
        "since": run.learned.time_ms,
        "key": run.next_key(),
    }
    content["id"] = told.get("id", content["key"])
    _check(content)
    ask(run, content)
    send_for(run, rid, Question(LETTER, content))
    return str(content["id"])


def of_relation(relation: Relation) -> dict[str, Any]:
    """As whom we write to the other side, and what it may not have heard of that."""
    told = {"me": relation.state["me"]}
    return told if "telling" not in relation.state else {**told, "from_prior": relation.state["telling"]}


def _check(content: Mapping[str, Any]) -> None:
    """In the turn, where the rule that is to blame can be named."""
    try:
        write_message(
            Message(
                content["id"],
                content["type"],
                to_json(content["body"]),
                to=(content["did"],),
                thid=content.get("thid"),
                pthid=content.get("pthid"),
                **extras(content),
            )
        )
    except (BadMessage, Refused) as problem:
        reason = problem.reason if isinstance(problem, Refused) else problem
        raise RuntimeFault("R607", f"this is no DIDComm message: {reason}") from problem


def extras(content: Mapping[str, Any]) -> dict[str, Any]:
    """What else a letter has of a `Message`: `attachments`, and `headers`, to which the way back is added.
    Raises `Refused` where something is no attachment."""
    listed = to_json(content.get("attachments", []))
    return {
        "attachments": tuple(map(read_attachment, listed)),
        "headers": {**to_json(content.get("headers", {})), "return_route": "all"},
    }


def recipient_of(question: Question) -> str | None:
    """The DID of whoever has to be reached for it."""
    return question.content["did"] if question.kind in (MESSAGE, LETTER) else None


def given_up_ms(question: Question, keep_ms: int) -> int | None:
    """When it is of no use any more to try again; only what is for somebody is ever given up."""
    content = question.content
    if recipient_of(question) is None and question.kind != FAR:
        return None
    kept_ms: int = content["since"] + keep_ms
    return min(kept_ms, content["expires"] * 1000) if content.get("expires") is not None else kept_ms


def receive(run: Run, rid: str | None, envelope: Mapping[str, Value]) -> None:
    run.meter.charge(STEPS_OF_A_LETTER)
    kept = to_stored(dict(envelope), run.meter)
    send_for(run, rid, Question(ENVELOPE, {"envelope": kept, "key": run.next_key()}))


def keep_did(run: Run, rid: str | None, eci: str, did: str) -> None:
    send_for(run, rid, Question(KEEP_DID, {"eci": eci, "did": did, "key": run.next_key()}))
