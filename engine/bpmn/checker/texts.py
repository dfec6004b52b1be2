"""EX: expressions, scripts and decision tables that cannot be read, or give what is not asked."""

from __future__ import annotations

from collections.abc import Iterator

from engine.bpmn.checker.data import TYPE_WORDS
from engine.bpmn.checker.facts import Facts, Read
from engine.bpmn.checker.reading import compiled
from engine.bpmn.checker.subject import Words, about
from engine.bpmn.findings import Finding
from engine.bpmn.model import Node, NodeKind
from engine.decisions import DecisionProblem, InvalidDecision, check_decision, read_decision
from engine.expressions import Expression, ExpressionError, compile_script

TEXT_SHOWN = 80


def texts(facts: Facts) -> Iterator[Finding]:
    """All findings about what is written in a language."""
    for read in facts.reads:
        try:
            expression = compiled(read.text)
        except ExpressionError as error:
            if read.time:
                continue
            what, text = _capital(read.what), _short(read.text.text)
            yield about(read.element, "EX-020", place=read.text.place, what=what, problem=str(error), text=text)
            continue
        yield from _typed(facts, read, expression)
    for node in facts.subject.nodes:
        if node.kind is NodeKind.SCRIPT_TASK or node.script is not None:
            yield from _script(node)
    yield from _decisions(facts)


def _typed(facts: Facts, read: Read, expression: Expression) -> Iterator[Finding]:
    what, text = _capital(read.what), _short(read.text.text)
    types = {name: facts.types[name] for name in expression.names if name in facts.types}
    for problem in expression.type_problems(types)[:1]:
        yield about(read.element, "EX-021", place=read.text.place, what=what, problem=problem.sentence, text=text)
    found = expression.infer_type(types)
    if read.wanted is None or found is None:
        return
    kind = found.split("<")[0]
    if kind != read.wanted and kind in TYPE_WORDS:
        yield about(
            read.element,
            "EX-022",
            place=read.text.place,
            what=what,
            found=TYPE_WORDS[kind],
            wanted=TYPE_WORDS[read.wanted],
            text=text,
        )


def _capital(words: Words) -> Words:
    return Words(words.fr[:1].upper() + words.fr[1:], words.en)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TEXT_SHOWN else line[: TEXT_SHOWN - 1] + "…"


def _script(node: Node) -> Iterator[Finding]:
    if not (node.script or "").strip():
        yield about(node, "EX-024")
        return
    try:
        compile_script(node.script or "")
    except ExpressionError as error:
        yield about(node, "EX-023", problem=str(error))


def _decisions(facts: Facts) -> Iterator[Finding]:
    told: set[str] = set()
    for node in facts.subject.nodes:
        if node.decision is None or node.decision in told:
            continue
        data = facts.subject.decisions.get(node.decision)
        if data is None:
            yield about(node, "EX-030", key=node.decision)
        elif isinstance(data, bytes):
            told.add(node.decision)
            for problem in _problems(facts, data, node.decision):
                code = "EX-031" if problem.severity == "error" else "EX-032"
                yield about(node, code, problem=Words(problem.sentence, problem.english))


def _problems(facts: Facts, data: bytes, key: str) -> list[DecisionProblem]:
    try:
        return list(check_decision(read_decision(data, key), types=facts.types))
    except InvalidDecision as error:
        return list(error.problems)
