"""« Nouveau parcours »: the patient, the pathway, its start form, the team: one page; then what became of it, live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from engine.commands import cases, patients
from engine.errors import DuplicateCase, Invalid, InvalidAnswers, InvalidRequest, NotAllowed
from engine.forms import FormDefinition, Section, prefill
from engine.queries import directory, new_case
from engine.queries.new_case import PathwayCard, PatientChosen
from web import asking, forms, visitor
from web.calendar import calendar
from web.texts import gettext as _

bp = Blueprint("new_case", __name__)

SAID_BY_PATIENT = frozenset({"patient", "identity_status", "home_commune"})
"""Fields of a start form that the chosen patient answers."""
SAID_AT_THE_END = frozenset({"comment", "coordination_minutes", "channel", "attachment"})
"""The fields that close the form of a task have no place at a start."""
USUAL = {
    "usual_gp": "gp",
    "usual_nurse": "home_nurse",
    "usual_pharmacy": "pharmacist",
    "usual_physiotherapist": "physiotherapist",
    "usual_home_help": "home_help",
    "usual_social_worker": "social_worker",
}
"""Fields of a start form that the patient's care circle proposes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the page holds so far."""

    pathways: Sequence[PathwayCard]
    pathway: PathwayCard | None
    patient: PatientChosen | None
    form: FormDefinition | None


@bp.get("/parcours/nouveau")
def new() -> ResponseReturnValue:
    """The page, filled with what has been chosen so far."""
    text = request.args.get("q", "").strip()[:100]
    chosen = _choices(request.args)
    found: Sequence[new_case.PatientFound] = ()
    if text and chosen.patient is None:
        with visitor.database().reading() as session:
            found = new_case.find_patients(session, by=visitor.current_actor(), text=text, now=visitor.now())
    if chosen.patient is not None:
        visitor.note_read(kind="patient", object_id=chosen.patient.id, patient_id=chosen.patient.id)
    raw = _proposed(chosen) if chosen.form is not None else {}
    return _page(chosen, raw, text=text, found=found)


@bp.post("/parcours/nouveau/patient")
def register() -> ResponseReturnValue:
    """Create a patient from the INS traits, or find the one these traits already name."""
    by = visitor.current_actor()
    chosen = _choices(request.form)
    traits = request.form
    try:
        born = date.fromisoformat(traits.get("birth_date", ""))
    except ValueError:
        return _page(chosen, {}, patient_problem=_("Indiquez la date de naissance."), creating=True), 422
    ins = traits.get("ins", "").replace(" ", "") or None
    try:
        with visitor.database().transaction() as session:
            patient_id = patients.register_patient(
                session,
                birth_name=traits.get("birth_name", "").strip().upper(),
                given_name=traits.get("given_name", "").strip(),
                used_name=traits.get("used_name", "").strip() or None,
                sex=traits.get("sex", ""),
                birth_date=born,
                birth_place=traits.get("birth_place", "").strip()[:5],
                ins=ins,
                identity_status="PROV",
                phone=traits.get("phone", "").strip() or None,
                address=traits.get("address", "").strip() or None,
                commune_insee=traits.get("commune", "").strip() or None,
                by=by,
                now=visitor.now(),
            )
    except InvalidRequest as refusal:
        return _page(chosen, {}, patient_problem=str(refusal), creating=True), 422
    return redirect(url_for("new_case.new", patient=patient_id, parcours=traits.get("parcours") or None), 303)


@bp.post("/parcours/nouveau")
def start() -> ResponseReturnValue:
    """Open the case. The same key, pressed twice, opens one."""
    chosen = _choices(request.form)
    if chosen.patient is None or chosen.pathway is None or chosen.form is None:
        raise InvalidRequest(_("Choisissez d'abord le patient et le parcours."))
    raw = _sent(chosen)
    if "ajouter" in request.form:
        return _page(chosen, raw)
    try:
        if "simuler" in request.form:
            return _page(chosen, raw, first_steps=_rehearse(chosen, raw))
        with visitor.database().transaction() as session:
            started = _start(session, chosen, raw, key=request.form.get("idempotency_key", "")[:100] or None)
    except DuplicateCase as refusal:
        return _page(chosen, raw, sentence=str(refusal), duplicate=refusal.case_number), 409
    except InvalidAnswers as refusal:
        return _page(chosen, raw, problems=refusal.problems), 422
    except Invalid as refusal:
        return _page(chosen, raw, sentence=str(refusal)), 422
    for label, name in forms.names_without_reference(chosen.form, raw):
        flash(
            _("%(label)s : « %(name)s » n'est pas dans l'annuaire. Le nom est gardé, mais personne n'est prévenu.",
              label=label, name=name), "soon",
        )  # fmt: skip
    return redirect(url_for("new_case.receipt", number=started.number), 303)


class _Rehearsed(Exception):
    """Undoes the rehearsal: nothing of it is kept."""


def _rehearse(chosen: Choices, raw: Mapping[str, Any]) -> Sequence[new_case.FirstTask]:
    """The first tasks this case would have: it is really opened, looked at, and undone, in one transaction."""
    steps: Sequence[new_case.FirstTask] = ()
    with suppress(_Rehearsed), visitor.database().transaction() as session:
        started = _start(session, chosen, raw, key=None)
        steps = new_case.receipt(session, number=started.number, by=visitor.current_actor()).tasks
        raise _Rehearsed
    return steps


