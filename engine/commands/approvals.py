"""A second pair of eyes: a draft proposed for publication, approved by another person or sent back with a reason.

While a draft is proposed it does not change, and no case starts on it. What was proposed is what is published: the
files are compared with those the author saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from engine import policies, trace
from engine.actor import Actor
from engine.bpmn.checker import PEOPLE_CODES
from engine.commands.pathway_drafts import (
    check_ready,
    draft_to_change,
    locked_draft,
    open_with_values,
    publish_files,
)
from engine.commands.pathway_versions import PublishedVersion, Release, check_release
from engine.errors import Conflict, InvalidRequest, NotAllowed
from engine.models import PathwayVersion

CHANGED_MEANWHILE = "Ce brouillon a changé depuis qu'il a été proposé : renvoyez-le à son auteur."


def propose(
    session: Session, *, version_id: UUID, release: Release, accepted: Mapping[str, str], by: Actor, now: datetime
) -> None:
    """Ask another person to approve a draft. Raises what publishing it would raise."""
    policies.check_may_publish(by)
    draft = draft_to_change(session, version_id, by)
    check_ready(session, draft, accepted, now)
    wanted = check_release(session, release, by, now)
    _write(
        session,
        draft,
        {
            "label": wanted.label,
            "note": wanted.note,
            "starts_at": None if wanted.starts_at is None else wanted.starts_at.isoformat(),
            "organizations": [str(one) for one in wanted.organizations],
            "accepted": {code: reason.strip()[:300] for code, reason in accepted.items()},
            "by": by.name[:200],
            "at": now.isoformat(),
            "digest": draft.content_digest,
        },
        authors=policies.with_author(draft.authors, by),
    )
    _tell(session, "pathways.propose", draft, "", by, now)


def propose_values(
    session: Session, *, pathway_key: str, values: Mapping[str, Any], note: str, by: Actor, now: datetime
) -> None:
    """Ask another person to approve other parameter values: a draft of the live version, proposed at once."""
    draft = open_with_values(session, pathway_key=pathway_key, values=values, by=by, now=now)
    accepted = dict.fromkeys({one.code for one in draft.findings} | PEOPLE_CODES, note)
    propose(session, version_id=draft.version_id, release=Release(label=note), accepted=accepted, by=by, now=now)


def approve(session: Session, *, version_id: UUID, by: Actor, now: datetime) -> PublishedVersion:
    """Publish what was proposed. Raises NotAllowed for those who worked on it, Conflict when it is not what they
    proposed any more."""
    draft = locked_draft(session, version_id, by)
    policies.check_may_approve(by, draft.authors)
    said = _proposed(draft)
    if said["digest"] != draft.content_digest:
        raise Conflict(CHANGED_MEANWHILE)
    starts_at = said["starts_at"]
    release = Release(
        label=said["label"],
        note=said["note"],
        starts_at=None if starts_at is None else datetime.fromisoformat(starts_at),
        organizations=tuple(UUID(one) for one in said["organizations"]),
        proposed_by=said["by"],
    )
    _tell(session, "pathways.approve", draft, "", by, now)
    return publish_files(session, draft, said["accepted"], release, by=by, now=now)


def send_back(session: Session, *, version_id: UUID, reason: str, by: Actor, now: datetime) -> None:
    """Give a proposed draft back to its author, with a reason; its author may take it back too."""
    policies.check_may_approve(by, ())  # whoever draws or approves: the others learn nothing of the draft
    draft = locked_draft(session, version_id, by)
    if policies.identity(by) not in draft.authors:
        policies.check_may_approve(by, draft.authors)
    why = reason.strip()[:300]
    if not why:
        raise InvalidRequest("Dites pourquoi : l'auteur du brouillon lira cette phrase.")
    sent_back = {"by": by.name[:200], "at": now.isoformat(), "why": why}
    _write(session, draft, {**_proposed(draft), "sent_back": sent_back}, authors=draft.authors)
    _tell(session, "pathways.send_back", draft, why, by, now)


def _proposed(draft: PathwayVersion) -> Mapping[str, Any]:
    said = draft.proposal
    if said is None or "sent_back" in said:
        raise NotAllowed("Personne ne demande l'accord de quelqu'un sur ce brouillon.")
    found: Mapping[str, Any] = said
    return found


def _write(session: Session, draft: PathwayVersion, proposal: Mapping[str, Any], *, authors: list[str]) -> None:
    session.execute(
        update(PathwayVersion).where(PathwayVersion.id == draft.id).values(proposal=dict(proposal), authors=authors)
    )


def _tell(session: Session, action: str, draft: PathwayVersion, why: str, by: Actor, now: datetime) -> None:
    trace.record(session, action=action, by=by, now=now, object_kind="pathway_version", object_id=draft.id, why=why)
