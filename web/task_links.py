"""Sending a task by link to somebody of the care circle without an account: to whom, the code to read out, an end."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.clock import utcnow
from engine.commands import task_links
from engine.errors import InvalidRequest, NotAllowed
from engine.queries.task_links import LinkState, sending_page
from web import visitor
from web.accounts import vault
from web.tasks import page_of
from web.texts import gettext as _
from web.texts import lazy_gettext as _l

bp = Blueprint("task_links", __name__, url_prefix="/taches/<uuid:task_id>/lien")

STATES: Mapping[LinkState, object] = {
    LinkState.SENT: _l("envoyé, pas encore ouvert"),
    LinkState.OPENED: _l("ouvert, code pas encore donné"),
    LinkState.CODE_ASKED: _l("attend son code au téléphone"),
    LinkState.INSIDE: _l("en train de répondre"),
    LinkState.ANSWERED: _l("a répondu"),
    LinkState.REVOKED: _l("retiré"),
    LinkState.EXPIRED: _l("expiré"),
}


@bp.get("")
def show(task_id: UUID) -> ResponseReturnValue:
    """Whom the task may be sent to, and what became of the links already sent."""
    return _page(task_id)


@bp.post("")
def send(task_id: UUID) -> ResponseReturnValue:
    """Send a link."""
    try:
        member_id = UUID(request.form.get("member", ""))
    except ValueError:
        return _page(task_id, problems={"member": _("Choisissez une personne.")}), 422
    try:
        with visitor.database().transaction() as session:
            task_links.send(
                session,
                task_id=task_id,
                member_id=member_id,
                address=request.form.get("address", ""),
                vault=vault(),
                by=visitor.current_actor(),
                now=visitor.now(),
                at=utcnow(),
            )
    except (InvalidRequest, NotAllowed) as refusal:
        return _page(task_id, problems={"address": str(refusal)}), 422
    flash(_("Le lien est parti. Prévenez la personne : vous lui direz son code au téléphone."), "done")
    return redirect(url_for("task_links.show", task_id=task_id), 303)


@bp.post("/<uuid:link_id>/code")
def give_code(task_id: UUID, link_id: UUID) -> ResponseReturnValue:
    """Show a fresh code, once, to read it out."""
    with visitor.database().transaction() as session:
        code = task_links.give_code(
            session, link_id=link_id, by=visitor.current_actor(), now=visitor.now(), at=utcnow()
        )
    return _page(task_id, code=code, code_of=link_id)


@bp.post("/<uuid:link_id>/retirer")
def revoke(task_id: UUID, link_id: UUID) -> ResponseReturnValue:
    """Take a link back."""
    with visitor.database().transaction() as session:
        task_links.revoke(session, link_id=link_id, by=visitor.current_actor(), now=visitor.now(), at=utcnow())
    flash(_("Le lien est retiré : il n'ouvre plus rien."), "done")
    return redirect(url_for("task_links.show", task_id=task_id), 303)


def _page(
    task_id: UUID, *, problems: Mapping[str, str] | None = None, code: str = "", code_of: UUID | None = None
) -> str:
    page = page_of(task_id)
    with visitor.database().reading() as session:
        sending = sending_page(
            session, task_id=task_id, eligible=page.can_answer, by=visitor.current_actor(), now=visitor.now(),
            at=utcnow(),
        )  # fmt: skip
    return render_template(
        "tasks/link.html", page=page, sending=sending, states=STATES, problems=problems or {}, code=code,
        code_of=code_of,
    )  # fmt: skip
