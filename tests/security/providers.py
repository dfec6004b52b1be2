"""OpenID providers for tests: a strict one (Node, its own sign-in page), and one that says whatever it is told to."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlencode

import httpx
import pytest
from flask import Flask, Response, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.support.places import ROOT
from tests.support.servers import free_port, in_ci

STRICT = "oidc-provider@9.13.3"
SCRIPT = ROOT / "tests" / "security" / "strict_provider.mjs"
OLDEST_NODE = 20
SECRET = "s" * 40
PAUL = "10003456789"
CLAIMS: Mapping[str, Any] = {
    "SubjectNameID": f"8{PAUL}", "preferred_username": f"8{PAUL}", "family_name": "DEMO-PAUL", "given_name": "Paul",
    "SubjectOrganization": "", "Secteur_Activite": "SA07^1.2.250.1.71.4.2.4", "UITVersion": "1.0",
    "Palier_Authentification": "APPPRIP3^1.2.250.1.213.1.5.1.1.1", "PSI_Locale": "1.2.250.1.213.1.3.1.1",
    "SubjectRole": ["10^1.2.250.1.213.1.1.5.5"], "otherIds": [],
    "SubjectRefPro": {"codeCivilite": "M", "exercices": [{"codeProfession": "10", "activities": [
        {"codeModeExercice": "L", "raisonSocialeSite": "Maison de santé"}, {"codeModeExercice": "S"}]}]},
}  # fmt: skip
"""What Pro Santé Connect says of a person: empty texts are ordinary, keys may be absent."""


def _missing(sentence: str) -> NoReturn:
    """Skip on a laptop, fail in CI."""
    if in_ci():
        pytest.fail(sentence)
    pytest.skip(sentence)


def install_strict_provider(cache: Path) -> Path:
    """The folder that holds the provider's packages, filled by npm the first time."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        _missing("Node and npm are not installed here (Debian: apt-get install nodejs npm).")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        _missing(f"The strict provider needs Node {OLDEST_NODE} or newer; this is {version.strip()}.")
    folder = cache / STRICT.replace("@", "-")
    if (folder / "node_modules").is_dir():
        return folder
    fresh = cache / f"{folder.name}.{free_port()}"
    fresh.mkdir(parents=True)
    (fresh / "package.json").write_text('{"private": true, "type": "module"}')
    words = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", STRICT]
    installed = subprocess.run([npm, *words], cwd=fresh, capture_output=True, text=True, timeout=240, check=False)
    if installed.returncode != 0:
        shutil.rmtree(fresh)
        _missing(f"npm could not install {STRICT}: {installed.stderr[-300:]}")
    if folder.exists():  # another worker was faster
        shutil.rmtree(fresh)
    else:
        fresh.rename(folder)
    return folder


@contextmanager
def strict_provider(packages: Path, folder: Path, *, redirect_uri: str, people: Mapping[str, Any]) -> Iterator[str]:
    """A process of the strict provider; yields its issuer."""
    (folder / "people.json").write_text(json.dumps(people))
    (packages / SCRIPT.name).write_text(SCRIPT.read_text())  # packages are looked for beside the script
    port = free_port()
    words = ["node", SCRIPT.name, str(port), redirect_uri, str(folder / "people.json")]
    with (folder / "provider.log").open("wb") as log:
        process = subprocess.Popen(words, cwd=packages, stdout=log, stderr=log)
    issuer = f"http://127.0.0.1:{port}"
    try:
        _wait_for(issuer, process, folder / "provider.log")
        yield issuer
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_for(issuer: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The provider stopped while starting. {log.read_text()[-2000:]}")
        try:
            httpx.get(f"{issuer}/.well-known/openid-configuration").raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.05)  # another process starts: there is nothing to wait on but its door
    raise RuntimeError("The provider did not answer within 60 s.")


Token = Callable[["Liar", dict[str, Any]], str]


