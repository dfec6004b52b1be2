"""Changes of a draft: files saved, roles given, findings mended by one click; the last change undone.

Each change keeps what its files were before it, so that it can be taken back; the oldest are forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from engine import policies
from engine.actor import Actor
from engine.bpmn.checker.fixes import mend
from engine.bpmn.findings import Fix, fix_from_json
from engine.commands.pathway_drafts import SavedDraft, draft_to_change, look_here
from engine.commands.pathway_versions import digest, file_row
from engine.errors import Conflict, InvalidRequest
from engine.library import ROLES, files_of, roles_in
from engine.models import DraftChange, PathwayFile, PathwayVersion
from engine.roles import ROLE_LABELS

KEPT_CHANGES = 30
NOTHING_TO_UNDO = "Il n'y a pas de changement à annuler dans ce brouillon."
SAVED_ELSEWHERE = (
    "Quelqu'un d'autre a enregistré ce brouillon entre-temps. Téléchargez votre dessin, puis rechargez la page."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MendedDraft:
    """The draft after mends: what was done, and what could not be, in the words of the fixes."""

    saved: SavedDraft
    done: tuple[str, ...]
    refused: tuple[str, ...]


def save_file(
    session: Session,
    *,
    version_id: UUID,
    path: str,
    content: bytes,
    revision: int | None,
    by: Actor,
    now: datetime,
    said: str = "",
) -> SavedDraft:
    """Replace one file of a draft. With `revision`, raises Conflict when somebody saved it meanwhile."""
    draft = _unchanged(session, version_id, revision, by)
    if path not in files_of(session, version_id):
        raise InvalidRequest(f"Le brouillon n'a pas de fichier « {path} ».")
    return _change(session, draft, {path: content}, said or f"« {path} » enregistré", by=by, now=now)


def add_file(
    session: Session,
    *,
    version_id: UUID,
    path: str,
    content: bytes,
    revision: int | None,
    by: Actor,
    now: datetime,
    said: str,
) -> SavedDraft:
    """Put a file beside the others, or replace it. With `revision`, raises Conflict when somebody saved meanwhile."""
    draft = _unchanged(session, version_id, revision, by)
    return _change(session, draft, {path: content}, said, by=by, now=now)


def map_roles(session: Session, *, version_id: UUID, roles: Mapping[str, str], by: Actor, now: datetime) -> SavedDraft:
    """Say which role each group of the files stands for; an empty role takes the answer back. Kept with the files.

    Raises InvalidRequest for a role that does not exist.
    """
    draft = _unchanged(session, version_id, None, by)
    unknown = sorted({role for role in roles.values() if role and role not in ROLE_LABELS})
    if unknown:
        raise InvalidRequest(f"Le rôle « {unknown[0]} » n'existe pas : choisissez-le dans la liste.")
    kept = {**roles_in(files_of(session, version_id)), **roles}
    content = json.dumps({name: role for name, role in sorted(kept.items()) if role}, ensure_ascii=False, indent=2)
    return _change(session, draft, {ROLES: content.encode()}, "Rôles donnés aux groupes du dessin", by=by, now=now)


def mend_draft(
    session: Session,
    *,
    version_id: UUID,
    wanted: Collection[tuple[str, str]] | None,
    revision: int | None,
    by: Actor,
    now: datetime,
) -> MendedDraft:
    """Do the mends that findings of the draft propose: those `wanted` (code and element), or all (None). One change.

    A mend that no longer fits, because another one before it changed the same element, is said and left.
    Raises InvalidRequest when none could be done, Conflict when somebody saved the draft since the page was made.
    """
    draft = _unchanged(session, version_id, revision, by)
    files = files_of(session, version_id)
    after, done, refused = dict(files), [], []
    for finding in _mendable(draft, wanted):
        fix, path = fix_from_json(finding["fix"]), finding["file"]
        try:
            after[path] = mend(_own(after, path), fix)
            done.append(_words(fix, finding))
        except InvalidRequest as refusal:
            refused.append(f"{_words(fix, finding)} : {refusal}")
    changed = {path: content for path, content in after.items() if files.get(path) != content}
    if not changed:
        raise InvalidRequest(" ".join(refused) or "Aucune de ces remarques n'a de correction automatique.")
    saved = _change(session, draft, changed, " ; ".join(done), by=by, now=now)
    return MendedDraft(saved=saved, done=tuple(done), refused=tuple(refused))


def mended_drawing(
    content: bytes, *, path: str, findings: Iterable[Mapping[str, Any]], code: str, element_id: str
) -> tuple[str, bytes]:
    """A drawing as it stands in the editor, with the mend of one of its findings done: what was done, and the drawing.

    Nothing is kept. Raises InvalidRequest when the drawing has no such finding any more.
    """
    for finding in findings:
        named = finding["code"] == code and (finding.get("element_id") or "") == element_id
        if named and finding.get("fix") and finding["file"] == path:
            fix = fix_from_json(finding["fix"])
            return _words(fix, finding), mend(content, fix)
    raise InvalidRequest("Cette remarque n'est plus sur ce dessin, ou se corrige à la main : vérifiez de nouveau.")


def undo_last(session: Session, *, version_id: UUID, revision: int | None, by: Actor, now: datetime) -> str:
    """Take the last change back, file by file, byte for byte. Gives what it was, in words."""
    draft = _unchanged(session, version_id, revision, by)
    last = session.execute(
        select(func.max(DraftChange.revision)).where(DraftChange.version_id == version_id)
    ).scalar_one()
    if last is None:
        raise InvalidRequest(NOTHING_TO_UNDO)
    rows = session.execute(
        select(DraftChange).where(DraftChange.version_id == version_id, DraftChange.revision == last)
    ).scalars()
    said, files = "", files_of(session, version_id)
    for row in list(rows):
        said = row.said
        _write(session, version_id, row.path, row.before, by)
        files.pop(row.path, None)
        if row.before is not None:
            files[row.path] = row.before
    session.execute(delete(DraftChange).where(DraftChange.version_id == version_id, DraftChange.revision == last))
    _look_again(session, draft, files, by, now)
    return said


def _unchanged(session: Session, version_id: UUID, revision: int | None, by: Actor) -> PathwayVersion:
    policies.check_may_publish(by)
    draft = draft_to_change(session, version_id, by)
    if revision is not None and revision != draft.revision:
        raise Conflict(SAVED_ELSEWHERE)
    return draft


def _mendable(draft: PathwayVersion, wanted: Collection[tuple[str, str]] | None) -> list[Mapping[str, Any]]:
    return [
        one for one in draft.findings
        if one.get("fix") and (wanted is None or (one["code"], one.get("element_id") or "") in wanted)
    ]  # fmt: skip


def _own(files: Mapping[str, bytes], path: str) -> bytes:
    if path not in files:
        raise InvalidRequest("cette pièce est partagée, elle ne se corrige pas dans ce brouillon.")
    return files[path]


def _words(fix: Fix, finding: Mapping[str, Any]) -> str:
    name = finding.get("element_name") or finding.get("element_id") or ""
    return f"{finding['code']}, « {name} » : {fix.label}" if name else f"{finding['code']} : {fix.label}"


def _change(
    session: Session, draft: PathwayVersion, changed: Mapping[str, bytes], said: str, *, by: Actor, now: datetime
) -> SavedDraft:
    files = files_of(session, draft.id)
    for path, content in changed.items():
        session.execute(
            insert(DraftChange).values(
                version_id=draft.id, territory_id=by.territory_id, revision=draft.revision + 1, path=path[:200],
                before=files.get(path), said=said, at=now, by_name=by.name[:200],
            )
        )  # fmt: skip
        _write(session, draft.id, path, content, by)
    session.execute(
        delete(DraftChange).where(
            DraftChange.version_id == draft.id, DraftChange.revision <= draft.revision + 1 - KEPT_CHANGES
        )
    )
    return _look_again(session, draft, {**files, **changed}, by, now)


def _write(session: Session, version_id: UUID, path: str, content: bytes | None, by: Actor) -> None:
    session.execute(delete(PathwayFile).where(PathwayFile.version_id == version_id, PathwayFile.path == path[:200]))
    if content is not None:
        session.execute(insert(PathwayFile).values(**file_row(version_id, by, path, content)))


def _look_again(
    session: Session, draft: PathwayVersion, files: Mapping[str, bytes], by: Actor, now: datetime
) -> SavedDraft:
    looked, after = look_here(session, files, by=by, now=now), draft.revision + 1
    session.execute(
        update(PathwayVersion)
        .where(PathwayVersion.id == draft.id)
        .values(
            revision=after,
            findings=[one.to_json() for one in looked.findings],
            content_digest=digest(files, looked.parameters),
            description=dict(looked.description) or draft.description,
            parameters=list(looked.parameters),
            authors=policies.with_author(draft.authors, by),
        )
    )
    return SavedDraft(version_id=draft.id, revision=after, findings=looked.findings)
