"""Decision files written from rows, as short as a table on paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

from engine.calendars import calendar_of
from engine.decisions import DecisionTable, read_decision

NAMESPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"
NOW = datetime(2026, 4, 29, 8, 0, tzinfo=UTC)
PARIS = calendar_of("metropole")

Column = str | tuple[str, str]


def decision(
    key: str,
    inputs: Sequence[Column],
    outputs: Sequence[Column],
    rows: Sequence[Sequence[str]],
    *,
    policy: str = "UNIQUE",
    aggregation: str = "",
    requires: Sequence[str] = (),
    values: str = "",
    allowed: str = "",
    default: str = "",
) -> str:
    """One `decision` element; columns are expressions or names, with their type when given as a pair."""
    pairs = [column if isinstance(column, tuple) else (column, "") for column in inputs]
    answers = [column if isinstance(column, tuple) else (column, "") for column in outputs]
    together = f' aggregation="{aggregation}"' if aggregation else ""
    parts = [f'<decision id="{key}" name={quoteattr(key)}><variable name="{key}"/>']
    parts += [
        f'<informationRequirement><requiredDecision href="#{other}"/></informationRequirement>' for other in requires
    ]
    parts.append(f'<decisionTable hitPolicy="{policy}"{together}>')
    for text, type_name in pairs:
        kind = f' typeRef="{type_name}"' if type_name else ""
        listed = f"<inputValues><text>{escape(allowed)}</text></inputValues>" if allowed else ""
        parts.append(
            f"<input label={quoteattr(text)}><inputExpression{kind}><text>{escape(text)}</text></inputExpression>"
            f"{listed}</input>"
        )
    for name, type_name in answers:
        kind = f' typeRef="{type_name}"' if type_name else ""
        inner = f"<outputValues><text>{escape(values)}</text></outputValues>" if values else ""
        inner += f"<defaultOutputEntry><text>{escape(default)}</text></defaultOutputEntry>" if default else ""
        parts.append(f'<output name="{name}" label="{name}"{kind}>{inner}</output>')
    for row in rows:
        cells = [("inputEntry", cell) for cell in row[: len(pairs)]]
        cells += [("outputEntry", cell) for cell in row[len(pairs) :]]
        parts.append(
            "<rule>" + "".join(f"<{tag}><text>{escape(cell)}</text></{tag}>" for tag, cell in cells) + "</rule>"
        )
    return "".join([*parts, "</decisionTable></decision>"])


def file_of(*decisions: str) -> bytes:
    opening = f'<definitions xmlns="{NAMESPACE}" id="d" name="d" namespace="urn:x">'
    return f"{opening}{''.join(decisions)}</definitions>".encode()


def table(key: str, *args: Sequence[Column] | Sequence[Sequence[str]], **options: object) -> DecisionTable:
    return read_decision(file_of(decision(key, *args, **options)), key)  # type: ignore[arg-type]
