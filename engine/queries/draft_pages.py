"""One draft: what the checker says of it, who its groups are, what the editor offers, what may still be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import policies, second_person
from engine.actor import Actor
from engine.bpmn.checker import step_names
from engine.bpmn.reader import NOBODY
from engine.errors import NotAllowed, PathwayNotFound
from engine.library import read_folder, roles_in
from engine.models import DraftChange, Pathway, PathwayVersion
from engine.queries.pathway_pages import (
    check_may_design,
    files_listed,
    folder_of_version,
    main_drawing,
    may_design,
)
from engine.roles import ROLE_LABELS
from engine.staffing import staffing_of
from engine.starting import to_show, versions_of

ROLES_BY_LABEL = {label.casefold(): code for code, label in ROLE_LABELS.items()}


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
    """The version that a comparison of the draft begins with."""
    published_number: int | None
    description: Mapping[str, Any]
    last_change: str
    """What « Annuler » would take back, in words."""
    proposal: Mapping[str, Any] | None
    second_person: bool
    """True where another person approves what somebody publishes."""
    why_not_approve: str
    """Why the reader may not approve it; empty when they may."""
    may_send_back: bool
    may_change: bool
    """False for who only approves, and for everybody while it waits for an approval."""


def draft_page(session: Session, *, draft_id: UUID, by: Actor, now: datetime) -> DraftPage:
    """A draft with its findings, for those who draw and those who approve. Raises PathwayNotFound."""
    if not by.has_role(*policies.APPROVERS):
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
    why_not = _why_not_approve(version.authors, by)
    published = to_show(versions_of(session, territory_id=by.territory_id, pathway_key=pathway.key), now=now)
    files = files_listed(session, draft_id)
    staffing = staffing_of(
        session, version_id=draft_id, findings=version.findings, territory_id=by.territory_id, today=now.date()
    )
    return DraftPage(
        id=version.id,
        key=pathway.key,
        title=version.description.get("title") or pathway.title,
        revision=version.revision,
        created_at=version.created_at,
        created_by=version.created_by,
        findings=staffing.findings,
        files=files,
        diagram=main_drawing([path for path, _size in files]),
        published=None if published is None else published.id,
        published_number=None if published is None else published.number,
        description=version.description,
        last_change=_last_change(session, version.id),
        proposal=version.proposal,
        second_person=second_person.is_asked_for(session, by),
        why_not_approve=why_not,
        may_change=may_design(by) and (version.proposal is None or "sent_back" in version.proposal),
        may_send_back=not why_not or policies.identity(by) in version.authors,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLine:
    """A group, lane or person that the files name (`""`: nobody), and the role it stands for, if it was said."""

    name: str
    steps: Sequence[str]
    """The names of the steps given to it."""
    role: str
    likely: str
    """The role whose French name it is, to be confirmed; empty: none."""


def groups_of_draft(session: Session, *, draft_id: UUID, by: Actor) -> Sequence[GroupLine]:
    """The names of a draft that a role must be given to, and those that have one."""
    files = folder_of_version(session, version_id=draft_id, by=by)
    read, given = read_folder(files), roles_in(files)
    unmapped, named = read.unmapped, step_names(read.draft)
    names = [*sorted(name for name in unmapped if name != NOBODY), *sorted(set(given) - set(unmapped) - {NOBODY})]
    if NOBODY in unmapped or NOBODY in given:
        names.append(NOBODY)
    return tuple(
        GroupLine(
            name=name,
            steps=tuple(dict.fromkeys(named.get(one, one) for one in unmapped.get(name, ()))),
            role="" if name in unmapped else given.get(name, ""),
            likely=ROLES_BY_LABEL.get(" ".join(name.casefold().split()), ""),
        )
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


def _why_not_approve(authors: Sequence[str], by: Actor) -> str:
    try:
        policies.check_may_approve(by, authors)
    except NotAllowed as refusal:
        return str(refusal)
    return ""


def _last_change(session: Session, version_id: UUID) -> str:
    found = session.execute(
        select(DraftChange.said).where(DraftChange.version_id == version_id).order_by(DraftChange.id.desc()).limit(1)
    ).scalar_one_or_none()
    return found or ""
