"""French first: the person's choice, else the browser session's, else French. Never the browser's own preference."""

from __future__ import annotations

from flask import Blueprint, Flask, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_babel import Babel, get_locale

from engine.commands import sign_ins
from web import translations, visitor
from web.addresses import safe_path

LOCALES = sign_ins.LOCALES

bp = Blueprint("language", __name__)


def chosen() -> str:
    """`fr` or `en`."""
    found = visitor.visitor()
    locale = found.actor.locale if found is not None else session.get("locale", "fr")
    return locale if locale in LOCALES else "fr"


def current() -> str:
    """The language of the page being made, `fr` or `en`."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "fr"


@bp.post("/langue")
def switch() -> ResponseReturnValue:
    """Change language, and come back to the same page."""
    locale = request.form.get("locale", "")
    if locale in LOCALES:
        session["locale"] = locale
        found = visitor.visitor()
        if found is not None:
            with visitor.database().transaction() as database_session:
                sign_ins.choose_locale(database_session, locale=locale, by=found.actor)
    return redirect(safe_path(request.form.get("suite")), 303)


def init(app: Flask) -> None:
    """Make `_()` work in templates and views."""
    translations.compile_catalogues()
    app.config.update(
        BABEL_DEFAULT_LOCALE="fr",
        BABEL_DEFAULT_TIMEZONE=visitor.DEFAULT_ZONE,
        BABEL_TRANSLATION_DIRECTORIES=str(translations.FOLDER),
    )
    Babel(app, locale_selector=chosen, timezone_selector=lambda: visitor.zone().key)
    app.jinja_env.globals["locale"] = current
