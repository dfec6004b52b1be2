"""Drafts of pathways: files put down and checked, drawn in the editor, shown with what the checker says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from engine.commands import draft_changes, pathway_drafts, pathways
from engine.errors import Conflict, InvalidPathway, InvalidRequest
from engine.packages import folder_of
from engine.queries import directory, draft_pages, pathway_pages
from engine.roles import ROLE_LABELS
from web import visitor
from web.comparing import comparison
from web.pathways import finding_words, summary
from web.texts import gettext as _
from web.texts import ngettext

bp = Blueprint("drafts", __name__, url_prefix="/modeles/brouillons")

MOST_GROUPS = 200
LARGEST_DRAWING = 4 * 1024 * 1024
SEVERITY_FOR_EDITOR = {"info": "advice"}


@bp.route("/deposer", methods=["GET", "POST"])
def upload() -> ResponseReturnValue:
    """Put files down: refused with everything that is wrong and nothing kept, or kept as a draft."""
    pathway_pages.check_may_design(visitor.current_actor())
    if request.method == "GET":
        return render_template("designer/upload.html", problem="", findings=(), diagram="", words=finding_words)
    uploaded = sent_files(request.files.getlist("files"))
    try:
        files = folder_of(uploaded)
        with visitor.database().transaction() as session:
            draft = pathway_drafts.open_uploaded(session, files=files, by=visitor.current_actor(), now=visitor.now())
    except InvalidRequest as refusal:
        return render_template(
            "designer/upload.html", problem=str(refusal), findings=(), diagram="", words=finding_words
        ), 422
    except InvalidPathway as refusal:
        findings = as_json(refusal.findings)
        path = pathway_pages.main_drawing(list(files))
        return render_template(
            "designer/upload.html", problem=str(refusal), findings=findings, words=finding_words, names=list(files),
            diagram=files.get(path, b"").decode("utf-8", "replace") if drawable(findings) else "",
            state=json.dumps(diagram_state(findings)),
        ), 422  # fmt: skip
    flash(_("Les fichiers sont gardés comme brouillon. Lisez les remarques, puis publiez."), "done")
    return redirect(url_for("drafts.show", draft=draft.version_id), 303)


def sent_files(sent: Sequence[FileStorage]) -> dict[str, bytes]:
    """What the browser or the program sent, by name."""
    return {(one.filename or "")[:180]: one.read() for one in sent if one.filename}


def as_json(findings: Sequence[Any]) -> list[dict[str, Any]]:
    """Findings as pages and programs read them."""
    return [one.to_json() for one in findings]


def drawable(findings: Sequence[Mapping[str, Any]]) -> bool:
    """False when the drawing itself cannot be read: then there is nothing to show it on."""
    return not any(one["code"].startswith("XML") and one["severity"] == "error" for one in findings)


def diagram_state(findings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Errors and warnings as marks on the shapes."""
    worst: dict[str, str] = {}
    codes: dict[str, list[str]] = {}
    for one in findings:
        if one["element_id"] and one["severity"] != "info":
            worst.setdefault(one["element_id"], one["severity"])
            codes.setdefault(one["element_id"], []).append(one["code"])
    return {
        "nodes": [
            {
                "id": element, "finding": severity, "badge": " ".join(dict.fromkeys(codes[element])),
                "level": "late" if severity == "error" else "soon",
            }
            for element, severity in worst.items()
        ],
        "taken": [],
    }  # fmt: skip


@bp.get("/<draft>")
def show(draft: str) -> ResponseReturnValue:
    """What the checker says of the draft, on the drawing and as a list; reasons for warnings; publish."""
    return draft_view(draft)


def draft_view(draft: str, problem: str = "") -> str:
    """The page of a draft, with what was just refused."""
    with visitor.database().reading() as session:
        by = visitor.current_actor()
        page = draft_pages.draft_page(session, draft_id=draft_id(draft), by=by, now=visitor.now())
        groups = draft_pages.groups_of_draft(session, draft_id=page.id, by=by)
        compared = None if page.published is None else comparison(session, page.published, page.id, by=by)
        organizations = directory.organizations(session, by=by)
    findings = list(page.findings)
    return render_template(
        "designer/draft.html", page=page, findings=findings, words=finding_words, counts=summary(findings),
        state=json.dumps(diagram_state(findings)), problem=problem, drawable=drawable(findings), groups=groups,
        roles=ROLE_LABELS, compared=compared, organizations=organizations,
        mends=sum(1 for one in findings if one.get("fix")),
        forms=[path for path, _size in page.files if path.startswith("forms/") and path.endswith(".json")],
        tables=[path for path, _size in page.files if path.endswith(".dmn")],
    )  # fmt: skip


