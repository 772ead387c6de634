"""DIDComm v2.1 envelopes, without any IO: messages into bytes for somebody, and back with what is proven."""

from engine.adapters.didcomm.from_prior import read_rotation, write_from_prior
from engine.adapters.didcomm.keyring import Keyring
from engine.adapters.didcomm.keys import (
    BadKey,
    PrivateKey,
    PublicKey,
    new_key,
    private_from_jwk,
    private_key,
    to_jwk,
)
from engine.adapters.didcomm.pack import (
    CannotPack,
    pack_anoncrypt,
    pack_authcrypt,
    pack_plain,
    pack_signed,
)
from engine.adapters.didcomm.unpack import Unpacked, unpack
from engine.core.didcomm.attachments import Attachment, AttachmentData, Embedded
from engine.core.didcomm.limits import LIMITS, Limits
from engine.core.didcomm.media_types import ENCRYPTED, PLAIN, SIGNED
from engine.core.didcomm.messages import BadMessage, Message
from engine.core.didcomm.refused import Needs, Refused
from engine.core.didcomm.rotation import Rotation

__all__ = [
    "ENCRYPTED",
    "LIMITS",
    "PLAIN",
    "SIGNED",
    "Attachment",
    "AttachmentData",
    "BadKey",
    "BadMessage",
    "CannotPack",
    "Embedded",
    "Keyring",
    "Limits",
    "Message",
    "Needs",
    "PrivateKey",
    "PublicKey",
    "Refused",
    "Rotation",
    "Unpacked",
    "new_key",
    "pack_anoncrypt",
    "pack_authcrypt",
    "pack_plain",
    "pack_signed",
    "private_from_jwk",
    "private_key",
    "read_rotation",
    "to_jwk",
    "unpack",
    "write_from_prior",
]
