"""« Signer »: what was answered, read once more, and the proof of who signs it."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.errors import NotAllowed
from engine.queries.task_page import TaskPage
from web import proof, tasks, visitor
from web.texts import gettext as _

bp = Blueprint("signatures", __name__, url_prefix="/taches/<uuid:task_id>/signer")


@bp.get("")
def show(task_id: UUID) -> ResponseReturnValue:
    """Read again what one is about to sign."""
    page = tasks.page_of(task_id)
    visitor.note_read(kind="task", object_id=page.id, patient_id=page.patient.id, case_id=page.case_id)
    if not _to_sign(page):
        return redirect(url_for("tasks.show", task_id=task_id), 303)
    return _shown(page)


@bp.post("")
def sign(task_id: UUID) -> ResponseReturnValue:
    """Prove who one is, and finish the task with the answers that were read."""
    page = tasks.page_of(task_id)
    if not _to_sign(page):
        return redirect(url_for("tasks.show", task_id=task_id), 303)
    if page.draft_saved_at is None or request.form.get("lu") != page.draft_saved_at.isoformat():
        return _shown(page, problem=_("Les réponses ont changé depuis que la page est ouverte : relisez-les.")), 409
    try:
        proof.check()
    except NotAllowed as refusal:
        return _shown(page, problem=_(str(refusal))), 422
    return tasks.finish(task_id, tasks.form_of(task_id), dict(page.draft or {}))


def _to_sign(page: TaskPage) -> bool:
    return page.form.signed and page.can_answer and page.draft is not None


def _shown(page: TaskPage, *, problem: str = "") -> str:
    return render_template(
        "tasks/sign.html", page=page, problem=problem, ways=proof.ways(), fresh=proof.is_fresh(),
        **tasks.drawn(page, dict(page.draft or {})),
    )  # fmt: skip
