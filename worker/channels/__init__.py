"""Ways out: e-mail by SMTP, or a mailbox of files where no server is configured. None carries health data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from engine.commands.outbox import Letter
from engine.settings import Settings
from engine.vault import Vault
from worker.channels.files import FileMailbox
from worker.channels.smtp import SmtpMailer


class Channel(Protocol):
    """Sends one letter or raises OSError (the letter is tried again later)."""

    def send(self, letter: Letter) -> None: ...


class Channels:
    """The ways out of one installation, by channel name.

    A letter that leads to a secret address carries it sealed (`sealed_path`): `vault` opens it on its way out.
    """

    def __init__(self, channels: dict[str, Channel], vault: Vault | None = None) -> None:
        self._channels = channels
        self._vault = vault

    def send(self, letter: Letter) -> None:
        """Send through the letter's channel. Raises OSError when it cannot be sent now."""
        channel = self._channels.get(letter.channel)
        if channel is None:
            raise OSError(f"No channel is configured for {letter.channel!r}.")
        sealed = letter.parameters.get("sealed_path")
        if sealed is not None:
            if self._vault is None:
                raise OSError("No key is configured for letters that carry a secret.")
            letter = replace(letter, path=self._vault.open(str(sealed)))
        channel.send(letter)


def channels_from(settings: Settings) -> Channels:
    """E-mail goes to the SMTP server when there is one, else to files under the data directory."""
    mailbox = FileMailbox(Path(settings.data_dir) / "mailbox", settings.base_url)
    email: Channel = SmtpMailer(settings.smtp_url, settings.base_url) if settings.smtp_url else mailbox
    vault = Vault((settings.secret_key, *settings.former_secret_keys))
    return Channels({"email": email, "secure_mail": mailbox}, vault)
