"""E-mail through an SMTP server, over TLS when the server offers it."""

from __future__ import annotations

import smtplib
from urllib.parse import unquote, urlsplit

from engine.commands.outbox import Letter
from worker.channels.letters import compose

TIMEOUT_SECONDS = 15


class SmtpMailer:
    """`smtp://user:password@host:587` (STARTTLS when offered) or `smtps://…` (TLS from the start)."""

    def __init__(self, url: str, base_url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("PARCOURS_SMTP_URL must look like smtp://user:password@host:587.")
        self._secure = parts.scheme == "smtps"
        self._host = parts.hostname
        self._port = parts.port or (465 if self._secure else 587)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._base_url = base_url

    def send(self, letter: Letter) -> None:
        """Send the letter. Raises OSError (smtplib's errors are) when the server refuses or cannot be reached."""
        connect = smtplib.SMTP_SSL if self._secure else smtplib.SMTP
        with connect(self._host, self._port, timeout=TIMEOUT_SECONDS) as server:
            if not self._secure and "starttls" in self._capabilities(server):
                server.starttls()
            if self._user:
                server.login(self._user, self._password)
            server.send_message(compose(letter, self._base_url))

    @staticmethod
    def _capabilities(server: smtplib.SMTP) -> set[str]:
        server.ehlo()
        return set(server.esmtp_features)
