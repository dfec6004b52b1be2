"""Versions as rows: stored with their files and opened to new cases, replaced, retired, brought back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from engine import policies, trace
from engine.actor import Actor
from engine.bpmn.findings import Finding
from engine.bpmn.program import SPIFF_VERSION
from engine.errors import InvalidRequest, PathwayNotFound
from engine.models import Organization, Pathway, PathwayFile, PathwayVersion
from engine.starting import live_for_all, versions_of

LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedVersion:
    """What publishing gave; `findings` are the checker's, without errors."""

    pathway_id: UUID
    version_id: UUID
    number: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """How a version is opened to new cases: its label and note, from when, and for which organisations only."""

    label: str = ""
    note: str = ""
    starts_at: datetime | None = None
    """None: at once."""
    organizations: tuple[UUID, ...] = ()
    """Empty: every organisation."""
    proposed_by: str = ""
    """Who asked, when somebody else approved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a version is made of, read and checked."""

    files: Mapping[str, bytes]
    description: Mapping[str, Any]
    parameters: Sequence[Mapping[str, Any]]
    noted: Sequence[Mapping[str, Any]]
    """Findings as JSON, with the reasons for which warnings were accepted."""
    findings: tuple[Finding, ...]


def pathway_named(session: Session, description: Mapping[str, Any], by: Actor) -> UUID:
    """The pathway of that key in the territory, locked; made if it is new."""
    key = str(description["key"])
    known = session.execute(
        select(Pathway.id).where(Pathway.territory_id == by.territory_id, Pathway.key == key).with_for_update()
    ).scalar_one_or_none()
    if known is not None:
        return known
    pathway_id = uuid4()
    session.execute(
        insert(Pathway).values(
            id=pathway_id,
            territory_id=by.territory_id,
            key=key,
            title=description["title"],
            sensitivity=description.get("sensitivity", "normal"),
        )
    )
    return pathway_id


