"""The application: settings and database in, a Flask application out.

An area of the product is a blueprint: one module here, one folder in `templates/`, one line in BLUEPRINTS.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Flask, Response, abort, make_response, request
from flask.typing import ResponseReturnValue
from werkzeug.middleware.proxy_fix import ProxyFix

from engine.db import Database
from engine.settings import Settings
from web import (
    accesses,
    accounts,
    answer_by_link,
    api,
    api_check,
    assets,
    case_acts,
    cases,
    comparing,
    control_tower,
    decision_editor,
    demo,
    discharges,
    drafts,
    errors,
    exercises,
    form_editor,
    health,
    key_challenges,
    language,
    mending,
    migrations,
    my_patients,
    navigation,
    new_case,
    offline,
    oidc,
    passkeys,
    pathway_text,
    pathways,
    patients,
    person_rights,
    playground,
    professionals,
    programs,
    reading,
    rectifications,
    releases,
    retention,
    security,
    sessions,
    shared_computers,
    sign_in,
    signatures,
    task_links,
    tasks,
    times,
    visitor,
    wording,
    worklist,
)

BLUEPRINTS: tuple[Blueprint, ...] = (
    navigation.bp,
    sign_in.bp,
    accounts.bp,
    professionals.bp,
    passkeys.bp,
    oidc.bp,
    exercises.bp,
    shared_computers.bp,
    language.bp,
    demo.bp,
    health.bp,
    offline.bp,
    worklist.bp,
    tasks.bp,
    task_links.bp,
    answer_by_link.bp,
    signatures.bp,
    discharges.bp,
    my_patients.bp,
    sessions.bp,
    new_case.bp,
    control_tower.bp,
    cases.bp,
    accesses.bp,
    programs.bp,
    person_rights.bp,
    retention.bp,
    rectifications.bp,
    patients.bp,
    case_acts.bp,
    pathways.bp,
    pathway_text.bp,
    migrations.bp,
    drafts.bp,
    mending.bp,
    releases.bp,
    comparing.bp,
    form_editor.bp,
    decision_editor.bp,
    playground.bp,
    api_check.bp,
)

Advance = Callable[..., int]
"""`(territory_id=, seconds=, now=) -> timers fired`: moves a demo clock, living through what is due on the way."""


def create_app(settings: Settings, database: Database, *, advance: Advance | None = None) -> Flask:
    """The web application. `advance` comes from whoever owns the worker; without it the demo clock is not shown."""
    app = Flask(__name__, static_folder=None)
    app.extensions["parcours_database"] = database
    if advance is not None:
        app.extensions["parcours_advance"] = advance
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(asset=assets.asset, font_url=assets.font_url, demo_moves=demo.MOVES)
    app.jinja_env.globals.update(icon_url=assets.icon_url, home_screen_url=assets.home_screen_url)
    app.jinja_env.globals["demo_clock_moves"] = lambda: "parcours_advance" in app.extensions
    if settings.mode == "production":
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    app.jinja_env.globals["known_pages"] = lambda: app.view_functions.keys()
    limiter = security.init(app, settings)
    accounts.init(app, settings)
    key_challenges.init(app, settings)
    oidc.init(app, settings)
    for part in (language, errors, times, wording, navigation, answer_by_link, visitor, reading):
        part.init(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    security.slow_down_sign_ins(app, limiter)
    api.init(app, limiter)
    app.add_url_rule("/static/dist/<name>", "dist", _built_file)
    app.add_url_rule("/sw.js", "service_worker", _service_worker)
    return app


def _built_file(name: str) -> ResponseReturnValue:
    """A built file, in the smallest form the browser takes."""
    encodings = [encoding for encoding, quality in request.accept_encodings if quality > 0]
    stored = assets.stored_file(name, accepted=encodings)
    if stored is None:
        abort(404)
    response = Response(stored.path.read_bytes(), content_type=stored.content_type)
    response.set_etag(f"{stored.path.name}-{stored.path.stat().st_mtime_ns:x}")
    response.headers["Cache-Control"] = stored.cache_control
    response.headers["Vary"] = "Accept-Encoding"
    if stored.encoding is not None:
        response.headers["Content-Encoding"] = stored.encoding
    return response.make_conditional(request)


def _service_worker() -> ResponseReturnValue:
    """The service worker must keep its address, at the root, and never be cached."""
    response = make_response(_built_file("sw.js"))
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Service-Worker-Allowed"] = "/"
    return response