def _start(session: Session, chosen: Choices, raw: Mapping[str, Any], *, key: str | None) -> cases.StartedCase:
    assert chosen.pathway is not None and chosen.patient is not None
    return cases.start(
        session,
        pathway_key=chosen.pathway.key,
        patient_id=chosen.patient.id,
        facts={**raw, **_said_by_patient(chosen)},
        organization_id=_organization(session),
        stay=str(raw.get("stay_number") or "") or None,
        by=visitor.current_actor(),
        now=visitor.now(),
        key=key,
    )


@bp.get("/parcours/<number>/lance")
def receipt(number: str) -> ResponseReturnValue:
    """What was started: the first tasks and who has answered, refreshed every half minute."""
    with visitor.database().reading() as session:
        found = new_case.receipt(session, number=number, by=visitor.current_actor())
    template = "new_case/first_tasks.html" if request.headers.get("HX-Request") else "new_case/receipt.html"
    return render_template(template, receipt=found)


def _choices(sent: Mapping[str, str]) -> Choices:
    by = visitor.current_actor()
    with visitor.database().reading() as session:
        pathways = new_case.startable(session, by=by, now=visitor.now())
        if not pathways:
            raise NotAllowed(_("Votre rôle ne démarre aucun des parcours publiés dans ce territoire."))
        patient_id = _uuid(sent.get("patient"))
        patient = None
        if patient_id is not None:
            patient = new_case.chosen_patient(
                session, patient_id=patient_id, by=by, now=visitor.now(), calendar=calendar()
            )
        wanted = sent.get("parcours")
        pathway = next((one for one in pathways if one.key == wanted), pathways[0] if len(pathways) == 1 else None)
        form = None
        if patient is not None and pathway is not None:
            form = new_case.start_form(session, version_id=pathway.version_id)
    return Choices(pathways=pathways, pathway=pathway, patient=patient, form=form)


def _page(
    chosen: Choices,
    raw: Mapping[str, Any],
    *,
    text: str = "",
    found: Sequence[new_case.PatientFound] = (),
    problems: Mapping[str, str] | None = None,
    sentence: str = "",
    duplicate: str = "",
    patient_problem: str = "",
    creating: bool = False,
    first_steps: Sequence[new_case.FirstTask] = (),
) -> str:
    asked = None if chosen.form is None else _asked(chosen.form, problems or {})
    drawn = {"sections": [], "directory": {}} if asked is None else asking.drawn(asked, raw, problems=problems)
    with visitor.database().reading() as session:
        by = visitor.current_actor()
        communes = directory.communes(session, by=by) if chosen.patient is None else ()
    links = [] if asked is None else forms.problem_links(asked, problems or {})
    return render_template(
        "new_case/new.html",
        chosen=chosen,
        text=text,
        found=found,
        sentence=sentence,
        duplicate=duplicate,
        patient_problem=patient_problem,
        creating=creating or (bool(text) and not found),
        communes=communes,
        problem_links=links,
        first_steps=first_steps,
        **drawn,
    )


def _asked(form: FormDefinition, problems: Mapping[str, str]) -> FormDefinition:
    """The form without the questions the patient already answers, unless that answer is the problem."""
    hidden = (SAID_BY_PATIENT | SAID_AT_THE_END) - problems.keys()
    shown = (
        Section(section.title, tuple(field for field in section.fields if field.name not in hidden))
        for section in form.sections
    )
    return replace(form, sections=tuple(section for section in shown if section.fields))


def _proposed(chosen: Choices) -> dict[str, Any]:
    """What the start form opens with: its own defaults, my ward, the patient's usual professionals."""
    assert chosen.form is not None and chosen.patient is not None
    values = prefill(chosen.form, facts={}, now=visitor.now(), calendar=calendar())
    raw = forms.raw_values(chosen.form, values)
    usual = {member.role: member.reference for member in reversed(chosen.patient.team) if member.reference}
    raw |= {name: usual[role] for name, role in USUAL.items() if role in usual and name in chosen.form.fields}
    found = visitor.visitor()
    with visitor.database().reading() as session:
        ward, hospital = directory.ward_and_hospital(session, by=visitor.current_actor())
    if "ward" in chosen.form.fields and found is not None:
        raw.setdefault("ward", ward.name if ward else found.organization_name)
    if "hospital_org" in chosen.form.fields and hospital is not None:
        raw.setdefault("hospital_org", hospital.reference)
    return raw


def _said_by_patient(chosen: Choices) -> dict[str, Any]:
    assert chosen.form is not None and chosen.patient is not None
    said = {
        "patient": str(chosen.patient.id),
        "identity_status": chosen.patient.identity_status,
        "home_commune": chosen.patient.commune_insee,
    }
    return {
        name: request.form.get(name) or value for name, value in said.items() if name in chosen.form.fields and value
    }


def _sent(chosen: Choices) -> dict[str, Any]:
    assert chosen.form is not None
    return asking.sent_answers(_asked(chosen.form, {}))


def _organization(session: Session) -> UUID | None:
    ward, hospital = directory.ward_and_hospital(session, by=visitor.current_actor())
    place = ward or hospital
    return UUID(place.reference) if place is not None else None


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
