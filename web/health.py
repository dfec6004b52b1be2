"""Is the process alive, and may it be given work: `/healthz` and `/readyz`, for machines."""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from engine.queries import readiness
from web import assets, visitor

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def alive() -> ResponseReturnValue:
    """The process answers; nothing else is asked."""
    return jsonify(status="ok")


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    """Database, migrations, pages, and the age of the last sweep. 503 when one of them is not as it should be."""
    checks: dict[str, object] = {"pages": (assets.DIST / "manifest.json").exists()}
    try:
        with visitor.database().reading() as session:
            checks["database"] = True
            checks["migrations"] = readiness.is_migrated(session)
    except SQLAlchemyError:
        checks["database"] = False
    last_sweep = current_app.extensions.get("parcours_last_sweep")
    if last_sweep is not None:
        age = last_sweep()
        checks["last_sweep_seconds"] = age
        checks["sweeps"] = age is not None and age < readiness.SWEEP_LIMIT_SECONDS
    good = all(value is not False for value in checks.values())
    return jsonify(status="ready" if good else "not ready", **checks), 200 if good else 503
