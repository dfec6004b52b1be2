"""Deciding: which rules match a case, and the answer they make together, with its reasons."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from engine.calendars import Calendar
from engine.decisions.model import LISTING, Aggregation, DecisionTable, HitPolicy, Rule
from engine.decisions.problems import DecisionError
from engine.expressions import Expression, ExpressionError, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """An answer and why: the value of each input, the rules that matched, and the rulings it stands on."""

    decision: str
    outputs: Mapping[str, Value]
    inputs: Mapping[str, Value]
    rules: tuple[int, ...]
    required: tuple[Ruling, ...]


Evaluate = Callable[[Expression], Value]


def decide(table: DecisionTable, scope: Mapping[str, object], *, now: datetime, calendar: Calendar) -> dict[str, Value]:
    """The outputs of the decision for these facts. Raises DecisionError when the table has no single answer."""
    return dict(rule_on(table, scope, now=now, calendar=calendar).outputs)


def rule_on(table: DecisionTable, scope: Mapping[str, object], *, now: datetime, calendar: Calendar) -> Ruling:
    """The same, with its reasons. Decisions required by several are decided once."""
    made: dict[str, Ruling] = {}
    answers: dict[str, object] = {}
    seen = ChainMap[str, object](answers, scope)  # type: ignore[arg-type]
    for each in table.all_tables():
        ruling = _rule_alone(each, seen, now, calendar, tuple(made[required.key] for required in each.requires))
        made[each.key] = ruling
        answers.update(ruling.outputs)
        values = list(ruling.outputs.values())
        answers[each.variable] = values[0] if len(values) == 1 else dict(ruling.outputs)
    return made[table.key]


def _rule_alone(
    table: DecisionTable,
    scope: Mapping[str, object],
    now: datetime,
    calendar: Calendar,
    required: tuple[Ruling, ...],
) -> Ruling:
    try:
        values = [column.expression.evaluate(scope, now=now, calendar=calendar) for column in table.inputs]
        _check_allowed(table, values, scope, now, calendar)
        matching = [
            rule
            for rule in table.rules
            if all(
                test.test(value, scope, now=now, calendar=calendar) is True
                for test, value in zip(rule.tests, values, strict=True)
            )
        ]
        outputs = _answer(table, matching, values, lambda cell: cell.evaluate(scope, now=now, calendar=calendar))
    except ExpressionError as error:
        raise DecisionError(f"Décision « {table.name} » : {error}") from error
    return Ruling(
        decision=table.key,
        outputs=outputs,
        inputs={column.label: value for column, value in zip(table.inputs, values, strict=True)},
        rules=tuple(rule.number for rule in matching),
        required=required,
    )


def _check_allowed(
    table: DecisionTable, values: Sequence[Value], scope: Mapping[str, object], now: datetime, calendar: Calendar
) -> None:
    for column, value in zip(table.inputs, values, strict=True):
        if column.allowed is None or value is None:
            continue
        if column.allowed.test(value, scope, now=now, calendar=calendar) is not True:
            raise DecisionError(f"Décision « {table.name} » : la valeur de « {column.label} » n'est pas prévue.")


def _answer(
    table: DecisionTable, matching: Sequence[Rule], values: Sequence[Value], evaluate: Evaluate
) -> dict[str, Value]:
    rows = [[evaluate(cell) for cell in rule.outputs] for rule in matching]
    names = [output.name for output in table.outputs]
    if not rows and not (table.hit_policy in LISTING and all(output.default is None for output in table.outputs)):
        return _default(table, values, evaluate)
    match table.hit_policy:
        case HitPolicy.COLLECT if table.aggregation is not None:
            return {name: _together(table, table.aggregation, [row[n] for row in rows]) for n, name in enumerate(names)}
        case HitPolicy.COLLECT | HitPolicy.RULE_ORDER:
            return {name: [row[n] for row in rows] for n, name in enumerate(names)}
        case HitPolicy.OUTPUT_ORDER:
            ordered = sorted(rows, key=_preference(table, evaluate))
            return {name: [row[n] for row in ordered] for n, name in enumerate(names)}
        case HitPolicy.PRIORITY:
            return dict(zip(names, sorted(rows, key=_preference(table, evaluate))[0], strict=True))
        case HitPolicy.UNIQUE if len(rows) > 1:
            raise DecisionError(
                f"Décision « {table.name} » : les règles {_numbers(matching)} répondent toutes les deux, "
                "une seule le devrait."
            )
        case HitPolicy.ANY if any(row != rows[0] for row in rows):
            raise DecisionError(f"Décision « {table.name} » : les règles {_numbers(matching)} répondent différemment.")
        case _:
            return dict(zip(names, rows[0], strict=True))


def _default(table: DecisionTable, values: Sequence[Value], evaluate: Evaluate) -> dict[str, Value]:
    if any(output.default is not None for output in table.outputs):
        return {output.name: evaluate(output.default) if output.default else None for output in table.outputs}
    unknown = [column.label for column, value in zip(table.inputs, values, strict=True) if value is None]
    reason = f" Sans valeur : {', '.join(f'« {label} »' for label in unknown)}." if unknown else ""
    raise DecisionError(f"Décision « {table.name} » : aucune règle ne répond.{reason}")


def _together(table: DecisionTable, aggregation: Aggregation, values: list[Value]) -> Value:
    """COLLECT's one value; nulls do not count, the sum of nothing is 0, the least and greatest of nothing are null."""
    known = [value for value in values if value is not None]
    if aggregation is Aggregation.COUNT:
        return Decimal(len(known))
    numbers = [value for value in known if isinstance(value, Decimal)]
    if len(numbers) != len(known):
        raise DecisionError(f"Décision « {table.name} » : seuls des nombres se cumulent ainsi.")
    if aggregation is Aggregation.SUM:
        return sum(numbers, Decimal(0))
    return (min if aggregation is Aggregation.MIN else max)(numbers, default=None)


def _preference(table: DecisionTable, evaluate: Evaluate) -> Callable[[Sequence[Value]], tuple[int, ...]]:
    """Rows by the place of their outputs in the listed values, the first output first; unlisted ones last."""
    listed = [evaluate(output.values) if output.values is not None else [] for output in table.outputs]
    orders = [values if isinstance(values, list) else [] for values in listed]

    def place(row: Sequence[Value]) -> tuple[int, ...]:
        return tuple(
            order.index(value) if value in order else len(order) for value, order in zip(row, orders, strict=True)
        )

    return place


def _numbers(rules: Sequence[Rule]) -> str:
    return " et ".join(str(rule.number) for rule in rules)
