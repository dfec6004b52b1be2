"""What is done to a case from its page: messages, pauses, an early end, tasks given to others, incidents retried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from engine.commands import cases, messages, tasks
from engine.errors import InvalidAnswers, InvalidMessage, InvalidRequest, NotFound
from engine.forms import check_answers
from engine.queries.case_page import CaseHead, MessageChoice
from engine.queries.why import CaseWhy
from web import forms, visitor
from web.addresses import safe_path
from web.asking import drawn, sent_answers
from web.calendar import calendar
from web.cases import head_of
from web.texts import gettext as _

bp = Blueprint("case_acts", __name__, url_prefix="/dossiers/<number>")


@bp.get("/messages")
def choose_message(number: str) -> ResponseReturnValue:
    """The messages one may send to the case."""
    with visitor.database().reading() as session:
        head, why = head_of(session, number)
    return render_template("cases/messages.html", head=head, why=why, tab="messages")


@bp.route("/messages/<name>", methods=["GET", "POST"])
def message(number: str, name: str) -> ResponseReturnValue:
    """Send a message that the pathway declares, with what it carries."""
    with visitor.database().reading() as session:
        head, why = head_of(session, number)
    choice = next((one for one in head.messages if one.name == name), None)
    if choice is None:
        raise NotFound(_("Ce parcours ne reçoit pas ce message, ou votre rôle ne peut pas l'envoyer."))
    if request.method == "GET":
        return _message_page(head, why, choice, {})
    raw = sent_answers(choice.form)
    try:
        check_answers(choice.form, raw, facts={}, now=visitor.now(), calendar=calendar())
        with visitor.database().transaction() as session:
            delivery = messages.deliver(
                session,
                name=name,
                payload={**raw, **_sender(name)},
                case_id=head.id,
                by=visitor.current_actor(),
                now=visitor.now(),
                key=_key(),
            )
    except InvalidAnswers as refusal:
        return _message_page(head, why, choice, raw, problems=refusal.problems), 422
    except InvalidMessage as refusal:
        return _message_page(head, why, choice, raw, sentence=str(refusal)), 422
    flash(delivery.sentence, "done" if delivery.delivered else "soon")
    return redirect(url_for("cases.show", number=number), 303)


@bp.route("/suspendre", methods=["GET", "POST"])
def hold(number: str) -> ResponseReturnValue:
    """Stop the clocks of the case, and say until when."""

    def act(session: Session, head: CaseHead, reason: str) -> str:
        until = request.form.get("until", "")
        try:
            moment = datetime.fromisoformat(until).replace(tzinfo=visitor.zone()).astimezone(UTC) if until else None
        except ValueError as wrong:
            raise InvalidRequest(_("Indiquez le jour de la reprise.")) from wrong
        cases.hold(
            session,
            case_id=head.id,
            reason=reason,
            until=moment,
            by=visitor.current_actor(),
            now=visitor.now(),
            key=_key(),
        )
        return _("Le dossier %(number)s est en pause : ses délais sont arrêtés.", number=head.number)

    return _with_reason(number, "hold", act)


@bp.route("/annuler", methods=["GET", "POST"])
def cancel(number: str) -> ResponseReturnValue:
    """Close the case before its end."""

    def act(session: Session, head: CaseHead, reason: str) -> str:
        cases.cancel(session, case_id=head.id, reason=reason, by=visitor.current_actor(), now=visitor.now(), key=_key())
        return _("Le dossier %(number)s est annulé. Rien n'est effacé.", number=head.number)

    return _with_reason(number, "cancel", act)


@bp.post("/reprendre")
def resume(number: str) -> ResponseReturnValue:
    """Take a suspended case up again."""
    with visitor.database().transaction() as session:
        head, _why = head_of(session, number)
        due = cases.resume(session, case_id=head.id, by=visitor.current_actor(), now=visitor.now(), key=_key())
    flash(_("Le dossier %(number)s reprend.", number=head.number), "done")
    for one in due:
        flash(
            _("Pendant la pause, « %(name)s » est arrivé à échéance : c'est traité dans un instant.", name=one.name),
            "soon",
        )
    return _back(number)


@bp.post("/reessayer")
def retry(number: str) -> ResponseReturnValue:
    """Try again the step that the software could not do."""
    with visitor.database().transaction() as session:
        head, _why = head_of(session, number)
        mended = cases.retry(
            session,
            case_id=head.id,
            incident_id=_uuid("incident"),
            by=visitor.current_actor(),
            now=visitor.now(),
            key=_key(),
        )
    flash(mended.sentence, "done" if mended.mended else "late")
    return _back(number)


@bp.post("/relancer")
def remind(number: str) -> ResponseReturnValue:
    """Remind whoever has a task, or may take it."""
    with visitor.database().transaction() as session:
        tasks.remind(session, task_id=_task(session, number), by=visitor.current_actor(), now=visitor.now(), key=_key())
    flash(_("Le rappel est parti."), "done")
    return _back(number)


@bp.post("/reattribuer")
def reassign(number: str) -> ResponseReturnValue:
    """Give a task to somebody else."""
    with visitor.database().transaction() as session:
        task_id, to = _task(session, number), _uuid("to")
        if to is None:
            raise InvalidRequest(_("Choisissez la personne qui prend le relais."))
        tasks.reassign(
            session,
            task_id=task_id,
            to=to,
            comment=_reason(),
            by=visitor.current_actor(),
            now=visitor.now(),
            key=_key(),
        )
    flash(_("La tâche est réattribuée ; la personne est prévenue."), "done")
    return _back(number)


@bp.post("/elargir")
def release(number: str) -> ResponseReturnValue:
    """Offer a task to everybody of its role."""
    with visitor.database().transaction() as session:
        tasks.release(
            session,
            task_id=_task(session, number),
            comment=_reason(),
            by=visitor.current_actor(),
            now=visitor.now(),
            key=_key(),
        )
    flash(_("La tâche est proposée plus largement."), "done")
    return _back(number)


def _with_reason(number: str, name: str, act: Callable[[Session, CaseHead, str], str]) -> ResponseReturnValue:
    """A page that asks for the reason of a grave act, then the act."""
    with visitor.database().reading() as session:
        head, why = head_of(session, number)
    if request.method == "GET":
        return render_template("cases/reason.html", head=head, why=why, act=name, problem="")
    try:
        with visitor.database().transaction() as session:
            sentence = act(session, head, _reason())
    except InvalidRequest as refusal:
        return render_template("cases/reason.html", head=head, why=why, act=name, problem=str(refusal)), 422
    flash(sentence, "done")
    return redirect(url_for("cases.show", number=number), 303)


def _message_page(
    head: CaseHead,
    why: CaseWhy,
    choice: MessageChoice,
    raw: Mapping[str, Any],
    *,
    problems: Mapping[str, str] | None = None,
    sentence: str = "",
) -> str:
    return render_template(
        "cases/message.html", head=head, why=why, choice=choice, sentence=sentence,
        problem_links=forms.problem_links(choice.form, problems or {}),
        **drawn(choice.form, raw, problems=problems),
    )  # fmt: skip


def _sender(name: str) -> dict[str, str]:
    """An alert says in which role it was given."""
    by = visitor.current_actor()
    role = by.acting_as or min(by.roles, default="")
    return {"source_role": role} if name == "alert" and role else {}


def _task(session: Session, number: str) -> UUID:
    """The task of the form; the case it belongs to must be one the person may see."""
    head, why = head_of(session, number)
    task_id = _uuid("task_id")
    if task_id is None or task_id not in {wait.task_id for wait in why.waits}:
        raise NotFound(_("Cette tâche n'est plus ouverte dans le dossier %(number)s.", number=head.number))
    return task_id


def _back(number: str) -> ResponseReturnValue:
    return redirect(safe_path(request.form.get("suite"), url_for("cases.show", number=number)), 303)


def _reason() -> str:
    return request.form.get("reason", "").strip()[:300]


def _key() -> str | None:
    return request.form.get("idempotency_key", "")[:100] or None


def _uuid(name: str) -> UUID | None:
    try:
        return UUID(request.form.get(name, ""))
    except ValueError:
        return None
