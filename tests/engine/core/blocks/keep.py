"""Writes the tree that has to stay readable: once for each format.

`python -m tests.engine.core.blocks.keep`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from engine.core.blocks.state import FORMAT
from engine.core.cids import cid_text
from engine.core.multiformats import to_base64url
from engine.core.records import state_id
from tests.engine.core.blocks.people import rich_head, written
from tests.engine.core.blocks.shelf import Shelf, sealed_blocks

FILE = Path(__file__).parent / "kept" / f"state-{FORMAT}.json"
KEY = bytes(range(100, 132))
BESIDE = {"inbox": ["x"]}


def main() -> None:
    if FILE.exists():
        sys.exit(f"{FILE.name} is there, and is kept as it is")
    shelf = Shelf(sealed_blocks(e3=KEY))
    root = written(shelf, rich_head(), BESIDE)
    kept = {
        "key": KEY.hex(),
        "root": cid_text(root),
        "state": state_id(rich_head().pico),
        "blocks": {cid_text(cid): to_base64url(block) for cid, block in shelf.kept.items()},
    }
    FILE.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
