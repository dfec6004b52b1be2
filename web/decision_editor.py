"""The rules of a draft's decision table, edited on a page; checked as publishing would before they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.commands import draft_changes, pathways
from engine.decisions import InvalidDecision
from engine.decisions.editing import Grid, GridRow, grids_of, written
from engine.errors import NotFound
from engine.queries import draft_pages, pathway_pages
from web import visitor
from web.drafts import as_json, draft_id
from web.pathways import finding_words
from web.texts import gettext as _

bp = Blueprint("decision_editor", __name__, url_prefix="/modeles/brouillons/<draft>/decisions")

MOST_RULES = 500
LONGEST_CELL = 1000


@bp.get("/<path:path>")
def show(draft: str, path: str) -> ResponseReturnValue:
    """The tables of a file."""
    page, files = _files(draft, path)
    return _page(page, path, files[path])


@bp.post("/<path:path>")
def save(draft: str, path: str) -> ResponseReturnValue:
    """Add or take away a rule, or keep the table when that brings no new error."""
    page, files = _files(draft, path)
    content = files[path]
    grid = next((one for one in _grids(content) if one.key == request.form.get("table")), None)
    if grid is None:
        raise NotFound(_("Cette table n'est plus dans le fichier : rechargez la page."))
    act = request.form.get("act", "")
    changed = replace(grid, rows=tuple(_acted(_typed(grid), act, len(grid.columns))))
    if act != "save":
        return _page(page, path, content, changed)
    after = written(content, changed)
    problems = _problems(files, {**files, path: after})
    if problems:
        return _page(page, path, content, changed, problems), 422
    with visitor.database().transaction() as session:
        draft_changes.save_file(
            session, version_id=page.id, path=path, content=after, revision=request.form.get("revision", type=int),
            by=visitor.current_actor(), now=visitor.now(), said=_("table « %(name)s »", name=grid.name),
        )  # fmt: skip
    flash(_("La table est gardée, et le brouillon vérifié de nouveau."), "done")
    return redirect(url_for("drafts.show", draft=draft), 303)


def _page(
    page: draft_pages.DraftPage, path: str, content: bytes, changed: Grid | None = None, problems: tuple[str, ...] = ()
) -> str:
    grids = [changed if changed is not None and one.key == changed.key else one for one in _grids(content)]
    return render_template(
        "designer/decision_editor.html", page=page, path=path, grids=grids, problems=problems,
        revision=request.form.get("revision", type=int) or page.revision,
    )  # fmt: skip


def _grids(content: bytes) -> tuple[Grid, ...]:
    try:
        return grids_of(content)
    except InvalidDecision:
        return ()


def _files(draft: str, path: str) -> tuple[draft_pages.DraftPage, dict[str, bytes]]:
    with visitor.database().reading() as session:
        by = visitor.current_actor()
        pathway_pages.check_may_design(by)
        page = draft_pages.draft_page(session, draft_id=draft_id(draft), by=by, now=visitor.now())
        files = pathway_pages.folder_of_version(session, version_id=page.id, by=by)
    if path not in files or not path.endswith(".dmn"):
        raise NotFound(_("Ce fichier n'est pas une table de décision."))
    return page, files


def _problems(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[str, ...]:
    """The errors that the checker finds now and did not find before, in the words of the page."""
    known = {(one["code"], one["message"]) for one in _errors(before)}
    return tuple(finding_words(one) for one in _errors(after) if (one["code"], one["message"]) not in known)


def _errors(files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    return [one for one in as_json(pathways.check(files)) if one["severity"] == "error"]


def _typed(grid: Grid) -> list[GridRow]:
    sent, columns = request.form, len(grid.columns)
    return [
        GridRow(
            origin=sent.get(f"r-{number}-origin", type=int),
            cells=tuple(sent.get(f"r-{number}-{column}", "")[:LONGEST_CELL] for column in range(columns)),
        )
        for number in range(min(sent.get("count", 0, type=int), MOST_RULES))
    ]


def _acted(rows: list[GridRow], act: str, columns: int) -> list[GridRow]:
    verb, _colon, where = act.partition(":")
    at = int(where) if where.isdigit() else -1
    match verb:
        case "add":
            return [*rows, GridRow(origin=None, cells=("",) * columns)][:MOST_RULES]
        case "remove":
            return [row for number, row in enumerate(rows) if number != at]
        case "up" if 0 < at < len(rows):
            rows[at - 1], rows[at] = rows[at], rows[at - 1]
    return rows
