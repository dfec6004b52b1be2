"""A task by link: sent to somebody of the care circle without an account, opened with a code read out on the phone.

One link is one task of one case for one person. Its secret is in the letter only, its code is said only, its session
lasts half an hour; the database holds what recognises them. The professional keeps the task: a link asks for help with
it and changes neither who answers for it nor its deadline.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from argon2.exceptions import VerificationError
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from engine import policies, trace
from engine.actor import Actor
from engine.at_hand import TaskAtHand, case_of_task, task_at_hand
from engine.commands.sign_ins import HASHER, NOBODY, hash_token
from engine.commands.tasks import CompletedTask, finish
from engine.errors import CaseChanged, InvalidRequest, NotAllowed, NotFound, TaskNotFound
from engine.forms import check_answers
from engine.linked_tasks import Linked, find_linked, fits, form_for, member_of
from engine.models import TaskLink
from engine.projection import tables
from engine.vault import Vault

LINK_LASTS = timedelta(days=7)
CODE_LASTS = timedelta(minutes=10)
SESSION_LASTS = timedelta(minutes=30)
ASK_AGAIN_AFTER = timedelta(minutes=1)
CODE_DIGITS = 6
MOST_TRIES = 5
LONGEST_ADDRESS = 200
PATH = "/lien"
WRONG_CODE = "Ce code n'est pas le bon, ou il a plus de dix minutes. Vérifiez-le, ou demandez-en un autre."
NOT_YOURS = "Ce lien n'existe pas, ou vous n'y avez pas accès."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """The secret of the half-hour session, or the sentence of a refusal."""

    token: str = ""
    refusal: str = ""


def send(
    session: Session, *, task_id: UUID, member_id: UUID, address: str, vault: Vault, by: Actor, now: datetime,
    at: datetime,
) -> UUID:  # fmt: skip
    """Send a task to a named person of the patient's care circle. Earlier links of that person for it are void.

    `now` is the territory's time, `at` the machine's. The letter carries the secret sealed until it leaves.
    Raises TaskNotFound, NotAllowed, InvalidRequest, and what a task that cannot be answered any more raises.
    """
    earlier = (TaskLink.task_id == task_id, TaskLink.member_id == member_id, _unused())
    session.execute(select(TaskLink.id).where(*earlier).with_for_update())  # links before cases, like an answer
    hand, eligible = _hand(session, task_id, by, now)
    policies.check_may_send_link(by, eligible=eligible)
    member = member_of(session, member_id=member_id, patient_id=hand.case.patient_id, now=now)
    if member is None:
        raise InvalidRequest("Choisissez une personne du cercle de soins qui n'a pas de compte.")
    fits(hand.version, hand.row, role=member.role)
    where = address.strip()
    if len(where) > LONGEST_ADDRESS or where.count("@") != 1 or not where.isprintable() or " " in where:
        raise InvalidRequest("Indiquez l'adresse électronique de cette personne (nom@exemple.fr).")
    session.execute(update(TaskLink).where(*earlier).values(revoked_at=at, **_NO_SESSION, **_NO_CODE))
    link_id, secret = uuid4(), secrets.token_urlsafe(32)
    session.execute(
        insert(TaskLink).values(
            id=link_id, territory_id=by.territory_id, case_id=hand.case.id, task_id=task_id, member_id=member_id,
            secret_hash=hash_token(secret), sent_at=at, sent_by=by.name[:200], sent_by_id=by.professional_id,
            expires_at=at + LINK_LASTS,
        )
    )  # fmt: skip
    letter = {"sealed_path": vault.seal(f"{PATH}#{secret}")}
    _write(session, hand.case.id, None, "task_link", now, by.territory_id, address=where, parameters=letter)
    _record(session, "task_links.send", link_id, hand, by=by, now=now)
    return link_id


def give_code(session: Session, *, link_id: UUID, by: Actor, now: datetime, at: datetime) -> str:
    """Six digits to read out on the phone, good for ten minutes and five tries. The former ones are void."""
    link, hand = _own_link(session, link_id, by, now)
    if link.answered_at is not None or link.revoked_at is not None or link.expires_at <= at:
        raise InvalidRequest("Ce lien ne sert plus : envoyez-en un autre.")
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    session.execute(
        update(TaskLink)
        .where(TaskLink.id == link_id)
        .values(code_hash=HASHER.hash(code), code_until=at + CODE_LASTS, code_tries=0, code_asked_at=None)
    )
    _record(session, "task_links.code", link_id, hand, by=by, now=now)
    return code


def revoke(session: Session, *, link_id: UUID, by: Actor, now: datetime, at: datetime) -> None:
    """Take a link back: it opens nothing any more, and whoever is inside is outside."""
    link, hand = _own_link(session, link_id, by, now)
    if link.answered_at is None and link.revoked_at is None:
        session.execute(update(TaskLink).where(TaskLink.id == link_id).values(revoked_at=at, **_NO_SESSION, **_NO_CODE))
        _record(session, "task_links.revoke", link_id, hand, by=by, now=now)


def open_link(session: Session, *, secret: str, from_where: str, at: datetime) -> UUID | None:
    """The link of that secret, while it can serve; None when it cannot or does not exist. It opens no page yet."""
    found = find_linked(session, TaskLink.secret_hash == hash_token(secret), at=at)
    if found is None:
        return None
    session.execute(
        update(TaskLink).where(TaskLink.id == found.link.id, TaskLink.opened_at.is_(None)).values(opened_at=at)
    )
    _record_of(session, "task_links.open", found, from_where)
    return found.link.id


def ask_for_code(session: Session, *, link_id: UUID, from_where: str, at: datetime) -> None:
    """Tell whoever sent the link that the person waits for their code. Once a minute at most."""
    found = _waiting(session, link_id, at)
    asked = found.link.code_asked_at
    if asked is not None and at - asked < ASK_AGAIN_AFTER:
        return
    session.execute(update(TaskLink).where(TaskLink.id == link_id).values(code_asked_at=at))
    _tell_sender(session, found, "task_link_code_asked")
    _record_of(session, "task_links.ask_code", found, from_where)


def enter(session: Session, *, link_id: UUID, code: str, from_where: str, at: datetime) -> Entered:
    """Half an hour with the task, for the six digits. The fifth wrong try makes the code void.

    A refusal is an answer, not an exception: the try stays counted.
    """
    found = _waiting(session, link_id, at)
    link = found.link
    good = link.code_until is not None and link.code_until > at and link.code_tries < MOST_TRIES
    try:
        HASHER.verify(link.code_hash if good and link.code_hash else NOBODY, "".join(code.split()))
    except VerificationError:
        void = _NO_CODE if link.code_tries + 1 >= MOST_TRIES else {}
        session.execute(
            update(TaskLink).where(TaskLink.id == link_id).values({"code_tries": link.code_tries + 1, **void})
        )
        _record_of(session, "task_links.enter", found, from_where, result="refused")
        return Entered(refusal=WRONG_CODE)
    token = secrets.token_urlsafe(32)
    session.execute(
        update(TaskLink)
        .where(TaskLink.id == link_id)
        .values(session_hash=hash_token(token), session_until=at + SESSION_LASTS, **_NO_CODE)
    )
    _record_of(session, "task_links.enter", found, from_where)
    return Entered(token=token)


def leave(session: Session, *, token: str) -> None:
    """End the session; the link can be opened again with another code."""
    session.execute(update(TaskLink).where(TaskLink.session_hash == hash_token(token)).values(**_NO_SESSION))


def answer(
    session: Session, *, token: str, answers: Mapping[str, Any], revision: int | None, at: datetime
) -> CompletedTask:
    """Finish the task with what the person answered; the link is used up. The sender is told.

    Raises NotFound when the session has ended, and what `tasks.complete` raises.
    """
    found = find_linked(session, TaskLink.session_hash == hash_token(token), at=at, locked=True, inside=True)
    if found is None:
        raise NotFound(NOT_YOURS)
    now = found.now
    hand, _eligible = _hand(session, found.link.task_id, found.actor, now)
    fits(hand.version, hand.row, role=found.role)
    if revision is not None and revision != hand.row["revision"]:
        raise CaseChanged("La demande a changé depuis que la page est ouverte. Relisez-la, puis envoyez.")
    values = check_answers(
        form_for(hand.version, hand.row, by=found.actor),
        answers,
        facts=hand.visible_facts(),
        now=now,
        calendar=hand.case.calendar,
        locale=found.actor.locale,
    )
    done = finish(session, hand, values, by=found.actor, now=now, done_at=None)
    session.execute(
        update(TaskLink).where(TaskLink.id == found.link.id).values(answered_at=at, **_NO_SESSION, **_NO_CODE)
    )
    _record(session, "tasks.complete", found.link.id, hand, by=found.actor, now=now, why="link")
    _tell_sender(session, found, "task_link_answered")
    return done


_NO_SESSION: dict[str, Any] = {"session_hash": None, "session_until": None}
_NO_CODE: dict[str, Any] = {"code_hash": None, "code_until": None}


def _unused() -> Any:
    return (TaskLink.answered_at.is_(None)) & (TaskLink.revoked_at.is_(None))


def _hand(session: Session, task_id: UUID, by: Actor, now: datetime) -> tuple[TaskAtHand, bool]:
    case = case_of_task(session, task_id=task_id, by=by, now=now)
    return task_at_hand(session, case, task_id=task_id, now=now), case.eligible


def _own_link(session: Session, link_id: UUID, by: Actor, now: datetime) -> tuple[TaskLink, TaskAtHand]:
    """A link that `by` could send today, locked."""
    link = session.execute(
        select(TaskLink).where(TaskLink.id == link_id, TaskLink.territory_id == by.territory_id).with_for_update()
    ).scalar_one_or_none()
    if link is None:
        raise NotFound(NOT_YOURS)
    try:
        hand, eligible = _hand(session, link.task_id, by, now)
        policies.check_may_send_link(by, eligible=eligible)
    except (TaskNotFound, NotAllowed) as hidden:
        raise NotFound(NOT_YOURS) from hidden
    return link, hand


def _waiting(session: Session, link_id: UUID, at: datetime) -> Linked:
    found = find_linked(session, TaskLink.id == link_id, at=at, locked=True)
    if found is None:
        raise NotFound(NOT_YOURS)
    return found


def _tell_sender(session: Session, found: Linked, template: str) -> None:
    link = found.link
    if link.sent_by_id is not None:
        _write(
            session, link.case_id, link.task_id, template, found.now, link.territory_id, recipient_id=link.sent_by_id,
            parameters={"reference": found.case_number},
        )  # fmt: skip


def _write(
    session: Session, case_id: UUID, task_id: UUID | None, template: str, now: datetime, territory_id: UUID,
    **more: Any,
) -> None:  # fmt: skip
    row = {
        "territory_id": territory_id, "case_id": case_id, "task_id": task_id, "channel": "email",
        "template": template, "created_at": now, "not_before": now, **more,
    }  # fmt: skip
    tables.add(session.connection(), tables.OUTBOX, [row])


def _record(
    session: Session, action: str, link_id: UUID, hand: TaskAtHand, *, by: Actor, now: datetime, why: str = ""
) -> None:
    trace.record(
        session, action=action, by=by, now=now, patient_id=hand.case.patient_id, case_id=hand.case.id,
        object_kind="task_link", object_id=link_id, why=why,
    )  # fmt: skip


def _record_of(session: Session, action: str, found: Linked, from_where: str, *, result: str = "done") -> None:
    trace.record(
        session, action=action, by=found.actor, now=found.now, patient_id=found.patient_id, case_id=found.link.case_id,
        object_kind="task_link", object_id=found.link.id, from_where=from_where, result=result,
    )  # fmt: skip
