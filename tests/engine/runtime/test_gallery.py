"""The family in pieces: what is shown of a small one, of a large one, and how somebody in it is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.core.messages import Refusal
from engine.core.model import Child, Eci, Inputs, InstalledRuleset, Pico, PicoId, Rid, RulesetHash
from engine.ports import SetFact
from engine.runtime.gallery import GROUP, MOST_FOUND, MOST_GROUPS, MOST_SHOWN, MOST_TOGETHER, Gallery
from engine.runtime.genesis import ROOT_ECI, ROOT_EQUIPMENT, ROOT_PICO, WRANGLER, WRANGLER_URL
from engine.runtime.pictures import GENERATIONS
from tests.engine.in_loop import in_loop
from tests.engine.runtime.shell import ROOT_ID, born, start_shell, with_channel
from tests.fakes.memory_journal import Disk


def named(number: int) -> Pico:
    """A child with a name, and a channel of its own."""
    pico = with_channel(f"c{number:06}")
    return replace(pico, entities={Rid(WRANGLER): {"name": f"lamp {number}"}})


def parent_of(pico: Pico, children: Sequence[Pico]) -> Pico:
    return replace(pico, children=tuple(Child(Eci(one.id), one.id) for one in children))


def family(count: int) -> Disk:
    """A root with so many children."""
    children = [named(number) for number in range(count)]
    return disk_with(parent_of(with_channel(ROOT_ID), children), *children)


def disk_with(root: Pico, *others: Pico) -> Disk:
    """An engine's disk with these picos."""
    disk = Disk()
    wrangler = InstalledRuleset(Rid(WRANGLER), WRANGLER_URL, RulesetHash("0"), {}, Inputs(0, ""))
    for pico in (replace(root, rulesets=(wrangler,)), *others):
        for write in born(pico):
            disk.write(write)
    for fact in {ROOT_PICO: root.id, ROOT_ECI: root.id, ROOT_EQUIPMENT: "none"}.items():
        disk.write(SetFact(*fact))
    return disk


async def gallery_of(count: int) -> Gallery:
    shell = await start_shell(family(count))
    return shell.host.gallery


@in_loop
async def test_a_small_family_is_shown_whole() -> None:
    """Each with its name, and below whom it is."""
    told = await (await gallery_of(3)).outline()
    assert isinstance(told, dict)
    assert [one["name"] for one in told["picos"]] == [None, "lamp 0", "lamp 1", "lamp 2"]
    assert [one["parent"] for one in told["picos"]] == [None, *[told["root"]] * 3]
    assert told["groups"] == []


@in_loop
async def test_of_a_large_one_groups_are_shown() -> None:
    """That together are all children, each with the names of its first and last."""
    count = MOST_TOGETHER + GROUP
    told = await (await gallery_of(count)).outline()
    assert isinstance(told, dict)
    assert len(told["picos"]) == 1
    assert sum(one["count"] for one in told["groups"]) == count == told["picos"][0]["children"]
    assert (told["groups"][1]["first"], told["groups"][1]["last"]) == ("lamp 100", f"lamp {count - 1}")


@in_loop
async def test_ten_thousand_are_no_more_to_draw_than_a_hundred() -> None:
    """And the groups of a family beyond that are larger instead of more."""
    told = await (await gallery_of(10_000)).outline()
    assert isinstance(told, dict)
    assert len(told["picos"]) + len(told["groups"]) == 101
    huge = await (await gallery_of(GROUP * MOST_GROUPS + 1)).outline()
    assert isinstance(huge, dict)
    assert len(huge["groups"]) <= MOST_GROUPS


@in_loop
async def test_a_group_is_read_page_by_page() -> None:
    """Nobody twice, nobody left out, and past the end nobody."""
    gallery = await gallery_of(250)
    pages = [await gallery.page(ROOT_ID, first, 100) for first in (0, 100, 200, 300)]
    found = [one["name"] for page in pages if isinstance(page, dict) for one in page["children"]]
    assert found == [f"lamp {number}" for number in range(250)]


@in_loop
async def test_a_deep_family_ends_where_there_is_enough_to_see() -> None:
    """What is below can be opened from there."""
    line = [named(number) for number in range(GENERATIONS * 5)]
    picos = [
        parent_of(one, [] if below is None else [below])
        for one, below in zip(line, [*line[1:], None], strict=True)
    ]
    disk = disk_with(parent_of(with_channel(ROOT_ID), line[:1]), *picos)
    gallery = (await start_shell(disk)).host.gallery
    told = await gallery.outline()
    assert isinstance(told, dict)
    assert len(told["picos"]) == MOST_SHOWN
    rest = await gallery.outline(told["picos"][-1]["id"])
    assert isinstance(rest, dict)
    assert len(rest["picos"]) == GENERATIONS * 5 - MOST_SHOWN + 2


@in_loop
async def test_somebody_is_found_by_name_id_channel_or_ruleset() -> None:
    """Whatever case the name is typed in."""
    gallery = await gallery_of(300)
    assert [one["name"] for one in (await gallery.search(" LAMP 217 "))["picos"]] == ["lamp 217"]
    assert [one["name"] for one in (await gallery.search("c000042"))["picos"]] == ["lamp 42"]
    assert [one["is_root"] for one in (await gallery.search(WRANGLER))["picos"]] == [True]
    assert (await gallery.search("nobody"))["picos"] == []


@in_loop
async def test_too_many_to_list_are_cut_and_it_is_said() -> None:
    told = await (await gallery_of(300)).search("lamp")
    assert len(told["picos"]) == MOST_FOUND
    assert told["cut"]


@in_loop
async def test_who_is_not_here_is_refused() -> None:
    """By name, with what may have become of it."""
    told = await (await gallery_of(1)).page("nobody", 0, 10)
    assert isinstance(told, Refusal)
    assert "nobody" in told.reason


@in_loop
async def test_one_that_has_moved_away_says_so() -> None:
    """What is left of it here is shown as what it is."""
    gallery = await gallery_of(1)
    gone = {"engine": "did:x", "url": "http://there"}
    gallery.place_of = lambda id: gone if id == PicoId("c000000") else None
    told = await gallery.outline()
    assert isinstance(told, dict)
    assert told["picos"][1]["moved"] == gone
