"""Fresh random bytes, from the operating system."""

from __future__ import annotations

import secrets


class SystemEntropy:
    """`engine.ports.Entropy`."""

    def seed(self) -> str:
        return secrets.token_hex(16)
