"""Messages to cases: delivered once, kept when they come early, refused when nobody could ever understand them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import idempotency, policies
from engine.actor import Actor
from engine.at_hand import case_at_hand
from engine.commands.deliveries import OPEN_STATES, Delivery, deliver_to
from engine.commands.patient_events import PatientEvent, follow, taken_up, tell_patient_cases
from engine.errors import CaseNotFound, InvalidAnswers, InvalidMessage, NotAllowed
from engine.expressions import from_json
from engine.forms import check_answers, parse_form
from engine.library import Version
from engine.lookups import business_key_is
from engine.models import Case, MessageSubscription
from engine.outcome import Value
from engine.projection.loading import LoadedCase

__all__ = ["Delivery", "deliver", "deliver_from_effect", "deliver_to"]


def deliver(
    session: Session,
    *,
    name: str,
    payload: Mapping[str, Any],
    case_id: UUID | None = None,
    case_number: str | None = None,
    business_key: str | None = None,
    correlation_key: str | None = None,
    by: Actor,
    now: datetime,
    key: str | None = None,
) -> Delivery:
    """Give a message to a case named by id, number or business key, or to every case waiting for its correlation key.

    Raises InvalidMessage (blank key, no address, unknown name, unusable payload), CaseNotFound, CaseClosed, NotAllowed.
    """
    if correlation_key is not None and not correlation_key.strip():
        raise InvalidMessage(
            "La clé de correspondance du message est vide : il pourrait atteindre un autre dossier. Indiquez-la."
        )
    if (known := idempotency.known_answer(session, key=key, command="messages.deliver", by=by)) is not None:
        return _answered(known)
    targets = _targets(session, name, case_id, case_number, business_key, correlation_key, by)
    deliveries = []
    for target in targets:
        case, version = case_at_hand(session, case_id=target, by=by, now=now)
        if (known := idempotency.known_answer(session, key=key, command="messages.deliver", by=by)) is not None:
            return _answered(known)  # somebody sent the same while we waited for the case
        values = _payload(version, name, payload, case, by, now)
        case, version = taken_up(session, case, version, name, by=by, now=now)
        deliveries.append(deliver_to(session, case, version, name, values, correlation_key, by=by, now=now))
        follow(session, case, version, name, values, by=by, now=now)
    delivery = Delivery(
        delivered=all(each.delivered for each in deliveries),
        sentence=" ".join(dict.fromkeys(each.sentence for each in deliveries)),
        case_numbers=tuple(number for each in deliveries for number in each.case_numbers),
    )
    answer = {
        "delivered": delivery.delivered, "sentence": delivery.sentence, "case_numbers": list(delivery.case_numbers)
    }  # fmt: skip
    idempotency.remember(session, key=key, command="messages.deliver", answer=answer, by=by, now=now)
    return delivery


def _answered(known: Mapping[str, Any]) -> Delivery:
    return Delivery(delivered=known["delivered"], sentence=known["sentence"], case_numbers=tuple(known["case_numbers"]))


def deliver_from_effect(
    session: Session,
    *,
    parameters: Mapping[str, Any],
    from_case_id: UUID | None,
    by: Actor,
    now: datetime,
    key: str,
) -> Delivery:
    """Carry a message from one case to itself (`to` = `case`) or to the other open cases of the same patient.

    `to` may name the pathways it is for. A case whose pathway does not know the message is left alone. Sent to the
    `patient`, `hospitalised`, `back_home` and `death` concern all their cases, this one included.
    """
    if from_case_id is None:
        raise InvalidMessage("Ce message ne dit pas de quel dossier il vient.")
    name = str(parameters.get("message") or parameters.get("signal") or "")
    payload = from_json(parameters["payload"]) if parameters.get("payload") is not None else {}
    values = dict(payload) if isinstance(payload, Mapping) else {"value": payload}
    to = str(parameters.get("to") or "patient")
    if to == "patient" and name in set(PatientEvent):
        case, _ = case_at_hand(session, case_id=from_case_id, by=by, now=now)
        if case.patient_id is not None:
            told = tell_patient_cases(
                session, patient_id=case.patient_id, name=name, payload=values, by=by, now=now, key=key
            )
            return Delivery(delivered=True, sentence=told.sentence, case_numbers=told.case_numbers)
    targets = [from_case_id] if to == "case" else _cases_of_same_patient(session, from_case_id, by)
    deliveries = []
    for target in targets:
        case, version = case_at_hand(session, case_id=target, by=by, now=now)
        if (known := idempotency.known_answer(session, key=key, command="messages.effect", by=by)) is not None:
            return Delivery(delivered=known["delivered"], sentence="Message déjà transmis.")
        meant = to in ("case", "patient", "other_cases") or version.key in to.split(",")
        if meant and name in version.program.messages and case.state in OPEN_STATES:
            deliveries.append(deliver_to(session, case, version, name, values, None, by=by, now=now))
    delivered = bool(deliveries) and all(each.delivered for each in deliveries)
    idempotency.remember(session, key=key, command="messages.effect", answer={"delivered": delivered}, by=by, now=now)
    return Delivery(
        delivered=delivered,
        sentence=" ".join(each.sentence for each in deliveries) or "Aucun autre dossier n'attend ce message.",
        case_numbers=tuple(number for each in deliveries for number in each.case_numbers),
    )


def _targets(
    session: Session,
    name: str,
    case_id: UUID | None,
    case_number: str | None,
    business_key: str | None,
    correlation_key: str | None,
    by: Actor,
) -> Sequence[UUID]:
    if case_id is not None:
        return (case_id,)
    connection = session.connection()
    if case_number is not None:
        wanted = select(Case.id).where(Case.territory_id == by.territory_id, Case.number == case_number.strip().upper())
    elif business_key is not None:
        wanted = select(Case.id).where(
            Case.territory_id == by.territory_id,
            business_key_is(session, business_key, territory_id=by.territory_id),
            Case.closed_at.is_(None),
        )
    elif correlation_key is not None:
        wanted = (
            select(MessageSubscription.case_id)
            .where(
                MessageSubscription.territory_id == by.territory_id,
                MessageSubscription.name == name,
                MessageSubscription.correlation_key == correlation_key,
            )
            .distinct()
            .order_by(MessageSubscription.case_id)
        )
    else:
        raise InvalidMessage("Dites à quel dossier le message s'adresse : son numéro, son séjour ou une clé.")
    found = connection.execute(wanted).scalars().all()
    if not found:
        raise CaseNotFound(f"Aucun dossier ouvert ne correspond au message « {name} ».")
    return found


def _cases_of_same_patient(session: Session, case_id: UUID, by: Actor) -> Sequence[UUID]:
    patient = select(Case.patient_id).where(Case.id == case_id).scalar_subquery()
    return (
        session.connection()
        .execute(
            select(Case.id)
            .where(
                Case.territory_id == by.territory_id,
                Case.patient_id == patient,
                Case.id != case_id,
                Case.closed_at.is_(None),
            )
            .order_by(Case.id)
        )
        .scalars()
        .all()
    )


def _payload(
    version: Version, name: str, payload: Mapping[str, Any], case: LoadedCase, by: Actor, now: datetime
) -> dict[str, Value]:
    """Typed values of a payload, as pathway.json declares the message; undeclared messages carry texts and numbers."""
    if name not in version.program.messages:
        known = ", ".join(sorted(version.program.messages)) or "aucun"
        raise InvalidMessage(f"Le parcours ne connaît pas le message « {name} ». Messages connus : {known}.")
    declared = next((each for each in version.description.get("messages_in", ()) if each.get("name") == name), None)
    if declared is None:
        return {field: from_json(_plain(value)) for field, value in payload.items()}
    senders = [code for code in declared.get("from", ()) if ":" not in code]
    if not policies.may_send(by, senders):
        raise NotAllowed(f"Votre rôle ne peut pas envoyer « {declared.get('label', {}).get('fr', name)} ».")
    fields = [_payload_field(field, kind) for field, kind in (declared.get("payload") or {}).items()]
    form = parse_form({"key": name, "title": name, "sections": [{"fields": fields}]})
    raw = {field: _plain(value) for field, value in payload.items()}
    try:
        return check_answers(form, raw, facts={}, now=now, calendar=case.calendar)
    except InvalidAnswers as refusal:
        wrong = "; ".join(f"{field} : {sentence}" for field, sentence in refusal.problems.items())
        raise InvalidMessage(f"Le message « {name} » ne peut pas être lu. {wrong}") from refusal


def _payload_field(name: str, kind: Any) -> dict[str, Any]:
    """A field of a payload: a type, or a whole field definition when a type is not enough (the columns of a table)."""
    if isinstance(kind, Mapping):
        return {"label": name, **kind, "name": name}
    return {"name": name, "type": "str" if kind == "code" else kind, "label": name}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value
