"""Sealing small secrets kept in the database (keys of second factors) under a key that the database never holds."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.errors import InvalidRequest


class Vault:
    """Seals with the first secret; opens with any. `secrets`: the present one, then former ones still in use."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = MultiFernet([Fernet(_key(secret)) for secret in secrets])
        self.fingerprint = hashlib.sha256(_key(secrets[0])).hexdigest()[:8]

    def seal(self, text: str) -> str:
        """The text, encrypted and authenticated."""
        return self._keys.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text that was sealed. Raises InvalidRequest when none of the keys fits."""
        try:
            return self._keys.decrypt(sealed.encode()).decode()
        except InvalidToken as wrong:
            raise InvalidRequest("Ce secret a été scellé avec une clé que cette installation n'a plus.") from wrong

    def fits(self, sealed: str) -> bool:
        """True when one of the keys opens it."""
        try:
            self._keys.decrypt(sealed.encode())
        except InvalidToken:
            return False
        return True

    def reseal(self, sealed: str) -> str:
        """The same text under the first key."""
        try:
            return self._keys.rotate(sealed.encode()).decode()
        except InvalidToken as wrong:
            raise InvalidRequest("Ce secret a été scellé avec une clé que cette installation n'a plus.") from wrong


def _key(secret: str) -> bytes:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"parcours vault 1").derive(secret.encode())
    return base64.urlsafe_b64encode(derived)
