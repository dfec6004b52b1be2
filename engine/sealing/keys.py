"""One sealing key, and what a sealed value looks like: AES-256-GCM, a nonce per value, bound to its column.

Sealed text is `s1:<name of the key>:<nonce and cipher, base64url>`; sealed bytes carry the same three parts unwritten.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.errors import Conflict

MARK = "s1:"
NAME_LENGTH = 12
NONCE_LENGTH = 12
DIGEST_LENGTH = 16
ERASED = "effacé"
"""What a text reads as once its key is destroyed, and what erasure writes over it."""


class SealBroken(Conflict):
    """A sealed value does not fit its key or its column, or its key is not in this installation."""


@dataclass(frozen=True, slots=True)
class Readable:
    """A value left readable on purpose: a code, a date or a count that indicators read and that names nobody."""

    value: Any = field(repr=False)


class SealingKey:
    """A key by its name, ready to seal and open. `erased` keys only remember that they existed."""

    __slots__ = ("_cipher", "_secret", "erased", "name")

    def __init__(self, name: str, secret: bytes | None) -> None:
        self.name = name
        self.erased = secret is None
        self._secret = secret
        self._cipher = None if secret is None else AESGCM(secret)

    def owns(self, value: Any) -> Any:
        """The value as this subject's, to be sealed by its column. Nothing to hide (None, "", {}…) stays as it is.

        Raises SealBroken when the subject was erased.
        """
        if not value or isinstance(value, (Owned, Readable)):
            return value
        if self.erased:
            raise SealBroken("Les données de ce patient ont été effacées : plus rien ne peut y être écrit.")
        return Owned(self, value)

    def seal(self, content: bytes, column: str) -> str:
        """The content as sealed text."""
        return f"{MARK}{self.name}:{base64.urlsafe_b64encode(self._sealed(content, column)).decode()}"

    def open(self, body: str, column: str) -> bytes:
        """The content of the third part of a sealed text. Raises SealBroken."""
        try:
            return self.open_bytes(base64.urlsafe_b64decode(body), column)
        except binascii.Error as wrong:
            raise broken(column) from wrong

    def seal_bytes(self, content: bytes, column: str) -> bytes:
        """The content as sealed bytes."""
        return f"{MARK}{self.name}:".encode() + self._sealed(content, column)

    def open_bytes(self, body: bytes, column: str) -> bytes:
        """The inverse of `seal_bytes`, from behind the name of the key. Raises SealBroken."""
        if self._cipher is None:
            raise SealBroken("Cette valeur a été effacée : sa clé est détruite.")
        try:
            return self._cipher.decrypt(body[:NONCE_LENGTH], body[NONCE_LENGTH:], self._bound_to(column))
        except (InvalidTag, ValueError) as wrong:
            raise broken(column) from wrong

    def digest(self, text: str) -> str:
        """The same short text for the same text, which nobody without the key can find or try out."""
        made = hmac.new(self._secret or b"", text.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(made).decode()[:DIGEST_LENGTH]

    def _sealed(self, content: bytes, column: str) -> bytes:
        assert self._cipher is not None, "an erased key owns nothing"
        nonce = os.urandom(NONCE_LENGTH)
        return nonce + self._cipher.encrypt(nonce, content, self._bound_to(column))

    def _bound_to(self, column: str) -> bytes:
        return f"{column}:{self.name}".encode()


@dataclass(frozen=True, slots=True)
class Owned:
    """A value and the key of the person or case it is about. What shows it (a traceback) does not show the value."""

    key: SealingKey
    value: Any = field(repr=False)


def new_name() -> str:
    """A name for a new key; never used twice, so that what is known under a name stays true."""
    return secrets.token_urlsafe(NAME_LENGTH)[:NAME_LENGTH]


def new_secret() -> bytes:
    """256 random bits."""
    return AESGCM.generate_key(bit_length=256)


def broken(column: str) -> SealBroken:
    """The refusal of a value that was changed, or moved from another column."""
    return SealBroken(
        f"Une valeur scellée de « {column} » a été modifiée hors de Parcours, ou vient d'ailleurs : elle n'est pas lue."
    )
