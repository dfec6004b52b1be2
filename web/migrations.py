"""« Migration »: running cases of a pathway taken to another version, looked at first, undone if need be."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from engine.commands import case_migrations
from engine.commands.case_migrations import PreviewReport
from engine.errors import Conflict, InvalidRequest
from engine.queries.case_migrations import MigrationPage, migration_job, migration_page
from web import times, visitor
from web.texts import gettext as _
from web.texts import lazy_gettext as _l

bp = Blueprint("migrations", __name__, url_prefix="/modeles/<key>/migration")

CLOSE = "-"
"""What the page sends for a step to be closed."""
VERDICTS = {
    "migrable": (_l("peut migrer"), "tag-done"),
    "needs_mapping": (_l("à compléter"), "tag-soon"),
    "impossible": (_l("reste où il est"), "tag-stopped"),
}
UNSAFE_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the address says: versions, mapping, timers."""

    from_version: int
    to_version: int
    mapping: Mapping[str, str | None]
    timers: str

    def arguments(self) -> dict[str, Any]:
        """For a link or a form."""
        mapped = {f"vers-{source}": target or CLOSE for source, target in self.mapping.items()}
        return {"de": self.from_version, "a": self.to_version, "minuteries": self.timers, **mapped}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """One element of the old version that somebody has to decide on, or has decided."""

    element_id: str
    name: str
    target: str
    cases: int
    timers: int
    targets: tuple[tuple[str, str], ...]
    """Ids and names it may become."""


@bp.get("")
def index(key: str) -> ResponseReturnValue:
    """Choose versions; then the mapping and what would become of each case."""
    return _page(key)


@bp.post("")
def begin(key: str) -> ResponseReturnValue:
    """Make the job; the worker carries it out."""
    choice = _choice(request.form)
    if choice is None or request.form.get("confirmed") != "oui":
        return _page(key, _("Confirmez que les dossiers peuvent changer de version.")), 422
    try:
        with visitor.database().transaction() as session:
            job_id = case_migrations.begin(
                session, pathway_key=key, from_version=choice.from_version, to_version=choice.to_version,
                mapping=choice.mapping, timers=choice.timers, reason=request.form.get("reason", ""),
                by=visitor.current_actor(), now=visitor.now(), key=request.form.get("once") or None,
            )  # fmt: skip
    except InvalidRequest as refusal:
        return _page(key, str(refusal)), 422
    return redirect(url_for(".show", key=key, job_id=job_id), 303)


