"""The status lists of what this home has issued: as they are now, since nobody could have a newer one.

They are looked up in the home's store each time, so that what is revoked is so at once, and signed like any
list: whoever verifies makes no difference between them and others.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from engine.adapters.credentials.didkit_process import Didkit
from engine.adapters.credentials.issuers import signer_of
from engine.adapters.credentials.issuing import issue
from engine.adapters.credentials.status_lists import to_list
from engine.adapters.credentials.store import CredentialStore, StoreUnusable, open_store
from engine.ports import Keys

CLOCKS_DIFFER_S = 60
"""Before now everything begins: who gets it next may have a clock that is a little behind."""
BRIEFLY_S = 600

FindList = Callable[[str, int, Didkit], str | None]
"""The text of a status list, if it is one of the home's own."""


@dataclass(frozen=True, slots=True)
class OwnLists:
    """Those in the store at a path, which need not be there."""

    store: Path
    keys: Keys

    def find(self, name: str, now_s: int, didkit: Didkit) -> str | None:
        """A store that cannot be used has none: it keeps nobody from verifying what others have issued."""
        try:
            with closing(open_store(self.store, make=False)) as store:
                if name in store.lists():
                    return sign_list(store, name, self.keys, now_s, BRIEFLY_S, didkit)
        except StoreUnusable:
            pass
        return None


def sign_list(store: CredentialStore, name: str, keys: Keys, now_s: int, valid_s: int, didkit: Didkit) -> str:
    """A list as it is now, by whoever has issued what is on it, good for so many seconds."""
    signer, revoked = signer_of(store.issuer_of(name), keys), store.revoked(name)
    made = to_list(name, signer.did, revoked, now_s - CLOCKS_DIFFER_S, now_s + valid_s)
    return issue(made, signer, "jwt", didkit)


def no_lists(name: str, now_s: int, didkit: Didkit) -> None:
    """Of a home that has issued nothing."""
