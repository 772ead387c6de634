"""What the rest of the engine may use of the codec, and that all of it is told of in its README."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from engine.adapters import didcomm
from engine.core.didcomm.refused import Code

README = Path(didcomm.__file__).with_name("README.md").read_text("utf-8")


def test_the_front_door_is_narrow() -> None:
    """Everything else is ours to change."""
    names = """
    Attachment AttachmentData BadKey BadMessage CannotPack ENCRYPTED Embedded Keyring LIMITS Limits
    Message Needs PLAIN PrivateKey PublicKey Refused Rotation SIGNED Unpacked new_key pack_anoncrypt
    pack_authcrypt pack_plain pack_signed private_from_jwk private_key read_rotation to_jwk unpack
    write_from_prior
    """
    assert sorted(didcomm.__all__) == sorted(names.split())


def test_every_name_is_documented() -> None:
    """Where somebody who wants to use it would look."""
    assert [name for name in didcomm.__all__ if f"`{name}`" not in README] == []


def test_every_module_is_documented() -> None:
    """The table of modules has a row for each."""
    modules = {path.stem for path in Path(didcomm.__file__).parent.glob("*.py")} - {"__init__"}
    assert [name for name in sorted(modules) if f"| `{name}` |" not in README] == []


def test_every_code_is_documented() -> None:
    """The table of refusals has a row for each."""
    assert [code for code in get_args(Code) if f"| `{code}` |" not in README] == []