@dataclass
class Liar:
    """A provider that lies as it is told: `claims` replace those of the ID token (None removes one)."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"}))
    claims: dict[str, Any] = field(default_factory=dict)
    encode: Token | None = None
    come_back_as: str | None = "itself"
    """The `iss` of the answer (RFC 9207): itself, another issuer, or None for an answer without one."""
    userinfo: Any = None
    """What userinfo answers, instead of the claims of the person."""
    token_answer: Response | None = None
    nonce: str = ""
    redirect_uri: str = ""
    asked: dict[str, str] = field(default_factory=dict)

    def behave(self) -> None:
        """Tell the truth again."""
        self.claims, self.encode, self.come_back_as, self.userinfo, self.token_answer = {}, None, "itself", None, None

    def id_token(self) -> str:
        """The signed claims of this moment."""
        now = int(time.time())
        told = {
            "iss": self.issuer, "sub": "psc-paul", "aud": "parcours", "iat": now, "exp": now + 300, "auth_time": now,
            "nonce": self.nonce, "acr": "eidas1", **self.claims,
        }  # fmt: skip
        told = {name: value for name, value in told.items() if value is not None}
        return self.signed(told) if self.encode is None else self.encode(self, told)

    def signed(self, told: dict[str, Any]) -> str:
        """As an honest provider signs."""
        return jwt.encode({"alg": "RS256", "kid": "one"}, told, self.key)

    def app(self) -> Flask:
        """The provider's addresses."""
        app = Flask("liar")
        app.add_url_rule("/.well-known/openid-configuration", view_func=self._discovery)
        app.add_url_rule("/jwks", view_func=lambda: jsonify(keys=[self.key.as_dict(private=False)]), endpoint="jwks")
        app.add_url_rule("/authorize", view_func=self._authorize)
        app.add_url_rule("/token", view_func=self._token, methods=["POST"])
        app.add_url_rule("/userinfo", view_func=self._userinfo)
        return app

    def _discovery(self) -> Response:
        return jsonify(
            issuer=self.issuer, authorization_endpoint=f"{self.issuer}/authorize", jwks_uri=f"{self.issuer}/jwks",
            token_endpoint=f"{self.issuer}/token", userinfo_endpoint=f"{self.issuer}/userinfo",
            id_token_signing_alg_values_supported=["RS256", "HS256", "none"],
            authorization_response_iss_parameter_supported=True,
        )  # fmt: skip

    def _authorize(self) -> Any:
        self.asked = dict(request.args)
        self.nonce, self.redirect_uri = request.args["nonce"], request.args["redirect_uri"]
        said = {"itself": self.issuer}.get(self.come_back_as or "", self.come_back_as)
        answer = {"code": "once", "state": request.args["state"], **({"iss": said} if said else {})}
        return redirect(f"{self.redirect_uri}?{urlencode(answer)}")

    def _token(self) -> Response:
        if self.token_answer is not None:
            return self.token_answer
        return jsonify(access_token="opaque", token_type="Bearer", expires_in=60, id_token=self.id_token())

    def _userinfo(self) -> Any:
        if isinstance(self.userinfo, Response):
            return self.userinfo
        return jsonify({"sub": "psc-paul", **CLAIMS} if self.userinfo is None else self.userinfo)


def unsigned(_liar: Liar, told: dict[str, Any]) -> str:
    """alg=none."""
    return f"{_part({'alg': 'none'})}.{_part(told)}."


def with_the_public_key_as_a_secret(liar: Liar, told: dict[str, Any]) -> str:
    """HS256, keyed with what everybody can read."""
    public = liar.key.as_pem(private=False)
    return jwt.encode({"alg": "HS256", "kid": "one"}, told, OctKey.import_key(public), algorithms=["HS256"])


def with_the_client_secret(_liar: Liar, told: dict[str, Any]) -> str:
    """HS256, keyed with the secret of the client."""
    return jwt.encode({"alg": "HS256"}, told, OctKey.import_key(SECRET), algorithms=["HS256"])


def with_another_key(_liar: Liar, told: dict[str, Any]) -> str:
    """Signed by a stranger under the same key id."""
    return jwt.encode({"alg": "RS256", "kid": "one"}, told, RSAKey.generate_key(2048))


def tampered(liar: Liar, told: dict[str, Any]) -> str:
    """The signature of other claims."""
    head, _claims, signature = liar.signed(told).split(".")
    return f"{head}.{_part({**told, 'acr': 'eidas1', 'exp': told['exp'] + 1})}.{signature}"


def _part(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class Silent(WSGIRequestHandler):
    """Says nothing of each request."""

    def log_request(self, *_any: object) -> None:
        """The test says what matters."""


@contextmanager
def served(app: Flask, port: int) -> Iterator[str]:
    """An application on a port of this machine; yields its address."""
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join(5)
