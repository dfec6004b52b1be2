"""FM: the forms that tasks show. Missing, unreadable, asking for what does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from engine.bpmn.checker.facts import GIVEN, STANDARD, Facts, fields_of
from engine.bpmn.checker.subject import Subject, Words, about
from engine.bpmn.findings import Finding
from engine.bpmn.model import Node, NodeKind
from engine.expressions import Expression
from engine.forms import Field, FormDefinition


def forms(facts: Facts) -> Iterator[Finding]:
    """All findings about forms, each form checked once, at the first task that shows it."""
    told: set[str] = set()
    for node in facts.subject.nodes:
        if node.work is None:
            continue
        key = node.work.form_key
        if key is None:
            bare = node.work.form_key_expression is None and node.kind is NodeKind.USER_TASK
            if bare and not node.work.decides and node.origin is None:
                yield about(node, "FM-024")
        elif key not in facts.forms:
            yield about(node, "FM-020", form=key)
        elif key not in told:
            told.add(key)
            yield from _form(facts, node, facts.forms[key])
    for key, form in facts.forms.items():
        if key not in told:
            yield from _opening(facts.subject, form)


def _opening(subject: Subject, form: FormDefinition) -> Iterator[Finding]:
    for problem in form.problems:
        where = problem.path or form.key
        yield about(subject.model.main_process, "FM-021", form=form.key, where=where, problem=problem.sentence)


def _form(facts: Facts, node: Node, form: FormDefinition) -> Iterator[Finding]:
    for problem in form.problems:
        yield about(node, "FM-021", form=form.key, where=problem.path or form.key, problem=problem.sentence)
    own = {one.name: one.type for one in fields_of(form)}
    types = {**facts.types, **own}
    known = set(own) | set(facts.sources) | facts.opening | facts.local | GIVEN | STANDARD
    for one in fields_of(form):
        yield from _field(node, form, one, known, types)
        columns = {column.name: column.type for column in one.columns}
        for column in one.columns:
            yield from _field(node, form, column, known | set(columns), {**types, **columns})


def _field(node: Node, form: FormDefinition, one: Field, known: set[str], types: dict[str, str]) -> Iterator[Finding]:
    if one.minimum is not None and one.maximum is not None and one.minimum > one.maximum:
        yield about(node, "FM-023", form=form.key, field=one.name)
    for expression in (one.required_if, one.visible_if):
        if expression is not None:
            for name in sorted(expression.names - known):
                yield about(node, "FM-022", form=form.key, field=one.name, name=name)
            yield from _typed(node, form, one, expression, types)


def _typed(
    node: Node, form: FormDefinition, one: Field, expression: Expression, types: dict[str, str]
) -> Iterator[Finding]:
    asked = {name: types[name] for name in expression.names if name in types}
    for problem in expression.type_problems(asked)[:1]:
        sentence = Words(problem.sentence, problem.sentence)
        yield about(node, "FM-025", form=form.key, field=one.name, problem=sentence)
