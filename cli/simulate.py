"""`parcours simulate`: play a pathway with random answers on a virtual clock, and say how it ended."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from cli.check import everything_about
from cli.pathway_files import parameters_of, read_pathway
from engine.bpmn.findings import Finding, Severity
from engine.bpmn.program import build_program
from engine.bpmn.simulation import Ended, SimulationResult, parameter_values, simulate
from engine.bpmn.unsupported import unsupported
from engine.calendars import calendar_of

VIRTUAL_START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""A Monday: the same seed gives the same run on any day."""


def run(file: Path, *, seed: int, as_json: bool) -> int:
    """Play the file (or pathway folder) once. Returns 0 when the case completed, else 1."""
    result = read_pathway([file])
    errors = [one for one in everything_about(result) if one.severity is Severity.ERROR]
    refused = unsupported(result.model) if result.model is not None and not errors else []
    if result.model is None or errors or refused:
        _print_refusal(file, seed, errors, refused, as_json=as_json)
        return 1
    played = simulate(
        build_program(result.model),
        seed=seed,
        now=VIRTUAL_START,
        calendar=calendar_of("metropole"),
        parameters=parameter_values({"parameters": list(parameters_of(result).values())}),
    )
    if as_json:
        click.echo(json.dumps({"file": str(file), **played.to_json()}, ensure_ascii=False, indent=2))
    else:
        _print_run(played)
    return 0 if played.ended is Ended.COMPLETED else 1


def _print_refusal(
    file: Path, seed: int, errors: list[Finding], refused: list[tuple[str, str]], *, as_json: bool
) -> None:
    sentences = [one.message for one in errors] + [sentence for _, sentence in refused]
    if not as_json:
        for one in errors:
            click.echo(f"{one.file}:{one.line}:{one.column}: {one.code} {one.message}")
        for element_id, sentence in refused:
            click.echo(f"{file}: {element_id} {sentence}")
        click.echo("Refusé : ce parcours ne peut pas être joué.")
        return
    answer = {
        "file": str(file),
        "seed": seed,
        "ended": Ended.REFUSED.value,
        "steps": 0,
        "outcome": None,
        "reason": sentences[0] if sentences else "",
        "element_id": errors[0].element_id if errors else refused[0][0] if refused else None,
        "line": errors[0].line if errors else 0,
        "findings": [one.to_json() for one in errors],
        "trace": [],
    }
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2))


_ACTIONS = {
    "start": "le dossier s’ouvre",
    "complete": "terminée",
    "timer": "échéance",
    "message": "message reçu",
    "recheck": "donnée changée",
}
_ENDS = {
    Ended.COMPLETED: "Le dossier est allé au bout",
    Ended.INCIDENT: "Le dossier s’est arrêté sur un incident",
    Ended.STUCK: "Le dossier est resté bloqué",
    Ended.REFUSED: "Refusé",
}


def _print_run(played: SimulationResult) -> None:
    for one in played.trace:
        click.echo(f"{one.at:%Y-%m-%d %H:%M}  {_ACTIONS[one.action]:<18} {one.name or one.element_id}")
    reason = f" : {played.reason}" if played.reason else ""
    click.echo(f"{_ENDS[played.ended]} en {played.steps} étapes{reason}.")
