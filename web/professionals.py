"""« Professionnels »: the directory, and inviting somebody into it by a letter."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.clock import utcnow
from engine.commands import invitations
from engine.errors import InvalidAnswers
from engine.queries import directory
from engine.queries.professionals import professionals, roles_to_give
from web import visitor
from web.accounts import vault
from web.texts import gettext as _
from web.wording import role_name

bp = Blueprint("professionals", __name__, url_prefix="/professionnels")


@bp.get("")
def index() -> ResponseReturnValue:
    """Who is in the directory, and who is still to open their account."""
    text = request.args.get("nom", "").strip()[:100]
    by = visitor.current_actor()
    today = visitor.now().astimezone(visitor.zone()).date()
    with visitor.database().reading() as session:
        rows = professionals(session, by=by, today=today, at=utcnow(), text=text)
    return render_template("professionals/index.html", rows=rows, text=text)


@bp.get("/inviter")
def ask() -> ResponseReturnValue:
    """Who is to be invited."""
    return _form({})


@bp.post("/inviter")
def invite() -> ResponseReturnValue:
    """Put them into the directory and send the link."""
    try:
        with visitor.database().transaction() as session:
            invitations.invite_professional(
                session, who=_invitee(), vault=vault(), by=visitor.current_actor(), now=visitor.now(), at=utcnow()
            )
    except InvalidAnswers as refusal:
        return _form(refusal.problems), 422
    flash(_("L'invitation part par courrier électronique. Le lien sert une fois, pendant 72 heures."), "done")
    return redirect(url_for("professionals.index"), 303)


@bp.post("/<uuid:account_id>/renvoyer")
def send_again(account_id: UUID) -> ResponseReturnValue:
    """Send another link."""
    with visitor.database().transaction() as session:
        invitations.send_again(
            session, account_id=account_id, vault=vault(), by=visitor.current_actor(), now=visitor.now(), at=utcnow()
        )
    flash(_("Un nouveau lien part ; le précédent n'ouvre plus rien."), "done")
    return redirect(url_for("professionals.index"), 303)


@bp.post("/<uuid:account_id>/retirer")
def withdraw(account_id: UUID) -> ResponseReturnValue:
    """Take the link back."""
    with visitor.database().transaction() as session:
        invitations.withdraw(session, account_id=account_id, by=visitor.current_actor(), at=utcnow())
    flash(_("L'invitation est retirée : le lien n'ouvre plus rien."), "done")
    return redirect(url_for("professionals.index"), 303)


def _invitee() -> invitations.Invitee:
    sent = request.form
    try:
        organization_id = UUID(sent["organization_id"]) if sent.get("organization_id") else None
    except ValueError:
        raise InvalidAnswers("", {"organization_id": _("Choisissez une structure de la liste.")}) from None
    return invitations.Invitee(
        family_name=sent.get("family_name", ""), given_name=sent.get("given_name", ""), title=sent.get("title", ""),
        role=sent.get("role", ""), organization_id=organization_id, rpps=sent.get("rpps", ""),
        email=sent.get("email", ""),
    )  # fmt: skip


def _form(problems: dict[str, str]) -> str:
    by = visitor.current_actor()
    with visitor.database().reading() as session:
        structures = directory.organizations(session, by=by)
    roles = sorted(roles_to_give(by), key=role_name)
    return render_template(
        "professionals/invite.html", problems=problems, sent=request.form, roles=roles, organizations=structures
    )
