"""The examples of the specification (DIDComm v2.1, appendices A, B and C), from where they can be had.

They are not ours to keep here. `DIDCOMM_APPENDIX` names a copy of the specification's `appendix.md`, which
has them all; otherwise they come out of the Rust crate `didcomm`, which has most and is fetched by cargo into
its own cache. Where neither can be had, tests that want them are skipped and say so.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.didcomm import Keyring, PrivateKey, private_from_jwk

CRATE = "didcomm"
VERSION = "0.4.1"
FETCH_S = 60


@dataclass(frozen=True)
class Appendix:
    """`messages` are the examples of C.2 and C.3 by their place there, as far as they are had."""

    documents: Mapping[str, Mapping[str, Any]]
    secrets: Mapping[str, PrivateKey]
    messages: Mapping[int, str]
    others: Mapping[str, str]
    """What the crate has beyond the specification, by its names."""

    def keyring(self) -> Keyring:
        return Keyring(self.documents.get, self.secrets.get)

    def message(self, place: int) -> str:
        if place not in self.messages:
            pytest.skip(
                "the crate lacks this example of the specification; with DIDCOMM_APPENDIX it is tested"
            )
        return self.messages[place]


def appendix() -> Appendix:
    """Skips the test that asks where it cannot be had."""
    found = _load()
    if isinstance(found, str):
        pytest.skip(found)
    return found


@cache
def _load() -> Appendix | str:
    """Or why not."""
    given = os.environ.get("DIDCOMM_APPENDIX")
    if given:
        return _from_specification(Path(given).read_text("utf-8"))
    if shutil.which("cargo") is None:
        return "no examples of the specification: neither DIDCOMM_APPENDIX nor cargo"
    try:
        subprocess.run(
            ["cargo", "info", f"{CRATE}@{VERSION}"], capture_output=True, check=True, timeout=FETCH_S
        )
    except (subprocess.SubprocessError, OSError):
        return f"no examples of the specification: cargo could not bring the crate {CRATE}"
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    folders = list(home.glob(f"registry/src/*/{CRATE}-{VERSION}/src/test_vectors"))
    return _from_crate(folders[0]) if folders else "no examples of the specification: an unusual cargo"


def _from_specification(text: str) -> Appendix:
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    jwks = [jwk for block in blocks if isinstance(block, list) for jwk in block]
    objects = [block for block in blocks if isinstance(block, dict)]
    envelopes = [block for block in objects if "payload" in block or "ciphertext" in block]
    return Appendix(
        {block["id"]: block for block in objects if "keyAgreement" in block},
        # "kid " in the recipient's secrets is a slip of the specification.
        {str(jwk.get("kid") or jwk["kid "]): private_from_jwk(jwk) for jwk in jwks},
        {place: json.dumps(envelope) for place, envelope in enumerate(envelopes)},
        {},
    )


# --- the crate -------------------------------------------------------------------------------------

PLACES = {
    "SIGNED_MSG_ALICE_KEY_1": 0,
    "SIGNED_MSG_ALICE_KEY_2": 1,
    "SIGNED_MSG_ALICE_KEY_3": 2,
    "ENCRYPTED_MSG_ANON_XC20P_1": 3,
    "ENCRYPTED_MSG_AUTH_X25519": 6,
    "ENCRYPTED_MSG_AUTH_P256": 7,
}
"""Its names of the specification's examples."""


def _from_crate(folder: Path) -> Appendix:
    constants: dict[str, str] = {}
    for name in ("plaintext", "signed", "encrypted"):
        constants |= _constants((folder / f"{name}.rs").read_text("utf-8"))
    names = ("alice", "bob")
    return Appendix(
        {f"did:example:{name}": _document(name, folder / "did_doc" / f"{name}.rs") for name in names},
        {
            kid: private_from_jwk(jwk)
            for name in names
            for kid, jwk in _jwks((folder / "secrets" / f"{name}.rs").read_text("utf-8"))
        },
        {PLACES[name]: text for name, text in constants.items() if name in PLACES},
        {name: text for name, text in constants.items() if name not in PLACES},
    )


def _constants(text: str) -> dict[str, str]:
    """Raw texts: `pub const NAME: &str = r#"…"#;`."""
    return dict(re.findall(r'const (\w+): &str = r#"(.*?)"#;', text, re.DOTALL))


def _jwks(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Keys as the macro `json!` has them, which forgives a last comma, after the id they belong to."""
    for kid, jwk in re.findall(r'id: "([^"]+)".*?json!\(\s*(\{.*?\})', text, re.DOTALL):
        yield kid, json.loads(re.sub(r",(\s*})", r"\1", jwk))


def _document(name: str, path: Path) -> dict[str, Any]:
    """`#key-1` and the like are for signing, the others for key agreement."""
    methods = [
        {"id": kid, "type": "JsonWebKey2020", "publicKeyJwk": jwk}
        for kid, jwk in _jwks(path.read_text("utf-8"))
    ]
    signing = [method for method in methods if re.search(r"#key-\d+$", str(method["id"]))]
    return {
        "id": f"did:example:{name}",
        "authentication": signing,
        "keyAgreement": [method for method in methods if method not in signing],
    }
