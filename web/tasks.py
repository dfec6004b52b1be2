"""A task: its page and its form, and everything that can be done with it besides answering."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.commands import tasks
from engine.errors import Conflict, Invalid, InvalidAnswers, InvalidRequest, ProofNeeded
from engine.queries import directory
from engine.queries.task_links import may_go_by_link
from engine.queries.task_page import TaskForm, TaskPage, task_form, task_page
from engine.queries.worklist import others_for_patient
from web import asking, forms, visitor
from web.calendar import calendar
from web.errors import answer, wants_json
from web.offline import kept_offline
from web.texts import gettext as _
from web.wording import DECLINE_REASONS, NOT_DONE_REASONS

bp = Blueprint("tasks", __name__, url_prefix="/taches/<uuid:task_id>")

LONGEST_OFFLINE = timedelta(days=4)
ANSWERED_ROUNDS = frozenset({"usual", "pool", "neighbours"})
"""Offers, whose form says yes or no."""


@bp.get("")
def show(task_id: UUID) -> ResponseReturnValue:
    """The task, its form filled with what is known or with the draft."""
    page = page_of(task_id)
    visitor.note_read(kind="task", object_id=page.id, patient_id=page.patient.id, case_id=page.case_id)
    if not page.open:
        return render_template("tasks/done.html", page=page, **drawn(page, forms.raw_values(page.form, page.values)))
    raw = {**forms.raw_values(page.form, page.values), **(page.draft or {})}
    shown = _form_page(page, raw)
    return make_response(shown) if page.form.signed else kept_offline(shown)  # nothing is signed without the network


@bp.post("")
def complete(task_id: UUID) -> ResponseReturnValue:
    """Finish the task with the answers of its form."""
    asked = form_of(task_id)
    raw = asking.sent_answers(asked.form)
    if "ajouter" in request.form:  # one more row, without script
        return _form_page(page_of(task_id), _with_blank_row(raw, request.form["ajouter"]))
    return finish(task_id, asked, raw)


def finish(task_id: UUID, asked: TaskForm, raw: Mapping[str, Any]) -> ResponseReturnValue:
    """Finish with these answers; what is signed is kept as a draft while the person proves who they are."""
    try:
        with visitor.database().transaction() as session:
            done = tasks.complete(
                session,
                task_id=task_id,
                answers=raw,
                revision=_revision(),
                by=visitor.current_actor(),
                now=visitor.now(),
                key=_key(),
                done_at=_done_at(),
            )
    except ProofNeeded as refusal:
        return _sign_first(task_id, raw, refusal)
    except InvalidAnswers as refusal:
        return _form_page(page_of(task_id), raw, problems=refusal.problems), 422
    except Invalid as refusal:
        return _form_page(page_of(task_id), raw, sentence=str(refusal)), 422
    except Conflict as refusal:
        return _conflict(page_of(task_id), raw, str(refusal))
    if done.incident is not None:
        flash(done.incident, "late")
    if asked.offer_round in ANSWERED_ROUNDS and raw.get("accepted") == "false":
        flash(_("Votre refus est noté. La demande sera proposée à quelqu'un d'autre."), "done")
        return redirect(url_for("worklist.mine"), 303)
    return redirect(url_for("tasks.finished", task_id=task_id), 303)


def _sign_first(task_id: UUID, raw: Mapping[str, Any], refusal: ProofNeeded) -> ResponseReturnValue:
    with visitor.database().transaction() as session:
        tasks.save_draft(session, task_id=task_id, answers=raw, by=visitor.current_actor(), now=visitor.now())
    if wants_json() or "X-CSRFToken" in request.headers:  # a phone that sends what it kept: nobody is there to sign
        kept = _("Vos réponses sont gardées en brouillon.")
        return answer(403, _("À signer"), f"{refusal} {kept}")
    return redirect(url_for("signatures.show", task_id=task_id), 303)


@bp.get("/terminee")
def finished(task_id: UUID) -> ResponseReturnValue:
    """What was done, and what else there is to do for the same patient."""
    page = page_of(task_id)
    if page.open:
        return redirect(url_for("tasks.show", task_id=task_id), 303)
    return render_template("tasks/finished.html", page=page, others=_others(page))


@bp.post("/brouillon")
def save_draft(task_id: UUID) -> ResponseReturnValue:
    """Keep what is being typed."""
    answers = asking.sent_answers(form_of(task_id).form)
    with visitor.database().transaction() as session:
        tasks.save_draft(
            session,
            task_id=task_id,
            answers=answers,
            by=visitor.current_actor(),
            now=visitor.now(),
        )
    if wants_json() or "X-CSRFToken" in request.headers:
        return "", 204
    flash(_("Brouillon enregistré."), "done")
    return redirect(url_for("tasks.show", task_id=task_id), 303)


@bp.post("/accepter")
def accept(task_id: UUID) -> ResponseReturnValue:
    """Take the task."""
    page = page_of(task_id)
    with visitor.database().transaction() as session:
        tasks.accept(session, task_id=task_id, by=visitor.current_actor(), now=visitor.now(), key=_key())
    if page.offer_round in ANSWERED_ROUNDS:
        return redirect(url_for("tasks.finished", task_id=task_id), 303)
    flash(_("La tâche est à vous."), "done")
    return redirect(url_for("tasks.show", task_id=task_id), 303)


@bp.route("/refuser", methods=["GET", "POST"])
def decline(task_id: UUID) -> ResponseReturnValue:
    """Say that one cannot, and why."""
    page = page_of(task_id)
    if request.method == "GET":
        return _act_page(page, "decline")
    reason = request.form.get("reason", "")
    if reason not in DECLINE_REASONS:
        return _act_page(page, "decline", {"reason": _("Choisissez une raison.")}), 422
    with visitor.database().transaction() as session:
        tasks.decline(
            session,
            task_id=task_id,
            reason=reason,
            comment=_comment(),
            by=visitor.current_actor(),
            now=visitor.now(),
            key=_key(),
        )
    flash(_("C'est noté. La tâche « %(name)s » sera proposée à quelqu'un d'autre.", name=page.name), "done")
    return redirect(url_for("worklist.mine"), 303)


@bp.route("/deleguer", methods=["GET", "POST"])
def delegate(task_id: UUID) -> ResponseReturnValue:
    """Hand the task to a colleague."""
    page = page_of(task_id)
    if request.method == "GET":
        return _act_page(page, "delegate")
    try:
        colleague = UUID(request.form.get("to", ""))
    except ValueError:
        return _act_page(page, "delegate", {"to": _("Choisissez la personne qui prend le relais.")}), 422
    with visitor.database().transaction() as session:
        tasks.delegate(
            session,
            task_id=task_id,
            to=colleague,
            comment=_comment(),
            by=visitor.current_actor(),
            now=visitor.now(),
            key=_key(),
        )
    flash(_("La tâche « %(name)s » est confiée à votre collègue.", name=page.name), "done")
    return redirect(url_for("worklist.mine"), 303)


@bp.route("/reporter", methods=["GET", "POST"])
def postpone(task_id: UUID) -> ResponseReturnValue:
    """Put the task off to another day; its due date does not move."""
    page = page_of(task_id)
    if request.method == "GET":
        return _act_page(page, "postpone")
    try:
        until = datetime.fromisoformat(request.form.get("until", "")).replace(tzinfo=visitor.zone()).astimezone(UTC)
    except ValueError:
        return _act_page(page, "postpone", {"until": _("Indiquez le jour et l'heure.")}), 422
    if not _comment():
        return _act_page(page, "postpone", {"comment": _("Dites pourquoi : la coordination le lira.")}), 422
    try:
        with visitor.database().transaction() as session:
            tasks.postpone(
                session,
                task_id=task_id,
                until=until,
                reason=_comment(),
                by=visitor.current_actor(),
                now=visitor.now(),
                key=_key(),
            )
    except InvalidRequest as refusal:
        return _act_page(page, "postpone", {"until": str(refusal)}), 422
    flash(_("La tâche « %(name)s » est reportée.", name=page.name), "done")
    return redirect(url_for("worklist.mine"), 303)


@bp.route("/non-fait", methods=["GET", "POST"])
def not_done(task_id: UUID) -> ResponseReturnValue:
    """Close the task without doing it: done elsewhere, patient absent, refused…"""
    page = page_of(task_id)
    if request.method == "GET":
        return _act_page(page, "not_done")
    reason = request.form.get("reason", "")
    if reason not in NOT_DONE_REASONS:
        return _act_page(page, "not_done", {"reason": _("Choisissez une raison.")}), 422
    try:
        with visitor.database().transaction() as session:
            tasks.not_done(
                session,
                task_id=task_id,
                reason=reason,
                comment=_comment(),
                by=visitor.current_actor(),
                now=visitor.now(),
                key=_key(),
            )
    except Invalid as refusal:
        return _act_page(page, "not_done", {"reason": str(refusal)}), 422
    return redirect(url_for("tasks.finished", task_id=task_id), 303)


def page_of(task_id: UUID) -> TaskPage:
    """The task as the person may see it."""
    with visitor.database().reading() as session:
        return task_page(session, task_id=task_id, by=visitor.current_actor(), now=visitor.now(), calendar=calendar())


def form_of(task_id: UUID) -> TaskForm:
    """The form of the task."""
    with visitor.database().reading() as session:
        return task_form(session, task_id=task_id, by=visitor.current_actor(), now=visitor.now(), calendar=calendar())


def _form_page(
    page: TaskPage, raw: Mapping[str, Any], *, problems: Mapping[str, str] | None = None, sentence: str = ""
) -> str:
    return render_template(
        "tasks/show.html",
        page=page,
        sentence=sentence,
        problem_links=forms.problem_links(page.form, problems or {}),
        draft_saved_at=_machine_time(page.draft_saved_at),
        by_link=_may_go_by_link(page),
        **drawn(page, raw, problems),
    )


def _may_go_by_link(page: TaskPage) -> bool:
    with visitor.database().reading() as session:
        return may_go_by_link(
            session, task_id=page.id, by=visitor.current_actor(), eligible=page.can_answer, now=visitor.now()
        )


def drawn(page: TaskPage, raw: Mapping[str, Any], problems: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The form of the task with its answers, for a template."""
    return asking.drawn(page.form, raw, facts=page.facts, problems=problems)


