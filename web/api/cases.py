"""Cases: opened for a patient, listed, read with the sentences that say why they wait."""

from __future__ import annotations

from typing import Any

import marshmallow
from flask import url_for
from sqlalchemy.orm import Session

from engine.actor import Scope
from engine.commands import program_cases
from engine.commands.program_cases import Traits
from engine.queries.program_views import CaseTold, case_told, cases_told
from engine.queries.why import CaseWhy
from web import visitor
from web.api import fields, pages
from web.api.operations import once, operation
from web.reading import patients_shown

TAG = ("cases", "Cases of the organisation")
INS = r"^[1-478][0-9]{4}([0-9]{2}|2[AB])[0-9]{8}$"
INSEE = r"^[0-9][0-9AB][0-9]{3}$"
KINDS = {"open": True, "closed": False, "all": None}


def ins_field(**options: Any) -> fields.Text:
    """The national health identity number, with its key."""
    return fields.Text(
        validate=fields.shaped(INS, "L'INS a 15 signes, clé comprise."),
        metadata={"description": "National health identity number, 15 signs"},
        **options,
    )


class NewPatient(fields.Strict):
    """Who the patient is. Known by the INS, else by the five strict traits; registered when nobody has them."""

    birth_name = fields.Text(required=True, validate=fields.at_most(100, at_least=1))
    given_name = fields.Text(required=True, validate=fields.at_most(100, at_least=1))
    used_name = fields.Text(load_default=None, validate=fields.at_most(100))
    sex = fields.Text(required=True, validate=fields.one_of("female", "male", "unknown"))
    birth_date = fields.Day(required=True)
    birth_place = fields.Text(
        load_default="", validate=fields.shaped(rf"^$|{INSEE}", "Un code INSEE de 5 signes est attendu.")
    )
    ins = ins_field(load_default=None)
    identity_status = fields.Text(load_default="PROV", validate=fields.one_of("VALI", "RECUP", "PROV", "VIDE"))
    phone = fields.Text(load_default=None, validate=fields.at_most(30))
    address = fields.Text(load_default=None, validate=fields.at_most(300))
    commune_insee = fields.Text(
        load_default=None, validate=fields.shaped(INSEE, "Un code INSEE de 5 signes est attendu.")
    )


class NewCase(fields.Strict):
    """A case to open."""

    pathway = fields.Text(required=True, validate=fields.at_most(60, at_least=1))
    patient = fields.Nested(NewPatient, required=True)
    answers = fields.Values(
        load_default=dict, metadata={"description": "By name of question; structures by FINESS, people by RPPS"}
    )
    ward = fields.Text(
        load_default=None, validate=fields.at_most(60, at_least=1),
        metadata={"description": "Code or FINESS of a structure inside the organisation of the token"},
    )  # fmt: skip
    stay_number = fields.Text(load_default=None, validate=fields.at_most(60, at_least=1))


class Opened(marshmallow.Schema):
    """A case that was opened."""

    number = fields.Text(required=True, metadata={"description": "What every later request names it by"})
    url = fields.Text(required=True)


class KnownPatient(marshmallow.Schema):
    """Who the patient is, for tokens that open `patients:read`."""

    birth_name = fields.Text(required=True)
    given_name = fields.Text(required=True)
    sex = fields.Text(required=True)
    birth_date = fields.Day(required=True)
    ins = fields.Text(required=True, allow_none=True, metadata={"description": "When the identity is validated"})


class CaseLine(marshmallow.Schema):
    """A case in a list."""

    number = fields.Text(required=True)
    pathway = fields.Text(required=True)
    version = fields.Integer(required=True)
    title = fields.Values(required=True)
    organization = fields.Text(required=True, allow_none=True, metadata={"description": "Code of who opened it"})
    state = fields.Text(required=True)
    outcome = fields.Text(required=True, allow_none=True)
    opened_at = fields.Moment(required=True)
    closed_at = fields.Moment(required=True, allow_none=True)
    patient = fields.Nested(KnownPatient, required=True, allow_none=True)


class Wait(marshmallow.Schema):
    """One thing a case waits for."""

    kind = fields.Text(required=True)
    what = fields.Text(required=True)
    who = fields.Text(required=True)
    since = fields.Moment(required=True)
    expected_at = fields.Moment(required=True)
    health = fields.Text(required=True)
    message = fields.Text(required=True, allow_none=True, metadata={"description": "Name of the message awaited"})
    sentence = fields.Text(required=True)


class Case(CaseLine):
    """A case, and why it waits."""

    health = fields.Text(required=True)
    why = fields.Text(required=True, metadata={"description": "One French sentence"})
    waits = marshmallow.fields.List(fields.Nested(Wait), required=True)


class Cases(marshmallow.Schema):
    """One page of cases, the latest first."""

    items = marshmallow.fields.List(fields.Nested(CaseLine), required=True)
    next = fields.Text(required=True, allow_none=True)


class CasesQuery(pages.PageQuery):
    """Which cases."""

    state = fields.Text(load_default="open", validate=fields.one_of(*KINDS))
    pathway = fields.Text(
        validate=fields.shaped(r"^[^\x00-\x1f]{1,60}$", "Nommez un parcours par sa clé."),
        metadata={"description": "Key of a pathway"},
    )


@operation(
    "POST", "/cases", tag=TAG[0], scope=Scope.CASES_START, body=NewCase, once=True, answers=Opened, status=201,
    refuses=(404, 409),
)  # fmt: skip
def start_case(sent: dict[str, Any]) -> Any:
    """Open a case for a patient, known or new."""

    def work(session: Session) -> dict[str, str]:
        started = program_cases.start(
            session, pathway_key=sent["pathway"], patient=Traits(**sent["patient"]), answers=sent["answers"],
            ward=sent["ward"], stay=sent["stay_number"], by=visitor.current_actor(), now=visitor.now(),
        )  # fmt: skip
        return {"number": started.number, "url": url_for("api.read_case", number=started.number)}

    answer, status, headers = once(work)
    return answer, status or 201, {**headers, "Location": answer["url"]}


@operation("GET", "/cases", tag=TAG[0], scope=Scope.CASES_READ, query=CasesQuery, answers=Cases, refuses=(422,))
def list_cases(sent: dict[str, Any]) -> dict[str, Any]:
    """Cases that the organisation opened, or whose patient's care circle holds it."""
    with visitor.database().reading() as session:
        rows = cases_told(
            session, by=visitor.current_actor(), now=visitor.now(), pathway=sent.get("pathway"),
            is_open=KINDS[sent["state"]], after=pages.after(sent.get("cursor")), limit=sent["limit"] + 1,
        )  # fmt: skip
    patients_shown((row.patient_id for row in rows[: sent["limit"]]), kind="api.cases")
    return pages.page(rows, sent["limit"], rows)


@operation("GET", "/cases/<number>", tag=TAG[0], scope=Scope.CASES_READ, answers=Case, refuses=(404,))
def read_case(number: str) -> dict[str, Any]:
    """One case: its state, and what it waits for, in sentences."""
    with visitor.database().reading() as session:
        found, why = case_told(session, number=number, by=visitor.current_actor(), now=visitor.now())
    patients_shown([found.patient_id], kind="api.case", case_id=found.id)
    return _case(found, why)


def _case(found: CaseTold, why: CaseWhy) -> dict[str, Any]:
    line = {name: getattr(found, name) for name in CaseLine().fields}
    return {**line, "health": why.health, "why": why.sentence, "waits": why.waits}
