"""The module `http`, with somebody at hand who answers for the web."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from engine.core.kernel import answer, react
from engine.core.messages import Answered, AskLater, Asks, Failed, Query, Question, SendEvent
from engine.core.model import Eci, Inputs
from engine.core.records import begin, decode_errand, decode_record, encode_errand, fold, seal
from engine.core.reports import report
from pico_lang.meter import Budget
from pico_lang.values import Value
from tests.engine.core.bench import Bench
from tests.engine.core.making import NOW_MS, ROOT, SEED
from tests.engine.core.test_kernel_events import tell

URL = "https://api.example/things"
RESULT = {
    "content": '{"a": [1]}',
    "content_type": "application/json",
    "content_length": 10.0,
    "headers": {"content-type": "application/json", "content-length": "10"},
    "status_code": 200.0,
    "status_line": "OK",
}


def ok(content: str = '{"a": [1]}', status: int = 200, reason: str = "OK") -> dict[str, Any]:
    headers = {"content-type": "application/json", "content-length": str(len(content))}
    return {"status": status, "reason": reason, "headers": headers, "content": content}


class Web:
    """Answers everything alike and remembers what was asked."""

    def __init__(self, answer: Mapping[str, Any] | None = None) -> None:
        self.answer = answer or ok()
        self.asked: list[Question] = []

    def __call__(self, question: Question) -> Mapping[str, Any]:
        self.asked.append(question)
        return self.answer

    @property
    def only(self) -> Mapping[str, Any]:
        """The content of the only question."""
        (question,) = self.asked
        return question.content


def act(request: str) -> str:
    """A ruleset that makes a request on d:t and tells what came of it."""
    return tell(
        "r",
        f'select when d t {request} setting(x) fired {{ raise d event "u" attributes {{"x": x}} }}',
        'select when d u send_directive("told", event:attrs)',
    )


def on_the_bench(request: str, web: Web) -> Bench:
    bench = Bench(act(request))
    bench.outside = web
    return bench


def ask_for(request: str) -> Mapping[str, Any]:
    """What the web is asked when a rule does this."""
    web = Web()
    on_the_bench(request, web).done("d", "t")
    return web.only


def result_of(request: str, web: Web | None = None) -> Value:
    """What a rule gets."""
    (directive,) = on_the_bench(request, web or Web()).done("d", "t").directives
    return directive["options"]["x"]


# --- what is asked ---------------------------------------------------------------------------------


def test_a_request_is_a_question_with_all_it_needs() -> None:
    """Parameters come in their order; names of headers do not depend on how they are written."""
    asked = ask_for(f'http:get("{URL}", {{"q": [1, 2]}}, {{"X-Y": 5, "Host": "else.example"}})')
    assert asked == {
        "method": "GET",
        "url": f"{URL}?q%5B0%5D=1&q%5B1%5D=2",
        "headers": {"x-y": "5"},
        "redirect": True,
        "parse": False,
    }


@pytest.mark.parametrize(
    ("arguments", "body", "content_type"),
    [
        ('body = "plain", json = {"a": 1}', "plain", None),
        ('json = {"a": [1, "é"]}, form = {"b": 2}', '{"a":[1,"é"]}', "application/json"),
        ('json = {"a": 1}, headers = {"Content-Type": "text/x"}', '{"a":1}', "text/x"),
        ('form = {"a": ["x", "y"]}', "a%5B0%5D=x&a%5B1%5D=y", "application/x-www-form-urlencoded"),
        ('body = ""', None, None),
    ],
)
def test_the_first_kind_of_body_that_says_anything_is_sent(
    arguments: str, body: str | None, content_type: str | None
) -> None:
    """`body`, else `json`, else `form`, each with its content type unless the headers have one."""
    asked = ask_for(f'http:post("{URL}", {arguments})')
    assert (asked.get("body"), asked["headers"].get("content-type")) == (body, content_type)


def test_credentials_are_sent_as_basic_authentication() -> None:
    asked = ask_for(f'http:get("{URL}", auth = {{"username": "Aladdin", "password": "open sesame"}})')
    assert asked["headers"]["authorization"] == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/p", "https://a.example/p?b=1"),
        ("https://a.example/p?a=0", "https://a.example/p?a=0&b=1"),
        ("https://a.example/p#here", "https://a.example/p?b=1#here"),
    ],
)
def test_parameters_join_those_of_the_url(url: str, expected: str) -> None:
    assert ask_for(f'http:get("{url}", qs = {{"b": 1}})')["url"] == expected


def test_a_redirect_can_be_left_alone() -> None:
    assert ask_for(f'http:get("{URL}", dontFollowRedirect = true)')["redirect"] is False


@pytest.mark.parametrize("url", ["", "null", "5", "[]"])
def test_a_request_needs_a_url(url: str) -> None:
    fault = on_the_bench(f"http:get({url})", Web()).failed("d", "t").fault
    assert fault.code == "R601"
    assert "url string" in fault.message


# --- what comes back -------------------------------------------------------------------------------


def test_a_result_has_exactly_six_parts() -> None:
    assert result_of(f'http:get("{URL}")') == RESULT


def test_content_is_parsed_when_that_is_wanted() -> None:
    """Exactly `true` wants it; what is no JSON stays a text."""
    assert result_of(f'http:get("{URL}", parseJSON = true)')["content"] == {"a": [1.0]}
    assert result_of(f'http:get("{URL}", parseJSON = 1)')["content"] == '{"a": [1]}'
    assert result_of(f'http:get("{URL}", parseJSON = true)', Web(ok("<p>")))["content"] == "<p>"


def test_an_error_of_the_server_is_a_result() -> None:
    result = result_of(f'http:get("{URL}")', Web(ok("gone", 410, "Gone")))
    assert (result["status_code"], result["status_line"], result["content"]) == (410.0, "Gone", "gone")


def test_a_server_that_is_not_reached_is_a_fault() -> None:
    """It ends the event, under the code that the answer has."""
    for code in ("R607", "R608"):
        failed = on_the_bench(f'http:get("{URL}")', Web({"error": "why", "code": code})).failed("d", "t")
        assert (failed.fault.code, failed.fault.message) == (code, "why")


def test_autoraise_raises_what_came_back_with_its_label() -> None:
    """As `http:METHOD`, besides being the result."""
    bench = Bench(
        tell(
            "r",
            f'select when d t http:post("{URL}", autoraise = "mine")',
            'select when http post send_directive("told", event:attrs)',
        )
    )
    bench.outside = Web()
    (directive,) = bench.done("d", "t").directives
    assert directive["options"] == {**RESULT, "label": "mine"}


# --- turns -----------------------------------------------------------------------------------------


def test_only_what_may_change_something_has_a_key() -> None:
    """The key is sent along, unless the ruleset has one of its own."""
    assert "key" not in ask_for(f'http:get("{URL}")')
    for method in ("post", "put", "patch", "delete"):
        asked = ask_for(f'http:{method}("{URL}")')
        assert asked["headers"]["idempotency-key"] == asked["key"]
        assert Question("http", asked).acts
    own = ask_for(f'http:post("{URL}", headers = {{"Idempotency-Key": "mine"}})')
    assert own["headers"]["idempotency-key"] == "mine"


TWICE = tell(
    "r",
    f"""select when d t every {{ http:post("{URL}", body = "1") setting(a)
          http:get("{URL}") setting(b); http:post("{URL}", body = "1") setting(c) }}
        fired {{ ent:n := [a, b, c] }}""",
)


def test_a_turn_that_runs_again_asks_under_the_same_keys() -> None:
    """Two equal requests of one turn differ in their keys, and so do those of two turns."""
    web = Web()
    bench = Bench(TWICE)
    bench.outside = web
    bench.done("d", "t")
    before, first = bench.pico, [question.content.get("key") for question in web.asked]
    bench.done("d", "t")
    keys = [question.content.get("key") for question in web.asked]
    assert keys[:3] == first
    assert keys[1] is keys[4] is None
    assert len({keys[0], keys[2], keys[3], keys[5]}) == 4
    second = bench.turns[-1]
    unanswered = replace(second, inputs=replace(second.inputs, answers=()))
    again = react(before, unanswered, bench.programs, bench.budget)
    assert isinstance(again, Asks)
    assert again.question.content["key"] == keys[3]


def test_a_recorded_turn_runs_again_without_asking_anybody() -> None:
    """The answers are part of the record, and lead to the same pico."""
    bench = Bench(TWICE)
    before = bench.pico
    bench.outside = Web()
    outcome = bench.done("d", "t")
    head, body = seal(begin(before), bench.turns[-1], outcome)
    turn = decode_record(body).turn
    assert turn.inputs.answers == (ok(),) * 3
    assert react(before, turn, bench.programs, bench.budget) == outcome
    assert fold(begin(before), [body]) == head


def test_a_turn_that_asks_for_ever_is_stopped() -> None:
    """Every request costs enough steps that it cannot."""
    bench = Bench(
        """ruleset r {
          global { again = function(n) { http:get("https://a.example/" + n) => again(n + 1) | n } }
          rule t { select when d t pre { n = again(0) } }
        }""",
        budget=Budget(steps=20_000),
    )
    web = Web()
    bench.outside = web
    assert bench.failed("d", "t").fault.code == "R701"
    assert 10 < len(web.asked) < 20


SHARER = f"""
ruleset r {{
  meta {{ shares get, late }}
  global {{
    get = function(q) {{ http:get("{URL}", {{"q": q}}, parseJSON = true){{"content"}} }}
    late = function() {{ http:get("{URL}", autosend = {{"eci": meta:eci, "domain": "d", "name": "n"}}) }}
  }}
}}
"""


def test_a_query_may_ask_too() -> None:
    """It is run again with the answer, and leaves no trace."""
    bench = Bench(SHARER)
    asks = bench.ask("r", "get", {"q": 1.0})
    assert isinstance(asks, Asks)
    assert asks.question.content["url"] == f"{URL}?q=1"
    query = Query(Eci(ROOT), "r", "get", {"q": 1.0})
    outcome = answer(bench.pico, query, Inputs(NOW_MS, SEED, (ok(),)), bench.programs, bench.budget)
    assert isinstance(outcome, Answered)
    assert outcome.value == {"a": [1.0]}


def test_a_global_block_asks_once_in_its_life() -> None:
    """What it was told is kept with the installation."""
    bench = Bench(tell("other", "select when x x"))
    bench.outside = web = Web()
    text = f'ruleset g {{ meta {{ shares got }} global {{ got = http:get("{URL}"){{"content"}} }} }}'
    bench.install(bench.publish(text))
    assert len(web.asked) == 1
    bench.forget()
    assert bench.query("g", "got") == '{"a": [1]}'


# --- later -----------------------------------------------------------------------------------------

TARGET = '{"eci": "there", "domain": "web", "type": "back", "attrs": {"a": 1, "content": "old"}}'
LATER = tell("r", f'select when d t http:post("{URL}", parseJSON = true, autosend = {TARGET})')


def errand_of(text: str, domain: str = "d", name: str = "t") -> AskLater:
    (effect,) = Bench(text).done(domain, name).effects
    assert isinstance(effect, AskLater)
    return effect


def test_autosend_asks_nobody_during_the_turn() -> None:
    """It is an effect: the question, with its key, and the event that waits for the answer."""
    errand = errand_of(LATER)
    assert errand.question.acts
    assert errand.reply is not None
    assert (errand.reply.eci, errand.reply.domain, errand.reply.name) == ("there", "web", "back")
    assert errand == errand_of(LATER), "also the ids follow from the turn"


def test_the_answer_is_merged_into_the_event() -> None:
    """The result wins over attributes of its names."""
    told = report(errand_of(LATER), ok())
    assert isinstance(told, SendEvent)
    assert told.attrs == {"a": 1.0, **RESULT, "content": {"a": [1.0]}}


def test_a_failure_is_told_to_the_pico_that_asked() -> None:
    """As `system:error`, like that of a rule."""
    told = report(errand_of(LATER), {"error": "no", "code": "R608"})
    assert isinstance(told, SendEvent)
    assert (told.eci, told.domain, told.name) == (Eci(ROOT), "system", "error")
    assert {**told.attrs, "rule_name": None} == {
        "level": "error",
        "rid": "r",
        "rule_name": None,
        "genus": "system",
        "eid": "event-2",
        "data": "no",
        "code": "R608",
    }


def test_a_failure_while_an_error_is_handled_is_told_to_nobody() -> None:
    """Or errors about errors would go round for ever."""
    text = tell("r", f'select when system error http:get("{URL}", autosend = {TARGET})')
    assert report(errand_of(text, "system", "error"), {"error": "no"}) is None


def test_an_answer_that_cannot_be_read_is_a_failure() -> None:
    """JSON nested more deeply than any value."""
    told = report(errand_of(LATER), ok("[" * 1_000 + "]" * 1_000))
    assert isinstance(told, SendEvent)
    assert told.attrs["code"] == "R703"


def test_an_errand_survives_being_written_down() -> None:
    errand = errand_of(LATER)
    assert decode_errand(encode_errand(errand)) == errand


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ('"there"', "R601"),
        ('{"domain": "a", "name": "b"}', "R606"),
        ('{"eci": "x", "name": "b"}', "R606"),
        ('{"eci": "x", "domain": "a", "name": "b", "attrs": 5}', "R606"),
    ],
)
def test_autosend_needs_an_event(target: str, code: str) -> None:
    """What is missing is said at once, not after the request."""
    bench = Bench(tell("r", f'select when d t http:post("{URL}", autosend = {target})'))
    assert bench.failed("d", "t").fault.code == code


def test_a_query_sends_nothing() -> None:
    failed = Bench(SHARER).ask("r", "late")
    assert isinstance(failed, Failed)
    assert failed.fault.code == "R607"


def test_a_failed_turn_asks_nothing_later() -> None:
    """Its effects are gone with its changes."""
    text = tell("r", f'select when d t http:get("{URL}", autosend = {TARGET}) fired {{ ent:n := "a" - 1 }}')
    effects = Bench(text).failed("d", "t").effects
    assert [type(effect) for effect in effects] == [SendEvent]
