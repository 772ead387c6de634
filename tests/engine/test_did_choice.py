"""A setting that says who may: by DID, everybody or nobody."""

from __future__ import annotations

import pytest

from engine.config import BadSetting, load_settings
from engine.did_choice import ANYBODY, NO_DID, DidChoice, read_dids

ZOE, YAN = "did:example:zoe", "did:example:yan"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (True, ANYBODY),
        ("true", ANYBODY),
        (False, NO_DID),
        ("", NO_DID),
        (f"{ZOE}, {YAN}", DidChoice((ZOE, YAN))),
        ([ZOE], DidChoice((ZOE,))),
        (ANYBODY, ANYBODY),
    ],
)
def test_a_choice_is_read(said: object, meant: DidChoice) -> None:
    """In the form of each source, and as it is shown itself."""
    assert read_dids(said) == meant
    assert read_dids(str(meant)) == meant


@pytest.mark.parametrize("said", ["zoe", [7], f"{ZOE}#key-1", f"{ZOE},,", 7])
def test_what_names_nobody_is_told_in_words(said: object) -> None:
    """It would not do what it looks like."""
    with pytest.raises(BadSetting, match=r"'mediator_for' must be true, false, or DIDs"):
        load_settings({"mediator_for": said}, {})


def test_both_forms_of_a_did_are_the_same_one() -> None:
    """A did:peer:4 is written long at first contact and short later."""
    choice = DidChoice(("did:peer:4zQmShort",))
    assert choice.takes("did:peer:4zQmShort:zLong")
    assert not choice.takes(ZOE)
    assert ANYBODY.takes(ZOE)
    assert not NO_DID.takes(ZOE)
