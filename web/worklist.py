"""« Ma journée »: what this person does today, may take, will do later, has done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from engine.queries.worklist import TABS, PatientCard, Tab, Worklist, WorklistTask, worklist
from web import visitor
from web.calendar import calendar
from web.offline import kept_offline

bp = Blueprint("worklist", __name__)

TAB_WORDS: dict[str, Tab] = {"aujourdhui": "today", "a-prendre": "to_take", "a-venir": "later", "faits": "done"}


@dataclass(frozen=True, slots=True)
class Visit:
    """One patient and what is to do for them: one card."""

    patient: PatientCard
    tasks: Sequence[WorklistTask]

    @property
    def late(self) -> bool:
        """True when something for this patient is late."""
        return any(task.late for task in self.tasks)


@bp.get("/ma-journee")
def mine() -> ResponseReturnValue:
    """The day of the person signed in, one card per patient."""
    page = max(request.args.get("page", 1, type=int), 1)
    text = request.args.get("q", "").strip()[:100]
    by, now = visitor.current_actor(), visitor.now()
    with visitor.database().reading() as session:
        found = worklist(
            session,
            by=by,
            now=now,
            calendar=calendar(),
            tab=TAB_WORDS.get(request.args.get("voir", "")),
            text=text,
            page=page,
        )
    html = render_template(
        "worklist/mine.html",
        list=found,
        visits=visits(found),
        tabs=_tab_links(),
        text=text,
        page=page,
        chosen=next(word for word, tab in TAB_WORDS.items() if tab == found.tab),
    )
    return kept_offline(html)


def visits(found: Worklist) -> list[Visit]:
    """The tasks gathered by patient, in the order of each patient's most pressing task; anonymous ones stay alone."""
    gathered: dict[object, list[WorklistTask]] = {}
    for task in found.tasks:
        gathered.setdefault(task.patient.id or task.id, []).append(task)
    return [Visit(tasks[0].patient, tasks) for tasks in gathered.values()]


def _tab_links() -> dict[Tab, str]:
    words = {tab: word for word, tab in TAB_WORDS.items()}
    return cast("dict[Tab, str]", {tab: words[tab] for tab in TABS})
