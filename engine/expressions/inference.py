"""What type an expression has, and where its types cannot fit: what the checker says before anything runs.

Unknown is never wrong: a name without a type is `Any`, and only two known types that cannot meet are a problem.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from engine.expressions.functions.registry import FUNCTIONS, Signature
from engine.expressions.problems import ExpressionError
from engine.expressions.syntax import (
    And,
    Arithmetic,
    Between,
    Call,
    Comparison,
    Constant,
    ContextOf,
    Empty,
    Filter,
    For,
    FunctionOf,
    If,
    In,
    InstanceOf,
    ListOf,
    Name,
    Negation,
    Node,
    Not,
    Or,
    Path,
    Quantified,
    RangeOf,
    Steps,
    Tests,
)
from engine.expressions.temporal import parse_date, parse_datetime, parse_duration, parse_time
from engine.expressions.type_rules import MEMBERS, arithmetic_type, common, comparable, french
from engine.expressions.type_syntax import type_named
from engine.expressions.types import ALIASES, ANY, Type, simple_type
from engine.expressions.values import Range, Value, kind

BOOLEAN, NUMBER, LIST = Type("boolean"), Type("number"), Type("list")


@dataclass(frozen=True, slots=True)
class TypeProblem:
    """Two types that cannot meet: a French sentence, and where in the text."""

    sentence: str
    position: int


def read_types(types: Mapping[str, str]) -> dict[str, Type]:
    """Types by name: FEEL types, or the types of form fields (`codes`, `dt`, `table`…)."""
    return {name: simple_type(text) if text in ALIASES else type_named(text) for name, text in types.items()}


def check_types(tree: Node, types: Mapping[str, Type]) -> tuple[Type, list[TypeProblem]]:
    """The type of a tree and its problems in reading order."""
    checker = _Checker()
    found = checker.type_of(tree, dict(types))
    return found, sorted(checker.problems, key=lambda problem: problem.position)


def type_of_value(value: Value) -> Type:
    match value:
        case list():
            return Type("list", _common_element([type_of_value(item) for item in value]))
        case dict():
            return Type("context", members=tuple((key, type_of_value(item)) for key, item in value.items()))
        case Range():
            end = type_of_value(value.start if value.start is not None else value.end)
            return Type("range", None if end.name == "null" else end)
        case _:
            return Type(kind(value))


def _common_element(types: list[Type]) -> Type | None:
    found = types[0] if types else ANY
    for other in types[1:]:
        found = common(found, other)
    return None if found == ANY else found


class _Checker:
    """Walks a tree once; `names` are the types of what is in scope where a node stands."""

    def __init__(self) -> None:
        self.problems: list[TypeProblem] = []

    def problem(self, node: Node, sentence: str) -> Type:
        self.problems.append(TypeProblem(sentence, node.position))
        return ANY

    def type_of(self, node: Node, names: dict[str, Type]) -> Type:
        match node:
            case Constant():
                return self._constant(node)
            case Name():
                return names.get(node.name, ANY)
            case Path():
                return self._member(node, self.type_of(node.source, names))
            case ListOf():
                return Type("list", _common_element([self.type_of(item, names) for item in node.items]))
            case ContextOf():
                return self._context(node, names)
            case (
                Comparison() | Between() | In() | Empty() | InstanceOf() | Not() | And() | Or() | Quantified() | Tests()
            ):
                return self._truth(node, names)
            case Arithmetic() | Negation():
                return self._computed(node, names)
            case Call():
                return self._call(node, names)
            case _:
                return self._other(node, names)

    def _constant(self, node: Constant) -> Type:
        if isinstance(node.value, datetime) and node.value.tzinfo is None:
            self.problem(node, _NO_ZONE)
        return type_of_value(node.value)

    def _member(self, node: Path, source: Type) -> Type:
        if source.name == "list":
            inner = self._member(node, source.of or ANY)
            return Type("list", None if inner == ANY else inner)
        if source.name == "context" and source.members:
            found = source.member(node.name)
            return found or self.problem(node, f"« {node.name} » n'existe pas ici.")
        members = MEMBERS.get(source.name)
        if members is None or source.name == "context":
            return ANY
        if node.name not in members:
            return self.problem(node, f"{french(source).capitalize()} n'a pas de « {node.name} ».")
        return (source.of or ANY) if members[node.name] == "element" else Type(members[node.name])

    def _context(self, node: ContextOf, names: dict[str, Type]) -> Type:
        inner = dict(names)
        for key, entry in node.entries:
            inner[key] = self.type_of(entry, inner)
        return Type("context", members=tuple((key, inner[key]) for key, _ in node.entries))

    def _truth(self, node: Node, names: dict[str, Type]) -> Type:
        match node:
            case Comparison():
                left, right = self.type_of(node.left, names), self.type_of(node.right, names)
                if not comparable(left, right, equality=node.operator in ("=", "!=")):
                    self.problem(node, f"{french(left).capitalize()} et {french(right)} ne se comparent pas.")
            case Between():
                value = self.type_of(node.operand, names)
                for end in (node.low, node.high):
                    self._meets(end, value, self.type_of(end, names))
            case In():
                value = self.type_of(node.operand, names)
                for test in node.tests:
                    self._tested(test, value, names)
            case Tests():
                for test in node.tests:
                    self._tested(test, names.get("?", ANY), names)
            case Not():
                self._boolean(node.operand, names)
            case And() | Or():
                self._boolean(node.left, names)
                self._boolean(node.right, names)
            case Quantified():
                self._boolean(node.condition, self._bound(node.bindings, names))
            case _:
                for child in node.children():
                    self.type_of(child, names)
        return BOOLEAN

    def _tested(self, test: Node, value: Type, names: dict[str, Type]) -> None:
        found = self.type_of(test, names)
        wanted = found.of or ANY if found.name in ("list", "range") and value.name != found.name else found
        if found == BOOLEAN and not isinstance(test, Constant):
            return  # a cell may be a question about `?`
        if wanted.name == "range":
            wanted = wanted.of or ANY
        self._meets(test, value, wanted)

    def _meets(self, node: Node, value: Type, wanted: Type) -> None:
        if not comparable(value, wanted, equality=True):
            self.problem(node, f"{french(value).capitalize()} et {french(wanted)} ne se comparent pas.")

    def _boolean(self, node: Node, names: dict[str, Type]) -> None:
        found = self.type_of(node, names)
        if found.name not in ("boolean", "Any", "null"):
            self.problem(node, f"Il faut un vrai ou faux ici, pas {french(found)}.")

    def _computed(self, node: Arithmetic | Negation, names: dict[str, Type]) -> Type:
        if isinstance(node, Negation):
            found = self.type_of(node.operand, names)
            if found.name in ("number", "days and time duration", "years and months duration", "Any", "null"):
                return found
            return self.problem(node, f"On ne prend pas l'opposé de {french(found)}.")
        left, right = self.type_of(node.left, names), self.type_of(node.right, names)
        found_type = arithmetic_type(node.operator, left, right)
        if found_type is not None:
            return found_type
        return self.problem(node, f"« {node.operator} » n'a pas de sens entre {french(left)} et {french(right)}.")

    def _bound(self, bindings: tuple[tuple[str, Node], ...], names: dict[str, Type]) -> dict[str, Type]:
        inner = dict(names)
        for name, source in bindings:
            found = self.type_of(source, inner)
            if found.name in ("list", "range"):
                inner[name] = found.of or ANY
            else:
                inner[name] = found
        return inner

    def _other(self, node: Node, names: dict[str, Type]) -> Type:
        match node:
            case If():
                self._boolean(node.condition, names)
                return common(self.type_of(node.then, names), self.type_of(node.otherwise, names))
            case For():
                inner = self._bound(node.bindings, names)
                body = self.type_of(node.body, {**inner, "partial": LIST})
                return Type("list", None if body == ANY else body)
            case Filter():
                return self._filter(node, names)
            case RangeOf():
                ends = [self.type_of(end, names) for end in (node.start, node.end) if end is not None]
                of = _common_element([end for end in ends if end.name != "null"])
                return Type("range", of)
            case Steps():
                return Type("list", self.type_of(node.start, names))
            case FunctionOf():
                body = self.type_of(node.body, {**names, **dict(zip(node.parameters, node.types, strict=True))})
                return Type("function", body, parameters=node.types)
            case _:
                for child in node.children():
                    self.type_of(child, names)
                return ANY

    def _filter(self, node: Filter, names: dict[str, Type]) -> Type:
        source = self.type_of(node.source, names)
        element = source if source.name != "list" else source.of or ANY
        inner = {**names, "item": element, **dict(element.members)}
        if element == ANY or (element.name == "context" and not element.members):
            # Any name may be a key of the element: nothing is known.
            inner = {"item": element}
        condition = self.type_of(node.condition, inner)
        if condition == NUMBER or condition.name == "string":
            return element if source.name == "list" else ANY
        if condition == BOOLEAN:
            return source if source.name == "list" else LIST
        return ANY

    def _call(self, node: Call, names: dict[str, Type]) -> Type:
        self._written_moment(node)
        found = [self.type_of(argument, names) for argument in node.arguments]
        signatures = FUNCTIONS[node.function]
        fitting = []
        for signature in signatures:
            order = signature.order(len(found), node.labels) if not signature.variadic else None
            if order is not None:
                fitting.append((signature, order))
        variadic = any(signature.variadic for signature in signatures) and found and not node.labels
        if not fitting and not variadic:
            return self.problem(node, f"La fonction « {node.function} » s'écrit {_forms(node.function, signatures)}.")
        suited = [
            signature
            for signature, order in fitting
            if all(
                index is None or _accepts(parameter.kinds, found[index])
                for index, parameter in zip(order, signature.parameters, strict=True)
            )
        ]
        if not suited and not variadic:
            given = ", ".join(french(argument) for argument in found)
            return self.problem(
                node, f"La fonction « {node.function} » s'écrit {_forms(node.function, signatures)}, pas avec {given}."
            )
        results = {signature.returns for signature in suited or signatures}
        return results.pop() if len(results) == 1 else ANY

    def _written_moment(self, node: Call) -> None:
        """A date or date-time written as a text must be one, and a date-time must say its zone."""
        reader = _READERS.get(node.function)
        if reader is None or len(node.arguments) != 1:
            return
        written = node.arguments[0]
        if not isinstance(written, Constant) or not isinstance(written.value, str):
            return
        try:
            moment = reader(written.value)
        except ExpressionError as error:
            self.problem(written, error.sentence)
            return
        if moment is None:
            self.problem(written, f"« {written.value} » ne se lit pas comme {french(Type(_READS[node.function]))}.")
        elif isinstance(moment, datetime) and moment.tzinfo is None:
            self.problem(written, _NO_ZONE)


_NO_ZONE = 'Cette date-heure n\'a pas de fuseau : écrivez at(date("2026-05-01"), "08:00"), ou ajoutez Z.'
_READERS: Mapping[str, Callable[[str], Value]] = MappingProxyType(
    {
        "date": parse_date,
        "time": parse_time,
        "date and time": parse_datetime,
        "duration": parse_duration,
    }
)
_READS = MappingProxyType(
    {"date": "date", "time": "time", "date and time": "date and time", "duration": "days and time duration"}
)


def _accepts(kinds: frozenset[str], found: Type) -> bool:
    if not kinds or found.name in ("Any", "null") or found.name in kinds or kinds == {"list"}:
        return True
    return found.name == "list" and (found.of is None or found.of.name in kinds)


def _forms(name: str, signatures: list[Signature]) -> str:
    """How a function may be written: `date(from)` ou `date(year, month, day)`."""
    forms = []
    for signature in signatures:
        words = [f"[{parameter.name}]" if parameter.optional else parameter.name for parameter in signature.parameters]
        form = f"{name}({', '.join(words)}{', …' if signature.variadic else ''})"
        if form not in forms:
            forms.append(form)
    return " ou ".join(forms)
