"""An expression ready to evaluate: what it reads, what it asks of the scope, and its value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

from engine.calendars import Calendar
from engine.expressions.compiling import Closure, compile_node
from engine.expressions.dialects import read_dialect
from engine.expressions.inference import TypeProblem, check_types, read_types
from engine.expressions.limits import LEVELS, NESTING, RESULT_CHARACTERS, RESULT_ELEMENTS
from engine.expressions.parser import parse, parse_unary_tests
from engine.expressions.problems import ExpressionError
from engine.expressions.references import Literal, Reference, guarded_in, literals_in, references_in
from engine.expressions.run import Frame, Run
from engine.expressions.syntax import Dialect, Node
from engine.expressions.values import ATOMS, Function, Range, Value, to_value


@dataclass(frozen=True)
class Expression:
    """One expression, compiled. Immutable and shared between threads."""

    text: str
    dialect: Dialect
    tree: Node
    run_tree: Closure

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """Every free name read, with its path (`case.opened_at`) and position, in reading order."""
        return tuple(references_in(self.tree))

    @cached_property
    def names(self) -> frozenset[str]:
        """The free names that must be in the scope (those that may be an element's key in a filter left out)."""
        return frozenset(reference.root for reference in self.references if not reference.inside_filter)

    @cached_property
    def literals(self) -> tuple[Literal, ...]:
        """Every constant compared with a name, for checking it against the options of a field."""
        return tuple(literals_in(self.tree))

    @cached_property
    def required(self) -> frozenset[str]:
        """The names whose absence the expression does not foresee (by `= null`, `is defined` or `empty`)."""
        return self.names.difference(guarded_in(self.tree))

    def missing(self, scope: Mapping[str, object]) -> tuple[str, ...]:
        """The required names without a value there. A decision should not be taken while there are any.

        FEEL answers `risk = "high"` with false when `risk` is missing: only this tells "no" from "not known".
        """
        return tuple(sorted(name for name in self.required if scope.get(name) is None))

    def infer_type(self, types: Mapping[str, str]) -> str | None:
        """FEEL's name of the type, given those of the names; None when it cannot be known."""
        found = check_types(self.tree, read_types(types))[0]
        return None if found.name in ("Any", "null") else str(found)

    def type_problems(self, types: Mapping[str, str]) -> list[TypeProblem]:
        """Where known types cannot meet: a text compared with a number, a function given what it does not take."""
        return check_types(self.tree, read_types(types))[1]

    def evaluate(self, scope: Mapping[str, object], *, now: datetime, calendar: Calendar) -> Value:
        """The value in that scope. Null where FEEL has no answer; ExpressionError where a bound stops it."""
        return finish(self.run_tree, Run(scope, now, calendar), {})

    def test(self, value: object, scope: Mapping[str, object], *, now: datetime, calendar: Calendar) -> bool | None:
        """For unary tests: whether `value`, the `?` of the cell, passes."""
        answer = finish(self.run_tree, Run(scope, now, calendar), {"?": to_value(value)})
        return answer if isinstance(answer, bool) else None


def finish(closure: Closure, run: Run, names: Mapping[str, Value]) -> Value:
    """Evaluate, and let only results of bearable size out."""
    try:
        value = closure(Frame(run, names, None))
    except RecursionError as error:
        raise ExpressionError("Cette expression est trop imbriquée pour être calculée.") from error
    except ArithmeticError as error:
        raise ExpressionError("Ce calcul sort des nombres et des dates que le langage connaît.") from error
    if type(value) not in ATOMS:
        _check_size(value)
    elif isinstance(value, Function):
        raise ExpressionError("Le résultat est une fonction : il manque ses arguments.")
    return value


def _check_size(value: Value) -> None:
    elements, characters = 0, 0
    waiting: list[tuple[Value, int]] = [(value, 0)]
    while waiting:
        part, depth = waiting.pop()
        elements += 1
        inner: Iterable[Value] = ()
        match part:
            case str():
                characters += len(part)
            case list():
                inner = part
            case dict():
                characters += sum(map(len, part))
                inner = part.values()
            case Range():
                inner = (part.start, part.end)
            case Function():
                raise ExpressionError("Le résultat contient une fonction.")
        if depth > NESTING or elements + len(waiting) > RESULT_ELEMENTS or characters > RESULT_CHARACTERS:
            raise ExpressionError("Le résultat de ce calcul est trop grand.")
        waiting.extend((item, depth + 1) for item in inner)


def _build(text: str, dialect: Dialect | None, names: frozenset[str], tests: bool) -> Expression:
    spelling, body, offset = read_dialect(text, dialect or ("feel" if tests else None))
    try:
        tree = (parse_unary_tests if tests else parse)(body, spelling, offset=offset, names=names)
        if tree.height() > LEVELS:
            raise ExpressionError("L'expression enchaîne trop d'opérations : découpez-la.", offset)
        return Expression(text, spelling, tree, compile_node(tree))
    except RecursionError as error:
        raise ExpressionError("L'expression est trop imbriquée.", offset) from error


# Long texts are rare and their trees large: a small cache of their own bounds the memory of both.
_SHORT = 400
_short = lru_cache(maxsize=2048)(_build)
_long = lru_cache(maxsize=64)(_build)


def _compiled(text: str, dialect: Dialect | None, names: Iterable[str], tests: bool) -> Expression:
    return (_short if len(text) <= _SHORT else _long)(text, dialect, frozenset(names), tests)


def compile_expression(text: str, *, dialect: Dialect | None = None, names: Iterable[str] = ()) -> Expression:
    """The expression a text is. Its spelling is recognised: `= …` FEEL, `${…}` JUEL, anything else plain.

    `names` are the names of several words (`risk level`) the scope will have. Raises ExpressionError with a position.
    """
    return _compiled(text, dialect, names, tests=False)


def compile_unary_tests(text: str, *, dialect: Dialect | None = None, names: Iterable[str] = ()) -> Expression:
    """The tests of a decision table's cell; ask with `.test(value, scope, …)`."""
    return _compiled(text, dialect, names, tests=True)
