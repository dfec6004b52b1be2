"""« Tour de contrôle »: how the open cases stand, those to unblock, where they are on the map, and as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.errors import CaseNotFound, NotAllowed
from engine.queries import directory
from engine.queries.control_tower import EXPORT_LIMIT, Cursor, Filters, TowerRow, case_rows, tower
from engine.queries.diagrams import diagram_of_version
from engine.queries.health import Health
from engine.queries.pathway_map import pathway_map
from engine.visibility import may_see_figures
from web import times, visitor
from web.calendar import calendar
from web.reading import nobody_shown, patients_shown
from web.texts import gettext as _
from web.wording import HEALTH, in_language, role_name

bp = Blueprint("control_tower", __name__, url_prefix="/suivi")

TILES = (
    Health.BROKEN, Health.DEADLOCKED, Health.ORPHAN, Health.SILENT, Health.LATE, Health.AT_RISK, Health.DORMANT,
    Health.HEALTHY,
)  # fmt: skip
UNSAFE_STARTS = ("=", "+", "-", "@", "\t", "\r")


@bp.get("")
def index() -> ResponseReturnValue:
    """The list, the worst first."""
    filters = _filters()
    with visitor.database().reading() as session:
        found = tower(
            session, by=visitor.current_actor(), now=visitor.now(), calendar=calendar(), filters=filters, after=_after()
        )
    return render_template(
        "control_tower/index.html",
        tower=found,
        filters=filters,
        tiles=TILES,
        words=_words(filters),
        chosen_health=filters.health,
        next_page=_link(filters, suite=_written(found.after)) if found.after else "",
        tile_links={
            health: _link(filters, sante=None if health == filters.health else health.code) for health in TILES
        },
    )


@bp.get("/<number>")
def row(number: str) -> ResponseReturnValue:
    """One row, opened on everything it waits for and what can be done, or closed again (`plie`)."""
    with visitor.database().reading() as session:
        by, now = visitor.current_actor(), visitor.now()
        if not may_see_figures(by):
            raise NotAllowed(_("Le suivi du territoire est celui de la coordination."))
        rows = case_rows(session, by=by, now=now, calendar=calendar(), filters=Filters(text=number), limit=20)
        found = next((one for one in rows if one.number == number), None)
        if found is None:
            raise CaseNotFound(_("Ce dossier n'est plus ouvert, ou ne vous est pas confié."))
        colleagues = colleagues_for(session, found.waits)
    opened = "plie" not in request.args
    return render_template(
        "control_tower/row.html", row=found, opened=opened, colleagues=colleagues, back=url_for(".index")
    )


def colleagues_for(session: Any, waits: Sequence[Any]) -> dict[str, Sequence[directory.DirectoryEntry]]:
    """Who holds the roles of these waits today, by role: those a task can be given to."""
    roles = sorted({wait.role for wait in waits if wait.task_id is not None})
    if not roles:
        return {}
    found = directory.people(session, by=visitor.current_actor(), today=times.local(visitor.now()).date(), roles=roles)
    return {role: [one for one in found if role in one.detail.split(",")] for role in roles}


@bp.get("/carte")
def pathway() -> ResponseReturnValue:
    """Where the cases of one pathway are: the diagram with counts, and the same as a table."""
    if not may_see_figures(visitor.current_actor()):
        raise NotAllowed(_("Le suivi du territoire est celui de la coordination."))
    key = request.args.get("parcours", "")[:60]
    with visitor.database().reading() as session:
        by, now = visitor.current_actor(), visitor.now()
        found = pathway_map(session, by=by, now=now, calendar=calendar(), key=key)
        listed = tower(session, by=by, now=now, calendar=calendar(), filters=Filters())
    nobody_shown()
    return render_template("control_tower/map.html", map=found, tower=listed)


@bp.get("/carte/<key>/etat.json")
def map_state(key: str) -> ResponseReturnValue:
    """The counts as the diagram reads them."""
    if not may_see_figures(visitor.current_actor()):
        raise NotAllowed(_("Le suivi du territoire est celui de la coordination."))
    with visitor.database().reading() as session:
        found = pathway_map(session, by=visitor.current_actor(), now=visitor.now(), calendar=calendar(), key=key)
    return jsonify({"nodes": [], "taken": []} if found is None else found.state())


@bp.get("/schema/<version>.bpmn")
def diagram(version: str) -> ResponseReturnValue:
    """The designer's file of a version."""
    return send_diagram(version)


