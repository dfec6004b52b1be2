"""`parcours check`: everything that can be found wrong with a pathway, for people or for a machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from cli.pathway_files import parameters_of, read_pathway
from engine.bpmn.checker import Directory, check
from engine.bpmn.findings import Finding, has_errors, together
from engine.bpmn.reader import ReadResult

_WORDS = {"error": "erreur", "warning": "attention", "info": "note"}


def run(files: Sequence[Path], *, as_json: bool, directory: Directory | None = None) -> int:
    """Check the files together, as one pathway. Returns 0 when nothing is an error, else 1."""
    result = read_pathway(files)
    findings = everything_about(result, directory)
    ok = not has_errors(findings)
    if as_json:
        answer = {
            "file": str(files[0]),
            "files": [str(path) for path in files],
            "ok": ok,
            "dialect": result.draft.dialect if result.draft is not None else None,
            "missing": [{"kind": kind, "name": name} for kind, name in sorted(result.missing)],
            "findings": [one.to_json() for one in findings],
        }
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        _print(findings, ok)
    return 0 if ok else 1


def everything_about(result: ReadResult, directory: Directory | None = None) -> tuple[Finding, ...]:
    """What reading and checking found, in one list, heaviest first."""
    if result.draft is None:
        return result.findings
    checked = check(result.draft, parameters=parameters_of(result), read=result.findings, directory=directory)
    return together(result.findings, checked)


def _print(findings: Sequence[Finding], ok: bool) -> None:
    for one in findings:
        where = f"{one.file}:{one.line}:{one.column}" if one.line else one.file or "-"
        about = f" [{one.element_id}]" if one.element_id else ""
        click.echo(f"{where}: {_WORDS[one.severity.value]} {one.code}{about} {one.message}")
    counts = {word: sum(1 for one in findings if one.severity.value == key) for key, word in _WORDS.items()}
    summary = ", ".join(
        f"{count} {word}{'s' if count > 1 and word != 'attention' else ''}" for word, count in counts.items()
    )
    click.echo(("Peut être publié" if ok else "Ne peut pas être publié") + f" : {summary}.")
