"""Live events: nothing of a pico is missed, nothing of the engine without a word, and nobody takes memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.adapters.http import Limits, events, make_app
from engine.core.messages import Event
from engine.core.model import Eci, EventId, PicoId
from engine.runtime import feed as module
from engine.runtime.feed import Feed
from tests.compatibility.engine import Engine
from tests.engine.adapters.listening import Listener
from tests.engine.in_loop import in_loop
from tests.fakes.clock import SetClock


@pytest.fixture
def engine() -> Iterator[Engine]:
    opened = Engine()
    yield opened
    opened.close()


def listener(engine: Engine, query: str = "", scope: str = "admin", **headers: str) -> Listener:
    shown = engine.as_owner
    if scope == "read":
        token, _ = engine.run(engine.host.access.create_token("looker", "read", None))
        shown = {"authorization": f"Bearer {token}"}
    return Listener(make_app(engine.host, Limits(1 << 20, 64)), query, {**shown, **headers})


async def send(engine: Engine, name: str) -> None:
    await engine.host.run_event(engine.host.root_eci(), "talk", name, {"word": name})


def test_a_turn_is_told_as_it_is_durable(engine: Engine) -> None:
    """With what its event carried, to whoever listens to the pico."""
    root = engine.host.root_id()
    ear = listener(engine, f"eci={root}")

    async def listen() -> None:
        async with ear:
            (ready,) = await ear.hear(1)
            await send(engine, "hello")
            (told,) = await ear.hear(1)
        assert (ready.kind, told.kind, told.data["event"]) == ("ready", "turn", "talk:hello")
        assert told.data["attrs"]["word"] == "hello"
        assert int(told.id) == told.data["seq"] == int(ready.id) + 1
        assert told.data["pico"] == root

    engine.run(listen())


@pytest.mark.parametrize("how", ["header", "parameter"])
def test_who_comes_back_has_missed_nothing(engine: Engine, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much happened meanwhile; it is read in pieces."""
    monkeypatch.setattr(events, "PAGE", 3)
    _, last = engine.host.histories.newest(engine.host.root_id())  # type: ignore[misc]
    for number in range(10):
        engine.send(f"talk:n{number}")
    eci = engine.host.root_eci()
    ear = (
        listener(engine, f"eci={eci}", **{"last-event-id": str(last)})
        if how == "header"
        else listener(engine, f"eci={eci}&after={last}")
    )

    async def listen() -> list[str]:
        async with ear:
            return [one.data["event"] for one in (await ear.hear(11))[1:]]

    assert engine.run(listen()) == [f"talk:n{number}" for number in range(10)]


def test_the_whole_engine_is_heard_at_once(engine: Engine) -> None:
    """Turns without what they carry, births, and ends; it goes on after the last one heard."""
    ear, again = listener(engine), None

    async def listen() -> str:
        async with ear:
            await ear.hear(1)
            await send(engine, "hello")
            (told,) = await ear.hear(1)
        assert (told.kind, told.data["event"], "attrs" in told.data) == ("turn", "talk:hello", False)
        return told.id

    id = engine.run(listen())
    child = engine.make_child("lamp")
    again = listener(engine, **{"last-event-id": id})

    async def listen_again() -> set[str]:
        async with again:
            kinds: set[str] = set()
            while "born" not in kinds:
                kinds |= {one.kind for one in await again.hear(1)} if not kinds else set()
                chunk = await again.chunks.get()
                kinds |= {line[7:] for line in chunk.decode().splitlines() if line.startswith("event: ")}
            return kinds

    assert {"ready", "turn", "born"} <= engine.run(listen_again())
    assert child


@pytest.mark.parametrize("id", ["another-run-3", "another-0"])
def test_a_gap_is_told(engine: Engine, id: str) -> None:
    """After a restart, when numbers began again."""
    ear = listener(engine, f"after={id}")

    async def listen() -> list[str]:
        async with ear:
            return [one.kind for one in await ear.hear(2)]

    assert engine.run(listen()) == ["ready", "gap"]


@pytest.mark.parametrize("query", ["eci=nobody", "eci=nobody&after=1"])
def test_nobody_listens_to_a_pico_that_is_not_there(engine: Engine, query: str) -> None:
    assert engine.http("GET", f"/api/events?{query}").status_code == 404


@pytest.mark.parametrize("query", ["after=x", "after=1-x", "eci={}&after=x", "eci={}&after=-1"])
def test_an_id_that_is_none_is_refused(engine: Engine, query: str) -> None:
    path = f"/api/events?{query.format(engine.host.root_id())}"
    assert engine.http("GET", path).status_code == 400
    assert engine.http("POST", path).status_code == 405


def test_whoever_may_only_look_hears_no_channel(engine: Engine) -> None:
    """Nor of the one by which an event came."""
    eci, root = engine.host.root_eci(), engine.host.root_id()
    ears = [listener(engine, query, "read") for query in (f"eci={root}", "")]

    async def listen(ear: Listener) -> bytes:
        heard = b""
        async with ear:
            await ear.hear(1)
            await send(engine, "hello")
            while b"hello" not in heard:
                heard += await ear.chunks.get()
        return heard

    for ear in ears:
        heard = engine.run(listen(ear))
        assert (b"withheld" in heard, eci.encode() in heard) == (True, False)


def test_streams_end_with_the_engine(engine: Engine) -> None:
    """At once, or a stop would wait for whoever watches."""
    ears = [listener(engine), listener(engine, f"eci={engine.host.root_id()}")]

    async def listen() -> None:
        async with ears[0], ears[1]:
            for ear in ears:
                await ear.hear(1)
            assert engine.host.feed.watchers == 2
            engine.host.feed.close()
            for ear in ears:
                await ear.ended()
        assert engine.host.feed.watchers == 0

    engine.run(listen())


def test_there_are_only_so_many_streams(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_STREAMS", 0)
    assert engine.http("GET", "/api/events").status_code == 429


# --- the ring ---


def noted(count: int) -> Feed:
    feed = Feed(SetClock().now_ms, lambda: "run")
    for number in range(count):
        feed.note_end(PicoId(f"pico-{number}"))
    return feed


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is behind what is kept is told that there is a gap, not less than there was."""
    feed = noted(module.KEPT + 5)
    assert feed.after(4) is None
    assert [one.n for one in feed.after(5) or ()] == list(range(6, module.KEPT + 6))
    assert feed.after(feed.newest) == []
    assert feed.after(feed.newest + 1) is None


def test_nothing_is_forgotten_before_it_has_to_be() -> None:
    assert [one.pico for one in noted(3).after(0) or ()] == ["pico-0", "pico-1", "pico-2"]
    assert noted(0).after(0) == []


@in_loop
async def test_whoever_waits_is_woken_by_news_and_by_the_end() -> None:
    """By nothing that was there before."""
    feed = noted(2)
    await feed.wait_news(1)
    feed.note_turn(PicoId("p"), 1, None, None)
    await feed.wait_news(2)
    feed.close()
    await feed.wait_news(99)


def test_a_happening_does_not_hold_what_its_event_carried() -> None:
    """Or four thousand large events would stay in memory."""
    feed = noted(0)
    event = Event(Eci("e"), "d", "n", {"large": "x" * 100}, EventId("1"))
    feed.note_turn(PicoId("p"), 1, event, None)
    assert "x" * 100 not in str(feed.after(0))
