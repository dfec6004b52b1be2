"""What other systems say: a message to a case, and what happened to a patient."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields as plain
from sqlalchemy.orm import Session

from engine.actor import Scope
from engine.commands import program_cases
from engine.commands.patient_events import PatientEvent
from engine.commands.program_cases import Address
from web import visitor
from web.api import fields
from web.api.cases import ins_field
from web.api.operations import once, operation

TAG = ("messages", "What other systems say")


class AddressSent(fields.Strict):
    """To which case: `case`, or `ins` with `pathway` (and `stay_number`), or `correlation_key`."""

    case = fields.Text(load_default=None, validate=fields.at_most(20, at_least=1))
    ins = ins_field(load_default=None)
    pathway = fields.Text(load_default=None, validate=fields.at_most(60, at_least=1))
    stay_number = fields.Text(load_default=None, validate=fields.at_most(60, at_least=1))
    correlation_key = fields.Text(load_default=None, validate=fields.at_most(200, at_least=1))


class NewMessage(fields.Strict):
    """A message that the pathway declares."""

    name = fields.Text(required=True, validate=fields.at_most(80, at_least=1))
    to = fields.Nested(AddressSent, required=True)
    payload = fields.Values(load_default=dict, metadata={"description": "As `GET /pathways` says"})


class Delivered(marshmallow.Schema):
    """What became of a message."""

    delivered = fields.Boolean(required=True, metadata={"description": "False: kept until a step waits for it"})
    sentence = fields.Text(required=True)
    cases = plain.List(fields.Text(), required=True)


class NewEvent(fields.Strict):
    """What happened to a patient."""

    event = fields.Text(required=True, validate=fields.one_of(*PatientEvent))
    ins = ins_field(required=True)
    at = fields.Moment(load_default=None, metadata={"description": "When; now, if it is not said"})


class Told(marshmallow.Schema):
    """The event is taken into account. The answer is the same when the patient is not known here."""

    sentence = fields.Text(required=True)
    cases = plain.List(
        fields.Text(), required=True, metadata={"description": "Cases that changed, of those the token may see"}
    )


@operation(
    "POST", "/messages", tag=TAG[0], scope=Scope.MESSAGES_SEND, body=NewMessage, once=True, answers=Delivered,
    refuses=(404, 409),
)  # fmt: skip
def send_message(sent: dict[str, Any]) -> Any:
    """Give a message to the open cases of an address; it is kept when it comes before anything waits for it."""
    to = dict(sent["to"])
    address = Address(
        case_number=to["case"], ins=to["ins"], pathway_key=to["pathway"], stay=to["stay_number"],
        correlation_key=to["correlation_key"],
    )  # fmt: skip

    def work(session: Session) -> dict[str, Any]:
        told = program_cases.send(
            session, name=sent["name"], payload=sent["payload"], to=address, by=visitor.current_actor(),
            now=visitor.now(),
        )  # fmt: skip
        return {"delivered": told.delivered, "sentence": told.sentence, "cases": list(told.case_numbers)}

    return once(work)


@operation(
    "POST", "/patient-events", tag=TAG[0], scope=Scope.EVENTS_SEND, body=NewEvent, once=True, answers=Told, status=202
)
def tell_event(sent: dict[str, Any]) -> Any:
    """Say that a patient is in hospital, back home, or dead: every case of theirs in the territory hears it."""

    def work(session: Session) -> dict[str, Any]:
        changed = program_cases.tell(
            session, event=PatientEvent(sent["event"]), ins=sent["ins"], at=sent["at"] or visitor.now(),
            by=visitor.current_actor(), now=visitor.now(),
        )  # fmt: skip
        return {"sentence": "L'événement est pris en compte.", "cases": list(changed)}

    return once(work)
