"""Checking a decision before it runs: rules that contradict, cases nobody foresaw, rules that never serve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from engine.calendars import Calendar, calendar_of
from engine.decisions.cover import Grid, holes, overlap
from engine.decisions.model import LISTING, DecisionTable, HitPolicy, Rule
from engine.decisions.problems import DecisionProblem
from engine.decisions.regions import Ground, pieces_of
from engine.expressions import Expression, ExpressionError
from engine.expressions.feel import EPOCH
from engine.expressions.inference import read_types
from engine.expressions.syntax import Constant

MOST = 20  # problems of one kind; a table with more is mended from the first ones


def check_decision(
    table: DecisionTable,
    *,
    types: Mapping[str, str] | None = None,
    parameters: Mapping[str, object] | None = None,
    now: datetime = EPOCH,
    calendar: Calendar | None = None,
) -> list[DecisionProblem]:
    """The problems of a decision and of those it requires, in the order they are decided.

    `types` are those of facts (FEEL's, or of form fields), `parameters` the values of the version's parameters:
    thresholds held by parameters are checked as the numbers they are.
    """
    known = _usable(types or {})
    problems: list[DecisionProblem] = []
    for each in table.all_tables():
        ground = Ground(
            parameters=parameters or {}, types=known, now=now, calendar=calendar or calendar_of("metropole")
        )
        problems += _type_problems(each, known)
        problems += list(_logic_problems(each, ground))
        for output in each.outputs:
            if output.type and _usable({output.name: output.type}):
                known = {**known, output.name: output.type}
        if len(each.outputs) == 1 and each.outputs[0].name in known:
            known = {**known, each.variable: known[each.outputs[0].name]}
    return problems


def _usable(types: Mapping[str, str]) -> dict[str, str]:
    """The types the language knows; a file's own type names say nothing here."""
    usable: dict[str, str] = {}
    for name, text in types.items():
        try:
            read_types({name: text})
        except ExpressionError:
            continue
        usable[name] = text
    return usable


def _problem(
    table: DecisionTable,
    code: str,
    french: str,
    english: str,
    *,
    rule: Rule | None = None,
    line: int | None = None,
    warning: bool = False,
) -> DecisionProblem:
    return DecisionProblem(
        code=code,
        severity="warning" if warning else "error",
        sentence=f"Décision « {table.name} » : {french}",
        english=f"Decision “{table.name}”: {english}",
        decision=table.key,
        rule=rule.number if rule else None,
        line=line if line is not None else rule.line if rule else table.line,
    )


# --- types


def _type_problems(table: DecisionTable, types: Mapping[str, str]) -> list[DecisionProblem]:
    problems: list[DecisionProblem] = []

    def report(where: str, expression: Expression, names: Mapping[str, str], line: int, rule: Rule | None) -> None:
        for found in expression.type_problems(names):
            text = f"{where}, « {expression.text[:60]} » : {found.sentence}"
            english = f"{where}, “{expression.text[:60]}”: the types do not fit."
            problems.append(_problem(table, "DMN-105", text, english, rule=rule, line=line))

    asked: list[dict[str, str]] = []
    for column in table.inputs:
        report(column.label, column.expression, types, column.line, None)
        found = column.expression.infer_type(types) or (column.type if _usable({"?": column.type or ""}) else None)
        asked.append({**types, "?": found} if found else dict(types))
    for rule in table.rules:
        for column, test, names in zip(table.inputs, rule.tests, asked, strict=True):
            report(column.label, test, names, rule.line, rule)
        for output, cell in zip(table.outputs, rule.outputs, strict=True):
            report(output.label, cell, types, rule.line, rule)
    return problems + list(_output_problems(table, types))


def _output_problems(table: DecisionTable, types: Mapping[str, str]) -> Iterator[DecisionProblem]:
    """Answers of another type than the column's, or not among its listed values."""
    for n, output in enumerate(table.outputs):
        wanted = output.type if output.type and _usable({output.name: output.type}) else None
        listed = _listed(output.values)
        for rule in table.rules:
            cell = rule.outputs[n]
            found = cell.infer_type(types)
            if wanted and found and read_types({"a": wanted})["a"].name != read_types({"a": found})["a"].name:
                yield _problem(
                    table,
                    "DMN-105",
                    f"règle {rule.number}, « {output.label} » devrait être de type {wanted}, pas {found}.",
                    f"rule {rule.number}, “{output.label}” should be {wanted}, not {found}.",
                    rule=rule,
                )
            if listed and isinstance(cell.tree, Constant) and cell.tree.value not in listed:
                yield _problem(
                    table,
                    "DMN-106",
                    f"règle {rule.number}, « {cell.text} » n'est pas une des valeurs de « {output.label} ».",
                    f"rule {rule.number}, “{cell.text}” is not one of the values of “{output.label}”.",
                    rule=rule,
                )


def _listed(values: Expression | None) -> list[object]:
    if values is None:
        return []
    return [part.value for part in values.tree.walk() if isinstance(part, Constant)]


# --- rules against each other


def _logic_problems(table: DecisionTable, ground: Ground) -> Iterator[DecisionProblem]:
    if not table.inputs:
        return
    columns = [pieces_of(table, n, ground) for n in range(len(table.inputs))]
    grid = Grid.of(table, columns, ground)
    yield from _never(table, grid)
    yield from _contradictions(table, grid)
    yield from _unforeseen(table, grid)


def _never(table: DecisionTable, grid: Grid) -> Iterator[DecisionProblem]:
    """Rules that no case can reach: by themselves, or because earlier rules take all of theirs."""
    for index, rule in enumerate(table.rules):
        if any(cell == 0 for cell in grid.cells[index]):
            yield _problem(
                table,
                "DMN-103",
                f"la règle {rule.number} ne peut jamais répondre : une de ses cellules n'accepte aucune valeur.",
                f"rule {rule.number} can never match: one of its cells accepts no value.",
                rule=rule,
            )
        elif (
            table.hit_policy is HitPolicy.FIRST
            and grid.complete
            and not holes(grid, range(index), grid.cells[index], 1)
        ):
            yield _problem(
                table,
                "DMN-103",
                f"la règle {rule.number} ne répond jamais : les règles précédentes prennent tous ses cas.",
                f"rule {rule.number} never matches: the rules before it take all of its cases.",
                rule=rule,
            )


def _contradictions(table: DecisionTable, grid: Grid) -> Iterator[DecisionProblem]:
    if table.hit_policy not in (HitPolicy.UNIQUE, HitPolicy.ANY):
        return
    told = 0
    for second in range(len(table.rules)):
        for first in range(second):
            left, right = table.rules[first], table.rules[second]
            if table.hit_policy is HitPolicy.ANY and _same_answers(left, right):
                continue
            case = overlap(grid, first, second)
            if case is None:
                continue
            yield _problem(
                table,
                "DMN-101",
                f"les règles {left.number} et {right.number} répondent toutes les deux quand {case.french}.",
                f"rules {left.number} and {right.number} both match when {case.english}.",
                rule=right,
            )
            told += 1
            if told >= MOST:
                return


def _same_answers(left: Rule, right: Rule) -> bool:
    return [cell.text for cell in left.outputs] == [cell.text for cell in right.outputs]


def _unforeseen(table: DecisionTable, grid: Grid) -> Iterator[DecisionProblem]:
    if table.hit_policy in LISTING or any(output.default is not None for output in table.outputs):
        return
    if not grid.complete:
        return
    for case in holes(grid, range(len(table.rules)), grid.everything, 5):
        yield _problem(
            table,
            "DMN-102",
            f"aucune règle ne répond quand {case.french}.",
            f"no rule matches when {case.english}.",
            warning=True,
        )
