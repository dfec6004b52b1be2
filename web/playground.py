"""« Essayer » and « Scénarios »: a pathway played by hand on a virtual clock, and its written stories played."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.commands import pathways
from engine.errors import InvalidPathway, InvalidRequest, NotFound
from engine.queries import draft_pages, pathway_pages
from engine.queries.playground import MOST_MOVES, Board, OpenWork, Toy, play, toy_of
from engine.walks.suite import SuiteResult, shipped_walks
from engine.walks.suite import play as play_walks
from web import asking, forms, visitor
from web.calendar import calendar
from web.drafts import draft_id
from web.texts import gettext as _

bp = Blueprint("playground", __name__, url_prefix="/modeles")

ALL = "*"
"""What the page sends to play every story."""
LONGEST_JOURNAL = 400_000
HOURS = {"1": 1, "24": 24, "72": 72, "168": 168, "720": 720}


@bp.route("/essai/<version>", methods=["GET", "POST"])
def show(version: str) -> ResponseReturnValue:
    """Play a version or a draft. Nothing is stored: the page itself carries the moves made so far."""
    files = _files(version)
    toy = toy_of(pathways.with_shared(files))
    if request.method == "GET":
        return _page(version, toy, [], _start(), chosen="")
    moves, start = _journal(request.form.get("journal", ""))
    act = request.form.get("act", "")
    if act == "back":
        return _page(version, toy, moves[:-1], start, chosen="")
    if act.startswith("choose:"):
        return _page(version, toy, moves, start, chosen=act.removeprefix("choose:"))
    return _page(version, toy, [*moves, _move(act, toy, moves, start)], start, chosen=request.form.get("chosen", ""))


@bp.get("/essai/<version>/schema.bpmn")
def drawing(version: str) -> ResponseReturnValue:
    """The drawing being played."""
    files = _files(version)
    return Response(files.get(pathway_pages.main_drawing(list(files)), b""), mimetype="application/xml")


@bp.route("/<key>/scenarios", methods=["GET", "POST"])
def walks(key: str) -> ResponseReturnValue:
    """The stories written for a pathway; each can be played on the published version, in a database of its own."""
    with visitor.database().reading() as session:
        by = visitor.current_actor()
        page = pathway_pages.pathway_page(session, key=key, by=by, now=visitor.now())
        files = pathway_pages.folder_of_version(session, version_id=page.shown.id, by=by)
    return _walks(
        key, files, title=page.title, back=url_for("designer.show", key=key),
        diagram=url_for("control_tower.diagram", version=page.shown.id),
    )  # fmt: skip


@bp.route("/brouillons/<draft>/scenarios", methods=["GET", "POST"])
def draft_walks(draft: str) -> ResponseReturnValue:
    """The same stories played on a draft, before it is published."""
    with visitor.database().reading() as session:
        by = visitor.current_actor()
        pathway_pages.check_may_design(by)
        page = draft_pages.draft_page(session, draft_id=draft_id(draft), by=by, now=visitor.now())
        files = pathway_pages.folder_of_version(session, version_id=page.id, by=by)
    return _walks(
        page.key, pathways.with_shared(files), title=page.title, back=url_for("drafts.show", draft=draft),
        diagram=url_for("drafts.drawing", draft=draft),
    )  # fmt: skip


def _walks(
    key: str, files: Mapping[str, bytes], *, title: Mapping[str, str], back: str, diagram: str
) -> ResponseReturnValue:
    stories, answers = shipped_walks(key)
    stories = stories | {
        path: text.decode("utf-8", "replace") for path, text in files.items() if path.endswith(".walk")
    }
    result, chosen = None, request.form.get("walk", "")
    if request.method == "POST":
        pathway_pages.check_may_design(visitor.current_actor())
        played = stories if chosen == ALL else {name: text for name, text in stories.items() if name == chosen}
        if not played:
            raise NotFound(_("Ce scénario n'existe pas."))
        result = play_walks(key, files, played, answers)
    return render_template(
        "playground/walks.html", title=title, back=back, diagram=diagram, stories=sorted(stories), result=result,
        chosen=chosen, all=ALL, titles={name: _title(text) for name, text in stories.items()},
        state=json.dumps(_walked(result)) if result is not None else "",
    )  # fmt: skip


def _walked(result: SuiteResult) -> dict[str, Any]:
    """What the stories went through, as the drawing shows it."""
    visited = sorted({element for one in result.performances for element in one.visited})
    return {"nodes": [{"id": element, "state": "done"} for element in visited], "taken": visited}


def _title(text: str) -> str:
    """The first line of a walk says what it is about."""
    for line in text.splitlines():
        said = line.lstrip("# ").removeprefix("walk:").removeprefix("title:").strip()
        if said:
            return said
    return ""


def _files(version: str) -> dict[str, bytes]:
    try:
        key = UUID(version)
    except ValueError:
        raise NotFound(_("Cette version n'existe pas.")) from None
    with visitor.database().reading() as session:
        return pathway_pages.folder_of_version(session, version_id=key, by=visitor.current_actor())


def _start() -> datetime:
    return visitor.now().replace(minute=0, second=0, microsecond=0)


def _journal(text: str) -> tuple[list[Mapping[str, Any]], datetime]:
    """The moves and the start that the page carried."""
    if len(text) > LONGEST_JOURNAL:
        raise InvalidRequest(_("Cet essai est trop long : recommencez-en un."))
    try:
        said = json.loads(text)
        start = datetime.fromisoformat(said["start"])
        moves = [_as_move(one) for one in said["moves"]][:MOST_MOVES]
    except (ValueError, KeyError, TypeError) as wrong:
        raise InvalidRequest(_("Cet essai ne peut pas être repris : recommencez-en un.")) from wrong
    if start.tzinfo is None:
        raise InvalidRequest(_("Cet essai ne peut pas être repris : recommencez-en un."))
    return moves, start


def _as_move(said: Any) -> Mapping[str, Any]:
    return dict(said)


def _move(act: str, toy: Toy, moves: Sequence[Mapping[str, Any]], start: datetime) -> Mapping[str, Any]:
    """What the pressed button asks for."""
    what, _sep, which = act.partition(":")
    match what:
        case "complete":
            board = play(toy, moves, start=start, calendar=calendar())
            task = next((one for one in board.tasks if one.token == which), None)
            answers = forms.raw_answers(task.form, request.form) if task is not None and task.form is not None else {}
            return {"do": "complete", "token": which, "answers": answers or _decided(), "element": ""}
        case "random":
            return {"do": "random", "token": which, "seed": len(moves)}
        case "wait":
            return {"do": "wait", "hours": HOURS.get(which, 0)}
        case "next":
            return {"do": "next"}
        case "message":
            return {"do": "message", "name": which[:120]}
        case _:
            raise InvalidRequest(_("Ce bouton n'existe pas."))


def _decided() -> dict[str, str]:
    return {name.removeprefix("d-"): value for name, value in request.form.items() if name.startswith("d-")}


def _page(
    version: str, toy: Toy, moves: Sequence[Mapping[str, Any]], start: datetime, *, chosen: str
) -> ResponseReturnValue:
    board = play(toy, moves, start=start, calendar=calendar())
    task = next((one for one in board.tasks if one.token == chosen), board.tasks[0] if board.tasks else None)
    raw = dict(moves[-1].get("answers") or {}) if board.problems and moves else {}
    journal = json.dumps({"start": start.isoformat(), "moves": list(board.moves)}, ensure_ascii=False)
    html = render_template(
        "playground/show.html", version=version, toy=toy, board=board, task=task, journal=journal, hours=HOURS,
        state=json.dumps(board.state), node=None if task is None else toy.program.nodes.get(task.element_id),
        problem_links=[] if task is None or task.form is None else forms.problem_links(task.form, board.problems),
        **_drawn(task, board, raw),
    )  # fmt: skip
    return html, 422 if board.problem else 200


def _drawn(task: OpenWork | None, board: Board, raw: Mapping[str, Any]) -> dict[str, Any]:
    if task is None or task.form is None:
        return {"sections": [], "directory": {}}
    opened = {**forms.raw_values(task.form, task.values), **raw}
    return asking.drawn(task.form, opened, facts=task.facts, problems=board.problems)


@bp.errorhandler(InvalidPathway)
def _cannot_run(problem: InvalidPathway) -> ResponseReturnValue:
    """A draft with errors cannot be played: the page says why."""
    if request.accept_mimetypes.best == "application/json":
        return jsonify({"message": str(problem)}), 422
    return render_template("playground/refused.html", sentence=str(problem)), 422
