"""A mailbox of files: one .eml per letter, for demonstrations and for installations without a mail server."""

from __future__ import annotations

from pathlib import Path

from engine.commands.outbox import Letter
from worker.channels.letters import compose


class FileMailbox:
    """Writes each letter once, under its outbox number; sending it again rewrites the same file."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self._folder = folder
        self._base_url = base_url

    def send(self, letter: Letter) -> None:
        """Write the letter. Raises OSError when the folder cannot be written."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / f"{letter.id:08d}.eml").write_bytes(bytes(compose(letter, self._base_url)))
