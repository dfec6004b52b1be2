"""`parcours walk`: the scripted walks of the shipped pathways, played against the real engine."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from engine.errors import InvalidRequest
from engine.walks.suite import SuiteResult, play_shipped, shipped_pathways


def run(pathways: Sequence[str], *, everything: bool, as_json: bool) -> int:
    """Play the walks and print the result. Returns 0 when every walk went as written."""
    known = shipped_pathways()
    chosen = known if everything or not pathways else tuple(pathways)
    for key in chosen:
        if key not in known:
            raise InvalidRequest(f"« {key} » n'est pas un parcours livré ; parcours livrés : {', '.join(known)}.")
    results = [play_shipped(key) for key in chosen]
    if as_json:
        click.echo(json.dumps([_as_json(result) for result in results], ensure_ascii=False, indent=2))
    else:
        for result in results:
            _show(result)
    return 1 if any(result.failed for result in results) else 0


def _as_json(result: SuiteResult) -> dict[str, object]:
    return {
        "pathway": result.pathway,
        "walks": len(result.performances),
        "failed": result.failed,
        "coverage": result.coverage.percent,
        "missing": list(result.coverage.missing),
        "failures": [
            {"walk": performance.name, "line": failure.line, "message": failure.sentence}
            for performance in result.performances
            for failure in performance.failures
        ],
    }


def _show(result: SuiteResult) -> None:
    click.echo(
        f"{result.pathway} : {len(result.performances)} scénarios, {result.failed} en échec, "
        f"éléments parcourus {result.coverage.percent} %"
    )
    for performance in result.performances:
        click.echo(f"  {'✗' if performance.failures else '✓'} {performance.title}")
        for failure in performance.failures:
            click.echo(f"      {performance.name}, ligne {failure.line} : {failure.sentence}")
    if result.coverage.missing:
        click.echo(f"  jamais parcourus : {', '.join(result.coverage.missing)}")
