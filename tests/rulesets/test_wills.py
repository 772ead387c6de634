"""What a pico wants others to be told is sent when it, or the ruleset that wants it, is no more."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import pytest

from engine.core.model import Eci, EventId
from engine.runtime.host import Host
from engine.runtime.replies import PicoView, QueryReply
from tests.compatibility.engine import Engine
from tests.engine.in_loop import in_loop
from tests.engine.runtime.first_life import crash_at_commit
from tests.engine.runtime.shop import Bank, start, until_done
from tests.fakes.crashing_journal import When
from tests.fakes.memory_journal import Disk, MemoryJournal
from tests.fakes.web import FakeWeb

TESTATOR = """
ruleset testator {
  meta { shares wills, heard }
  global {
    wills = function() { ctx:wills }
    heard = function() { ent:heard.defaultsTo([]) }
  }
  rule leave { select when testator leave
    ctx:setWill(event:attrs{"name"}, event:attrs{"to"}, "testator", "news", { "of": event:attrs{"name"} }) }
  rule revoke { select when testator revoke  ctx:clearWill(event:attrs{"name"}) }
  rule hear { select when testator news
    always { ent:heard := heard().append(event:attrs{"of"}) } }
  rule open { select when testator open
    every {
      ctx:newChannel(["door"], event:attrs{"policy"}, null) setting(made)
      send_directive("made", { "eci": made{"id"} })
    } }
  rule leave_and_go { select when testator leave_and_go
    every {
      ctx:uninstall(ctx:rid)
      ctx:setWill("late", event:attrs{"to"}, "testator", "news", { "of": "late" })
    } }
}
"""


class Village:
    """The root, its children ann and bob, who all have the ruleset, and channels to them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        engine.install(TESTATOR)
        self.root = engine.host.root_eci()
        self.ann, self.bob = (self._join(engine.make_child(name)) for name in ("ann", "bob"))

    def _join(self, eci: str) -> str:
        self.engine.install(TESTATOR, eci=eci)
        return eci

    def leave(self, eci: str, name: str, to: str) -> None:
        self.engine.send("testator:leave", eci, name=name, to=to)

    def to_child(self, name: str) -> str:
        """The root's channel to a child."""
        children = self.engine.query("io.picolabs.wrangler/children")
        eci: str = next(one["eci"] for one in children if one["name"] == name)
        return eci

    def bury(self, name: str) -> None:
        self.engine.send("wrangler:child_deletion_request", eci=self.to_child(name))
        self.engine.settle()

    def heard(self, eci: str) -> list[str]:
        heard: list[str] = self.engine.query("testator/heard", eci)
        return heard


@pytest.fixture
def village(engine: Engine) -> Village:
    return Village(engine)


def test_a_deleted_pico_has_the_last_word(village: Village) -> None:
    """Each will is sent once, and no others."""
    village.leave(village.ann, "farewell", village.bob)
    village.leave(village.ann, "forgotten", village.bob)
    village.leave(village.ann, "changed", village.bob)
    village.leave(village.ann, "changed", village.root)
    village.engine.send("testator:revoke", village.ann, name="forgotten")
    assert list(village.engine.query("testator/wills", village.ann)) == ["changed", "farewell"]
    assert village.heard(village.bob) == []
    village.bury("ann")
    assert village.heard(village.bob) == ["farewell"]
    assert village.heard(village.root) == ["changed"]


def test_those_who_go_with_an_ancestor_have_it_too(village: Village) -> None:
    """At any depth; what they would tell each other is told to nobody."""
    engine = village.engine
    engine.send("wrangler:new_child_request", village.ann, name="below")
    engine.settle()
    ann = next(child for child in engine.host.tree().children if child.name == "ann")
    below = ann.children[0].eci
    assert below is not None
    engine.install(TESTATOR, eci=below)
    village.leave(below, "from below", village.bob)
    village.leave(below, "to ann", village.ann)
    village.leave(village.ann, "to below", below)
    village.bury("ann")
    assert village.heard(village.bob) == ["from below"]
    assert not engine.disk.inbox


def test_a_will_reaches_picos_that_sleep(village: Village) -> None:
    """Whoever it is for need not be awake, and wakes with it after a restart at the latest."""
    village.leave(village.ann, "farewell", village.bob)
    village.engine.restart()
    village.bury("ann")
    assert village.heard(village.bob) == ["farewell"]


def test_wills_are_seen_in_the_state_of_a_pico(village: Village) -> None:
    """And among what it holds for their ruleset."""
    village.leave(village.ann, "farewell", village.bob)
    histories = village.engine.host.histories
    for rid in (None, "testator"):
        state = village.engine.run(histories.state(village.ann, rid=rid))
        assert isinstance(state, dict)
        (will,) = state["wills"]
        assert (will["rid"], will["name"], will["eci"]) == ("testator", "farewell", village.bob)


