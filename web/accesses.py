"""« Qui a vu »: on a case for those who see the case, for a whole patient for the coordination."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from engine.queries.accesses import accesses_to_case, accesses_to_patient
from engine.queries.case_page import case_head
from web import visitor
from web.calendar import calendar
from web.texts import lazy_gettext as _l

bp = Blueprint("accesses", __name__)

ACTIONS = {
    "read": _l("a consulté"),
    "export": _l("a emporté une liste"),
    "patients.register": _l("a enregistré le patient"),
    "patients.add_to_circle": _l("a fait entrer quelqu'un dans le cercle de soins"),
    "patients.leave_circle": _l("a fait sortir quelqu'un du cercle de soins"),
    "patients.oppose": _l("a noté l'opposition au partage"),
    "patients.withdraw_opposition": _l("a noté la fin de l'opposition"),
    "patients.break_glass": _l("a ouvert un accès d'urgence"),
    "patients.review_break_glass": _l("a examiné l'accès d'urgence"),
    "patients.export": _l("a remis au patient ses données"),
    "cases.start": _l("a ouvert le dossier"),
    "tasks.complete": _l("a terminé une tâche"),
    "tasks.accept": _l("a pris une tâche"),
    "tasks.decline": _l("a refusé une tâche"),
    "task_links.send": _l("a envoyé une tâche par lien"),
    "task_links.open": _l("a ouvert le lien"),
    "task_links.ask_code": _l("a demandé son code"),
    "task_links.code": _l("a donné un code au téléphone"),
    "task_links.enter": _l("a donné le code"),
    "task_links.revoke": _l("a retiré le lien"),
}


@bp.get("/dossiers/<number>/acces")
def case(number: str) -> ResponseReturnValue:
    """Who saw and changed this case."""
    by, now = visitor.current_actor(), visitor.now()
    with visitor.database().reading() as session:
        head = case_head(session, number=number, by=by, now=now, calendar=calendar())
        found = accesses_to_case(session, case_id=head.id, before=request.args.get("avant", type=int))
    return render_template("accesses/index.html", head=head, found=found, patient=head.patient, actions=ACTIONS)


@bp.get("/patients/<uuid:patient_id>/acces")
def patient(patient_id: UUID) -> ResponseReturnValue:
    """Who saw anything of this patient, in every case and every list."""
    with visitor.database().reading() as session:
        found = accesses_to_patient(
            session, patient_id=patient_id, by=visitor.current_actor(), before=request.args.get("avant", type=int)
        )
    return render_template("accesses/index.html", head=None, found=found, patient=found.patient, actions=ACTIONS)
