"""« Rectifier »: an answer, or an identity, put right with its reason; the former value stays in the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.commands import identities, rectifications
from engine.errors import InvalidAnswers, InvalidRequest
from engine.queries import directory, person_rights
from engine.queries.case_facts import Rectifiable, rectifiable
from engine.queries.case_page import CaseHead
from web import forms, visitor
from web.asking import drawn, sent_answers
from web.cases import head_of
from web.texts import gettext as _
from web.texts import lazy_gettext as _l

bp = Blueprint("rectifications", __name__)

TRAIT_LABELS = {
    "birth_name": _l("Nom de naissance"), "given_name": _l("Premier prénom"), "used_name": _l("Nom utilisé"),
    "sex": _l("Sexe"), "birth_date": _l("Date de naissance"), "birth_place": _l("Lieu de naissance (code INSEE)"),
    "phone": _l("Téléphone"), "address": _l("Adresse"), "commune": _l("Commune du domicile"),
}  # fmt: skip
SEXES = {"female": _l("Féminin"), "male": _l("Masculin"), "unknown": _l("Inconnu")}


@bp.route("/dossiers/<number>/donnees/<name>/rectifier", methods=["GET", "POST"])
def rectify(number: str, name: str) -> ResponseReturnValue:
    """One answer, asked again alone."""
    by = visitor.current_actor()
    with visitor.database().reading() as session:
        head, _why = head_of(session, number)
        answer = rectifiable(session, head=head, name=name, by=by)
    if request.method == "GET":
        return _page(head, answer, forms.raw_values(answer.form, {name: answer.value}))
    raw = sent_answers(answer.form)
    try:
        with visitor.database().transaction() as session:
            rectifications.rectify(
                session, case_id=head.id, name=name, raw=raw.get(name), why=request.form.get("reason", ""), by=by,
                now=visitor.now(), key=request.form.get("idempotency_key", "")[:100] or None,
            )  # fmt: skip
    except InvalidAnswers as refusal:
        return _page(head, answer, raw, problems=refusal.problems), 422
    except InvalidRequest as refusal:
        return _page(head, answer, raw, sentence=str(refusal)), 422
    flash(_("La réponse est rectifiée. L'ancienne reste dans l'histoire."), "done")
    return redirect(url_for("cases.facts", number=number), 303)


@bp.route("/patients/<uuid:patient_id>/identite", methods=["GET", "POST"])
def identity(patient_id: UUID) -> ResponseReturnValue:
    """The traits of an identity, to be put right with a reason."""
    by = visitor.current_actor()
    with visitor.database().reading() as session:
        found = person_rights.identity(session, patient_id=patient_id, by=by)
    if request.method == "GET":
        return _identity_page(found, found.traits)
    typed = {name: request.form.get(name, "") for name in found.traits}
    known = {one.name.casefold(): one.reference for one in _communes()}
    sent = {**typed, "commune": known.get(typed["commune"].strip().casefold(), typed["commune"])}
    try:
        with visitor.database().transaction() as session:
            identities.rectify_identity(
                session, patient_id=patient_id, traits=sent, why=request.form.get("reason", ""), by=by,
                now=visitor.now(),
            )  # fmt: skip
    except InvalidRequest as refusal:
        return _identity_page(found, sent, str(refusal)), 422
    flash(_("L'identité est rectifiée. Celle d'avant reste dans l'histoire."), "done")
    return redirect(url_for(".identity", patient_id=patient_id), 303)


def _identity_page(found: person_rights.Identity, typed: Mapping[str, str], problem: str = "") -> str:
    communes = _communes()
    named = {one.reference: one.name for one in communes}
    shown = {**typed, "commune": named.get(typed["commune"], typed["commune"])}
    return render_template(
        "rectifications/identity.html", found=found, typed=shown, communes=communes, named=named, labels=TRAIT_LABELS,
        sexes=SEXES, problem=problem,
    )  # fmt: skip


def _communes() -> Sequence[directory.DirectoryEntry]:
    with visitor.database().reading() as session:
        return directory.communes(session, by=visitor.current_actor())


def _page(
    head: CaseHead, answer: Rectifiable, raw: Mapping[str, Any], *, problems: Mapping[str, str] | None = None,
    sentence: str = "",
) -> str:  # fmt: skip
    return render_template(
        "rectifications/answer.html", head=head, answer=answer, sentence=sentence,
        problem_links=forms.problem_links(answer.form, problems or {}),
        **drawn(answer.form, raw, problems=problems),
    )  # fmt: skip
