"""`airside keys`: make a key encryption key."""

from pathlib import Path

from airside.cli.session import out, plain_refusals
from airside.core.entropy import SystemEntropy
from airside.vault import LocalKek


def create(file: Path) -> None:
    """A production key in a new file, mode 0600."""
    with plain_refusals():
        kek = LocalKek.create(file, development=False, entropy=SystemEntropy())
        out.print(f"{kek.key_id} is in {file}. Keep a copy elsewhere: without it nothing sealed can be read again.")
