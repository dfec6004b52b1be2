"""The rights of a patient, exercised through the coordination: access, opposition, erasure; and emergency access."""

from __future__ import annotations

import json
from datetime import date, datetime
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.commands import emergencies, erasures, limitations, oppositions
from engine.errors import Conflict, InvalidRequest, NotAllowed, PatientNotFound
from engine.queries import person_rights
from engine.queries.case_page import open_case_numbers
from web import visitor
from web.case_words import SAID, exported_value
from web.reading import patients_shown
from web.rectifications import SEXES, TRAIT_LABELS
from web.texts import gettext as _
from web.texts import lazy_gettext as _l
from web.texts import ngettext

bp = Blueprint("person_rights", __name__)

REASONS = {
    "vital_emergency": _l("Urgence vitale"),
    "continuity_of_care": _l("Continuité des soins : je remplace ou je prends la suite"),
    "patient_asks": _l("Le patient est devant moi et me le demande"),
    "other": _l("Autre raison (à préciser)"),
}


EXPORT_LABELS = TRAIT_LABELS | {
    "ins": _l("INS"), "identity_status": _l("Statut de l'identité"), "opposition_at": _l("Opposition notée"),
}  # fmt: skip


@bp.get("/patients/<uuid:patient_id>")
def show(patient_id: UUID) -> ResponseReturnValue:
    """How the rights of a patient stand, and what can be done."""
    with visitor.database().reading() as session:
        found = person_rights.person_rights(session, patient_id=patient_id, by=visitor.current_actor())
    return render_template("person_rights/show.html", found=found)


@bp.get("/patients/<uuid:patient_id>/donnees")
def export(patient_id: UUID) -> ResponseReturnValue:
    """Everything about the patient, readable."""
    with visitor.database().reading() as session:
        by = visitor.current_actor()
        found = person_rights.person_rights(session, patient_id=patient_id, by=by)
        data = person_rights.person_export(session, patient_id=patient_id, by=by)
    patients_shown([patient_id], action="export", kind="patient")
    return render_template(
        "person_rights/export.html", found=found, data=data, labels=EXPORT_LABELS, sexes=SEXES, said=SAID,
        words=exported_value, instant=datetime.fromisoformat,
    )  # fmt: skip


@bp.get("/patients/<uuid:patient_id>/donnees.json")
def export_json(patient_id: UUID) -> ResponseReturnValue:
    """The same, as a file."""
    with visitor.database().reading() as session:
        data = person_rights.person_export(session, patient_id=patient_id, by=visitor.current_actor())
    patients_shown([patient_id], action="export", kind="patient")
    headers = {"Content-Disposition": 'attachment; filename="donnees.json"'}
    return Response(json.dumps(data, ensure_ascii=False, indent=2), mimetype="application/json", headers=headers)


@bp.post("/patients/<uuid:patient_id>/opposition")
def oppose(patient_id: UUID) -> ResponseReturnValue:
    """Note that the patient opposes sharing, or agrees again."""
    by, now = visitor.current_actor(), visitor.now()
    with visitor.database().transaction() as session:
        person_rights.person_rights(session, patient_id=patient_id, by=by)
        if request.form.get("opposition") == "levee":
            oppositions.withdraw(session, patient_id=patient_id, by=by, now=now)
            sentence = _("Le partage est de nouveau possible pour ce patient.")
        else:
            oppositions.oppose(session, patient_id=patient_id, by=by, now=now)
            sentence = _("L'opposition est notée : plus rien n'est partagé, le cercle de soins est prévenu.")
    flash(sentence, "done")
    return redirect(url_for("person_rights.show", patient_id=patient_id), 303)