def test_policies_hold_for_wills(village: Village) -> None:
    """What could not be sent in life cannot be sent afterwards."""
    nothing: dict[str, list[str]] = {"allow": [], "deny": []}
    told = village.engine.send("testator:open", village.bob, policy=nothing)
    village.leave(village.ann, "farewell", told[0][1]["eci"])
    village.bury("ann")
    assert village.heard(village.bob) == []


def test_the_sender_of_a_will_is_who_left_it(village: Village) -> None:
    """As its record says."""
    ann = next(one for one in village.engine.host.tree().children if one.name == "ann")
    village.leave(village.ann, "farewell", village.bob)
    village.bury("ann")
    log = village.engine.run(village.engine.host.histories.log(village.bob, 1))
    assert isinstance(log, dict)
    assert log["events"][0]["event"] == "testator:news"
    assert log["events"][0]["sender"] == ann.id


def test_an_uninstalled_ruleset_has_the_last_word_too(village: Village) -> None:
    """Afterwards there is nothing left of its wills."""
    engine = village.engine
    village.leave(village.ann, "farewell", village.bob)
    engine.send("wrangler:uninstall_ruleset_request", village.ann, rid="testator")
    engine.settle()
    assert village.heard(village.bob) == ["farewell"]
    engine.install(TESTATOR, eci=village.ann)
    assert engine.query("testator/wills", village.ann) == {}
    village.bury("ann")
    assert village.heard(village.bob) == ["farewell"]


def test_a_ruleset_that_has_gone_leaves_nothing(village: Village) -> None:
    """Though its rule runs on."""
    engine = village.engine
    engine.send("testator:leave_and_go", village.ann, to=village.bob)
    village.bury("ann")
    assert village.heard(village.bob) == []


def test_wills_survive_a_new_text_of_their_ruleset(village: Village) -> None:
    village.leave(village.ann, "farewell", village.bob)
    village.engine.flush(TESTATOR.replace("ruleset testator {", "ruleset testator { // mended"))
    village.bury("ann")
    assert village.heard(village.bob) == ["farewell"]


def test_a_fork_does_not_speak_for_its_original(village: Village) -> None:
    """It has no wills; else its deletion would tell everybody that the original is no more."""
    engine = village.engine
    village.leave(village.ann, "farewell", village.bob)
    fork = engine.run(engine.host.fork(village.ann))
    assert isinstance(fork, PicoView)
    assert engine.query("testator/wills", fork.eci) == {}
    assert list(engine.query("testator/wills", village.ann)) == ["farewell"]


@pytest.mark.parametrize(
    ("attrs", "why"),
    [
        ({"to": "x"}, "missing setWill.name"),
        ({"name": "n"}, "an eci is a string, not null"),
        ({"name": "n", "to": 1}, "an eci is a string, not 1"),
    ],
)
def test_what_cannot_be_sent_cannot_be_left(village: Village, attrs: dict[str, object], why: str) -> None:
    assert why in village.engine.fault("testator:leave", village.ann, **attrs)


# --- crashes ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Home:
    """A disk with two picos, one of which has left the other a will."""

    disk: Disk
    to_ann: Eci
    bob: Eci


@pytest.fixture(scope="module")
def home() -> Home:
    engine = Engine()
    village = Village(engine)
    village.leave(village.ann, "farewell", village.bob)
    to_ann = village.to_child("ann")
    engine.close()
    return Home(engine.disk, Eci(to_ann), Eci(village.bob))


async def bury_ann(host: Host, home: Home) -> None:
    attrs = {"eci": home.to_ann}
    await host.run_event(host.root_eci(), "wrangler", "child_deletion_request", attrs, EventId("bury"))


async def heard_by_bob(host: Host, home: Home) -> list[str]:
    reply = await host.run_query(home.bob, "testator", "heard", {})
    assert isinstance(reply, QueryReply), reply
    heard: list[str] = reply.value
    return heard


@pytest.mark.parametrize("when", ["before", "after"])
@in_loop
async def test_a_death_and_its_news_are_one(home: Home, when: When) -> None:
    """After a crash at any commit either ann lives and bob has heard nothing, or she does not and he hears
    of it, once, also when the one who wished it asks again."""
    crashes = 0
    for at in range(1, 10):
        disk = copy.deepcopy(home.disk)
        picos = len(disk.snapshots)
        if not await crash_at_commit(disk, at, when, lambda host: bury_ann(host, home)):
            break
        crashes += 1
        host = await start(MemoryJournal(disk), FakeWeb(Bank()))
        await until_done(disk)
        is_gone = len(disk.snapshots) < picos
        assert await heard_by_bob(host, home) == (["farewell"] if is_gone else []), f"{when} commit {at}"
        await bury_ann(host, home)
        await until_done(disk)
        assert await heard_by_bob(host, home) == ["farewell"], f"{when} commit {at}"
    assert crashes == 2  # her death, and bob's hearing of it
