"""Every code the checker knows: its usual severity, its title, and its sentences, read from `sentences/*.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from engine.bpmn.findings import FAMILIES, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One kind of finding. `fr` and `en` are templates with named words."""

    code: str
    severity: Severity
    title: str
    fr: str
    en: str
    reader: tuple[str, ...] = ()
    """Codes under which the reader says the same: where it has spoken, the checker is silent."""


@cache
def catalogue() -> Mapping[str, Code]:
    """All codes, in order."""
    found: dict[str, Code] = {}
    for file in resources.files("engine.bpmn.checker").joinpath("sentences").iterdir():
        if not file.name.endswith(".toml"):
            continue
        for code, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
            found[code] = Code(
                code=code,
                severity=Severity(entry["severity"]),
                title=entry["title"],
                fr=entry["fr"],
                en=entry["en"],
                reader=tuple(entry.get("reader", ())),
            )
    return MappingProxyType(dict(sorted(found.items())))


SEVERITIES = {Severity.ERROR: "erreur", Severity.WARNING: "attention", Severity.INFO: "note"}


def reference() -> str:
    """The tables of docs/reference/findings.md."""
    lines: list[str] = []
    for family, name in FAMILIES.items():
        codes = [entry for code, entry in catalogue().items() if code.partition("-")[0] == family]
        if codes:
            lines += [f"### {family}: {name}", "", "| code | gravity | what it says |", "|---|---|---|"]
            lines += [f"| `{one.code}` | {SEVERITIES[one.severity]} | {one.title}. {_cell(one.fr)} |" for one in codes]
            lines.append("")
    return "\n".join(lines)


def _cell(template: str) -> str:
    return template.replace("{", "‹").replace("}", "›").replace("|", "\\|")


if __name__ == "__main__":
    print(reference())