@bp.get("/dossiers.csv")
def export(key: str) -> ResponseReturnValue:
    """The preview as a file for a spreadsheet."""
    choice = _choice(request.args)
    with visitor.database().reading() as session:
        migration_page(session, key=key, by=visitor.current_actor())
        if choice is None:
            return redirect(url_for(".index", key=key), 303)
        report = _report(session, key, choice, _first_row(request.args))
    name = f"migration-{key}-v{choice.from_version}-v{choice.to_version}.csv"
    return Response(
        "\ufeff" + "".join(_csv_lines(report)),
        mimetype="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@bp.get("/<uuid:job_id>")
def show(key: str, job_id: UUID) -> ResponseReturnValue:
    """One migration: how far it is, and what became of each case."""
    with visitor.database().reading() as session:
        job = migration_job(session, key=key, job_id=job_id, by=visitor.current_actor())
    template = "migrations/progress.html" if "HX-Request" in request.headers else "migrations/show.html"
    return render_template(template, job=job, key=key, verdicts=VERDICTS)


@bp.post("/<uuid:job_id>/annuler")
def undo(key: str, job_id: UUID) -> ResponseReturnValue:
    """Put the cases back, but for those that have moved since."""
    try:
        with visitor.database().transaction() as session:
            migration_job(session, key=key, job_id=job_id, by=visitor.current_actor())
            back = case_migrations.undo(session, job_id=job_id, by=visitor.current_actor(), now=visitor.now())
    except Conflict as refusal:
        flash(str(refusal), "problem")
        return redirect(url_for(".show", key=key, job_id=job_id), 303)
    return redirect(url_for(".show", key=key, job_id=back), 303)


def _page(key: str, problem: str = "") -> str:
    choice = _choice(request.values)
    report: PreviewReport | None = None
    lines: tuple[SourceLine, ...] = ()
    with visitor.database().reading() as session:
        page = migration_page(session, key=key, by=visitor.current_actor())
        if choice is not None:
            try:
                report = _report(session, key, choice, _first_row(request.values))
            except InvalidRequest as refusal:
                problem = problem or str(refusal)
                choice = Choice(
                    from_version=choice.from_version, to_version=choice.to_version, mapping={}, timers=choice.timers
                )
            else:
                lines = tuple(_source_lines(report, choice))
    counts = Counter(str(row.verdict) for row in report.rows) if report else Counter()
    return render_template(
        "migrations/index.html", page=page, choice=choice or _first(page), report=report, lines=lines, problem=problem,
        counts=counts, looked_at=case_migrations.LOOKED_AT, verdicts=VERDICTS, close=CLOSE, chosen=choice is not None,
        reason=request.values.get("reason", ""), once=uuid4().hex,
    )  # fmt: skip


def _report(session: Session, key: str, choice: Choice, first: int) -> PreviewReport:
    return case_migrations.preview(
        session, pathway_key=key, from_version=choice.from_version, to_version=choice.to_version,
        mapping=choice.mapping, timers=choice.timers, first=first, by=visitor.current_actor(), now=visitor.now(),
    )  # fmt: skip


def _first_row(sent: Mapping[str, str]) -> int:
    """From which case on the list is shown."""
    written = sent.get("depuis", "")
    return int(written[:6]) if written.isascii() and written.isdigit() else 0


def _choice(sent: Mapping[str, str]) -> Choice | None:
    """What was chosen; None as long as no version is."""
    from_version, to_version = sent.get("de", ""), sent.get("a", "")
    if not (from_version.isdigit() and to_version.isdigit()):
        return None
    mapping = {
        name.removeprefix("vers-"): None if target == CLOSE else target
        for name, target in sent.items()
        if name.startswith("vers-") and target
    }
    timers = "restart" if sent.get("minuteries") == "restart" else "keep"
    return Choice(from_version=int(from_version[:6]), to_version=int(to_version[:6]), mapping=mapping, timers=timers)


def _first(page: MigrationPage) -> Choice:
    """What the page proposes: from the oldest version with cases, to the newest."""
    numbers = [number for number, _label, running in page.versions if running]
    newest = page.versions[0][0] if page.versions else 0
    older = [number for number in numbers if number != newest]
    return Choice(from_version=min(older, default=newest), to_version=newest, mapping={}, timers="keep")


def _source_lines(report: PreviewReport, choice: Choice) -> Iterator[SourceLine]:
    """Elements where cases stand and that are gone, and those already mapped by hand."""
    plan = report.plan
    missing = Counter(element for row in report.rows for element in row.elements) | Counter(report.unmapped)
    stood = Counter(step for row in report.rows for step in row.steps)
    for element_id in dict.fromkeys((*missing, *choice.mapping)):
        node = plan.old.nodes[element_id]
        target = choice.mapping.get(element_id, "")
        alike = tuple(
            (other.id, other.name or other.id) for other in plan.new.nodes.values() if other.kind is node.kind
        )
        name = node.name or element_id
        yield SourceLine(
            element_id=element_id,
            name=name,
            target=CLOSE if target is None else target,
            cases=missing[element_id] or stood[name],
            timers=sum(event.attached_to == element_id for event in plan.old.nodes.values()),
            targets=alike,
        )


def _csv_lines(report: PreviewReport) -> Iterator[str]:
    yield _csv_line(_("Dossier"), _("Étapes ouvertes"), _("Verdict"), _("Pourquoi"), _("Ensuite"), _("Minuteries"))
    for row in report.rows:
        timers = " ; ".join(
            f"{each.name} : {times.moment_words(each.before) if each.before else '–'} → "
            f"{times.moment_words(each.after) if each.after else '–'}"
            for each in row.timers
        )
        verdict = str(VERDICTS[str(row.verdict)][0])
        yield _csv_line(row.number, " ; ".join(row.steps), verdict, row.sentence, " ; ".join(row.opened), timers)


def _csv_line(*cells: str) -> str:
    line = io.StringIO()
    safe = [f"'{cell}" if cell.startswith(UNSAFE_STARTS) else cell for cell in cells]
    csv.writer(line, delimiter=";", lineterminator="\r\n").writerow(safe)
    return line.getvalue()