@bp.post("/patients/<uuid:patient_id>/limitation")
def limit(patient_id: UUID) -> ResponseReturnValue:
    """Suspend every case of the patient, or take them up again."""
    by, now = visitor.current_actor(), visitor.now()
    try:
        with visitor.database().transaction() as session:
            person_rights.person_rights(session, patient_id=patient_id, by=by)
            if request.form.get("limitation") == "levee":
                count = limitations.lift(session, patient_id=patient_id, by=by, now=now)
                sentence = ngettext("%(num)s dossier reprend.", "%(num)s dossiers reprennent.", count)
            else:
                count = limitations.limit(session, patient_id=patient_id, by=by, now=now)
                sentence = ngettext("%(num)s dossier est suspendu.", "%(num)s dossiers sont suspendus.", count)
    except Conflict as refusal:
        flash(str(refusal), "soon")
    else:
        flash(sentence, "done")
    return redirect(url_for(".show", patient_id=patient_id), 303)


@bp.post("/patients/<uuid:patient_id>/effacement")
def erase(patient_id: UUID) -> ResponseReturnValue:
    """Destroy what identifies the patient, and show the certificate."""
    by = visitor.current_actor()
    with visitor.database().reading() as session:
        person_rights.person_rights(session, patient_id=patient_id, by=by)
    if request.form.get("confirmation", "").strip().upper() != "EFFACER":
        raise InvalidRequest(_("Écrivez EFFACER pour confirmer : rien ne pourra être retrouvé."))
    with visitor.database().transaction() as session:
        certificate = erasures.erase(session, patient_id=patient_id, by=by, now=visitor.now())
    return render_template("person_rights/certificate.html", certificate=certificate)


@bp.get("/urgence")
def ask() -> ResponseReturnValue:
    """Ask for an emergency access."""
    return render_template("person_rights/emergency.html", reasons=REASONS, problem="", sent={})


@bp.post("/urgence")
def break_glass() -> ResponseReturnValue:
    """Open the cases of a patient for three hours."""
    by, now, sent = visitor.current_actor(), visitor.now(), request.form
    try:
        born = date.fromisoformat(sent.get("birth_date", ""))
    except ValueError:
        return _asked_again(_("Indiquez la date de naissance."))
    from_where = request.remote_addr or ""
    try:
        with visitor.database().transaction() as session:
            patient_id = emergencies.break_glass(
                session,
                birth_name=sent.get("birth_name", ""),
                birth_date=born,
                reason=sent.get("reason", ""),
                comment=sent.get("comment", ""),
                from_where=from_where,
                by=by,
                now=now,
            )
            numbers = open_case_numbers(session, patient_id=patient_id, by=by, now=now)
    except (NotAllowed, PatientNotFound, InvalidRequest) as refusal:
        with visitor.database().transaction() as session:
            emergencies.note_refusal(session, why=type(refusal).__name__, from_where=from_where, by=by, now=now)
        return _asked_again(str(refusal))
    flash(_("Accès d'urgence ouvert pour 3 heures. La coordination est prévenue et examinera cet accès."), "soon")
    for number in numbers[1:]:
        flash(_("Autre dossier ouvert : %(number)s", number=number), "soon")
    return redirect(url_for("cases.show", number=numbers[0]), 303)


@bp.get("/urgences")
def reviews() -> ResponseReturnValue:
    """The emergency accesses, those to review first."""
    by = visitor.current_actor()
    with visitor.database().reading() as session:
        rows = person_rights.emergencies(session, by=by)
    if not by.has_role("coordinator", "mission_lead"):
        raise PatientNotFound
    return render_template("person_rights/reviews.html", rows=rows, reasons=REASONS)


@bp.post("/urgences/<uuid:access_id>")
def review(access_id: UUID) -> ResponseReturnValue:
    """Say whether an emergency access was justified."""
    with visitor.database().transaction() as session:
        emergencies.review(
            session, access_id=access_id, justified=request.form.get("justified") == "true",
            by=visitor.current_actor(), now=visitor.now(),
        )  # fmt: skip
    flash(_("L'examen est noté."), "done")
    return redirect(url_for("person_rights.reviews"), 303)


def _asked_again(problem: str) -> ResponseReturnValue:
    sent = {name: request.form.get(name, "") for name in ("birth_name", "birth_date", "reason", "comment")}
    return render_template("person_rights/emergency.html", reasons=REASONS, problem=problem, sent=sent), 422
