"""`parcours doctor`: what is wrong with this installation, before patients depend on it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import click
from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError

from engine import migrations
from engine.commands import keys, sealing
from engine.db import Database
from engine.settings import Settings, read_settings

SHORTEST_SECRET = 32
DEMO_SECRETS = frozenset({"demo-only-secret", "secret", "changeme", "change-me", "parcours"})
OWNS_THE_TRACE = "SELECT pg_has_role(relowner, 'MEMBER') FROM pg_class WHERE oid = 'audit_event'::regclass"
YES = frozenset({"1", "true", "yes", "on"})


def run() -> int:
    """Print every problem. Returns 0 when there is none, 1 otherwise."""
    try:
        settings = read_settings()
    except (ValueError, OSError) as problem:
        click.echo(f"✗ {problem}", err=True)
        return 1
    found = [*problems(settings, os.environ), *_database_problems(settings)]
    for sentence in found:
        click.echo(f"✗ {sentence}", err=True)
    if not found:
        click.echo("✓ Rien à redire sur cette installation.")
        for sentence in advice(Database(settings.database_url)) if settings.mode == "production" else ():
            click.echo(f"• {sentence}")
    return 1 if found else 0


def problems(settings: Settings, environment: Mapping[str, str]) -> Iterator[str]:
    """What must not be in production, one sentence each. Nothing in demo mode."""
    if settings.mode == "production":
        yield from _forbidden(settings, environment)
        yield from _weaknesses(settings)


def _forbidden(settings: Settings, environment: Mapping[str, str]) -> Iterator[str]:
    """What production never starts with."""
    if settings.secret_key in DEMO_SECRETS or len(settings.secret_key) < SHORTEST_SECRET:
        yield f"PARCOURS_SECRET_KEY est celle de la démonstration, ou plus courte que {SHORTEST_SECRET} caractères."
    if any(environment.get(name, "").lower() in YES for name in ("FLASK_DEBUG", "PARCOURS_DEBUG")):
        yield "Le mode de mise au point (FLASK_DEBUG) est allumé : il montrerait des données à n'importe qui."
    if make_url(settings.database_url).get_backend_name() == "sqlite":
        yield "La base est un fichier SQLite : plusieurs machines ne peuvent pas la partager. Prenez PostgreSQL."


def _weaknesses(settings: Settings) -> Iterator[str]:
    """What the doctor says, but does not keep a trial on one machine from starting."""
    if not settings.base_url.startswith("https://"):
        yield f"PARCOURS_BASE_URL ({settings.base_url}) n'est pas en https : les cookies ne seraient pas protégés."
    if settings.redis_url is None:
        yield "PARCOURS_REDIS_URL manque : les limites de tentatives ne seraient pas communes à tous les processus."
    if settings.oidc_issuer is not None and not settings.oidc_issuer.startswith("https://"):
        yield "PARCOURS_OIDC_ISSUER n'est pas en https."


def advice(database: Database) -> Iterator[str]:
    """What would be better, and forbids nothing."""
    if database.is_sqlite:
        return
    with database.reading() as session:
        owner = session.execute(text(OWNS_THE_TRACE)).scalar_one()
    if owner:
        yield (
            "Le rôle de base de Parcours possède la trace : il pourrait en retirer les gardes. Donnez-lui un rôle qui"
            " ne possède rien (docs/how-to/production.md, « The trace »)."
        )


def check_may_start(settings: Settings) -> None:
    """Refuse to start production with a problem. Raises SystemExit after saying all of them."""
    found = list(_forbidden(settings, os.environ)) if settings.mode == "production" else []
    if found:
        raise SystemExit("\n".join(("Parcours ne démarre pas en production :", *(f"✗ {one}" for one in found))))


def settings_that_may_start() -> Settings:
    """The settings of this process. Raises SystemExit with a sentence when they cannot be read, or may not be used."""
    try:
        settings = read_settings()
    except (ValueError, OSError) as problem:
        raise SystemExit(f"Parcours ne démarre pas : {problem}") from None
    check_may_start(settings)
    return settings


def _key_problems(database: Database) -> Iterator[str]:
    """Keys that the secret does not open, and values that an earlier release kept in clear."""
    with database.reading() as session:
        if lost := keys.unopened(session, vault=database.keyring.vault):
            yield (
                f"{lost} clés de territoire ne s'ouvrent pas avec PARCOURS_SECRET_KEY : ajoutez l'ancien secret dans "
                "PARCOURS_FORMER_SECRET_KEYS, puis lancez « parcours keys rotate »."
            )
        if clear := sealing.count_clear(session):
            yield f"{clear} valeurs sont encore en clair dans la base : lancez « parcours keys seal »."


def _database_problems(settings: Settings) -> Iterator[str]:
    database = Database.of(settings)
    try:
        if migrations.current(database) != migrations.newest():
            yield "La base n'est pas à jour : lancez « parcours migrate »."
            return
        yield from _key_problems(database)
    except (SQLAlchemyError, ImportError, OSError) as problem:
        yield f"La base ne répond pas ({type(problem).__name__})."
    finally:
        database.close()
