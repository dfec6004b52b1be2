"""A case: what happened, where it is on its pathway, what is known, who is around the patient, what it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from flask import Blueprint, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from engine.queries.case_diagram import case_diagram
from engine.queries.case_facts import case_facts, names_behind
from engine.queries.case_page import CaseHead, case_head, find_cases, team
from engine.queries.case_timeline import Happening, timeline
from engine.queries.why import CaseWhy, why_case
from web import times, visitor
from web.calendar import calendar
from web.case_words import say, value_words
from web.control_tower import colleagues_for, send_diagram

bp = Blueprint("cases", __name__)


@bp.get("/dossiers")
@bp.get("/recherche")
def index() -> ResponseReturnValue:
    """Search among the cases one may see."""
    text = request.args.get("q", "").strip()[:100]
    with visitor.database().reading() as session:
        found = find_cases(session, text=text, by=visitor.current_actor(), now=visitor.now(), calendar=calendar())
    return render_template("cases/search.html", text=text, found=found)


@bp.get("/dossiers/<number>")
def show(number: str) -> ResponseReturnValue:
    """« Fil »."""
    everything = "tout" in request.args
    before = request.args.get("avant", type=int)
    with visitor.database().reading() as session:
        head, why = head_of(session, number)
        found = timeline(session, head=head, before=before, everything=everything)
    _note_read(head, "case")
    return render_template(
        "cases/timeline.html",
        head=head,
        why=why,
        tab="show",
        timeline=found,
        days=_by_day(found.happened),
        say=say,
        everything=everything,
        before=before,
    )


@bp.get("/dossiers/<number>/schema")
def diagram(number: str) -> ResponseReturnValue:
    """The way taken, on the diagram and in words."""
    with visitor.database().reading() as session:
        head, why = head_of(session, number)
        found = case_diagram(session, head=head, now=visitor.now())
    _note_read(head, "case_diagram")
    told = [step for step in found.steps if step.state != "skipped"]
    phases = [(phase, list(steps)) for phase, steps in groupby(told, key=lambda step: step.phase)]
    return render_template("cases/diagram.html", head=head, why=why, tab="diagram", diagram=found, phases=phases)


@bp.get("/dossiers/<number>/schema.bpmn")
def diagram_file(number: str) -> ResponseReturnValue:
    """The diagram of the version the case runs on."""
    with visitor.database().reading() as session:
        head, _why = head_of(session, number)
    return send_diagram(str(head.version_id))


@bp.get("/dossiers/<number>/schema.json")
def diagram_state(number: str) -> ResponseReturnValue:
    """Where the case is, as the diagram reads it."""
    with visitor.database().reading() as session:
        head, _why = head_of(session, number)
        found = case_diagram(session, head=head, now=visitor.now())
    return jsonify(found.state)


@bp.get("/dossiers/<number>/donnees")
def facts(number: str) -> ResponseReturnValue:
    """What is known, with its history."""
    with visitor.database().reading() as session:
        head, why = head_of(session, number)
        by = visitor.current_actor()
        found = case_facts(session, head=head, by=by)
        names = names_behind(session, facts=found, by=by)
    _note_read(head, "case_facts")

    def words(fact: Any, value: Any) -> str:
        return value_words(value, fact.field, names)

    return render_template("cases/facts.html", head=head, why=why, tab="facts", found=found, words=words)


@bp.get("/dossiers/<number>/equipe")
def circle(number: str) -> ResponseReturnValue:
    """The care circle, and who works on the case."""
    with visitor.database().reading() as session:
        head, why = head_of(session, number)
        found = team(session, head=head, now=visitor.now())
    return render_template("cases/team.html", head=head, why=why, tab="circle", team=found)


@bp.get("/dossiers/<number>/attentes")
def waits(number: str) -> ResponseReturnValue:
    """Everything the case waits for, and what the coordination can do about it."""
    with visitor.database().reading() as session:
        head, why = head_of(session, number)
        colleagues = colleagues_for(session, why.waits) if head.may_coordinate else None
    return render_template(
        "cases/waits.html",
        head=head,
        why=why,
        tab="waits",
        colleagues=colleagues,
        back=url_for("cases.waits", number=number),
    )


def _by_day(events: Sequence[Happening]) -> list[list[Happening]]:
    return [list(some) for _day, some in groupby(events, key=lambda event: times.local(event.at).date())]


def head_of(session: Session, number: str) -> tuple[CaseHead, CaseWhy]:
    by, now = visitor.current_actor(), visitor.now()
    head = case_head(session, number=number, by=by, now=now, calendar=calendar())
    return head, why_case(session, case_id=head.id, now=now, by=by)


def _note_read(head: CaseHead, kind: str) -> None:
    visitor.note_read(kind=kind, object_id=head.id, patient_id=head.patient.id, case_id=head.id)
