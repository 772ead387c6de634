"""Reports of problems: what they say, that they never cause others, and that there are not too many."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from engine.core import protocols
from engine.core.protocols import Facts, Trouble, picomesh, trust_ping
from engine.core.protocols.hearing import examine
from engine.core.protocols.problem_codes import COMMENTS, TEMPORARY
from engine.core.protocols.report_problem import (
    HOUR_S,
    MOST_IN_A_THREAD,
    MOST_IN_AN_HOUR,
    REPORT,
    complain,
    interpolate,
    report,
)
from engine.core.protocols.threads import how_closed, is_open
from tests.engine.core.protocols.parties import ALICE, BOB, NOW_S, Party, message_of, pair, talk

BAD = {"response_requested": "yes"}


def reported(code: str, **body: Any) -> dict[str, Any]:
    return {"code": code, **body}


@pytest.mark.parametrize(
    ("comment", "args", "said"),
    [
        ("Unable to use the {1} endpoint for {2}.", ["a", "b"], "Unable to use the a endpoint for b."),
        ("{1} and {2}", ["a"], "a and ?"),
        ("{1} and {2}", [None, "b"], "? and b"),
        ("{1}", ["a", "b", "c"], "a, b, c"),
        ("no place", ["a"], "no place, a"),
        ("{2}", ["a", "b"], "b, a"),
        ("{0} {x} {}", [], "? {x} {}"),
        ("{1}{1}", ["{1}"], "{1}{1}"),
        ("{99999}", [], "{99999}"),
        ("", ["a"], "a"),
        ("", [], ""),
        ("{1}", [7], "7"),
        ("{1}", ["x" * 2000], "x" * 1024),
    ],
)
def test_args_are_put_into_the_comment(comment: str, args: list[Any], said: str) -> None:
    """Missing ones are `?`, the others follow. What is put in is not looked at again."""
    assert interpolate(comment, args) == said


def test_a_report_tells_what_and_where() -> None:
    """Rules get the comment with everything in it, and whether a question of ours is over with it."""
    alice = Party(ALICE, BOB)
    alice.do(trust_ping.ping(alice.state, "q", NOW_S))
    body = reported("e.p.xfer.cant", comment="Not {1}.", args=["there"], escalate_to="mailto:a@b.example")
    alice.hear(message_of(REPORT, body, from_=BOB, to=(ALICE,), pthid="q"))
    (told,) = alice.told("report_problem_problem_report")
    assert (told["code"], told["text"], told["pthid"], told["ended"]) == (
        "e.p.xfer.cant",
        "Not there.",
        "q",
        True,
    )
    assert told["body"]["escalate_to"] == "mailto:a@b.example"
    assert how_closed(alice.state, "q") == "refused"


@pytest.mark.parametrize(
    ("code", "pthid", "thid"), [("w.p.slow", "q", None), ("e.p.x", "other", None), ("e.p.x", None, "other")]
)
def test_a_warning_and_what_is_about_something_else_end_nothing(
    code: str, pthid: str | None, thid: str | None
) -> None:
    """Rules hear of it and judge."""
    alice = Party(ALICE, BOB)
    alice.do(trust_ping.ping(alice.state, "q", NOW_S))
    alice.hear(message_of(REPORT, reported(code), from_=BOB, to=(ALICE,), pthid=pthid, thid=thid))
    assert is_open(alice.state, "q")
    assert alice.told("report_problem_problem_report")[0]["ended"] is False


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": 1},
        {"code": ""},
        {"code": "e"},
        {"code": "x.p.msg"},
        {"code": "e..msg"},
        {"code": "e.p." + "x" * 256},
        {"code": "e.p.msg", "comment": 1},
        {"code": "e.p.msg", "args": "x"},
        {"code": "e.p.msg", "args": [[]]},
        {"code": "e.p.msg", "args": ["x"] * 65},
        {"code": "e.p.msg", "escalate_to": []},
    ],
)
def test_a_bad_report_is_not_answered_with_a_report(body: dict[str, Any]) -> None:
    """It is nobody's answer either."""
    alice = Party(ALICE, BOB)
    alice.do(trust_ping.ping(alice.state, "q", NOW_S))
    reaction = alice.hear(message_of(REPORT, body, from_=BOB, to=(ALICE,), pthid="q"))
    assert not reaction.replies
    assert alice.names == ["refused"]
    assert is_open(alice.state, "q")


@pytest.mark.parametrize("headers", [{"please_ack": "x"}, {"please_ack": [""]}])
def test_a_report_is_never_answered(headers: dict[str, Any]) -> None:
    """Neither for its headers."""
    alice = Party(ALICE, BOB)
    body = reported("e.p.msg")
    assert not alice.hear(message_of(REPORT, body, from_=BOB, to=(ALICE,), headers=headers)).replies


def test_two_who_report_everything_come_to_an_end() -> None:
    """A bad message is one report and no more."""
    alice, bob = pair()
    alice.outbox = [message_of(trust_ping.PING, BAD)]
    talk(alice, bob)
    assert len(alice.told("report_problem_problem_report")) == 1
    assert bob.names == ["refused"]


