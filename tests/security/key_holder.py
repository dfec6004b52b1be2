"""Somebody at a browser whose phone holds passkeys (Chromium's virtual authenticator), and a served application."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from playwright.sync_api import CDPSession, Page, Request, expect

from tests.support import serving

PHRASE = "trois chevaux et un moulin"
ENTER = "Entrer avec une clé d'accès"


class Person:
    """Somebody at a browser whose phone holds keys."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.device: CDPSession = page.context.new_cdp_session(page)
        self.device.send("WebAuthn.enable")
        self.authenticator = self.device.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                    "isUserVerified": True, "automaticPresenceSimulation": True,
                }
            },
        )["authenticatorId"]  # fmt: skip
        self.sent: list[dict[str, Any]] = []
        page.on("request", self._hear)

    def password(self, login: str, phrase: str = PHRASE) -> None:
        self.page.goto(f"{self.address}/connexion")
        self.page.get_by_label("Identifiant").fill(login)
        self.page.get_by_label("Mot de passe").fill(phrase)
        self.page.get_by_role("button", name="Se connecter").click()

    def add_key(self, name: str = "Mon téléphone") -> None:
        self.page.goto(f"{self.address}/compte/cles")
        self.page.get_by_label("Son nom").fill(name)
        self.page.get_by_role("button", name="Ajouter la clé").click()

    def sign_out(self) -> None:
        self.page.goto(f"{self.address}/compte/cles")
        self.page.locator(".account-menu summary").click()
        self.page.get_by_role("button", name="Se déconnecter").click()
        self.page.wait_for_url("**/connexion")

    def enter_with_key(self, address: str = "") -> None:
        self.page.goto(f"{address or self.address}/connexion")
        self.page.get_by_role("button", name=ENTER).click()

    def refused(self, words: str) -> None:
        expect(self.page.get_by_role("alert")).to_contain_text(words)
        assert self.page.request.get(f"{self.address}/session").status == 401

    def credentials(self) -> list[dict[str, Any]]:
        found = self.device.send("WebAuthn.getCredentials", {"authenticatorId": self.authenticator})
        return list(found["credentials"])

    def turn_back_the_count(self) -> None:
        """What a copy of the key, made earlier, would present."""
        (key,) = self.credentials()
        self.device.send(
            "WebAuthn.removeCredential",
            {"authenticatorId": self.authenticator, "credentialId": key["credentialId"]},
        )
        copy = {**key, "signCount": 0}
        self.device.send("WebAuthn.addCredential", {"authenticatorId": self.authenticator, "credential": copy})

    def _hear(self, request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/connexion/cle"):
            self.sent.append(dict(request.post_data_json or {}))


@contextmanager
def served(app: Flask, port: int) -> Iterator[str]:
    """The application under a host name: browsers give no key to an IP address."""
    with serving.served(app, port=port):
        yield f"http://localhost:{port}"
