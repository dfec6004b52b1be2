"""Roots of the trace, kept as one small file a day outside the database: `<data>/audit-roots/2026-11-22.txt`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from engine.commands import audit
from engine.db import Database

FOLDER = "audit-roots"


def keep_root(database: Database, data_dir: Path, *, today: date) -> Path | None:
    """Write today's root once. Returns its file; None while the trace is empty."""
    path = data_dir / FOLDER / f"{today.isoformat()}.txt"
    if path.exists():
        return path
    with database.transaction() as session:
        audit.seal(session)
        root = audit.root(session, day=today)
    if root is None:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(root.as_text(), encoding="utf-8")
    unfinished.replace(path)
    return path


def read_roots(data_dir: Path) -> tuple[audit.Root, ...]:
    """Every root kept so far, oldest first."""
    files = sorted((data_dir / FOLDER).glob("*.txt"))
    return tuple(audit.root_from_text(path.read_text(encoding="utf-8")) for path in files)
