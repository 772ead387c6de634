"""Whether an engine has the keys that it had before.

Where the file with them is gone there will be a new one, and nothing that was closed for the old keys opens.
"""

from __future__ import annotations

from engine.ports import Journal, Keys, SetFact

FINGERPRINT = "keys"
"""The fact that says which keys this home has. It follows from them and says nothing of them."""


async def note_keys(journal: Journal, keys: Keys) -> bool:
    """Whether they are the ones that it knew, or the first; from now on it knows these."""
    fingerprint = keys.derive("fingerprint").hex()
    known = journal.fact(FINGERPRINT)
    if known != fingerprint:
        await journal.commit([SetFact(FINGERPRINT, fingerprint)])
    return known in (None, fingerprint)
