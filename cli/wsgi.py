"""The web application for a production server: `gunicorn "cli.wsgi:application()"`."""

from __future__ import annotations

from wsgiref.types import WSGIApplication

from cli.doctor import settings_that_may_start
from engine.db import Database
from web.app import create_app


def application() -> WSGIApplication:
    """Settings from the environment. The database is brought up to date by `parcours migrate`, not here."""
    settings = settings_that_may_start()
    return create_app(settings, Database.of(settings))
