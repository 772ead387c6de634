"""Credentials in the names of picos: signed only with a key that others find, listed by the same issuer."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.credentials import (
    STORE_FILE,
    Didkit,
    OwnLists,
    PicoCredentials,
    Verified,
    Verifier,
    open_store,
    read_unproven,
)
from engine.core.dids import Did
from engine.ports import CannotVouch, OwnKey, Statement
from tests.engine.adapters.credentials.people import (
    FORMS,
    NOW_S,
    OURS,
    STRANGER,
    code,
    document,
    resolves,
)

KEY = OwnKey(Did(OURS.did), OURS.key_id, "life/pico/key-1")
SAID = Statement("did:web:alice.example", "Friend", {"since": 2024}, 3600, "jwt")
UNUSED = Didkit()
"""Starts no process unless it is called."""


@dataclass(frozen=True)
class Seeds:
    """`engine.ports.Keys`: there is one, for one purpose."""

    purpose: str = KEY.purpose

    def derive(self, purpose: str) -> bytes:
        assert purpose == self.purpose
        return OURS.seed


def issued(folder: Path, document_: dict[str, Any] | None = None, said: Statement = SAID) -> str:
    found = document(OURS) if document_ is None else document_
    return PicoCredentials(folder / STORE_FILE, Seeds()).issue(KEY, found, said, NOW_S)


def verifier(folder: Path, at_s: int = NOW_S) -> Verifier:
    lists = OwnLists(folder / STORE_FILE, Seeds())
    return Verifier(UNUSED, resolves(document(OURS)), lambda name: lists.find(name, at_s, UNUSED))


@pytest.mark.parametrize("form", FORMS)
def test_what_a_pico_issues_is_good_until_it_is_revoked(tmp_path: Path, form: str) -> None:
    """By the list of the same pico, which says from when it is."""
    text = issued(tmp_path, said=replace(SAID, form=form))
    found = verifier(tmp_path).verify(text, NOW_S)
    assert isinstance(found, Verified)
    assert (found.issuer, found.subject, found.types) == (KEY.did, SAID.subject, (SAID.kind,))
    assert (found.status, found.listed_s, found.valid_until_s) == ("good", NOW_S - 60, NOW_S + 3600)
    with closing(open_store(tmp_path / STORE_FILE)) as store:
        store.revoke(found.credential.id, NOW_S)
    assert code(verifier(tmp_path).verify(text, NOW_S)) == "revoked"


OTHERS = document(replace(STRANGER, did=OURS.did, key_id=OURS.key_id))["verificationMethod"]
MISFITS: dict[str, tuple[dict[str, Any], str]] = {
    "of a log that names no key for it": (document(OURS, assertionMethod=[]), "names no key of this engine"),
    "of another engine by now": (document(OURS, verificationMethod=OTHERS), "names another key"),
    "of somebody else": (document(OURS, id="did:scid:vh:1:Other"), "names no key of this engine"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_nothing_is_issued_that_nobody_would_believe(tmp_path: Path, name: str) -> None:
    """And no place in a list is taken for it."""
    found, reason = MISFITS[name]
    with pytest.raises(CannotVouch, match=reason):
        issued(tmp_path, found)
    assert not (tmp_path / STORE_FILE).exists()


def test_what_cannot_be_put_into_a_credential_is_refused(tmp_path: Path) -> None:
    """With the reason; nothing is kept that could not be read back."""
    with pytest.raises(CannotVouch, match="absolute URI"):
        issued(tmp_path, said=replace(SAID, subject="alice"))
    with closing(open_store(tmp_path / STORE_FILE)) as store:
        assert store.issued() == []


def test_each_credential_has_an_id_and_a_place_of_its_own(tmp_path: Path) -> None:
    """In one list, as long as that has room."""
    made = [read_unproven(issued(tmp_path)) for _ in range(2)]
    with closing(open_store(tmp_path / STORE_FILE)) as store:
        kept = store.issued()
        assert len(store.lists()) == 1
    assert [one.id for one in kept] == [getattr(one, "id", None) for one in made]
    assert len({one.place for one in kept}) == 2
