"""Credentials that a home issues, in its own name or in that of a pico.

Each gets a place in a status list of the same issuer, and is kept, so that it can be revoked. How one is
signed is `issuing`'s.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from nacl.signing import SigningKey

from engine.adapters.credentials.didkit_process import Didkit
from engine.adapters.credentials.documents import Credential
from engine.adapters.credentials.issuers import Issuer, signer_of
from engine.adapters.credentials.issuing import Form, check_credential, issue
from engine.adapters.credentials.keys import Signer, key_in_document
from engine.adapters.credentials.own_lists import CLOCKS_DIFFER_S
from engine.adapters.credentials.refusals import CannotIssue, DidkitMissing, NotRelied
from engine.adapters.credentials.store import CredentialStore, StoreUnusable, open_store
from engine.ports import CannotVouch, Keys, OwnKey, Statement


def issue_statement(
    store: CredentialStore, issuer: Issuer, keys: Keys, said: Statement, now_s: int, didkit: Didkit
) -> tuple[Credential, str]:
    """The credential and its text, which is kept. Raises as `issue` does."""
    signer = signer_of(issuer, keys)
    place = store.take_place(secrets.randbelow, new_name, issuer)
    made = replace(_stated(said, signer.did, now_s), place=place)
    text = issue(made, signer, cast(Form, said.form), didkit)
    store.add_issued(made.id, place, text)
    return made, text


def check_statement(said: Statement, now_s: int) -> None:
    """Raises `CannotIssue` for what no issuer could say, before there is one."""
    check_credential(_stated(said, said.subject, now_s), cast(Form, said.form))


def _stated(said: Statement, issuer: str, now_s: int) -> Credential:
    from_s, until_s = now_s - CLOCKS_DIFFER_S, now_s + said.valid_s
    return Credential(new_name(), issuer, said.subject, (said.kind,), said.claims, from_s, until_s)


def new_name() -> str:
    return f"urn:uuid:{uuid.uuid4()}"


@dataclass(frozen=True, slots=True)
class PicoCredentials:
    """`engine.ports.Vouching`. didkit is not asked: it knows no DIDs like those of picos."""

    store: Path
    keys: Keys

    def issue(self, key: OwnKey, document: Mapping[str, Any] | None, said: Statement, now_s: int) -> str:
        issuer = Issuer(key.did, key.id, key.purpose)
        _check_named(signer_of(issuer, self.keys), document)
        try:
            with closing(open_store(self.store)) as store, Didkit() as didkit:
                return issue_statement(store, issuer, self.keys, said, now_s, didkit)[1]
        except (CannotIssue, StoreUnusable, DidkitMissing) as problem:
            raise CannotVouch(str(problem)) from None


def _check_named(signer: Signer, document: Mapping[str, Any] | None) -> None:
    """Before anything is signed that nobody would believe."""
    try:
        named = key_in_document(signer.did, signer.key_id, "assertionMethod", lambda _: document)
    except NotRelied as problem:
        raise CannotVouch(f"the pico's log names no key of this engine: {problem.refused.reason}") from None
    if named != bytes(SigningKey(signer.seed).verify_key):
        raise CannotVouch("the pico's log names another key than this engine has for it")