def digest(files: Mapping[str, bytes], parameters: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 over the files in order of path, then the parameters."""
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(f"{path}\0{len(files[path])}\0".encode())
        total.update(files[path])
    total.update(json.dumps(list(parameters), sort_keys=True).encode())
    return total.hexdigest()


def check_release(session: Session, release: Release, by: Actor, now: datetime) -> Release:
    """The release with what is past or too long put right. Raises InvalidRequest for an unknown organisation."""
    known = set(
        session.execute(
            select(Organization.id).where(
                Organization.territory_id == by.territory_id, Organization.id.in_(release.organizations)
            )
        ).scalars()
    )
    if known != set(release.organizations):
        raise InvalidRequest("Une des structures choisies n'est pas dans l'annuaire du territoire.")
    later = release.starts_at if release.starts_at is not None and release.starts_at > now else None
    return Release(
        label=release.label.strip()[:200], note=release.note.strip()[:LONGEST_NOTE], starts_at=later,
        organizations=tuple(dict.fromkeys(release.organizations)), proposed_by=release.proposed_by[:200],
    )  # fmt: skip


def same_as_published(
    session: Session, pathway_id: UUID, content: Content, release: Release
) -> PublishedVersion | None:
    """The published version with this very content, opened in the same way; None when there is something to publish."""
    rows = session.execute(
        select(PathwayVersion).where(
            PathwayVersion.pathway_id == pathway_id,
            PathwayVersion.state == "published",
            PathwayVersion.content_digest == digest(content.files, content.parameters),
        )
    ).scalars()
    wanted = {str(one) for one in release.organizations}
    for row in rows:
        if set(row.organizations) == wanted and (release.starts_at is None or release.starts_at == row.starts_at):
            return PublishedVersion(
                pathway_id=pathway_id, version_id=row.id, number=row.number, findings=content.findings
            )
    return None


def store(
    session: Session, pathway_id: UUID, content: Content, release: Release, *, by: Actor, now: datetime
) -> PublishedVersion:
    """Store a draft with its files, then publish it: from then on the database refuses any change. What it replaces at
    once opens no case any more."""
    version_id = uuid4()
    number = session.execute(
        select(func.coalesce(func.max(PathwayVersion.number), 0) + 1).where(PathwayVersion.pathway_id == pathway_id)
    ).scalar_one()
    session.execute(
        insert(PathwayVersion).values(
            id=version_id,
            territory_id=by.territory_id,
            pathway_id=pathway_id,
            number=number,
            state="draft",
            label=release.label,
            note=release.note,
            starts_at=release.starts_at,
            organizations=[str(one) for one in release.organizations],
            proposed_by=release.proposed_by,
            description=dict(content.description),
            parameters=list(content.parameters),
            findings=list(content.noted),
            content_digest=digest(content.files, content.parameters),
            spiff_version=SPIFF_VERSION,
            created_at=now,
            created_by=by.name[:200],
        )
    )
    session.execute(insert(PathwayFile), [file_row(version_id, by, *one) for one in sorted(content.files.items())])
    session.flush()
    if not release.organizations and release.starts_at is None:
        _retire_replaced(session, pathway_id, now)
    session.execute(
        update(PathwayVersion)
        .where(PathwayVersion.id == version_id)
        .values(state="published", published_at=now, published_by=by.name[:200])
    )
    trace.record(
        session, action="pathways.publish", by=by, now=now, object_kind="pathway_version", object_id=version_id,
        detail={"pathway": content.description["key"], "number": number},
    )  # fmt: skip
    return PublishedVersion(pathway_id=pathway_id, version_id=version_id, number=number, findings=content.findings)


def file_row(version_id: UUID, by: Actor, path: str, content: bytes) -> dict[str, object]:
    """A file as its row."""
    return {
        "version_id": version_id,
        "path": path[:200],
        "territory_id": by.territory_id,
        "content": content,
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _retire_replaced(session: Session, pathway_id: UUID, now: datetime) -> None:
    """What has begun gives way to a version for everybody that begins now; what is planned for later stays planned."""
    session.execute(
        update(PathwayVersion)
        .where(
            PathwayVersion.pathway_id == pathway_id,
            PathwayVersion.state == "published",
            func.coalesce(PathwayVersion.starts_at, PathwayVersion.published_at) <= now,
        )
        .values(state="retired", retired_at=now)
    )


def retire(session: Session, *, pathway_key: str, reason: str, by: Actor, now: datetime) -> None:
    """No new case on any version of this pathway; running cases go on.

    Raises InvalidRequest without a reason, PathwayNotFound when nothing is published.
    """
    policies.check_may_publish(by)
    why = _reason(reason)
    published = [one for one in _locked(session, pathway_key, by) if one.state == "published"]
    if not published:
        raise PathwayNotFound(f"Aucun parcours publié ne s'appelle « {pathway_key} ».")
    for version in published:
        _close(session, version.id, why, by, now)
    _tell(session, "pathways.retire", published[-1], why, by, now)


def roll_back(session: Session, *, pathway_key: str, number: int, reason: str, by: Actor, now: datetime) -> int:
    """Take a version back: what it replaced opens new cases again. Gives the number now live for every organisation.

    Running cases stay on the version they are on. Raises InvalidRequest when nothing came before it.
    """
    policies.check_may_publish(by)
    why = _reason(reason)
    versions = _locked(session, pathway_key, by)
    leaving = next((one for one in versions if one.number == number and one.state == "published"), None)
    if leaving is None:
        raise InvalidRequest(f"La version {number} n'ouvre pas de dossier : il n'y a pas à revenir en arrière.")
    replaced = [
        one for one in versions
        if one.state == "retired" and not one.retired_why and one.retired_at == leaving.published_at
    ]  # fmt: skip
    _close(session, leaving.id, why, by, now)
    for one in replaced:
        session.execute(
            update(PathwayVersion).where(PathwayVersion.id == one.id).values(state="published", retired_at=None)
        )
    session.flush()
    session.expire_all()
    live = live_for_all(versions_of(session, territory_id=by.territory_id, pathway_key=pathway_key), now=now)
    if live is None:
        raise InvalidRequest(
            f"Rien n'était en service avant la version {number}. Retirez le parcours si plus aucun dossier ne doit "
            "s'ouvrir."
        )
    _tell(session, "pathways.roll_back", leaving, why, by, now)
    return live.number


def _locked(session: Session, pathway_key: str, by: Actor) -> list[PathwayVersion]:
    known = session.execute(
        select(Pathway.id).where(Pathway.territory_id == by.territory_id, Pathway.key == pathway_key).with_for_update()
    ).scalar_one_or_none()
    if known is None:
        raise PathwayNotFound(f"Aucun parcours ne s'appelle « {pathway_key} ».")
    return versions_of(session, territory_id=by.territory_id, pathway_key=pathway_key)


def _reason(text: str) -> str:
    why = text.strip()[:300]
    if not why:
        raise InvalidRequest("Dites pourquoi : la raison reste dans l'histoire des versions.")
    return why


def _close(session: Session, version_id: UUID, why: str, by: Actor, now: datetime) -> None:
    session.execute(
        update(PathwayVersion)
        .where(PathwayVersion.id == version_id)
        .values(state="retired", retired_at=now, retired_by=by.name[:200], retired_why=why)
    )


def _tell(session: Session, action: str, version: PathwayVersion, why: str, by: Actor, now: datetime) -> None:
    trace.record(
        session, action=action, by=by, now=now, object_kind="pathway_version", object_id=version.id, why=why,
        detail={"number": version.number},
    )  # fmt: skip
