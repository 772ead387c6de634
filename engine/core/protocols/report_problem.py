"""report-problem 2.0: saying that something went wrong, hearing it, and never in a circle.

DIDComm v2.1, "Problem Reports" and "Cascading Problems". A report is never answered with a report. So many
a thread and so many an hour are said, then the thread is given up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from engine.core.didcomm.messages import Message, same_id
from engine.core.protocols.bodies import list_of, may, need, text
from engine.core.protocols.message_types import same_type
from engine.core.protocols.problem_codes import COMMENTS, TEMPORARY
from engine.core.protocols.protocol import Kind, Protocol, Words, say
from engine.core.protocols.reactions import Facts, Note, Reaction, State, Trouble, attrs_of
from engine.core.protocols.remembering import remember
from engine.core.protocols.threads import close, is_open

PIURI = "https://didcomm.org/report-problem/2.0"
REPORT = f"{PIURI}/problem-report"

MOST_IN_A_THREAD = 8
"""Problems, ours and theirs, before it is given up."""
MOST_IN_AN_HOUR = 64
"""Reports to one correspondent; then they are left to find out."""
HOUR_S = 3600
THREADS_KEPT = 256
LONGEST_ARG = 1024

_CODE = re.compile(r"[ew](?:\.[A-Za-z0-9_-]+)+", re.ASCII)
_PLACE = re.compile(r"\{(\d{1,4})\}", re.ASCII)


# --- saying it ---------------------------------------------------------------------------------------


def report(state: State, trouble: Trouble, about: Message, facts: Facts) -> Reaction:
    """Of a message that was just heard; says nothing where nobody is to be answered. Who is asked to come
    again may do so for days, and no thread is given up for that."""
    if is_report(about) or facts.sender is None or state["peer"] is None or is_cut(state, about.thread):
        return Reaction(state)
    state = _hour_of(state, facts.now_s)
    if state["problems"]["said"] >= MOST_IN_AN_HOUR:
        return Reaction(state)
    if trouble.code not in TEMPORARY:
        state = _count(state, about.thread)
    if is_cut(state, about.thread):
        trouble = Trouble("e.p.req.max-errors-exceeded")
    id = facts.new_id(f"{trouble.code} about {about.id.lower()} at {facts.now_s}")
    said = say(state, words_of(trouble, about.thread, about.id), id, facts.now_s)
    return Reaction(_said(state), (said,))


def is_report(message: Message) -> bool:
    return same_type(message.type, REPORT)


def is_report_of(report: Message, question: Message) -> bool:
    """Whether it says why there is no answer to this message."""
    return is_report(report) and same_id(thread_in_question(report), question.thread)


def complain(
    state: State, id: str, trouble: Trouble, thid: str, now_s: int, escalate_to: str | None = None
) -> Reaction:
    """On our own account: something that goes wrong later, or a warning of theirs that is an error to us."""
    words = words_of(trouble, thid, escalate_to=escalate_to)
    return Reaction(close(state, thid, "given up"), (say(state, words, id, now_s),))


def words_of(
    trouble: Trouble, thid: str, message_id: str | None = None, escalate_to: str | None = None
) -> Words:
    """The report begins a thread of its own, whose parent is the one that had the problem."""
    body: dict[str, Any] = {"code": trouble.code}
    if trouble.code in COMMENTS:
        body["comment"] = COMMENTS[trouble.code]
    if trouble.args:
        body["args"] = list(trouble.args)
    if escalate_to is not None:
        body["escalate_to"] = escalate_to
    return Words(REPORT, body, headers={} if message_id is None else {"ack": [message_id]}, pthid=thid)


# --- how much was said -------------------------------------------------------------------------------


def is_cut(state: State, thid: str) -> bool:
    """Whether nothing more is said, and nothing heard, in this thread."""
    return _problems_in(state, thid) > MOST_IN_A_THREAD


def thread_in_question(message: Message) -> str:
    """A report is about the thread above its own; some senders name only one."""
    return message.pthid or message.thread if is_report(message) else message.thread


def _problems_in(state: State, thid: str) -> int:
    counted: Mapping[str, Any] = state.get("problems", {}).get("threads", {}).get(thid.lower(), {})
    return int(counted.get("count", 0))


def _hour_of(state: State, now_s: int) -> State:
    problems = state.get("problems", {"said": 0, "since_s": now_s, "threads": {}})
    if not 0 <= now_s - problems["since_s"] < HOUR_S:
        problems = {**problems, "said": 0, "since_s": now_s}
    return {**state, "problems": problems}


def _count(state: State, thid: str) -> State:
    problems = state["problems"]
    record = {"count": _problems_in(state, thid) + 1}
    threads = remember(problems["threads"], thid.lower(), record, THREADS_KEPT)
    return {**state, "problems": {**problems, "threads": threads}}


def _said(state: State) -> State:
    problems = state["problems"]
    return {**state, "problems": {**problems, "said": problems["said"] + 1}}


# --- hearing it --------------------------------------------------------------------------------------


def _heard_report(state: State, message: Message, facts: Facts) -> Reaction:
    """An error in a thread that waits for an answer is the answer. A warning is for rules to judge."""
    body, thid = message.body, thread_in_question(message)
    state = _count(_hour_of(state, facts.now_s), thid)
    attrs = attrs_of(message, facts) | {
        "code": body["code"],
        "text": interpolate(body.get("comment", ""), body.get("args", [])),
        "ended": body["code"].startswith("e.") and is_open(state, thid),
    }
    if attrs["ended"]:
        state = close(state, thid, "refused")
    return Reaction(state, notes=(Note("report_problem_problem_report", attrs),))


def interpolate(comment: str, args: Sequence[Any]) -> str:
    """Missing or null ones are a question mark, those that have no place follow after commas."""
    used: set[int] = set()

    def put(place: re.Match[str]) -> str:
        number = int(place[1])
        used.add(number)
        return _shown(args[number - 1]) if 0 < number <= len(args) else "?"

    said = _PLACE.sub(put, comment)
    extra = [_shown(arg) for number, arg in enumerate(args, 1) if number not in used]
    return ", ".join([said, *extra] if said else extra)


def _shown(arg: object) -> str:
    return "?" if arg is None else str(arg)[:LONGEST_ARG]


def _code(value: object, path: str) -> str | None:
    fits = isinstance(value, str) and len(value) <= 256 and _CODE.fullmatch(value)
    return None if fits else f"{path} is not a problem code"


def _arg(value: object, path: str) -> str | None:
    return None if value is None or isinstance(value, str | int | float) else f"{path} is not a text"


PROTOCOL = Protocol(
    PIURI,
    roles=("notifier", "notified"),
    kinds={
        "problem-report": Kind(
            "notifier",
            {
                "code": need(_code),
                "comment": may(text()),
                "args": may(list_of(_arg, most=64)),
                "escalate_to": may(text()),
            },
            _heard_report,
            acknowledged=False,
        )
    },
)
