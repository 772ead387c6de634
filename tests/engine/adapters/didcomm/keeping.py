"""Envelopes of this version, made with dice instead of chance, so that they are the same each time.

`python -m tests.engine.adapters.didcomm.keeping` writes those of a new version into `kept/`; what is there
already is never written again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.adapters.didcomm import (
    Attachment,
    AttachmentData,
    Embedded,
    pack_anoncrypt,
    pack_authcrypt,
    pack_plain,
    pack_signed,
)
from engine.version import VERSION
from tests.engine.adapters.didcomm.people import AGREEING, ALICE, BOB, NOW_S, Dice, keyring, message

KEPT = Path(__file__).with_name("kept")

MESSAGE = message(
    thid="thread-1",
    pthid="thread-0",
    expires_time=NOW_S + 60,
    attachments=(
        Attachment(AttachmentData(base64="eA"), id="a", media_type="text/plain"),
        Attachment(AttachmentData(json=Embedded({"a": [1.5, None, "ü"]})), filename="b"),
        Attachment(AttachmentData(links=("https://example.org/x",), hash="zQm"), byte_count=7),
    ),
    headers={"lang": "de"},
)


def envelopes() -> Mapping[str, bytes]:
    """By the name of their file. ECDSA has chance of its own in it, so EdDSA signs."""
    ring, signer = keyring(ALICE), ALICE.kid("ed25519")
    made = {"plain": pack_plain(MESSAGE), "signed": pack_signed(MESSAGE, signer, ring)}
    for name in AGREEING:
        made[f"authcrypt-{name}"] = pack_authcrypt(
            MESSAGE, BOB.did, ring, sender=ALICE.kid(name), draw=Dice(f"auth-{name}")
        )
        made[f"anoncrypt-{name}"] = pack_anoncrypt(MESSAGE, BOB.kid(name), ring, draw=Dice(f"anon-{name}"))
    for enc in ("XC20P", "A256GCM"):
        made[f"anoncrypt-{enc}"] = pack_anoncrypt(MESSAGE, BOB.did, ring, enc=enc, draw=Dice(enc))
    made["anoncrypt-authcrypt"] = pack_authcrypt(
        MESSAGE, BOB.did, ring, hide_sender=True, draw=Dice("hidden")
    )
    made["anoncrypt-signed"] = pack_anoncrypt(MESSAGE, BOB.did, ring, signer=signer, draw=Dice("both"))
    return made


def keep() -> None:
    folder = KEPT / VERSION
    folder.mkdir()
    for name, envelope in envelopes().items():
        (folder / f"{name}.json").write_bytes(envelope)


if __name__ == "__main__":
    keep()
