"""Drafts of pathways: opened from files or a version, thrown away, or published."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from engine import policies, second_person, trace
from engine.actor import Actor
from engine.bpmn.findings import Finding, Severity
from engine.bpmn.program import SPIFF_VERSION
from engine.commands.pathway_versions import PublishedVersion, Release, digest, file_row, pathway_named
from engine.commands.pathways import Checked, look_at, make_version, revised, version_to_revise
from engine.errors import AlreadyPublished, InvalidPathway, InvalidRequest, NotAllowed, PathwayNotFound
from engine.library import files_of, with_values
from engine.models import DraftChange, Pathway, PathwayFile, PathwayVersion
from engine.staffing import staffing_of, territory_directory

MAIN = "pathway.bpmn"
UNNAMED = "personne"
SAID_ON_THE_PAGE = frozenset({"AF-001", "AF-002"})
"""Errors that the draft's page mends: « Qui fait quoi »."""
ID = re.compile(r"[^a-z0-9]+")
BLANK = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:parcours="urn:parcours:bpmn:1" id="definitions" targetNamespace="urn:parcours">
  <bpmn:process id="{key}" name="{title}" isExecutable="true">
    <bpmn:startEvent id="start" name="Début" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="diagram"><bpmndi:BPMNPlane id="plane" bpmnElement="{key}">
    <bpmndi:BPMNShape id="start_shape" bpmnElement="start"><dc:Bounds x="180" y="160" width="36" height="36" /></bpmndi:BPMNShape>
  </bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</bpmn:definitions>
"""  # noqa: E501 — one XML document


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedDraft:
    """The draft after a change: its number of changes, and what the checker says now."""

    version_id: UUID
    revision: int
    findings: tuple[Finding, ...]


def look_here(session: Session, files: Mapping[str, bytes], *, by: Actor, now: datetime) -> Checked:
    """What can be said of files today, beside the directory of the territory."""
    return look_at(files, territory_directory(session, territory_id=by.territory_id, today=now.date()))


def open_uploaded(session: Session, *, files: Mapping[str, bytes], by: Actor, now: datetime) -> SavedDraft:
    """Keep uploaded files as a draft. Raises InvalidPathway with the findings when one is an error: nothing is kept."""
    policies.check_may_publish(by)
    looked = look_here(session, files, by=by, now=now)
    errors = [one for one in looked.findings if one.severity is Severity.ERROR and one.code not in SAID_ON_THE_PAGE]
    if errors or "key" not in looked.description:
        count = max(len(errors), 1)
        points = "un point est" if count == 1 else f"{count} points sont"
        raise InvalidPathway(f"Rien n'a été gardé : {points} à corriger dans les fichiers.", looked.findings)
    return _store(session, files, looked, by=by, now=now)


def open_blank(session: Session, *, title: str, by: Actor, now: datetime) -> SavedDraft:
    """A new pathway with nothing but its start."""
    policies.check_may_publish(by)
    name = " ".join(title.split())[:120]
    if len(name) < 3 or any(sign in name for sign in '<>&"'):
        raise InvalidRequest("Donnez au parcours un nom d'au moins trois lettres, sans les signes < > & et guillemets.")
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    key = ID.sub("_", plain).strip("_")[:50] or "parcours"
    if not key[0].isalpha():
        key = f"p_{key}"
    taken = session.execute(
        select(Pathway.id).where(Pathway.territory_id == by.territory_id, Pathway.key == key)
    ).first()
    if taken is not None:
        raise InvalidRequest(f"Un parcours s'appelle déjà « {name} ». Donnez un autre nom, ou modifiez celui-là.")
    return _store(session, {MAIN: BLANK.format(key=key, title=name).encode()}, by=by, now=now)


def open_from_version(session: Session, *, version_id: UUID, by: Actor, now: datetime) -> SavedDraft:
    """A draft that starts from a version's files, with the parameter values the version runs on."""
    policies.check_may_publish(by)
    parameters = session.execute(
        select(PathwayVersion.parameters).where(
            PathwayVersion.id == version_id, PathwayVersion.territory_id == by.territory_id
        )
    ).scalar_one_or_none()
    if parameters is None:
        raise PathwayNotFound("Cette version de parcours n'existe pas.")
    return _store(session, with_values(files_of(session, version_id), parameters), by=by, now=now)


def publish_draft(
    session: Session,
    *,
    version_id: UUID,
    label: str,
    accepted: Mapping[str, str],
    by: Actor,
    now: datetime,
    release: Release | None = None,
) -> PublishedVersion:
    """Publish a draft; it becomes the version. Raises InvalidRequest when a warning is left without a reason, and
    NotAllowed where the territory asks for a second person (`engine.commands.approvals`)."""
    policies.check_may_publish(by)
    if second_person.is_asked_for(session, by):
        raise NotAllowed(second_person.NEEDED)
    draft = draft_to_change(session, version_id, by)
    check_ready(session, draft, accepted, now)
    return publish_files(session, draft, accepted, release or Release(label=label), by=by, now=now)


def publish_files(
    session: Session,
    draft: PathwayVersion,
    accepted: Mapping[str, str],
    release: Release,
    *,
    by: Actor,
    now: datetime,
) -> PublishedVersion:
    """The draft's files as a version, in the draft's place."""
    files = files_of(session, draft.id)
    _drop(session, draft.id)
    session.flush()
    return make_version(session, files=files, accepted=accepted, release=release, by=by, now=now)


