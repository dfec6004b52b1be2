"""Every address of the application, filled with what exists in a town; what the tests of threats walk through."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from engine.db import Database
from engine.models import PathwayVersion, SignIn, Table, Task
from tests.web import town

FILES = ("/static/", "/sw.js")
VARIABLE = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")


def what_exists(database: Database, number: str) -> dict[str, str]:
    """What stands for the variables of addresses: the case of that number, its visit, its patient, its version."""
    with database.reading() as session:
        version = str(session.execute(select(PathwayVersion.id)).scalars().first())
        return {
            "number": number,
            "task_id": str(session.execute(select(Task.id).where(Task.element_id == "home_visit")).scalar_one()),
            "patient_id": str(town.josette(session)),
            "version": version, "version_id": version, "key": "try_out", "name": "alert",
        }  # fmt: skip


def addresses(app: Flask, method: str, known: Mapping[str, str]) -> Iterator[str]:
    """Every address that answers `method`; a variable nothing stands for gets one that names nothing."""

    def value(match: re.Match[str]) -> str:
        nothing = {"uuid": str(UUID(int=1)), "int": "1"}.get(match["kind"] or "", "inconnu")
        return known.get(match["name"], nothing)

    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if method in (rule.methods or ()) and not rule.rule.startswith(FILES):
            yield VARIABLE.sub(value, rule.rule)


def contents(database: Database) -> str:
    """Every row of every table but the trace and the life of sessions."""
    parts = []
    with database.reading() as session:
        for table in Table.metadata.sorted_tables:
            if table.name not in ("audit_event", SignIn.__tablename__):
                rows = session.execute(select(table)).all()
                parts.append(f"{table.name}: {sorted(map(str, rows))}")
    return "\n".join(parts)
