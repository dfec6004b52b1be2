"""« Modèles »: the pathways of the territory, one pathway with its versions, one draft with what the checker says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.actor import Actor, ActorKind
from engine.bpmn.reader import NOBODY
from engine.errors import NotAllowed, PathwayNotFound
from engine.library import files_of, read_folder, roles_in, version_of
from engine.models import Case, Pathway, PathwayFile, PathwayVersion
from engine.queries.pathway_text import Phase, pathway_text
from engine.roles import ROLE_LABELS

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


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftPage:
    """One draft. `diagram` is the path of its main drawing."""

    id: UUID
    key: str
    title: Mapping[str, str]
    revision: int
    created_at: datetime
    created_by: str
    findings: Sequence[Mapping[str, Any]]
    files: Sequence[tuple[str, int]]
    diagram: str
    published: UUID | None
    description: Mapping[str, Any]


def may_design(by: Actor) -> bool:
    """True for those who draw and publish."""
    return by.kind is not ActorKind.PERSON or by.has_role(*WRITERS)


def check_may_read(by: Actor) -> None:
    """Raises NotAllowed for those who neither design nor coordinate."""
    if by.kind is ActorKind.PERSON and not by.has_role(*READERS):
        raise NotAllowed("Les modèles sont ceux des concepteurs de parcours et de la coordination.")


def check_may_design(by: Actor) -> None:
    """Raises NotAllowed for those who do not draw."""
    if not may_design(by):
        raise NotAllowed("Seuls les concepteurs de parcours modifient les modèles.")


def pathway_list(session: Session, *, by: Actor) -> Sequence[PathwayLine]:
    """Every pathway of the territory, in three statements."""
    check_may_read(by)
    pathways = session.execute(
        select(Pathway).where(Pathway.territory_id == by.territory_id).order_by(Pathway.key)
    ).scalars()
    published = {
        version.pathway_id: version
        for version in session.execute(
            select(PathwayVersion).where(
                PathwayVersion.territory_id == by.territory_id, PathwayVersion.state == "published"
            )
        ).scalars()
    }
    running = _running(session, by)
    drafts = _drafts(session, by)
    found = []
    for pathway in pathways:
        version = published.get(pathway.id)
        found.append(
            PathwayLine(
                key=pathway.key,
                title=pathway.title,
                number=None if version is None else version.number,
                published_at=None if version is None else version.published_at,
                published_by="" if version is None else version.published_by or "",
                running=sum(count for (owner, _version), count in running.items() if owner == pathway.id),
                drafts=drafts.get(pathway.id, ()),
            )
        )
    return tuple(found)


def pathway_page(session: Session, *, key: str, by: Actor, number: int | None = None) -> PathwayPage:
    """A pathway at the version asked for, else the published one. Raises PathwayNotFound."""
    check_may_read(by)
    pathway = session.execute(
        select(Pathway).where(Pathway.territory_id == by.territory_id, Pathway.key == key)
    ).scalar_one_or_none()
    if pathway is None:
        raise PathwayNotFound(f"Aucun parcours ne s'appelle « {key} ».")
    rows = session.execute(
        select(PathwayVersion)
        .where(PathwayVersion.pathway_id == pathway.id, PathwayVersion.state != "draft")
        .order_by(PathwayVersion.number.desc())
    ).scalars().all()  # fmt: skip
    running = _running(session, by)
    versions = tuple(_version(row, running.get((pathway.id, row.id), 0)) for row in rows)
    asked = [row for row in rows if (row.number == number if number is not None else row.state == "published")]
    if not asked:
        raise PathwayNotFound("Ce parcours n'a pas de version publiée de ce numéro.")
    shown = asked[0]
    version = version_of(session, shown.id)
    return PathwayPage(
        key=pathway.key,
        title=pathway.title,
        shown=next(one for one in versions if one.id == shown.id),
        description=shown.description,
        parameters=shown.parameters,
        findings=shown.findings,
        files=_files(session, shown.id),
        versions=versions,
        drafts=_drafts(session, by).get(pathway.id, ()),
        roles=_roles(version.program.nodes.values()),
        text=pathway_text(version, shown.parameters),
        may_change=may_design(by),
    )


def draft_page(session: Session, *, draft_id: UUID, by: Actor) -> DraftPage:
    """A draft with its findings. Raises PathwayNotFound."""
    check_may_design(by)
    row = session.execute(
        select(PathwayVersion, Pathway)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .where(
            PathwayVersion.id == draft_id,
            PathwayVersion.territory_id == by.territory_id,
            PathwayVersion.state == "draft",
        )
    ).one_or_none()
    if row is None:
        raise PathwayNotFound("Ce brouillon n'existe pas, ou il a été publié ou jeté.")
    version, pathway = row
    published = session.execute(
        select(PathwayVersion.id).where(PathwayVersion.pathway_id == pathway.id, PathwayVersion.state == "published")
    ).scalar_one_or_none()
    files = _files(session, draft_id)
    return DraftPage(
        id=version.id,
        key=pathway.key,
        title=version.description.get("title") or pathway.title,
        revision=version.revision,
        created_at=version.created_at,
        created_by=version.created_by,
        findings=version.findings,
        files=files,
        diagram=main_drawing([path for path, _size in files]),
        published=published,
        description=version.description,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLine:
    """A group, lane or person that the files name (`""`: nobody), and the role it stands for, if it was said."""

    name: str
    elements: Sequence[str]
    role: str


def groups_of_draft(session: Session, *, draft_id: UUID, by: Actor) -> Sequence[GroupLine]:
    """The names of a draft that a role must be given to, and those that have one."""
    check_may_design(by)
    files = folder_of_version(session, version_id=draft_id, by=by)
    unmapped, given = read_folder(files).unmapped, roles_in(files)
    names = [*sorted(name for name in unmapped if name != NOBODY), *sorted(set(given) - set(unmapped) - {NOBODY})]
    if NOBODY in unmapped or NOBODY in given:
        names.append(NOBODY)
    return tuple(
        GroupLine(name=name, elements=unmapped.get(name, ()), role="" if name in unmapped else given.get(name, ""))
        for name in names
    )


def choices_for_editor(session: Session, *, by: Actor, files: Mapping[str, bytes]) -> dict[str, list[dict[str, str]]]:
    """What the editor's panel offers: roles, forms, decisions, pieces, escalation ladders, pathways."""
    check_may_design(by)
    model = read_folder(files)
    forms = sorted({path.rpartition("/")[2].removesuffix(".json") for path in files if "forms/" in path})
    pieces = sorted({path.split("/")[1] for path in files if path.startswith("shared/") and path.endswith(".bpmn")})
    pathways = session.execute(
        select(Pathway.key, Pathway.title).where(Pathway.territory_id == by.territory_id).order_by(Pathway.key)
    )
    return {
        "roles": [{"value": code, "label": label[:1].upper() + label[1:]} for code, label in ROLE_LABELS.items()],
        "forms": [{"value": key, "label": key} for key in forms if key != "standard"],
        "decisions": [
            {"value": key, "label": key} for key in sorted(model.draft.decisions if model.draft is not None else ())
        ],
        "pieces": [{"value": key, "label": key} for key in pieces],
        "pathways": [{"value": key, "label": title.get("fr", key)} for key, title in pathways],
    }


def _roles(nodes: Any) -> Sequence[str]:
    found = [role for node in nodes if node.work is not None for role in node.work.roles if not role.startswith("=")]
    return tuple(dict.fromkeys(found))


def _files(session: Session, version_id: UUID) -> Sequence[tuple[str, int]]:
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


def _version(row: PathwayVersion, running: int) -> VersionLine:
    return VersionLine(
        id=row.id,
        number=row.number,
        state=row.state,
        label=row.label,
        published_at=row.published_at,
        published_by=row.published_by or "",
        running=running,
    )