def send_diagram(version: str) -> Response:
    """The diagram of a version, byte for byte; a version never changes, so the browser may keep it."""
    with visitor.database().reading() as session:
        content = diagram_of_version(session, version_id=_uuid(version), by=visitor.current_actor())
    response = Response(content, mimetype="application/xml")
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return response


@bp.get("/export.csv")
def export() -> ResponseReturnValue:
    """The filtered list as a file that a spreadsheet opens: UTF-8 with its mark, semicolons, no cell is a formula."""
    with visitor.database().reading() as session:
        by, now = visitor.current_actor(), visitor.now()
        tower(session, by=by, now=now, calendar=calendar(), filters=Filters())  # raises for those who may not follow
        rows = case_rows(session, by=by, now=now, calendar=calendar(), filters=_filters(), limit=EXPORT_LIMIT)
    patients_shown([one.patient.id for one in rows], action="export", kind="control_tower")
    text = "\ufeff" + "".join(_csv_lines(rows))
    day = times.local(now).strftime("%Y-%m-%d")
    headers = {"Content-Disposition": f'attachment; filename="suivi-{day}.csv"'}
    return Response(text, mimetype="text/csv; charset=utf-8", headers=headers)


def _csv_lines(rows: Sequence[TowerRow]) -> Iterator[str]:
    yield _csv_line(
        [
            _("Dossier"), _("Patient"), _("Parcours"), _("Version"), _("Santé"), _("Attend"), _("Responsable"),
            _("Depuis"), _("Attendu avant"), _("Explication"), _("Prochaine échéance automatique"),
        ]
    )  # fmt: skip
    for one in rows:
        first = one.first
        waits = [] if first is None else [
            first.what, first.who, _machine(first.since), _machine(first.expected_at), first.sentence, first.next_text
        ]  # fmt: skip
        yield _csv_line(
            [
                one.number,
                one.patient.name,
                in_language(one.pathway_title),
                str(one.version),
                str(HEALTH[one.health.code]),
                *waits,
            ]
        )


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=";", lineterminator="\r\n").writerow(
        [f"'{cell}" if cell.lstrip(" \n").startswith(UNSAFE_STARTS) else cell for cell in cells]
    )
    return line.getvalue()


def _machine(moment: datetime) -> str:
    return times.local(moment).strftime("%Y-%m-%d %H:%M")


def _filters() -> Filters:
    asked = request.args
    health = next((one for one in Health if one.code == asked.get("sante")), None)
    return Filters(
        pathway=asked.get("parcours", "")[:60],
        health=health,
        role=asked.get("role", "")[:40],
        step=asked.get("etape", "")[:120],
        text=asked.get("q", "").strip()[:100],
    )


def _link(filters: Filters, **changed: str | None) -> str:
    kept = {
        "parcours": filters.pathway, "sante": filters.health.code if filters.health is not None else "",
        "role": filters.role, "etape": filters.step, "q": filters.text,
    } | changed  # fmt: skip
    asked: dict[str, Any] = {name: value for name, value in kept.items() if value}
    return url_for("control_tower.index", **asked)


def _words(filters: Filters) -> list[str]:
    """What the list is limited to, in words."""
    said = []
    if filters.health is not None:
        said.append(str(HEALTH[filters.health.code]))
    if filters.role:
        said.append(role_name(filters.role))
    if filters.text:
        said.append(f"« {filters.text} »")
    if filters.step:
        said.append(filters.step)
    return said


def _written(cursor: Cursor) -> str:
    return f"{cursor.rank}_{cursor.soonest.isoformat()}_{cursor.case_id.hex}"


def _after() -> Cursor | None:
    rank, _sep, rest = request.args.get("suite", "").partition("_")
    soonest, _sep, case_id = rest.partition("_")
    try:
        return Cursor(rank=int(rank), soonest=datetime.fromisoformat(soonest), case_id=UUID(case_id))
    except ValueError:
        return None


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
