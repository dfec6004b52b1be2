"""« Modèles »: the pathways of the territory, and one pathway with its versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.actor import Actor, ActorKind
from engine.errors import NotAllowed, PathwayNotFound
from engine.library import files_of, version_of
from engine.models import Case, Organization, Pathway, PathwayFile, PathwayVersion
from engine.queries.pathway_text import Phase, pathway_text
from engine.starting import Standing, standing, to_show, versions_of

READERS = frozenset({"pathway_designer", "territory_admin", "coordinator", "mission_lead", "quality_lead"})
WRITERS = frozenset({"pathway_designer", "territory_admin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftLine:
    """A draft in a list."""

    id: UUID
    pathway_title: Mapping[str, str]
    created_at: datetime
    created_by: str
    errors: int
    warnings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayLine:
    """A pathway in the list. `number` is the published version's; None: never published."""

    key: str
    title: Mapping[str, str]
    number: int | None
    published_at: datetime | None
    published_by: str
    running: int
    drafts: Sequence[DraftLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """One version in the history of its pathway."""

    id: UUID
    number: int
    state: str
    label: str
    published_at: datetime | None
    published_by: str
    running: int
    standing: Standing
    note: str
    starts_at: datetime | None
    """None: it started when it was published."""
    organizations: Sequence[str]
    """Names of the only ones whose new cases start on it."""
    proposed_by: str
    retired_at: datetime | None
    retired_by: str
    retired_why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayPage:
    """One pathway as people read it; everything is of the version shown."""

    key: str
    title: Mapping[str, str]
    shown: VersionLine
    description: Mapping[str, Any]
    parameters: Sequence[Mapping[str, Any]]
    findings: Sequence[Mapping[str, Any]]
    files: Sequence[tuple[str, int]]
    versions: Sequence[VersionLine]
    drafts: Sequence[DraftLine]
    roles: Sequence[str]
    text: Sequence[Phase]
    may_change: bool


def may_design(by: Actor) -> bool:
    """True for those who draw and publish."""
    return by.kind is ActorKind.SYSTEM or by.has_role(*WRITERS)


def check_may_read(by: Actor) -> None:
    """Raises NotAllowed for those who neither design nor coordinate."""
    if by.kind is not ActorKind.SYSTEM and not by.has_role(*READERS):
        raise NotAllowed("Les modèles sont ceux des concepteurs de parcours et de la coordination.")


def check_may_design(by: Actor) -> None:
    """Raises NotAllowed for those who do not draw."""
    if not may_design(by):
        raise NotAllowed("Seuls les concepteurs de parcours modifient les modèles.")


def pathway_list(session: Session, *, by: Actor, now: datetime) -> Sequence[PathwayLine]:
    """Every pathway of the territory, in three statements."""
    check_may_read(by)
    pathways = session.execute(
        select(Pathway).where(Pathway.territory_id == by.territory_id).order_by(Pathway.key)
    ).scalars()
    versions: dict[UUID, list[PathwayVersion]] = {}
    for version in session.execute(
        select(PathwayVersion).where(
            PathwayVersion.territory_id == by.territory_id, PathwayVersion.state == "published"
        )
    ).scalars():  # fmt: skip
        versions.setdefault(version.pathway_id, []).append(version)
    running = _running(session, by)
    drafts = _drafts(session, by)
    found = []
    for pathway in pathways:
        shown = to_show(versions.get(pathway.id, ()), now=now)
        found.append(
            PathwayLine(
                key=pathway.key,
                title=pathway.title,
                number=None if shown is None else shown.number,
                published_at=None if shown is None else shown.published_at,
                published_by="" if shown is None else shown.published_by or "",
                running=sum(count for (owner, _version), count in running.items() if owner == pathway.id),
                drafts=drafts.get(pathway.id, ()),
            )
        )
    return tuple(found)


def pathway_page(session: Session, *, key: str, by: Actor, now: datetime, number: int | None = None) -> PathwayPage:
    """A pathway at the version asked for, else the live one. Raises PathwayNotFound."""
    check_may_read(by)
    pathway = session.execute(
        select(Pathway).where(Pathway.territory_id == by.territory_id, Pathway.key == key)
    ).scalar_one_or_none()
    if pathway is None:
        raise PathwayNotFound(f"Aucun parcours ne s'appelle « {key} ».")
    rows = versions_of(session, territory_id=by.territory_id, pathway_key=key)[::-1]
    shown = to_show([row for row in rows if number in (None, row.number)], now=now)
    if shown is None:
        raise PathwayNotFound("Ce parcours n'a pas de version publiée de ce numéro.")
    running, names = _running(session, by), _names(session, rows)
    versions = tuple(_version(row, rows, running.get((pathway.id, row.id), 0), names, now) for row in rows)
    version = version_of(session, shown.id)
    return PathwayPage(
        key=pathway.key,
        title=pathway.title,
        shown=next(one for one in versions if one.id == shown.id),
        description=shown.description,
        parameters=shown.parameters,
        findings=shown.findings,
        files=files_listed(session, shown.id),
        versions=versions,
        drafts=_drafts(session, by).get(pathway.id, ()),
        roles=_roles(version.program.nodes.values()),
        text=pathway_text(version, shown.parameters),
        may_change=may_design(by),
    )


def file_of(session: Session, *, version_id: UUID, path: str, by: Actor) -> bytes:
    """One source file of a version or a draft, byte for byte. Raises PathwayNotFound."""
    check_may_read(by)
    content = session.execute(
        select(PathwayFile.content).where(
            PathwayFile.version_id == version_id,
            PathwayFile.path == path,
            PathwayFile.territory_id == by.territory_id,
        )
    ).scalar_one_or_none()
    if content is None:
        raise PathwayNotFound("Ce fichier n'existe pas dans cette version.")
    return content


def folder_of_version(session: Session, *, version_id: UUID, by: Actor) -> dict[str, bytes]:
    """Every file of a version or a draft. Raises PathwayNotFound."""
    check_may_read(by)
    known = session.execute(
        select(PathwayVersion.id).where(PathwayVersion.id == version_id, PathwayVersion.territory_id == by.territory_id)
    ).first()
    if known is None:
        raise PathwayNotFound("Cette version n'existe pas.")
    return files_of(session, version_id)


def main_drawing(paths: Sequence[str]) -> str:
    """The path of the drawing to open: pathway.bpmn, else the first drawing that is not a shared piece."""
    drawings = [path for path in paths if path.endswith((".bpmn", ".bpmn2", ".xml"))]
    own = [path for path in drawings if not path.startswith("shared/")]
    return "pathway.bpmn" if "pathway.bpmn" in own else (own or drawings or [""])[0]


def _roles(nodes: Any) -> Sequence[str]:
    found = [role for node in nodes if node.work is not None for role in node.work.roles if not role.startswith("=")]
    return tuple(dict.fromkeys(found))


def files_listed(session: Session, version_id: UUID) -> Sequence[tuple[str, int]]:
    """Path and size of every file of a version or a draft."""
    rows = session.execute(
        select(PathwayFile.path, func.length(PathwayFile.content))
        .where(PathwayFile.version_id == version_id)
        .order_by(PathwayFile.path)
    )
    return tuple((path, int(size)) for path, size in rows)


def _running(session: Session, by: Actor) -> Mapping[tuple[UUID, UUID], int]:
    rows = session.execute(
        select(PathwayVersion.pathway_id, PathwayVersion.id, func.count(Case.id))
        .join(Case, Case.pathway_version_id == PathwayVersion.id)
        .where(Case.territory_id == by.territory_id, Case.closed_at.is_(None))
        .group_by(PathwayVersion.pathway_id, PathwayVersion.id)
    )
    return {(pathway, version): count for pathway, version, count in rows}


def _drafts(session: Session, by: Actor) -> Mapping[UUID, Sequence[DraftLine]]:
    rows = session.execute(
        select(PathwayVersion, Pathway.title)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .where(PathwayVersion.territory_id == by.territory_id, PathwayVersion.state == "draft")
        .order_by(PathwayVersion.created_at.desc())
    )
    found: dict[UUID, list[DraftLine]] = {}
    for version, title in rows:
        found.setdefault(version.pathway_id, []).append(
            DraftLine(
                id=version.id,
                pathway_title=title,
                created_at=version.created_at,
                created_by=version.created_by,
                errors=sum(1 for one in version.findings if one["severity"] == "error"),
                warnings=sum(1 for one in version.findings if one["severity"] == "warning"),
            )
        )
    return found


def _names(session: Session, rows: Sequence[PathwayVersion]) -> Mapping[str, str]:
    wanted = {UUID(one) for row in rows for one in row.organizations}
    if not wanted:
        return {}
    found = session.execute(select(Organization.id, Organization.name).where(Organization.id.in_(wanted)))
    return {str(key): name for key, name in found}


def _version(
    row: PathwayVersion, rows: Sequence[PathwayVersion], running: int, names: Mapping[str, str], now: datetime
) -> VersionLine:
    return VersionLine(
        id=row.id,
        number=row.number,
        state=row.state,
        label=row.label,
        published_at=row.published_at,
        published_by=row.published_by or "",
        running=running,
        standing=standing(row, rows, now=now),
        note=row.note,
        starts_at=row.starts_at,
        organizations=tuple(sorted(names.get(one, one) for one in row.organizations)),
        proposed_by=row.proposed_by,
        retired_at=row.retired_at,
        retired_by=row.retired_by,
        retired_why=row.retired_why,
    )
