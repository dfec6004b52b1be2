"""Drafts of pathways: opened from files or a version, saved from the editor, thrown away, or published."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from engine import policies, trace
from engine.actor import Actor
from engine.bpmn.findings import Finding, Severity
from engine.bpmn.program import SPIFF_VERSION
from engine.commands.pathways import PublishedVersion, digest, look_at, pathway_named, publish
from engine.errors import AlreadyPublished, Conflict, InvalidPathway, InvalidRequest, PathwayNotFound
from engine.library import ROLES, files_of, roles_in
from engine.models import Pathway, PathwayFile, PathwayVersion
from engine.roles import ROLE_LABELS

MAIN = "pathway.bpmn"
UNMAPPED = "AF-101"
"""The finding about a group that no role answers to: its tasks would be seen by nobody."""
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


def open_uploaded(session: Session, *, files: Mapping[str, bytes], by: Actor, now: datetime) -> SavedDraft:
    """Keep uploaded files as a draft. Raises InvalidPathway with the findings when one is an error: nothing is kept."""
    policies.check_may_publish(by)
    looked = look_at(files)
    errors = [one for one in looked.findings if one.severity is Severity.ERROR]
    if errors or "key" not in looked.description:
        count = max(len(errors), 1)
        points = "un point est" if count == 1 else f"{count} points sont"
        raise InvalidPathway(f"Rien n'a été gardé : {points} à corriger dans les fichiers.", looked.findings)
    return _store(session, files, by=by, now=now)


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
    """A draft that starts from a version's files."""
    policies.check_may_publish(by)
    known = session.execute(
        select(PathwayVersion.id).where(PathwayVersion.id == version_id, PathwayVersion.territory_id == by.territory_id)
    ).first()
    if known is None:
        raise PathwayNotFound("Cette version de parcours n'existe pas.")
    return _store(session, files_of(session, version_id), by=by, now=now)


def save_file(
    session: Session, *, version_id: UUID, path: str, content: bytes, revision: int | None, by: Actor, now: datetime
) -> SavedDraft:
    """Replace one file of a draft. With `revision`, raises Conflict when somebody saved it meanwhile."""
    policies.check_may_publish(by)
    draft = _draft(session, version_id, by)
    if revision is not None and revision != draft.revision:
        raise Conflict(
            "Quelqu'un d'autre a enregistré ce brouillon entre-temps. Téléchargez votre dessin, puis rechargez la page."
        )
    after = draft.revision + 1
    files = {**files_of(session, version_id), path: content}
    sha = hashlib.sha256(content).hexdigest()
    changed = session.execute(
        update(PathwayFile)
        .where(PathwayFile.version_id == version_id, PathwayFile.path == path)
        .values(content=content, sha256=sha)
        .returning(PathwayFile.path)
    ).first()
    if changed is None:
        raise InvalidRequest(f"Le brouillon n'a pas de fichier « {path} ».")
    looked = look_at(files)
    session.execute(
        update(PathwayVersion)
        .where(PathwayVersion.id == version_id)
        .values(
            revision=after,
            findings=[one.to_json() for one in looked.findings],
            content_digest=digest(files, looked.parameters),
            description=dict(looked.description) or draft.description,
            parameters=list(looked.parameters),
        )
    )
    return SavedDraft(version_id=version_id, revision=after, findings=looked.findings)


def map_roles(session: Session, *, version_id: UUID, roles: Mapping[str, str], by: Actor, now: datetime) -> SavedDraft:
    """Say which role each group of the files stands for; an empty role takes the answer back. Kept with the files.

    Raises InvalidRequest for a role that does not exist.
    """
    policies.check_may_publish(by)
    draft = _draft(session, version_id, by)
    unknown = sorted({role for role in roles.values() if role and role not in ROLE_LABELS})
    if unknown:
        raise InvalidRequest(f"Le rôle « {unknown[0]} » n'existe pas : choisissez-le dans la liste.")
    kept = {**roles_in(files_of(session, version_id)), **roles}
    content = json.dumps({name: role for name, role in sorted(kept.items()) if role}, ensure_ascii=False, indent=2)
    session.execute(delete(PathwayFile).where(PathwayFile.version_id == version_id, PathwayFile.path == ROLES))
    session.execute(insert(PathwayFile).values(**_file_row(version_id, by, ROLES, content.encode())))
    return save_file(
        session, version_id=version_id, path=ROLES, content=content.encode(), revision=draft.revision, by=by, now=now
    )


def _file_row(version_id: UUID, by: Actor, path: str, content: bytes) -> dict[str, object]:
    return {
        "version_id": version_id,
        "path": path[:200],
        "territory_id": by.territory_id,
        "content": content,
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def publish_draft(
    session: Session, *, version_id: UUID, label: str, accepted: Mapping[str, str], by: Actor, now: datetime
) -> PublishedVersion:
    """Publish a draft; it becomes the version. Raises InvalidRequest when a warning is left without a reason."""
    policies.check_may_publish(by)
    draft = _draft(session, version_id, by)
    files = files_of(session, version_id)
    strangers = [one for one in draft.findings if one["code"] == UNMAPPED]
    if strangers:
        raise InvalidRequest(
            "Dites d'abord quel rôle fait le travail de chaque groupe du dessin : " + strangers[0]["message"]
        )
    warnings = {one["code"] for one in draft.findings if one["severity"] == Severity.WARNING.value}
    missing = sorted(code for code in warnings if not accepted.get(code, "").strip())
    if missing:
        raise InvalidRequest(
            "Dites pourquoi chaque avertissement peut être laissé tel quel : " + ", ".join(missing) + "."
        )
    _drop(session, version_id)
    session.flush()
    return publish(session, files=files, label=label, accepted=accepted, by=by, now=now)


def discard(session: Session, *, version_id: UUID, by: Actor, now: datetime) -> None:
    """Throw a draft away. A pathway that never had a version goes with it."""
    policies.check_may_publish(by)
    draft = _draft(session, version_id, by)
    _drop(session, version_id)
    session.flush()
    left = session.execute(select(PathwayVersion.id).where(PathwayVersion.pathway_id == draft.pathway_id)).first()
    if left is None:
        session.execute(delete(Pathway).where(Pathway.id == draft.pathway_id))
    trace.record(
        session, action="pathways.discard", by=by, now=now, object_kind="pathway_version", object_id=version_id
    )


def _draft(session: Session, version_id: UUID, by: Actor) -> PathwayVersion:
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
    session.execute(delete(PathwayFile).where(PathwayFile.version_id == version_id))
    session.execute(delete(PathwayVersion).where(PathwayVersion.id == version_id))


def _store(session: Session, files: Mapping[str, bytes], *, by: Actor, now: datetime) -> SavedDraft:
    looked = look_at(files)
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
        )
    )
    session.execute(
        insert(PathwayFile),
        [_file_row(version_id, by, path, content) for path, content in sorted(files.items())],
    )
    trace.record(session, action="pathways.draft", by=by, now=now, object_kind="pathway_version", object_id=version_id)
    return SavedDraft(version_id=version_id, revision=1, findings=looked.findings)
