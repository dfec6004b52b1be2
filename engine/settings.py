"""Settings, read once from the environment (names in PARCOURS_…). Secrets may come from files (`…_FILE`)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEMO_SECRET = "demo-only-secret"
"""The secret of demonstrations and tests; `parcours doctor` and every start in production refuse it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What differs between installations."""

    database_url: str
    redis_url: str | None
    secret_key: str
    mode: str
    """`demo` (one process, fictitious people, clock control) or `production`."""
    data_dir: Path
    base_url: str
    smtp_url: str | None
    """`smtp://user:password@host:587`; None: messages go to a file mailbox in `data_dir`."""
    former_secret_keys: tuple[str, ...] = ()
    """Secrets used before the present one, while `parcours keys rotate` has not been run."""
    oidc_issuer: str | None = None
    """Issuer of the OpenID provider (Pro Santé Connect); None: no such button."""
    oidc_discovery: str = ""
    """Where the provider says its addresses; Pro Santé Connect does so beside the usual place."""
    oidc_scope: str = "openid profile"
    oidc_client_id: str = "parcours"
    oidc_client_secret: str = ""
    oidc_acr: str = "eidas1"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read settings from `environment` (default: the process's). ValueError names the variable that is wrong."""
    env = os.environ if environment is None else environment
    data_dir = Path(env.get("PARCOURS_DATA_DIR", "var")).absolute()
    mode = env.get("PARCOURS_MODE", "demo")
    if mode not in ("demo", "production"):
        raise ValueError(f"PARCOURS_MODE is {mode!r}; it must be demo or production.")
    secret = _secret(env, "PARCOURS_SECRET_KEY")
    if secret is None:
        if mode == "production":
            raise ValueError("PARCOURS_SECRET_KEY (or PARCOURS_SECRET_KEY_FILE) is missing.")
        secret = DEMO_SECRET
    issuer = env.get("PARCOURS_OIDC_ISSUER", "").rstrip("/")
    return Settings(
        database_url=_secret(env, "PARCOURS_DATABASE_URL") or f"sqlite:///{data_dir / 'parcours.db'}",
        redis_url=_secret(env, "PARCOURS_REDIS_URL"),
        secret_key=secret,
        mode=mode,
        data_dir=data_dir,
        base_url=env.get("PARCOURS_BASE_URL", "http://127.0.0.1:8000").rstrip("/"),
        smtp_url=_secret(env, "PARCOURS_SMTP_URL"),
        former_secret_keys=tuple((_secret(env, "PARCOURS_FORMER_SECRET_KEYS") or "").split()),
        oidc_issuer=issuer or None,
        oidc_discovery=env.get("PARCOURS_OIDC_DISCOVERY") or f"{issuer}/.well-known/openid-configuration",
        oidc_scope=env.get("PARCOURS_OIDC_SCOPE", "openid profile"),
        oidc_client_id=env.get("PARCOURS_OIDC_CLIENT_ID", "parcours"),
        oidc_client_secret=_secret(env, "PARCOURS_OIDC_CLIENT_SECRET") or "",
        oidc_acr=env.get("PARCOURS_OIDC_ACR", "eidas1"),
    )


def _secret(env: Mapping[str, str], name: str) -> str | None:
    path = env.get(f"{name}_FILE")
    if path:
        return Path(path).read_text(encoding="utf-8").strip()
    return env.get(name) or None
