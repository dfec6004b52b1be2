"""`parcours case`: why a case waits."""

from __future__ import annotations

import dataclasses
import json

import click

from cli.database import open_database
from engine.clock import shifted
from engine.db import Database
from engine.queries.clocks import territory_clocks
from engine.queries.open_cases import open_cases
from engine.queries.why import why_case


def why(number: str, *, as_json: bool) -> int:
    """Print what the case waits for. Returns the exit code."""
    database = open_database()
    with database.reading() as session:
        found = why_case(session, case_number=number, now=shifted(_offset(database)))
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(found), ensure_ascii=False, indent=2, default=str))
        return 0
    click.echo(f"{found.number} — {found.title}\n{found.sentence}")
    for wait in found.waits:
        click.echo(
            f"\n• {wait.what}\n  Qui : {wait.who}\n  Depuis : {wait.since_text}\n  Attendu : {wait.expected_text}\n"
            f"  Ensuite, sans intervention : {wait.next_text}"
        )
    return 0


def show_open() -> int:
    """Print the open cases. Returns the exit code."""
    with open_database().reading() as session:
        for row in open_cases(session):
            click.echo(f"{row.number}\t{row.pathway}\t{' ; '.join(row.waits)}")
    return 0


def _offset(database: Database) -> int:
    with database.reading() as session:
        clocks = territory_clocks(session)
    return clocks[0].offset_seconds if len(clocks) == 1 else 0