@bp.post("/<draft>/roles")
def map_roles(draft: str) -> ResponseReturnValue:
    """Say which role each group of the files stands for."""
    names, given = request.form.getlist("group")[:MOST_GROUPS], request.form.getlist("role")
    with visitor.database().transaction() as session:
        draft_changes.map_roles(
            session, version_id=draft_id(draft), roles=dict(zip(names, given, strict=False)),
            by=visitor.current_actor(), now=visitor.now(),
        )  # fmt: skip
    flash(_("Les rôles sont gardés avec le brouillon."), "done")
    return redirect(url_for("drafts.show", draft=draft), 303)


@bp.post("/<draft>/jeter")
def discard(draft: str) -> ResponseReturnValue:
    """Throw the draft away."""
    with visitor.database().transaction() as session:
        pathway_drafts.discard(session, version_id=draft_id(draft), by=visitor.current_actor(), now=visitor.now())
    flash(_("Le brouillon est jeté."), "done")
    return redirect(url_for("designer.index"), 303)


@bp.get("/<draft>/dessin")
def draw(draft: str) -> ResponseReturnValue:
    """The editor."""
    with visitor.database().reading() as session:
        by = visitor.current_actor()
        page = draft_pages.draft_page(session, draft_id=draft_id(draft), by=by, now=visitor.now())
        files = pathway_pages.folder_of_version(session, version_id=page.id, by=by)
        choices = draft_pages.choices_for_editor(session, by=by, files=pathways.with_shared(files))
    g.style_exception = "; style-src-attr 'unsafe-inline'"  # the editor sizes its shapes with style attributes
    return render_template("designer/draw.html", page=page, choices=json.dumps(choices, ensure_ascii=False))


@bp.get("/<draft>/schema.bpmn")
def drawing(draft: str) -> ResponseReturnValue:
    """The drawing, with the number of changes as its tag."""
    with visitor.database().reading() as session:
        by = visitor.current_actor()
        page = draft_pages.draft_page(session, draft_id=draft_id(draft), by=by, now=visitor.now())
        content = pathway_pages.file_of(session, version_id=page.id, path=page.diagram, by=by)
    response = Response(content, mimetype="application/xml")
    response.set_etag(str(page.revision))
    return response


@bp.put("/<draft>/schema.bpmn")
def save_drawing(draft: str) -> ResponseReturnValue:
    """Keep the drawing. 412 when somebody else saved it since it was read."""
    content = sent_drawing()
    known = [tag for tag in request.if_match if tag.isdigit()]
    try:
        with visitor.database().transaction() as session:
            by = visitor.current_actor()
            page = draft_pages.draft_page(session, draft_id=draft_id(draft), by=by, now=visitor.now())
            saved = draft_changes.save_file(
                session, version_id=page.id, path=page.diagram, content=content,
                revision=int(known[0]) if known else None, by=by, now=visitor.now(),
            )  # fmt: skip
    except Conflict as refusal:
        return jsonify({"message": str(refusal)}), 412
    response = jsonify(finding_response(as_json(saved.findings), _("Enregistré.")))
    response.set_etag(str(saved.revision))
    return response


@bp.post("/<draft>/verifier")
def check_drawing(draft: str) -> ResponseReturnValue:
    """What the checker says of the drawing as it stands in the editor; nothing is kept."""
    content = sent_drawing()
    with visitor.database().reading() as session:
        by = visitor.current_actor()
        page = draft_pages.draft_page(session, draft_id=draft_id(draft), by=by, now=visitor.now())
        files = {**pathway_pages.folder_of_version(session, version_id=page.id, by=by), page.diagram: content}
        found = pathways.check_in_territory(session, files=files, by=by, now=visitor.now())
    return jsonify(finding_response(as_json(found), ""))


def finding_response(findings: Sequence[Mapping[str, Any]], first: str) -> dict[str, Any]:
    """What the editor is told: a sentence, and the findings."""
    errors, warnings, _notes = summary(findings)
    said = [first] if first else []
    if errors:
        said.append(ngettext("%(num)s point à corriger.", "%(num)s points à corriger.", errors))
    if warnings:
        said.append(ngettext("%(num)s avertissement.", "%(num)s avertissements.", warnings))
    if not errors and not warnings:
        said.append(_("Rien à redire."))
    shown = [
        {**one, "message": finding_words(one), "severity": SEVERITY_FOR_EDITOR.get(one["severity"], one["severity"])}
        for one in findings
    ]
    return {"message": " ".join(said), "findings": shown}


def sent_drawing() -> bytes:
    """The drawing that the editor sent. Raises InvalidRequest when there is none, or it is too large."""
    content = request.get_data(cache=False)
    if not content or len(content) > LARGEST_DRAWING:
        raise InvalidRequest(_("Le dessin envoyé est vide, ou dépasse 4 Mo."))
    return content


def draft_id(text: str) -> UUID:
    """The id in an address; one that no draft has, when it is something else."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
