"""Ways out: e-mail by SMTP, or a mailbox of files where no server is configured. None carries health data."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from engine.commands.outbox import Letter
from engine.settings import Settings
from worker.channels.files import FileMailbox
from worker.channels.smtp import SmtpMailer


class Channel(Protocol):
    """Sends one letter or raises OSError (the letter is tried again later)."""

    def send(self, letter: Letter) -> None: ...


class Channels:
    """The ways out of one installation, by channel name."""

    def __init__(self, channels: dict[str, Channel]) -> None:
        self._channels = channels

    def send(self, letter: Letter) -> None:
        """Send through the letter's channel. Raises OSError when it cannot be sent now."""
        channel = self._channels.get(letter.channel)
        if channel is None:
            raise OSError(f"No channel is configured for {letter.channel!r}.")
        channel.send(letter)


def channels_from(settings: Settings) -> Channels:
    """E-mail goes to the SMTP server when there is one, else to files under the data directory."""
    mailbox = FileMailbox(Path(settings.data_dir) / "mailbox", settings.base_url)
    email: Channel = SmtpMailer(settings.smtp_url, settings.base_url) if settings.smtp_url else mailbox
    return Channels({"email": email, "secure_mail": mailbox})
