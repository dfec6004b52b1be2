"""How versions are opened to new cases: from when, for whom, with whose agreement; retired, brought back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.commands import approvals, pathway_drafts, pathway_versions, territories
from engine.commands.pathway_versions import Release
from engine.errors import InvalidPathway, InvalidRequest
from engine.queries import directory, draft_pages
from web import visitor
from web.comparing import comparison
from web.drafts import draft_id, draft_view
from web.pathways import finding_words, summary
from web.texts import gettext as _

bp = Blueprint("releases", __name__, url_prefix="/modeles")

MOST_ORGANIZATIONS = 300


@bp.post("/brouillons/<draft>/publier")
def publish(draft: str) -> ResponseReturnValue:
    """Make the draft a version on which new cases start."""
    try:
        release = _release()
        with visitor.database().transaction() as session:
            by, now = visitor.current_actor(), visitor.now()
            page = draft_pages.draft_page(session, draft_id=draft_id(draft), by=by, now=now)
            published = pathway_drafts.publish_draft(
                session, version_id=page.id, label=release.label, accepted=_accepted(), release=release, by=by, now=now
            )
    except (InvalidRequest, InvalidPathway) as refusal:
        return draft_view(draft, str(refusal)), 422
    flash(
        _("Modèle publié : version %(number)s. Les dossiers en cours gardent la leur.", number=published.number), "done"
    )
    for_later = release.starts_at is not None or release.organizations
    return redirect(url_for("designer.show", key=page.key, version=published.number if for_later else None), 303)


@bp.post("/brouillons/<draft>/proposer")
def propose(draft: str) -> ResponseReturnValue:
    """Ask another person to approve the draft."""
    try:
        release = _release()
        with visitor.database().transaction() as session:
            approvals.propose(
                session, version_id=draft_id(draft), release=release, accepted=_accepted(), by=visitor.current_actor(),
                now=visitor.now(),
            )  # fmt: skip
    except (InvalidRequest, InvalidPathway) as refusal:
        return draft_view(draft, str(refusal)), 422
    flash(_("Proposé : une autre personne peut maintenant l'approuver. D'ici là, le brouillon ne change plus."), "done")
    return redirect(url_for("releases.show", draft=draft), 303)


@bp.get("/brouillons/<draft>/accord")
def show(draft: str) -> ResponseReturnValue:
    """What is proposed: what changes, what was found, what was accepted and why."""
    return _page(draft)


def _page(draft: str, problem: str = "") -> str:
    with visitor.database().reading() as session:
        by = visitor.current_actor()
        page = draft_pages.draft_page(session, draft_id=draft_id(draft), by=by, now=visitor.now())
        said: Mapping[str, Any] = page.proposal or {}
        compared = None if page.published is None else comparison(session, page.published, page.id, by=by)
        names = directory.names_of(session, by=by, references=said.get("organizations", ()))
    findings = list(page.findings)
    starts_at = said.get("starts_at")
    return render_template(
        "designer/approval.html", page=page, said=said, compared=compared, findings=findings, words=finding_words,
        counts=summary(findings), names=names, problem=problem,
        starts_at=None if starts_at is None else datetime.fromisoformat(starts_at),
    )  # fmt: skip


@bp.post("/brouillons/<draft>/approuver")
def approve(draft: str) -> ResponseReturnValue:
    """Publish what another person proposed."""
    try:
        with visitor.database().transaction() as session:
            by, now = visitor.current_actor(), visitor.now()
            page = draft_pages.draft_page(session, draft_id=draft_id(draft), by=by, now=now)
            published = approvals.approve(session, version_id=page.id, by=by, now=now)
    except (InvalidRequest, InvalidPathway) as refusal:
        return _page(draft, str(refusal)), 422
    flash(_("Approuvé : la version %(number)s est publiée.", number=published.number), "done")
    return redirect(url_for("designer.show", key=page.key, version=published.number), 303)


@bp.post("/brouillons/<draft>/renvoyer")
def send_back(draft: str) -> ResponseReturnValue:
    """Give the draft back to its author, with a reason."""
    reason = request.form.get("raison", "")
    try:
        with visitor.database().transaction() as session:
            approvals.send_back(
                session, version_id=draft_id(draft), reason=reason, by=visitor.current_actor(), now=visitor.now()
            )
    except InvalidRequest as refusal:
        return _page(draft, str(refusal)), 422
    flash(_("Le brouillon est rendu : il peut de nouveau changer."), "done")
    return redirect(url_for("releases.show", draft=draft), 303)


@bp.post("/<key>/retirer")
def retire(key: str) -> ResponseReturnValue:
    """No new case on this pathway."""
    with visitor.database().transaction() as session:
        pathway_versions.retire(
            session, pathway_key=key, reason=request.form.get("raison", ""), by=visitor.current_actor(),
            now=visitor.now(),
        )  # fmt: skip
    flash(_("Parcours retiré : plus aucun dossier ne s'ouvre. Les dossiers en cours continuent."), "done")
    return redirect(url_for("designer.show", key=key, vue="versions"), 303)


@bp.post("/<key>/revenir")
def roll_back(key: str) -> ResponseReturnValue:
    """Take a version back; what it replaced opens new cases again."""
    number = request.form.get("version", 0, type=int)
    with visitor.database().transaction() as session:
        live = pathway_versions.roll_back(
            session, pathway_key=key, number=number, reason=request.form.get("raison", ""), by=visitor.current_actor(),
            now=visitor.now(),
        )  # fmt: skip
    flash(_("Les nouveaux dossiers s'ouvrent sur la version %(number)s.", number=live), "done")
    return redirect(url_for("designer.show", key=key, vue="versions"), 303)


@bp.post("/seconde-personne")
def second_person() -> ResponseReturnValue:
    """Say whether another person approves each version."""
    wanted = request.form.get("demandee") == "oui"
    with visitor.database().transaction() as session:
        territories.ask_for_second_person(session, wanted=wanted, by=visitor.current_actor(), now=visitor.now())
    flash(
        _("Chaque version demande maintenant l'accord d'une seconde personne.") if wanted
        else _("Une seule personne suffit maintenant pour publier une version."),
        "done",
    )  # fmt: skip
    return redirect(url_for("designer.index"), 303)


def _accepted() -> dict[str, str]:
    return {
        name.removeprefix("accepte-"): reason.strip()[:300]
        for name, reason in request.form.items()
        if name.startswith("accepte-")
    }


def _release() -> Release:
    """How the form opens the version. A day begins at midnight where people live."""
    sent = request.form
    day = sent.get("debut", "").strip()
    try:
        starts_at = datetime.combine(date.fromisoformat(day), time(), visitor.zone()) if day else None
        organizations = tuple(UUID(one) for one in sent.getlist("structure")[:MOST_ORGANIZATIONS])
    except ValueError as wrong:
        raise InvalidRequest(_("Indiquez un jour de début qui existe, et des structures de la liste.")) from wrong
    return Release(
        label=sent.get("label", ""), note=sent.get("note", ""), starts_at=starts_at, organizations=organizations
    )
