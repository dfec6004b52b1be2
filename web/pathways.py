"""« Modèles »: the pathways of the territory, what each says in plain words, parameters, versions, files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine import second_person
from engine.commands import approvals, pathway_drafts, pathways
from engine.errors import InvalidPathway, InvalidRequest
from engine.queries import pathway_pages
from engine.queries.packages import package_of
from web import times, visitor
from web.language import current
from web.texts import gettext as _
from web.wording import in_language

bp = Blueprint("designer", __name__, url_prefix="/modeles")

VIEWS = ("", "parametres", "versions")


@bp.get("")
def index() -> ResponseReturnValue:
    """The pathways, with their drafts and their running cases."""
    with visitor.database().reading() as session:
        by = visitor.current_actor()
        found = pathway_pages.pathway_list(session, by=by, now=visitor.now())
        two = second_person.is_asked_for(session, by)
    return render_template(
        "designer/index.html", pathways=found, may_design=pathway_pages.may_design(by), problem="", two_people=two,
        may_decide=by.has_role("territory_admin"),
    )  # fmt: skip


@bp.post("/nouveau")
def create() -> ResponseReturnValue:
    """Draw a pathway from nothing."""
    try:
        with visitor.database().transaction() as session:
            draft = pathway_drafts.open_blank(
                session, title=request.form.get("title", ""), by=visitor.current_actor(), now=visitor.now()
            )
    except InvalidRequest as refusal:
        with visitor.database().reading() as session:
            found = pathway_pages.pathway_list(session, by=visitor.current_actor(), now=visitor.now())
        return render_template("designer/index.html", pathways=found, may_design=True, problem=str(refusal)), 422
    return redirect(url_for("drafts.draw", draft=draft.version_id), 303)


@bp.get("/<key>")
def show(key: str) -> ResponseReturnValue:
    """One pathway, at its published version or at the one asked for."""
    number = request.args.get("version", type=int)
    with visitor.database().reading() as session:
        page = pathway_pages.pathway_page(
            session, key=key, by=visitor.current_actor(), now=visitor.now(), number=number
        )
    view = request.args.get("vue", "")
    return render_template(
        "designer/show.html", page=page, words=finding_words, typed={}, problem="", view=view if view in VIEWS else ""
    )


@bp.post("/<key>/brouillon")
def open_draft(key: str) -> ResponseReturnValue:
    """A draft from the version shown."""
    with visitor.database().transaction() as session:
        page = pathway_pages.pathway_page(
            session,
            key=key,
            by=visitor.current_actor(),
            now=visitor.now(),
            number=request.form.get("version", type=int),
        )
        draft = pathway_drafts.open_from_version(
            session, version_id=page.shown.id, by=visitor.current_actor(), now=visitor.now()
        )
    return redirect(url_for("drafts.draw", draft=draft.version_id), 303)


@bp.post("/<key>/parametres")
def revise(key: str) -> ResponseReturnValue:
    """Publish a version with other values; running cases keep theirs."""
    with visitor.database().reading() as session:
        page = pathway_pages.pathway_page(session, key=key, by=visitor.current_actor(), now=visitor.now())
    typed = {name: request.form.get(f"p-{name}", "").strip()[:200] for name in (one["name"] for one in page.parameters)}
    changed = {
        one["name"]: _typed(one, typed[one["name"]])
        for one in page.parameters
        if typed[one["name"]] and typed[one["name"]] != shown_value(one)
    }
    note = request.form.get("note", "").strip()[:200]
    problem, number = "", None
    if not changed:
        problem = _("Aucune valeur n'a changé.")
    elif not note:
        problem = _("Dites pourquoi : la raison reste dans l'histoire des versions.")
    if not problem:
        try:
            number = _publish_values(key, changed, note)
        except (InvalidRequest, InvalidPathway) as refusal:
            problem = str(refusal)
    if problem:
        return render_template(
            "designer/show.html",
            page=page,
            words=finding_words,
            typed=typed,
            problem=problem,
            note=note,
            view="parametres",
        ), 422
    said = [
        f"{label_of(one)} : {shown_value(one)} → {changed[one['name']]}"
        for one in page.parameters
        if one["name"] in changed
    ]
    if number is None:
        flash(_("Ces valeurs attendent l'accord d'une autre personne."), "done")
    else:
        flash(_("Version %(number)s publiée. Les dossiers en cours gardent leurs valeurs.", number=number), "done")
    flash(" ; ".join(said), "done")
    return redirect(url_for("designer.show", key=key, vue="parametres"), 303)


def _publish_values(key: str, values: Mapping[str, Any], note: str) -> int | None:
    """The number of the version published with these values; None when another person has to approve them first."""
    with visitor.database().transaction() as session:
        by, now = visitor.current_actor(), visitor.now()
        if second_person.is_asked_for(session, by):
            approvals.propose_values(session, pathway_key=key, values=values, note=note, by=by, now=now)
            return None
        published = pathways.revise_parameters(session, pathway_key=key, values=values, note=note, by=by, now=now)
    return published.number


def shown_value(parameter: Mapping[str, Any]) -> str:
    """The value of a parameter as its input shows it."""
    value = parameter["value"]
    return "true" if value is True else "false" if value is False else str(value)


def _typed(parameter: Mapping[str, Any], text: str) -> Any:
    match parameter.get("type"):
        case "bool":
            return text == "true"
        case "int" if text.lstrip("-").isdigit():
            return int(text)
        case "dec":
            return text.replace(",", ".")
        case _:
            return text


@bp.get("/<key>/paquet.zip")
def package(key: str) -> ResponseReturnValue:
    """Everything of a version in one file, that another territory can upload: no patient in it."""
    number = request.args.get("version", type=int)
    with visitor.database().reading() as session:
        content = package_of(session, key=key, number=number, by=visitor.current_actor(), now=visitor.now())
    name = f"{key}.zip" if number is None else f"{key}-v{number}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, mimetype="application/zip", headers=headers)


@bp.get("/<key>/versions/<number>/<path:path>")
def source(key: str, number: str, path: str) -> ResponseReturnValue:
    """One source file, as text to read."""
    with visitor.database().reading() as session:
        by = visitor.current_actor()
        page = pathway_pages.pathway_page(
            session, key=key, by=by, now=visitor.now(), number=int(number) if number.isdigit() else -1
        )
        content = pathway_pages.file_of(session, version_id=page.shown.id, path=path, by=by)
    lines = content.decode("utf-8", "replace").splitlines()
    return render_template("designer/source.html", page=page, path=path, lines=lines)


def finding_words(finding: Mapping[str, Any]) -> str:
    """The sentence of a finding in the language of the page."""
    return str(finding.get("message_en") if current() == "en" else finding["message"])


def _duration_words(parameter: Mapping[str, Any]) -> str:
    if parameter.get("type") != "duration":
        return ""
    try:
        return times.duration(str(parameter["value"]))
    except ValueError:
        return ""


def label_of(parameter: Mapping[str, Any]) -> str:
    """The label of a parameter in the language of the page."""
    label = parameter.get("label")
    return in_language(label) if isinstance(label, Mapping) else str(label or parameter["name"])


def summary(findings: Sequence[Mapping[str, Any]]) -> tuple[int, int, int]:
    """Errors, warnings, notes."""
    counts = {"error": 0, "warning": 0, "info": 0}
    for one in findings:
        counts[one["severity"]] += 1
    return counts["error"], counts["warning"], counts["info"]


@bp.app_context_processor
def _words() -> dict[str, object]:
    return {
        "shown_value": shown_value, "duration_words": _duration_words, "parameter_label": label_of,
        "findings_summary": summary,
    }  # fmt: skip
