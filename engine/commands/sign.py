"""`picomesh key` and `picomesh sign`: an author's key, and the author's word for a ruleset."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click
from rich.markup import escape

from engine.adapters.signing.ed25519 import SEED_BYTES, public_key
from engine.adapters.signing.ed25519 import sign as sign_bytes
from engine.adapters.signing.key_files import KeyFileUnusable, read_key, write_key
from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_json
from engine.commands.pushing import read_ruleset, signature_file
from engine.config import default_home
from engine.core.cids import to_cid
from engine.core.did_keys import DidKey, to_did_key
from engine.core.signatures import Signature, to_be_signed, write_signature
from engine.runtime.programs import text_hash

KEY_FILE = "author.key"


def _default_key() -> Path:
    return default_home() / KEY_FILE


@click.group()
def key() -> None:
    """Make or name the key you sign with."""


@key.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@json_option
def new(file: Path | None, as_json: bool) -> None:
    """Make a key, in FILE or else in ~/.picomesh/author.key.

    Only you can read the file, and nothing ever shows what is in it. Keep a copy in a safe place: who has
    it can sign as you, and without it you cannot sign any more. What is printed is your name as an author.
    """
    path, seed = file or _default_key(), secrets.token_bytes(SEED_BYTES)
    try:
        write_key(path, seed)
    except KeyFileUnusable as problem:
        raise Failure(str(problem), "name another file") from None
    _tell(path, to_did_key(public_key(seed)), as_json)


@key.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@json_option
def show(file: Path | None, as_json: bool) -> None:
    """Print the name of the author whose key that is."""
    path = file or _default_key()
    _tell(path, to_did_key(public_key(_read(path))), as_json)


def _tell(path: Path, author: DidKey, as_json: bool) -> None:
    if as_json:
        print_json({"file": str(path), "author": author})
    else:
        console.print(f"[bold]{author}[/]\n[dim]the key is in {escape(str(path))}[/]")


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--key", "key_file", type=click.Path(path_type=Path), help="Your key [~/.picomesh/author.key].")
@json_option
def sign(files: tuple[str, ...], key_file: Path | None, as_json: bool) -> None:
    """Sign rulesets as their author.

    Writes FILE.sig, which `picomesh install` sends along and which may stand beside the file on a web site.
    The text itself stays as it is. A text that is changed has to be signed again.

    \b
    Examples:
      picomesh key new
      picomesh sign examples/counter/counter.krl
    """
    seed = _read(key_file or _default_key())
    signed = [(name, _sign(name, seed)) for name in files]
    if as_json:
        print_json([{"file": str(signature_file(name)), **_describe(one)} for name, one in signed])
        return
    for name, one in signed:
        console.print(f"[bold green]signed[/] {escape(name)} [dim]as {one.author}, {to_cid(one.digest)}[/]")


def _sign(name: str, seed: bytes) -> Signature:
    author, digest = to_did_key(public_key(seed)), text_hash(read_ruleset(name).text)
    value = sign_bytes(seed, to_be_signed(author, to_cid(digest)))
    signature = Signature(author, digest, value)
    _write(signature_file(name), write_signature(signature))
    return signature


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    aside = path.with_name(path.name + ".new")
    try:
        aside.write_text(text, "utf-8")
        os.replace(aside, path)
    except OSError as problem:
        raise Failure(f"{path} cannot be written: {problem.strerror}") from None


def _describe(signature: Signature) -> dict[str, str]:
    return {"author": signature.author, "cid": to_cid(signature.digest)}


def _read(path: Path) -> bytes:
    try:
        return read_key(path)
    except KeyFileUnusable as problem:
        raise Failure(str(problem)) from None
