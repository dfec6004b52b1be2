"""`parcours bench`: costs and their targets. The measuring code is in tests/bench, so a checkout is needed."""

from __future__ import annotations

import json
from importlib import import_module

import click

from engine.errors import InvalidRequest


def run(*, quick: bool, as_json: bool) -> int:
    """Measure and print. Returns 0 when every target is met, 1 otherwise."""
    try:
        engine, steps = import_module("tests.bench.engine"), import_module("tests.bench.steps")
    except ModuleNotFoundError as missing:
        raise InvalidRequest(
            f"Les mesures sont dans tests/bench : lancez cette commande depuis une copie du projet ({missing.name})."
        ) from missing
    figures, targets = engine.figures(quick)
    measured = steps.costs(quick=quick)
    targets = [*targets, *steps.targets(measured)]
    met = all(target.ok for target in targets)
    if as_json:
        rows = [
            {"name": target.name, "value": round(target.value, 4), "limit": target.limit, "ok": target.ok}
            for target in targets
        ]
        click.echo(json.dumps({"targets": rows}, ensure_ascii=False, indent=1))
        return 0 if met else 1
    for figure in figures:
        beside = ""
        if figure.naive_ms is not None:
            beside = f"{figure.naive_ms:9.2f} ms {figure.naive_bytes:>8} o  {figure.naive_ms / figure.ours_ms:6.1f} ×"
        click.echo(f"{figure.name:34} {figure.ours_ms:8.3f} ms {figure.ours_bytes:>6} o  {beside}")
    for each in measured:
        click.echo(
            f"{each.database:34} {each.wall:8.3f} ms (transaction nue {each.bare_wall:.3f} ms, "
            f"{each.over_bare:.2f} ×), processeur {each.cpu:.3f} ms ({each.http_cpu:.3f} par HTTP), "
            f"{each.statements:g} requêtes"
        )
    for target in targets:
        sign = "≥" if target.at_least else "≤"
        click.echo(f"{'ok  ' if target.ok else 'MANQUÉ'} {target.name} : {target.value:.2f} ({sign} {target.limit:g})")
    return 0 if met else 1
