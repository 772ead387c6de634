"""What a run asks of other picos on its engine, and of the records of its own.

All of it is questions: the run waits, is answered, and has the answer in its inputs. What a question
says (who asks, and who waits for that one, is its `via`) and what a ruleset is given for the answer is
decided here; `engine.runtime.neighbours` answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.core.lifelong import is_lifelong
from engine.core.messages import Refusal
from engine.core.model import Eci
from engine.core.policy import allows_event
from engine.core.run import Run
from pico_lang.errors import RuntimeFault
from pico_lang.values import Value, to_stored

STEPS_OF_A_QUESTION = 1_000
"""What a question costs. A turn is run again from its beginning with every answer, so the number of its
questions has to be small."""

CHILDREN_PER_STEP = 8
"""Children looked through for the price of one step."""

MOST_RECIPIENTS = 1_000
STEPS_OF_A_RECIPIENT = 10
"""How many channels one question may be about, and what each costs: the pico behind it is woken."""

LOG_MS = 12 * 60 * 60 * 1000
"""How far back a pico can read its log."""


def ask_query(run: Run, eci: str, rid: str, name: str, args: Mapping[str, Value]) -> Value:
    """What a shared function of another pico gives, on that pico's last committed state."""
    _refuse_oneself(run, eci, "call the function itself")
    return _read_value(run, _ask(run, "query", {"eci": eci, "rid": rid, "name": name, "args": args}))


def ask_did(
    run: Run,
    did: str,
    rid: str,
    name: str,
    args: Mapping[str, Value],
    sender: Eci | None = None,
    news: Mapping[str, Any] | None = None,
) -> Value:
    """The same of a pico that has a DID, wherever it is. `sender` is the channel as which it is asked,
    if that is not the pico's channel to itself, and `news` what the other side may not have heard of that."""
    content = {"eci": did, "rid": rid, "name": name, "args": args, **(news or {})}
    if sender is not None:
        content["from"] = sender
    return _read_value(run, _ask(run, "did_query", content))


def ask_name(run: Run, eci: Eci) -> str:
    """The DID of a channel of the pico itself."""
    return ask_address(run, eci)[0]


def ask_address(run: Run, eci: Eci) -> tuple[str, str | None]:
    """The same, and the page of the engine where invitations lead in a browser. With `life` it is the pico's
    name for life that is wanted: the channel may be so new that nobody but this run knows of its tag."""
    content = {"eci": eci, **({"life": True} if is_lifelong(run.draft.channels, eci) else {})}
    answer = _read(_ask(run, "did", content))
    return answer["did"], answer.get("page")


def ask_document(run: Run, did: str) -> Value:
    """The document of a DID; null if it cannot be had."""
    return to_stored(_read(_ask(run, "did_document", {"did": did}))["document"], run.meter)


def ask_next_name(
    run: Run, eci: Eci, prior: str, issued_s: int, others: Sequence[str] = ()
) -> tuple[str, Mapping[str, str]]:
    """What a channel will be called after that DID, which it has now, and the `from_prior` that says so; for
    others that it had before, too. Nobody is told: it has that DID once it is kept."""
    content: dict[str, Any] = {"eci": eci, "prior": prior, "iat": issued_s}
    if others:
        content["others"] = list(others)
    answer = _read(_ask(run, "next_did", content))
    return answer["did"], {prior: answer["from_prior"], **answer.get("others", {})}


def ask_event_query(
    run: Run,
    eci: str,
    event: tuple[str, str, Mapping[str, Value]],
    query: tuple[str, str, Mapping[str, Value]],
) -> Value:
    """What a query gives right after an event on another pico: this happens now, inside the turn.

    The key stays the same however often the turn is run, and the other pico runs it once.
    """
    _refuse_oneself(run, eci, "raise the event instead")
    domain, name, attrs = event
    rid, function, args = query
    content = {
        "eci": eci,
        "domain": domain,
        "name": name,
        "attrs": attrs,
        "rid": rid,
        "query": function,
        "args": args,
        "key": run.next_key(),
    }
    return _read_value(run, _ask(run, "event_query", content))


def check_recipient(run: Run, eci: str, domain: str, name: str) -> None:
    """Fail unless there is a channel that takes the event. Relatives are known and need not be asked for."""
    own = run.draft.channels.get(Eci(eci))
    if own is not None:
        _refuse(allows_event(own, run.draft.id, domain, name))
    elif not _is_relative(run, eci):
        _read(_ask(run, "recipient", {"eci": eci, "domain": domain, "name": name}))


def ask_reachable(run: Run, ecis: Sequence[str], domain: str, name: str) -> Value:
    """Those of the channels that would take the event, in the given order. One question for all of them."""
    if len(ecis) > MOST_RECIPIENTS:
        raise RuntimeFault(
            "R607", f"{len(ecis):,} channels asked about; at most {MOST_RECIPIENTS:,} at a time"
        )
    if not ecis:
        return []
    run.meter.charge(STEPS_OF_A_RECIPIENT * len(ecis))
    asked = _ask(run, "recipients", {"ecis": list(ecis), "domain": domain, "name": name})
    return to_stored(_read(asked)["reachable"], run.meter)


def read_log(run: Run) -> Value:
    """What happened on this pico lately, a map for each event, the oldest first."""
    since_ms = run.learned.time_ms - LOG_MS
    return to_stored(_read(_ask(run, "log", {"since": since_ms}))["events"], run.meter)


def _ask(run: Run, kind: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
    run.meter.charge(STEPS_OF_A_QUESTION)
    return run.learned.ask(kind, {**content, "via": [*run.via, run.draft.id]})


def _read_value(run: Run, answer: Mapping[str, Any]) -> Value:
    return to_stored(_read(answer)["value"], run.meter)


def _read(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    if "error" in answer:
        raise RuntimeFault(answer.get("code", "R607"), answer["error"])
    return answer


def _refuse(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise RuntimeFault("R607", refusal.reason)


def _refuse_oneself(run: Run, eci: str, instead: str) -> None:
    if Eci(eci) in run.draft.channels:
        raise RuntimeFault(
            "R607", f"{eci} is a channel of this pico, which cannot wait for itself; {instead}"
        )


def _is_relative(run: Run, eci: str) -> bool:
    children = run.draft.children
    run.meter.charge(len(children) // CHILDREN_PER_STEP)
    return eci == run.draft.parent or any(child.eci == eci for child in children)
