"""Random answers that fit: typed by the form's fields, aimed at what later conditions compare them with."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from engine.bpmn.model import ExpressionText, MultiInstance, Node, PathwayModel, Scope, StandardLoop
from engine.expressions import ExpressionError, compile_expression, compile_script
from engine.outcome import Value

_LITERAL = r"(\"[^\"]*\"|'[^']*'|-?\d+(?:\.\d+)?|true|false)"
_OPERATOR = r"\s*(?:==|!=|<=|>=|=|<|>|\beq\b|\bne\b|\blt\b|\bgt\b|\ble\b|\bge\b)\s*"
_COMPARED = re.compile(rf"([^\W\d]\w*){_OPERATOR}{_LITERAL}")
_COMPARED_BACK = re.compile(rf"{_LITERAL}{_OPERATOR}([^\W\d]\w*)")
MAX_ROWS = 3


class Answers:
    """Chooses values. What was chosen least often is preferred, so that every branch and every way out comes up."""

    def __init__(self, model: PathwayModel, random: Random) -> None:
        self.random = random
        self.used: Counter[tuple[str, str]] = Counter()
        self.compared: dict[str, list[Value]] = {}
        self.reads: set[str] = set()
        for process in model.processes.values():
            self._learn(process.scope)

    def _learn(self, scope: Scope) -> None:
        for flow in scope.flows.values():
            self._learn_text(flow.condition)
        for node in scope.nodes.values():
            for text in _texts(node):
                self._learn_text(text)
            if node.script:
                try:
                    self.reads |= compile_script(node.script).reads
                except ExpressionError:
                    continue
            if node.body is not None:
                self._learn(node.body)

    def _learn_text(self, text: ExpressionText | None) -> None:
        if text is None:
            return
        try:
            self.reads |= compile_expression(text.text).names
        except ExpressionError:
            return
        pairs = [(name, value) for name, value in _COMPARED.findall(text.text)]
        pairs += [(name, value) for value, name in _COMPARED_BACK.findall(text.text)]
        for name, literal in pairs:
            value = _literal(literal)
            known = self.compared.setdefault(name, [])
            if value not in known:
                known.append(value)

    def choose(self, name: str, options: list[Value]) -> Value:
        """One of the options, the least used first, at random among equals and once in four at random among all."""
        if self.random.random() < 0.25:
            found = self.random.choice(options)
        else:
            least = min(self.used[name, repr(option)] for option in options)
            found = self.random.choice([option for option in options if self.used[name, repr(option)] == least])
        self.used[name, repr(found)] += 1
        return found

    def form(self, form: Mapping[str, Any] | None, now: datetime) -> dict[str, Value]:
        """Values for a form: what is required, and most of what is not."""
        values: dict[str, Value] = {}
        for field in fields_of(form):
            name = str(field["name"])
            needed = field.get("required") is True or name in self.reads
            if needed or self.random.random() < 0.7:
                values[name] = self.field(field, now)
        return values

    def field(self, field: Mapping[str, Any], now: datetime) -> Value:
        """A value of the field's type."""
        name = str(field["name"])
        options: list[Value] = [str(one["value"]) for one in field.get("options") or [] if "value" in one]
        match field.get("type"):
            case "bool":
                return self.choose(name, [True, False])
            case "int" | "dec":
                return self._number(name, field)
            case "code" if options:
                return self.choose(name, options)
            case "codes" if options:
                count = self.random.randint(1, min(MAX_ROWS, len(options)))
                first = self.choose(name, options)
                return list(dict.fromkeys([first, *self.random.sample(options, count)]))[:count]
            case "date":
                return (now + timedelta(days=self.random.randint(0, 40))).date()
            case "dt":
                return now + timedelta(hours=self.random.randint(0, 40 * 24))
            case "table":
                return self._rows(field, now)
            case "file":
                return None
        texts = [value for value in self.compared.get(name, []) if isinstance(value, str)]
        return self.choose(name, list(texts)) if texts else f"texte {self.random.randint(1, 999)}"

    def _rows(self, field: Mapping[str, Any], now: datetime) -> Value:
        low = field.get("min_rows") if isinstance(field.get("min_rows"), int) else 0
        count = max(int(low or 0), self.random.randint(0, MAX_ROWS))
        columns = [one for one in field.get("columns") or [] if isinstance(one, Mapping) and "name" in one]
        return [{str(one["name"]): self.field(one, now) for one in columns} for _ in range(count)]

    def _number(self, name: str, field: Mapping[str, Any]) -> Value:
        low, high = _bound(field.get("min"), Decimal(0)), _bound(field.get("max"), Decimal(100))
        numbers = [value for value in self.compared.get(name, []) if isinstance(value, Decimal)]
        near = [value + step for value in numbers for step in (-1, 0, 1) if low <= value + step <= max(high, value + 1)]
        if near:
            return self.choose(name, list(near))
        return Decimal(self.random.randint(int(low), max(int(low), min(int(high), int(low) + 5))))

    def guess(self, name: str, now: datetime) -> Value:
        """A value for a name that no form describes: from what it is compared with, else from how it is called."""
        if self.compared.get(name):
            return self.choose(name, list(self.compared[name]))
        if name.endswith(("_at", "_date", "date")):
            return now + timedelta(hours=self.random.randint(1, 400))
        if name.endswith(("s", "list")):
            return []
        return self.choose(name, [True, False])


