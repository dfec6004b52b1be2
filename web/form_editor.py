"""The questions of a draft's form, edited on a page; what the form will look like is drawn beside, as people get it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.commands import draft_changes
from engine.errors import InvalidRequest, NotFound
from engine.forms import FIELD_TYPES, FormDefinition, parse_form
from engine.forms.editing import Row, Sheet, sheet_of, written
from engine.queries import draft_pages, pathway_pages
from web import forms, visitor
from web.drafts import draft_id
from web.texts import gettext as _

bp = Blueprint("form_editor", __name__, url_prefix="/modeles/brouillons/<draft>/formulaires")

MOST_ROWS = 200
LONGEST_CELL = 4000


@bp.get("/<path:path>")
def show(draft: str, path: str) -> ResponseReturnValue:
    """The questions, and the form as people get it."""
    page, document = _document(draft, path)
    return _page(page, path, document, sheet_of(document))


@bp.post("/<path:path>")
def save(draft: str, path: str) -> ResponseReturnValue:
    """Add, move, take away, preview or keep: the pressed button says which."""
    page, document = _document(draft, path)
    rows = _acted(_typed_rows(), request.form.get("act", ""))
    title = request.form.get("title", "")[:200]
    made = written(document, rows, title=title)
    sheet = replace(sheet_of(made), problems=_problems(made) if request.form.get("act") == "save" else ())
    if request.form.get("act") == "preview" and request.headers.get("HX-Request"):
        return render_template("designer/form_preview.html", sections=_drawn(made))
    if request.form.get("act") != "save" or sheet.problems:
        return _page(page, path, made, sheet), 422 if sheet.problems else 200
    text = json.dumps(made, ensure_ascii=False, indent=2) + "\n"
    with visitor.database().transaction() as session:
        draft_changes.save_file(
            session, version_id=page.id, path=path, content=text.encode(), revision=_revision(),
            by=visitor.current_actor(), now=visitor.now(), said=_("formulaire « %(name)s »", name=sheet.title or path),
        )  # fmt: skip
    flash(_("Le formulaire est gardé, et le brouillon vérifié de nouveau."), "done")
    return redirect(url_for("drafts.show", draft=draft), 303)


def _page(page: draft_pages.DraftPage, path: str, document: Mapping[str, Any], sheet: Sheet) -> str:
    return render_template(
        "designer/form_editor.html", page=page, path=path, sheet=sheet, types=FIELD_TYPES, sections=_drawn(document),
        revision=_revision() or page.revision,
    )  # fmt: skip


def _document(draft: str, path: str) -> tuple[draft_pages.DraftPage, dict[str, Any]]:
    with visitor.database().reading() as session:
        by = visitor.current_actor()
        pathway_pages.check_may_design(by)
        page = draft_pages.draft_page(session, draft_id=draft_id(draft), by=by, now=visitor.now())
        content = pathway_pages.file_of(session, version_id=page.id, path=path, by=by)
    if "forms/" not in path or not path.endswith(".json"):
        raise NotFound(_("Ce fichier n'est pas un formulaire."))
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidRequest(_("Ce fichier ne peut pas être lu : déposez-le de nouveau."))
    return page, found


def _drawn(document: Mapping[str, Any]) -> list[forms.SectionView]:
    form: FormDefinition = parse_form(document)
    return forms.sections(form, {}, facts={}, names={})


def _problems(document: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(f"{one.path} : {one.sentence}" if one.path else one.sentence for one in parse_form(document).problems)


def _typed_rows() -> list[Row]:
    """The questions as the page sent them, in its order."""
    sent, found = request.form, []
    for number in range(min(request.form.get("count", 0, type=int), MOST_ROWS)):
        cells = {
            name: sent.get(f"q-{number}-{name}", "")[:LONGEST_CELL]
            for name in ("name", "type", "label", "label_en", "help", "required_if", "visible_if", "unit", "min",
                         "max", "loinc", "options")
        }  # fmt: skip
        found.append(
            Row(
                origin=sent.get(f"q-{number}-origin", type=int), section=sent.get(f"q-{number}-section", 0, type=int),
                required=f"q-{number}-required" in sent, **cells,
            )
        )  # fmt: skip
    return found


def _acted(rows: list[Row], act: str) -> list[Row]:
    verb, _colon, where = act.partition(":")
    at = int(where) if where.isdigit() else -1
    match verb:
        case "add":
            return [*rows, Row(section=rows[-1].section if rows else 0)][:MOST_ROWS]
        case "remove":
            return [row for number, row in enumerate(rows) if number != at]
        case "up" if 0 < at < len(rows):
            rows[at - 1], rows[at] = rows[at], rows[at - 1]
        case "down" if 0 <= at < len(rows) - 1:
            rows[at + 1], rows[at] = rows[at], rows[at + 1]
    return rows


def _revision() -> int | None:
    return request.form.get("revision", type=int)