def _with_blank_row(raw: dict[str, Any], table: str) -> dict[str, Any]:
    return {**raw, table: [*raw.get(table, []), {}]} if isinstance(raw.get(table, []), list) else raw


def _conflict(page: TaskPage, raw: Mapping[str, Any], sentence: str) -> ResponseReturnValue:
    """Who was faster, what was typed, what stands now: nothing is lost. A task still open shows its form again."""
    if page.can_answer:
        return _form_page(page, raw, sentence=sentence), 409
    standing = {} if page.open else drawn(page, forms.raw_values(page.form, page.values))
    html = render_template(
        "tasks/conflict.html", page=page, sentence=sentence, now_sections=standing.get("sections"), **drawn(page, raw)
    )
    return make_response(html, 409)


def _act_page(page: TaskPage, act: str, problems: Mapping[str, str] | None = None) -> str:
    colleagues: tuple[directory.DirectoryEntry, ...] = ()
    if act == "delegate":
        by = visitor.current_actor()
        with visitor.database().reading() as session:
            found = directory.people(session, by=by, today=_today(), roles=(page.role,))
        colleagues = tuple(one for one in found if one.reference != str(by.professional_id))
    return render_template(f"tasks/{act}.html", page=page, problems=problems or {}, colleagues=colleagues)