def check_ready(session: Session, draft: PathwayVersion, accepted: Mapping[str, str], now: datetime) -> None:
    """Raises InvalidRequest when a group has no role or a warning no reason, InvalidPathway when an error is left."""
    staffing = staffing_of(
        session, version_id=draft.id, findings=draft.findings, territory_id=draft.territory_id, today=now.date()
    )
    if staffing.strangers:
        names = ", ".join(f"« {name} »" if name else UNNAMED for name in staffing.strangers)
        raise InvalidRequest(f"Dites d'abord quel rôle fait le travail que vos fichiers confient à : {names}.")
    errors = [one for one in staffing.findings if one["severity"] == Severity.ERROR.value]
    if errors:
        raise InvalidPathway(f"Il reste {len(errors)} point(s) à corriger : " + errors[0]["message"], ())
    warnings = {one["code"] for one in staffing.findings if one["severity"] == Severity.WARNING.value}
    missing = sorted(code for code in warnings if not accepted.get(code, "").strip())
    if missing:
        raise InvalidRequest(
            "Dites pourquoi chaque avertissement peut être laissé tel quel : " + ", ".join(missing) + "."
        )


def open_with_values(
    session: Session, *, pathway_key: str, values: Mapping[str, Any], by: Actor, now: datetime
) -> SavedDraft:
    """A draft of the live version with other parameter values, for a second person to approve."""
    policies.check_may_publish(by)
    row = version_to_revise(session, pathway_key=pathway_key, by=by, now=now)
    files = with_values(files_of(session, row.id), revised(row.parameters, values))
    return _store(session, files, by=by, now=now)


def discard(session: Session, *, version_id: UUID, by: Actor, now: datetime) -> None:
    """Throw a draft away. A pathway that never had a version goes with it."""
    policies.check_may_publish(by)
    draft = draft_to_change(session, version_id, by)
    _drop(session, version_id)
    session.flush()
    left = session.execute(select(PathwayVersion.id).where(PathwayVersion.pathway_id == draft.pathway_id)).first()
    if left is None:
        session.execute(delete(Pathway).where(Pathway.id == draft.pathway_id))
    trace.record(
        session, action="pathways.discard", by=by, now=now, object_kind="pathway_version", object_id=version_id
    )


def draft_to_change(session: Session, version_id: UUID, by: Actor) -> PathwayVersion:
    """The draft, locked. Raises PathwayNotFound, AlreadyPublished, and NotAllowed while a second person looks at it."""
    draft = locked_draft(session, version_id, by)
    if draft.proposal is not None and "sent_back" not in draft.proposal:
        raise NotAllowed("Ce brouillon attend l'accord d'une autre personne : reprenez-le d'abord pour le changer.")
    return draft


def locked_draft(session: Session, version_id: UUID, by: Actor) -> PathwayVersion:
    """The draft, proposed or not, locked."""
    found = session.execute(
        select(PathwayVersion)
        .where(PathwayVersion.id == version_id, PathwayVersion.territory_id == by.territory_id)
        .with_for_update()
    ).scalar_one_or_none()
    if found is None:
        raise PathwayNotFound("Ce brouillon n'existe pas, ou il a été publié ou jeté.")
    if found.state != "draft":
        raise AlreadyPublished("Cette version est publiée : elle ne change plus. Faites-en un nouveau brouillon.")
    return found


def _drop(session: Session, version_id: UUID) -> None:
    session.execute(delete(DraftChange).where(DraftChange.version_id == version_id))
    session.execute(delete(PathwayFile).where(PathwayFile.version_id == version_id))
    session.execute(delete(PathwayVersion).where(PathwayVersion.id == version_id))


def _store(
    session: Session, files: Mapping[str, bytes], looked: Checked | None = None, *, by: Actor, now: datetime
) -> SavedDraft:
    """Keep the files as a draft. `looked` is what was seen of them, when they were looked at already."""
    looked = looked or look_here(session, files, by=by, now=now)
    if "key" not in looked.description:
        raise InvalidPathway("Ces fichiers ne disent pas de quel parcours il s'agit.", looked.findings)
    pathway_id = pathway_named(session, looked.description, by)
    version_id = uuid4()
    last = session.execute(
        select(func.coalesce(func.max(PathwayVersion.number), 0)).where(PathwayVersion.pathway_id == pathway_id)
    ).scalar_one()
    session.execute(
        insert(PathwayVersion).values(
            id=version_id,
            territory_id=by.territory_id,
            pathway_id=pathway_id,
            number=last + 1,
            state="draft",
            label="",
            description=dict(looked.description),
            parameters=list(looked.parameters),
            findings=[one.to_json() for one in looked.findings],
            content_digest=digest(files, looked.parameters),
            spiff_version=SPIFF_VERSION,
            created_at=now,
            created_by=by.name[:200],
            authors=policies.with_author((), by),
        )
    )
    session.execute(
        insert(PathwayFile),
        [file_row(version_id, by, path, content) for path, content in sorted(files.items())],
    )
    trace.record(session, action="pathways.draft", by=by, now=now, object_kind="pathway_version", object_id=version_id)
    return SavedDraft(version_id=version_id, revision=1, findings=looked.findings)