def fields_of(form: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """All fields of a form definition; empty for anything that is not one."""
    sections = form.get("sections") if isinstance(form, Mapping) else None
    found: list[Mapping[str, Any]] = []
    for section in sections if isinstance(sections, list) else []:
        fields = section.get("fields") if isinstance(section, Mapping) else None
        found += [field for field in fields or [] if isinstance(field, Mapping) and isinstance(field.get("name"), str)]
    return found


def _literal(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    return text[1:-1] if text[:1] in "\"'" else Decimal(text)


def _bound(value: object, otherwise: Decimal) -> Decimal:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    return otherwise


def _texts(node: Node) -> list[ExpressionText | None]:
    texts: list[ExpressionText | None] = [node.trigger.expression, node.trigger.correlation, node.expected]
    texts += [one.expression for one in (*node.inputs, *node.outputs)]
    if isinstance(node.loop, MultiInstance):
        texts += [node.loop.cardinality, node.loop.collection, node.loop.completion]
    elif isinstance(node.loop, StandardLoop):
        texts.append(node.loop.condition)
    if node.work is not None:
        texts += [node.work.due, node.work.opens, node.work.assignee, node.work.role_expression]
    return texts


def _nodes(scope: Scope) -> list[Node]:
    found: list[Node] = []
    for node in scope.nodes.values():
        found.append(node)
        if node.body is not None:
            found += _nodes(node.body)
    return found


def start_forms(model: PathwayModel) -> list[Mapping[str, Any]]:
    """Forms that no task names: one of them is the form that opens a case."""
    nodes = [node for process in model.processes.values() for node in _nodes(process.scope)]
    used = {node.work.form_key for node in nodes if node.work is not None}
    return [form for key, form in model.forms.items() if key not in used and isinstance(form, Mapping)]


def unwritten_names(model: PathwayModel, reads: set[str]) -> set[str]:
    """Names read somewhere that no form of the pathway asks: a message may bring them."""
    written = {str(one["name"]) for form in model.forms.values() for one in fields_of(form)}
    for process in model.processes.values():
        for node in _nodes(process.scope):
            written |= {one.name for one in node.outputs} | {one.name for one in node.inputs}
            written |= set(_script_names(node))
    return reads - written - {"case", "loopCounter"}


def _script_names(node: Node) -> list[str]:
    """Left-hand sides of a script's lines."""
    return [line.partition("=")[0].strip() for line in (node.script or "").splitlines()]
