"""`parcours package`: a pathway out as one file, and one adopted from another territory."""

from __future__ import annotations

from pathlib import Path

import click

from cli.database import open_database
from engine.actor import system_actor
from engine.bpmn.findings import Finding, Severity
from engine.clock import utcnow
from engine.commands import pathway_drafts, pathways
from engine.errors import InvalidPathway, InvalidRequest, PathwayNotFound
from engine.packages import MAX_BYTES, folder_of
from engine.queries.packages import package_of, shipped_package, territory_named


def export(key: str, *, output: Path | None, number: int | None, territory: str | None) -> int:
    """Write the package: of the territory's version, else of the pathway delivered with the product."""
    content = _exported(key, number, territory)
    path = output or Path(f"{key}.zip")
    path.write_bytes(content)
    click.echo(f"{path} : {len(content) // 1024 + 1} ko")
    return 0


def _exported(key: str, number: int | None, territory: str | None) -> bytes:
    try:
        database = open_database()
    except InvalidRequest as absent:
        click.echo(f"{absent} Le parcours est exporté tel que livré.", err=True)
        return shipped_package(key)
    with database.reading() as session:
        by = system_actor(territory_named(session, territory))
        try:
            return package_of(session, key=key, number=number, by=by, now=utcnow())
        except PathwayNotFound:
            if number is not None:
                raise
    return shipped_package(key)


def adopt(file: Path, *, publish: bool, label: str, reason: str, territory: str | None) -> int:
    """Check a package and keep it as a draft, or publish it. Returns 1 with every finding when one is an error."""
    with file.open("rb") as stream:
        files = folder_of({file.name: stream.read(MAX_BYTES + 1)})
    database, now = open_database(), utcnow()
    try:
        with database.transaction() as session:
            by = system_actor(territory_named(session, territory))
            if publish:
                found = pathways.check_in_territory(session, files=files, by=by, now=now)
                accepted = {one.code: reason for one in found if one.severity is Severity.WARNING and reason.strip()}
                published = pathways.publish(session, files=files, label=label, accepted=accepted, by=by, now=now)
                said = f"Version {published.number} publiée."
                findings = published.findings
            else:
                draft = pathway_drafts.open_uploaded(session, files=files, by=by, now=now)
                said, findings = "Gardé comme brouillon : relisez-le dans « Modèles », puis publiez-le.", draft.findings
    except InvalidPathway as refusal:
        _print([one for one in refusal.findings if isinstance(one, Finding)])
        click.echo(str(refusal), err=True)
        return 1
    _print(findings)
    click.echo(said)
    return 0


def _print(findings: tuple[Finding, ...] | list[Finding]) -> None:
    for one in findings:
        if one.severity is not Severity.INFO:
            click.echo(f"{one.file or '-'}:{one.line} {one.code} {one.message}")
