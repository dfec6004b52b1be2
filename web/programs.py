"""« Accès des programmes »: the tokens of the API, for the administration. A secret is shown once, as it is issued."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.actor import Scope
from engine.clock import utcnow
from engine.commands import program_tokens
from engine.commands.program_tokens import LONGEST_DAYS, Issued
from engine.errors import Conflict, InvalidRequest
from engine.queries import directory
from engine.queries.program_tokens import check_may_list, token_list
from web import visitor
from web.texts import gettext as _
from web.texts import lazy_gettext as _l

bp = Blueprint("programs", __name__, url_prefix="/programmes")

USUAL_DAYS = 90
SOON = timedelta(days=14)
SCOPES = {
    Scope.PATHWAYS_CHECK: _l("Vérifier les fichiers d'un parcours"),
    Scope.PATHWAYS_READ: _l("Lire les parcours que la structure peut ouvrir"),
    Scope.CASES_START: _l("Ouvrir un dossier, avec l'identité du patient"),
    Scope.CASES_READ: _l("Lire l'état des dossiers de la structure"),
    Scope.PATIENTS_READ: _l("Lire aussi l'identité des patients de ces dossiers et tâches"),
    Scope.MESSAGES_SEND: _l("Envoyer un message à un dossier de la structure"),
    Scope.EVENTS_SEND: _l("Annoncer une hospitalisation, un retour, un décès, à tous les dossiers d'un patient"),
    Scope.TASKS_READ: _l("Lire les tâches ouvertes de la structure"),
    Scope.STATISTICS_READ: _l("Lire les chiffres du territoire, sans nommer personne"),
}


@bp.get("")
def index() -> ResponseReturnValue:
    """Who is let in, and a form to let in another."""
    return _page({})


@bp.post("")
def issue() -> ResponseReturnValue:
    """Let a program in, and show its secret, this once."""
    check_may_list(visitor.current_actor())
    sent = request.form
    try:
        with visitor.database().transaction() as session:
            issued = program_tokens.issue(
                session, name=sent.get("name", ""), organization_id=_organization(sent), days=_days(sent),
                scopes=sent.getlist("scope"), by=visitor.current_actor(), now=visitor.now(), issued_at=utcnow(),
            )  # fmt: skip
    except (InvalidRequest, Conflict) as refusal:
        return _page(sent, problem=str(refusal)), 409 if isinstance(refusal, Conflict) else 422
    return _page({}, issued=issued), 201


@bp.post("/<uuid:token_id>/retirer")
def revoke(token_id: UUID) -> ResponseReturnValue:
    """Throw a program out, at once."""
    with visitor.database().transaction() as session:
        program_tokens.revoke(
            session, token_id=token_id, by=visitor.current_actor(), now=visitor.now(), revoked_at=utcnow()
        )
    flash(_("L'accès est retiré : ce jeton n'ouvre plus rien."), "done")
    return redirect(url_for("programs.index"), 303)


def _page(sent: Mapping[str, str], *, problem: str = "", issued: Issued | None = None) -> str:
    by, moment = visitor.current_actor(), utcnow()
    with visitor.database().reading() as session:
        lines = token_list(session, by=by, now=moment)
        organizations = directory.organizations(session, by=by)
    chosen = request.form.getlist("scope") if problem else ()
    return render_template(
        "programs/index.html", lines=lines, organizations=organizations, scopes=SCOPES, sent=sent, chosen=chosen,
        problem=problem, issued=issued, usual_days=USUAL_DAYS, longest_days=LONGEST_DAYS, soon=moment + SOON,
    )  # fmt: skip


def _organization(sent: Mapping[str, str]) -> UUID:
    try:
        return UUID(sent.get("organization", ""))
    except ValueError as wrong:
        raise InvalidRequest(_("Choisissez la structure pour laquelle le programme agit.")) from wrong


def _days(sent: Mapping[str, str]) -> int:
    text = sent.get("days", "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise InvalidRequest(_("Indiquez une durée en jours."))
    return int(text)
