"""Lines as events, and the place up to which they are settled."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.commands.failure import Failure
from engine.commands.pipe_lines import (
    LONGEST,
    BadLine,
    Line,
    Place,
    Said,
    Wanted,
    digest_with,
    read_event,
    read_lines,
    read_place,
    resumed,
    write_place,
)

INCREMENT = ("counter", "increment")


def lines_of(*texts: bytes) -> list[Line]:
    return [Line(number, text) for number, text in enumerate(texts, 1)]


def settled(lines: Sequence[Line]) -> Place:
    """The place behind these."""
    place = Place("pipe")
    for line in lines:
        place.line, place.digest = line.number, digest_with(place.digest, line)
    return place


def test_a_line_is_attributes_a_whole_event_or_a_text() -> None:
    """As the command was told."""
    assert read_event(Line(1, b'{"by": 2}\n'), Wanted(INCREMENT)) == Said(INCREMENT, {"by": 2})
    assert read_event(Line(1, b' {"by": 2} \n'), Wanted(INCREMENT, "text")).attributes == {
        "text": ' {"by": 2} '
    }
    whole = b'{"event": "counter:increment", "attributes": {"by": 2}}'
    assert read_event(Line(1, whole), Wanted(None)) == Said(INCREMENT, {"by": 2})
    assert read_event(Line(1, b'{"event": "a:b"}'), Wanted(None)) == Said(("a", "b"), {})


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"oops", "not JSON"),
        (b"[1]", "no JSON object"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff", "not UTF-8: invalid start byte at byte 0"),
        (b"x" * (LONGEST + 1), "more than 16,777,216 bytes"),
    ],
)
def test_a_line_that_says_nothing_is_told(raw: bytes, said: str) -> None:
    """Not JSON, no object, no text, too long."""
    with pytest.raises(BadLine, match=said):
        read_event(Line(1, raw), Wanted(INCREMENT))


@pytest.mark.parametrize(
    "raw", [b"{}", b'{"event": "a"}', b'{"event": "a:b", "attributes": 1}', b'{"event": "a:b", "atrs": {}}']
)
def test_a_whole_event_has_one_form(raw: bytes) -> None:
    """A word that means nothing there is a mistake, not an attribute that gets lost."""
    with pytest.raises(BadLine, match="does not have the form"):
        read_event(Line(1, raw), Wanted(None))


def test_lines_are_numbered_and_the_last_needs_no_end() -> None:
    """Empty ones count, so that numbers are those of an editor."""
    assert [(one.number, one.raw, one.is_empty) for one in read_lines(io.BytesIO(b"a\n\nb"))] == [
        (1, b"a\n", False),
        (2, b"\n", True),
        (3, b"b", False),
    ]


def test_a_line_without_end_is_not_held() -> None:
    """No more of it than is needed to refuse it; the next line is read as it is."""
    first, second = read_lines(io.BytesIO(b"x" * (3 * LONGEST) + b"\n{}\n"))
    assert (len(first.raw), second) == (LONGEST + 1, Line(2, b"{}\n"))


def test_the_same_input_goes_on_behind_the_place() -> None:
    """Also when it has grown since."""
    lines = lines_of(b"a\n", b"b\n", b"c\n")
    assert list(resumed(lines, settled(lines[:2]))) == lines[2:]
    assert list(resumed(lines, Place())) == lines
    assert list(resumed(lines, settled(lines))) == []


@pytest.mark.parametrize("other", [lines_of(b"a\n", b"x\n", b"c\n"), lines_of(b"a\n"), []])
def test_another_input_is_refused(other: list[Line]) -> None:
    """Before a line of it is sent: a changed one, and one that has become shorter."""
    with pytest.raises(Failure, match="does not begin with the 2 lines"):
        next(resumed(other, settled(lines_of(b"a\n", b"b\n"))))


def test_a_place_is_kept_in_a_file(tmp_path: Path) -> None:
    """What is no place is refused, and not begun anew."""
    file, place = tmp_path / "place", settled(lines_of(b"a\n"))
    write_place(file, place)
    assert read_place(file) == place
    assert [path.name for path in tmp_path.iterdir()] == ["place"]
    file.write_text("{}[]")
    with pytest.raises(Failure, match="does not say how far"):
        read_place(file)
    with pytest.raises(Failure, match="cannot be written"):
        write_place(tmp_path / "nowhere" / "place", place)


def test_ids_follow_from_name_and_number() -> None:
    """So a line that is sent again is the same event, and one of another pipe is not."""
    (line,) = lines_of(b"a")
    assert Place("one").eid(line) == Place("one").eid(line) != Place("two").eid(line)
    assert Place().name != Place().name
