"""« Conservation »: how long what is kept, what is due, purges and their certificates; erasures held back."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.commands import retention
from engine.errors import Conflict, InvalidRequest
from engine.queries import person_rights
from engine.queries.retention import purge_of, retention_page
from engine.retention import Kept
from web import visitor
from web.texts import gettext as _
from web.texts import lazy_gettext as _l

bp = Blueprint("retention", __name__)

CLASSES = {
    Kept.CLOSED_CASES: (
        _l("Personnes dont tous les dossiers sont clos"),
        _l("Comptés depuis la dernière clôture. Référence CNIL du secteur social et médico-social : deux ans."),
    ),
    Kept.RECEIVED_MESSAGES: (
        _l("Messages reçus que personne n'attendait"), _l("Gardés le temps de retrouver à qui ils étaient destinés."),
    ),
    Kept.NOTIFICATIONS: (
        _l("Notifications envoyées"), _l("Celles des dossiers clos ; elles ne disent rien de la santé."),
    ),
    Kept.SENT_COMMANDS: (
        _l("Reçus des envois"), _l("Ils évitent qu'un téléphone hors ligne envoie deux fois la même saisie."),
    ),
    Kept.FORMER_STATES: (
        _l("États gardés avant une migration"), _l("Tant qu'ils sont là, une migration peut être annulée."),
    ),
    Kept.ENDED_SESSIONS: (_l("Sessions terminées"), _l("Appareil et heures ; la trace, elle, est gardée à part.")),
    Kept.FINISHED_JOBS: (_l("Travaux terminés"), _l("Avancement des migrations passées.")),
}  # fmt: skip
HOLD_WORDS = {
    "complaint": _l("une réclamation"), "litigation": _l("un litige"), "inquiry": _l("une enquête"),
}  # fmt: skip


@bp.get("/conservation")
def index() -> ResponseReturnValue:
    """What is kept, for how long, and what a purge would do today."""
    return _page()


@bp.post("/conservation/<what>")
def choose(what: str) -> ResponseReturnValue:
    """Choose another length for a class."""
    try:
        days = int(request.form.get("days", ""))
        with visitor.database().transaction() as session:
            retention.choose_length(
                session, what=Kept(what), days=days, by=visitor.current_actor(), now=visitor.now()
            )  # fmt: skip
    except InvalidRequest as refusal:
        return _page(str(refusal)), 422
    except ValueError:
        return _page(_("Indiquez un nombre de jours.")), 422
    flash(_("La durée est changée."), "done")
    return redirect(url_for(".index"), 303)


@bp.post("/conservation/purges")
def purge() -> ResponseReturnValue:
    """Erase every person past their keeping, as many as the page announced."""
    seen = request.form.get("seen", "")
    if request.form.get("confirmation", "").strip().upper() != "EFFACER":
        return _page(_("Écrivez EFFACER pour confirmer : rien ne pourra être retrouvé.")), 422
    try:
        with visitor.database().transaction() as session:
            job_id = retention.begin_purge(
                session, seen=int(seen) if seen.isdigit() else -1, by=visitor.current_actor(), now=visitor.now()
            )
    except Conflict as refusal:
        return _page(str(refusal)), 409
    return redirect(url_for(".certificate", job_id=job_id), 303)


@bp.get("/conservation/purges/<uuid:job_id>")
def certificate(job_id: UUID) -> ResponseReturnValue:
    """How far a purge is; once done, its certificate."""
    with visitor.database().reading() as session:
        found = purge_of(session, job_id=job_id, by=visitor.current_actor())
    template = "retention/progress.html" if "HX-Request" in request.headers else "retention/purge.html"
    return render_template(template, purge=found, classes=CLASSES)


@bp.post("/patients/<uuid:patient_id>/conservation")
def hold(patient_id: UUID) -> ResponseReturnValue:
    """Hold the erasure of a patient back, or let the usual lengths apply again."""
    by, now = visitor.current_actor(), visitor.now()
    try:
        with visitor.database().transaction() as session:
            person_rights.person_rights(session, patient_id=patient_id, by=by)
            if request.form.get("act") == "release":
                retention.release(session, patient_id=patient_id, by=by, now=now)
                sentence = _("Les durées habituelles s'appliquent de nouveau.")
            else:
                reason = request.form.get("reason", "")
                retention.hold_back(session, patient_id=patient_id, reason=reason, by=by, now=now)
                sentence = _("L'effacement est suspendu : ni purge ni effacement avant que vous ne le leviez.")
    except (Conflict, InvalidRequest) as refusal:
        flash(str(refusal), "soon")
    else:
        flash(sentence, "done")
    return redirect(url_for("person_rights.show", patient_id=patient_id), 303)


@bp.app_context_processor
def _words() -> dict[str, object]:
    return {"hold_words": HOLD_WORDS}


def _page(problem: str = "") -> str:
    with visitor.database().reading() as session:
        page = retention_page(session, by=visitor.current_actor(), now=visitor.now())
    return render_template("retention/index.html", page=page, classes=CLASSES, problem=problem)