def test_a_thread_with_too_many_problems_is_given_up() -> None:
    """That is said once, in the place of the last report, and then nothing, whatever comes in it."""
    bob = Party(BOB, ALICE)
    said = [
        bob.hear(message_of(trust_ping.PING, BAD, id=f"m-{number}", thid="t")).replies
        for number in range(MOST_IN_A_THREAD + 3)
    ]
    codes = [[reply.body["code"] for reply in replies] for replies in said]
    assert codes[:-3] == [["e.m.msg.bad-body"]] * MOST_IN_A_THREAD
    assert codes[-3:] == [["e.p.req.max-errors-exceeded"], [], []]
    assert not bob.hear(message_of(trust_ping.PING, id="good", thid="T")).replies
    assert bob.told("stray")[-1]["why"] == "in a thread that was given up"
    facts = Facts(ALICE, BOB, bob.now_s, bob.new_id)
    assert examine(bob.state, message_of(trust_ping.PING, id="too", thid="T"), facts) is not None
    assert examine(bob.state, message_of(trust_ping.PING, id="too", thid="other"), facts) is None


def test_their_reports_count_too() -> None:
    """ "they SHOULD check … both when they receive and when they emit"."""
    bob = Party(BOB, ALICE)
    for number in range(MOST_IN_A_THREAD + 2):
        bob.hear(message_of(REPORT, reported("e.m.x"), id=f"m-{number}", pthid="t"))
    assert len(bob.told("report_problem_problem_report")) == MOST_IN_A_THREAD + 1
    assert not bob.hear(message_of(trust_ping.PING, id="good", thid="t")).replies


def test_who_is_asked_to_come_again_spoils_no_thread() -> None:
    """However often: it may be days before there is room."""
    bob, about = Party(BOB, ALICE), message_of(picomesh.QUERY, {"rid": "r", "function": "f"}, id="q")
    facts = Facts(ALICE, BOB, bob.now_s, bob.new_id)
    for _ in range(3 * MOST_IN_A_THREAD):
        told = bob.do(report(bob.state, Trouble("e.p.me.busy"), about, facts)).replies
        assert [one.body["code"] for one in told] == ["e.p.me.busy"]
    assert bob.hear(about).notes


def test_new_threads_do_not_make_more_reports() -> None:
    """So many an hour; in the next one, there are some again."""
    bob = Party(BOB, ALICE)
    for number in range(MOST_IN_AN_HOUR + 5):
        bob.hear(message_of(trust_ping.PING, BAD, id=f"m-{number}"))
    assert len(bob.outbox) == MOST_IN_AN_HOUR
    bob.now_s += HOUR_S
    bob.hear(message_of(trust_ping.PING, BAD, id="later"))
    assert len(bob.outbox) == MOST_IN_AN_HOUR + 1


def test_a_clock_that_went_back_does_not_silence_for_ever() -> None:
    """The hour begins anew."""
    bob = Party(BOB, ALICE)
    for number in range(MOST_IN_AN_HOUR):
        bob.hear(message_of(trust_ping.PING, BAD, id=f"m-{number}"))
    bob.now_s -= 10 * HOUR_S
    assert bob.hear(message_of(trust_ping.PING, BAD, id="back-then")).replies


def test_one_may_complain_of_ones_own() -> None:
    """A question of ours is over with it."""
    alice, bob = pair()
    alice.do(trust_ping.ping(alice.state, "q", NOW_S))
    alice.outbox.clear()
    alice.do(complain(alice.state, "c", Trouble("e.p.req.time.expired"), "q", NOW_S, "mailto:a@b"))
    assert how_closed(alice.state, "q") == "given up"
    bob.hear_all(alice)
    (told,) = bob.told("report_problem_problem_report")
    assert told["text"] == COMMENTS["e.p.req.time.expired"]
    assert (told["pthid"], told["body"]["escalate_to"]) == ("q", "mailto:a@b")


def test_who_is_busy_hears_the_same_message_again() -> None:
    """It was not dealt with; the next time it may be."""
    alice, bob = pair()
    for _ in range(2):
        alice.do(picomesh.send_query(alice.state, "q", {"rid": "r", "function": "f"}, NOW_S))
        bob.now_s += 1
        bob.hear_all(alice)
        bob.do(picomesh.refused(bob.state, "q", "busy", bob.now_s, bob.new_id))
        alice.hear_all(bob)
    assert len(bob.told("picomesh_query")) == 2
    assert [one["code"] for one in alice.told("report_problem_problem_report")] == ["e.p.me.busy"] * 2


def codes_in_source() -> set[str]:
    """All texts of the tables' modules that are one."""
    parsed = [ast.parse(path.read_text("utf-8")) for path in Path(protocols.__file__).parent.glob("*.py")]
    texts = {
        node.value
        for module in parsed
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in texts if text.startswith(("e.p.", "e.m."))}


def test_every_code_has_its_comment() -> None:
    """One, "statically associated with code"."""
    assert codes_in_source() == set(COMMENTS)
    assert set(picomesh.REFUSALS.values()) | TEMPORARY <= set(COMMENTS)
