"""How much of everything a DID, its document or its log may have before it is refused unread.

They keep a stranger's name from costing more than it is worth; each is some times what people use.
"""

from __future__ import annotations

DOCUMENT_BYTES = 1 << 16
"""Of a document, wherever it comes from. Those with a dozen keys have five thousand."""
LOG_BYTES = 1 << 20
LOG_ENTRIES = 1024
"""One for every move and change of keys."""
WITNESS_BYTES = 1 << 19
WITNESSES = 64
WITNESS_PROOFS = 512
"""Proofs of one log that are looked at; a signature takes a tenth of a millisecond to check."""
ENTRY_PROOFS = 8
KEYS = 64
"""Verification methods of a document, keys of a list in a log."""
SERVICES = 64
TEXT = 2048
"""Characters of an id, a URL or an encoded key inside of documents and logs."""
DEPTH = 32
"""Objects and arrays inside each other."""
