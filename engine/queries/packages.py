"""A pathway as one file that another territory can adopt: everything of a version, nothing of a patient."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files as resource_files
from importlib.resources.abc import Traversable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.errors import InvalidRequest, PathwayNotFound
from engine.library import files_of, shipped_files, with_values
from engine.models import TerritoryRow
from engine.packages import packed
from engine.queries.pathway_pages import check_may_read
from engine.starting import to_show, versions_of

DRAWING = "pathway.bpmn"
README = "README.md"


def package_of(session: Session, *, key: str, number: int | None = None, by: Actor, now: datetime) -> bytes:
    """The package of the published version, or of the one asked for, with the parameter values it runs on.

    Raises PathwayNotFound.
    """
    check_may_read(by)
    versions = versions_of(session, territory_id=by.territory_id, pathway_key=key)
    row = to_show([one for one in versions if number in (None, one.number)], now=now)
    if row is None:
        raise PathwayNotFound(f"Aucune version publiée de « {key} » ne peut être exportée.")
    files = files_of(session, row.id)
    return packed({**_beside(key, files), **with_values(files, row.parameters)})


def shipped_package(key: str) -> bytes:
    """The package of a pathway delivered with the product. Raises PathwayNotFound."""
    files = shipped_files(key)
    return packed({**_beside(key, files), **files})


def territory_named(session: Session, code: str | None) -> UUID:
    """The territory of that code; the only one when none is named. Raises InvalidRequest."""
    rows = session.execute(select(TerritoryRow.code, TerritoryRow.id).order_by(TerritoryRow.code)).all()
    chosen = [row.id for row in rows if code in (None, row.code)]
    if len(chosen) != 1:
        known = ", ".join(row.code for row in rows) or "aucun"
        raise InvalidRequest(f"Dites de quel territoire il s'agit avec --territory. Territoires connus : {known}.")
    found: UUID = chosen[0]
    return found


def _beside(key: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The walks and the README of a delivered pathway, as long as its drawing is still the delivered one."""
    folder = resource_files("pathways").joinpath(key)
    drawing = folder.joinpath(DRAWING)
    if not (key.isidentifier() and drawing.is_file() and files.get(DRAWING) == drawing.read_bytes()):
        return {}
    found = _files_in(folder.joinpath("walks"), "walks/")
    readme = folder.joinpath(README)
    return {**found, **({README: readme.read_bytes()} if readme.is_file() else {})}


def _files_in(folder: Traversable, prefix: str) -> dict[str, bytes]:
    if not folder.is_dir():
        return {}
    return {f"{prefix}{each.name}": each.read_bytes() for each in folder.iterdir() if each.name.endswith(".walk")}
