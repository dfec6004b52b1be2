"""The web application for a production server: `gunicorn "cli.wsgi:application()"`."""

from __future__ import annotations

from wsgiref.types import WSGIApplication

from cli.doctor import check_may_start
from engine.db import Database
from engine.settings import read_settings
from web.app import create_app


def application() -> WSGIApplication:
    """Settings from the environment. The database is brought up to date by `parcours migrate`, not here."""
    settings = read_settings()
    check_may_start(settings)
    return create_app(settings, Database(settings.database_url))
