"""What a walk expects to be true, and the sentence that says when it is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.calendars import Calendar
from engine.commands.outbox import Letter
from engine.expressions import compile_expression, from_json
from engine.models import (
    OPEN_TASK_STATES,
    Case,
    CaseFact,
    CaseHistory,
    Outbox,
    ProfessionalRole,
    Task,
    WaitRecord,
)
from engine.walks.script import Expect

ENDED = ("completed", "cancelled")


@dataclass(frozen=True, slots=True)
class _View:
    session: Session
    case_id: UUID | None
    letters: Sequence[Letter]
    now: datetime
    calendar: Calendar


def disappointment(
    session: Session,
    expect: Expect,
    *,
    case_id: UUID | None,
    letters: Sequence[Letter],
    now: datetime,
    calendar: Calendar,
) -> str | None:
    """None when the expectation holds; else a sentence that says what is true instead."""
    return _CHECKS[expect.kind](_View(session, case_id, letters, now, calendar), expect.text)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _open(view: _View) -> set[str]:
    tasks = view.session.execute(
        select(Task.element_id).where(Task.case_id == view.case_id, Task.state.in_(OPEN_TASK_STATES))
    ).scalars()
    waits = view.session.execute(select(WaitRecord.element_id).where(WaitRecord.case_id == view.case_id)).scalars()
    return set(tasks) | set(waits)


def _expect_open(view: _View, text: str) -> str | None:
    found = _open(view)
    missing = [name for name in _names(text) if name not in found]
    return f"{', '.join(missing)} n'est pas ouvert ; ouvert : {', '.join(sorted(found))}." if missing else None


def _expect_not_open(view: _View, text: str) -> str | None:
    found = [name for name in _names(text) if name in _open(view)]
    return f"{', '.join(found)} est ouvert." if found else None


def _happened(view: _View, kinds: Sequence[str] | None = None) -> set[str]:
    query = select(CaseHistory.element_id).where(CaseHistory.case_id == view.case_id)
    if kinds:
        query = query.where(CaseHistory.kind.in_(kinds))
    return {element for element in view.session.execute(query.distinct()).scalars() if element}


def _expect_closed(view: _View, text: str) -> str | None:
    ended, found = _happened(view, ENDED), _open(view)
    wrong = [name for name in _names(text) if name not in ended or name in found]
    return f"{', '.join(wrong)} n'est pas fini." if wrong else None


def _expect_history(view: _View, text: str) -> str | None:
    missing = [name for name in _names(text) if name not in _happened(view)]
    return f"{', '.join(missing)} n'a pas eu lieu." if missing else None


def _case_column(column: str) -> Callable[[_View, str], str | None]:
    def check(view: _View, text: str) -> str | None:
        found = view.session.execute(select(getattr(Case, column)).where(Case.id == view.case_id)).scalar_one_or_none()
        return None if found == text else f"{column} vaut {found!r}, pas {text!r}."

    return check


def _expect_fact(view: _View, text: str) -> str | None:
    name, _, expected = text.partition("=")
    value = view.session.execute(
        select(CaseFact.value).where(
            CaseFact.case_id == view.case_id,
            CaseFact.scope == "",
            CaseFact.name == name.strip(),
            CaseFact.superseded_at.is_(None),
        )
    ).scalar_one_or_none()
    fact = from_json(value)
    same = compile_expression(f"= expected_fact = ({expected.strip()})").evaluate(
        {"expected_fact": fact}, now=view.now, calendar=view.calendar
    )
    return None if same is True else f"{name.strip()} vaut {fact!r}, pas {expected.strip()}."


def _told(view: _View) -> set[str]:
    ids = [letter.id for letter in view.letters]
    rows = view.session.execute(
        select(ProfessionalRole.role)
        .join(Outbox, Outbox.recipient_id == ProfessionalRole.professional_id)
        .where(Outbox.id.in_(ids))
        .distinct()
    )
    return set(rows.scalars())


def _expect_notified(view: _View, text: str) -> str | None:
    told = _told(view)
    missing = [role for role in _names(text) if role not in told]
    return f"{', '.join(missing)} n'a pas été prévenu (prévenus : {', '.join(sorted(told))})." if missing else None


def _expect_not_notified(view: _View, text: str) -> str | None:
    found = [role for role in _names(text) if role in _told(view)]
    return f"{', '.join(found)} a été prévenu." if found else None


def _late(view: _View) -> set[str]:
    rows = view.session.execute(
        select(Task.element_id).where(
            Task.case_id == view.case_id, Task.state.in_(OPEN_TASK_STATES), Task.due_at < view.now
        )
    )
    return set(rows.scalars())


def _expect_late(view: _View, text: str) -> str | None:
    missing = [name for name in _names(text) if name not in _late(view)]
    return f"{', '.join(missing)} n'est pas en retard." if missing else None


def _expect_no_late(view: _View, _text: str) -> str | None:
    late = _late(view)
    return f"{', '.join(sorted(late))} est en retard." if late else None


def _waits(view: _View) -> list[str]:
    rows = view.session.execute(select(WaitRecord.element_name).where(WaitRecord.case_id == view.case_id))
    return list(rows.scalars())


def _expect_wait(view: _View, text: str) -> str | None:
    words = text.strip().strip('"').casefold()
    found = _waits(view)
    return None if any(words in name.casefold() for name in found) else f"Le dossier attend : {' ; '.join(found)}."


def _expect_no_wait(view: _View, _text: str) -> str | None:
    count = view.session.execute(
        select(func.count()).select_from(WaitRecord).where(WaitRecord.case_id == view.case_id)
    ).scalar_one()
    return f"Le dossier attend encore {count} chose(s) : {' ; '.join(_waits(view))}." if count else None


_CHECKS: Mapping[str, Callable[[_View, str], str | None]] = {
    "open": _expect_open,
    "not open": _expect_not_open,
    "closed": _expect_closed,
    "history": _expect_history,
    "state": _case_column("state"),
    "outcome": _case_column("outcome"),
    "fact": _expect_fact,
    "notified": _expect_notified,
    "not notified": _expect_not_notified,
    "late task": _expect_late,
    "no late task": _expect_no_late,
    "wait": _expect_wait,
    "no wait": _expect_no_wait,
}