def _others(page: TaskPage) -> Any:
    if page.patient.id is None:
        return ()
    with visitor.database().reading() as session:
        return others_for_patient(
            session,
            by=visitor.current_actor(),
            patient_id=page.patient.id,
            now=visitor.now(),
            calendar=calendar(),
            besides=page.id,
        )


def _today() -> Any:
    return visitor.now().astimezone(visitor.zone()).date()


def _comment() -> str:
    return request.form.get("comment", "").strip()[:2000]


def _revision() -> int | None:
    return request.form.get("rev", type=int)


def _key() -> str | None:
    return (request.headers.get("Idempotency-Key") or request.form.get("idempotency_key") or "")[:100] or None


def _done_at() -> datetime | None:
    """When the phone says the work was done, on the territory's clock; ignored when it cannot be true."""
    try:
        said = datetime.fromisoformat(request.headers.get("X-Done-At", ""))
    except ValueError:
        return None
    if said.tzinfo is None:
        return None
    territory = visitor.current_territory()
    moment = said + timedelta(seconds=territory.clock_offset_seconds if territory else 0)
    return moment if visitor.now() - LONGEST_OFFLINE < moment <= visitor.now() else None


def _machine_time(moment: datetime | None) -> datetime | None:
    """The same moment on the machine's clock, which is the phone's."""
    territory = visitor.current_territory()
    if moment is None or territory is None:
        return moment
    return moment - timedelta(seconds=territory.clock_offset_seconds)
