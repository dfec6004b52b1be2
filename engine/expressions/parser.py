"""Tokens to syntax tree: one grammar, FEEL's, with the other two spellings' operators where they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import TypeVar

from engine.expressions import primaries
from engine.expressions.cursor import Cursor
from engine.expressions.lexer import tokenize
from engine.expressions.syntax import (
    And,
    Arithmetic,
    Between,
    Comparison,
    Constant,
    Dialect,
    Empty,
    For,
    If,
    In,
    InstanceOf,
    Negation,
    Node,
    Not,
    Or,
    Quantified,
    RangeOf,
    Steps,
    Tests,
)
from engine.expressions.type_syntax import parse_type

N = TypeVar("N", bound=Node)
_FEEL = MappingProxyType({op: op for op in ("=", "!=", "<", "<=", ">", ">=")})
_WORDS = MappingProxyType({"eq": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="})
_COMPARISONS = MappingProxyType(
    {
        "feel": _FEEL,
        "plain": MappingProxyType({**_FEEL, "==": "="}),
        "juel": MappingProxyType({**_FEEL, **_WORDS, "==": "="}),
    }
)
_MULTIPLICATIVE = MappingProxyType(
    {
        "feel": {"*": "*", "/": "/"},
        "plain": {"*": "*", "/": "/", "%": "%", "//": "//"},
        "juel": {"*": "*", "/": "/", "%": "%", "div": "/", "mod": "%"},
    }
)
_AND = MappingProxyType({"feel": ("and",), "plain": ("and", "&&"), "juel": ("and", "&&")})
_OR = MappingProxyType({"feel": ("or",), "plain": ("or", "||"), "juel": ("or", "||")})


def parse(text: str, dialect: Dialect, *, offset: int = 0, names: Iterable[str] = ()) -> Node:
    """The tree of one expression. `names` are the names of several words the scope has. Raises ExpressionError."""
    parser = Parser(Cursor(tokenize(text, dialect, offset), dialect, names))
    return parser.whole(parser.expression)


def parse_unary_tests(text: str, dialect: Dialect, *, offset: int = 0, names: Iterable[str] = ()) -> Tests:
    """The tests of a decision table's cell: `-`, `"a", "b"`, `< 5`, `[1..3]`, `not(…)`."""
    parser = Parser(Cursor(tokenize(text, dialect, offset), dialect, names))
    return parser.whole(parser.unary_tests)


class Parser:
    """Recursive descent; each method reads one level of precedence, loosest first."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.dialect = cursor.dialect

    def whole(self, rule: Callable[[], N]) -> N:
        if self.cursor.token.kind == "end":
            raise self.cursor.error("L'expression est vide", self.cursor.position)
        node = rule()
        if self.cursor.token.kind != "end":
            raise self.cursor.error("L'expression devrait être finie")
        return node

    def expression(self) -> Node:
        cursor = self.cursor
        with cursor.nested():
            if self.dialect != "juel":
                if cursor.at("if") and cursor.peek().text != ")":
                    return self._if()
                if cursor.at("for") and cursor.peek().kind == "name":
                    return self._for()
                if cursor.at("some", "every") and cursor.peek().kind == "name":
                    return self._quantified()
            node = self._disjunction()
            if self.dialect == "juel" and cursor.accept("?"):
                then = self.expression()
                cursor.expect(":")
                return cursor.made(If(position=node.position, condition=node, then=then, otherwise=self.expression()))
            if self.dialect == "plain" and cursor.accept("if"):
                condition = self._disjunction()
                cursor.expect("else")
                return cursor.made(
                    If(position=node.position, condition=condition, then=node, otherwise=self.expression())
                )
            return node

    def _if(self) -> Node:
        position = self.cursor.take().position
        condition = self.expression()
        self.cursor.expect("then")
        then = self.expression()
        self.cursor.expect("else")
        otherwise = self.expression()
        return self.cursor.made(If(position=position, condition=condition, then=then, otherwise=otherwise))

    def _for(self) -> Node:
        position = self.cursor.take().position
        bindings = self._bindings()
        self.cursor.expect("return")
        return self.cursor.made(For(position=position, bindings=bindings, body=self.expression()))

    def _quantified(self) -> Node:
        word = self.cursor.take()
        bindings = self._bindings()
        self.cursor.expect("satisfies")
        return self.cursor.made(
            Quantified(
                position=word.position, every=word.text == "every", bindings=bindings, condition=self.expression()
            )
        )

    def _bindings(self) -> tuple[tuple[str, Node], ...]:
        bindings: list[tuple[str, Node]] = []
        while True:
            name = primaries.declared_name(self.cursor, until="in")
            self.cursor.expect("in")
            source = self.expression()
            if self.cursor.accept(".."):
                source = self.cursor.made(Steps(position=source.position, start=source, end=self.expression()))
            self.cursor.declare(name)
            bindings.append((name, source))
            if not self.cursor.accept(","):
                return tuple(bindings)

    def _disjunction(self) -> Node:
        node = self._conjunction()
        while self.cursor.accept(*_OR[self.dialect]):
            node = self.cursor.made(Or(position=node.position, left=node, right=self._conjunction()))
        return node

    def _conjunction(self) -> Node:
        node = self._negation()
        while self.cursor.accept(*_AND[self.dialect]):
            node = self.cursor.made(And(position=node.position, left=node, right=self._negation()))
        return node

    def _negation(self) -> Node:
        """Python's loose `not`; in FEEL `not` is a function, in JUEL it binds tightly."""
        cursor = self.cursor
        if self.dialect == "plain" and cursor.at("not"):
            position = cursor.take().position
            with cursor.nested():
                return cursor.made(Not(position=position, operand=self._negation()))
        return self._comparison()

    def _comparison(self) -> Node:
        cursor = self.cursor
        node = self.additive()
        while True:
            position = node.position
            operator = _COMPARISONS[self.dialect].get(cursor.token.text) if cursor.token.kind != "string" else None
            if operator:
                cursor.take()
                right = self.additive()
                node = Comparison(position=position, operator=operator, left=node, right=right)
            elif self.dialect == "juel":
                return node
            elif cursor.accept("between"):
                low = self.additive()
                cursor.expect("and")
                node = Between(position=position, operand=node, low=low, high=self.additive())
            elif cursor.accept("in"):
                node = self._in(node)
            elif cursor.at("not") and cursor.peek().text == "in":
                cursor.take()
                cursor.take()
                node = Not(position=position, operand=self._in(node))
            elif self.dialect == "plain" and cursor.accept("is"):
                operator = "!=" if cursor.accept("not") else "="
                node = Comparison(position=position, operator=operator, left=node, right=self.additive())
            elif cursor.at("instance") and cursor.peek().text == "of":
                cursor.take()
                cursor.take()
                node = InstanceOf(position=position, operand=node, type=parse_type(cursor))
            else:
                return node
            cursor.made(node)

    def _in(self, operand: Node) -> Node:
        plain = self.dialect == "plain"
        if not self.cursor.at("("):
            return In(position=operand.position, operand=operand, tests=(self.positive_test(),), anywhere=plain)
        start = self.cursor.index
        self.cursor.take()
        tests: list[Node] = []
        while not self.cursor.at(")"):
            tests.append(self.positive_test())
            if not self.cursor.accept(","):
                break
        if len(tests) == 1 and self.cursor.at(".."):
            self.cursor.index = start  # an interval open at its start, `(1..5]`
            tests = [self.additive()]
        else:
            self.cursor.expect(")")
        return In(position=operand.position, operand=operand, tests=tuple(tests), anywhere=plain and len(tests) == 1)

    def positive_test(self) -> Node:
        """One test: `< 5` and its like, or a value or interval."""
        cursor = self.cursor
        if operator := _COMPARISONS[self.dialect].get(cursor.token.text):
            position = cursor.take().position
            return cursor.made(one_sided(operator, self.additive(), position))
        with cursor.nested():
            return self.additive()

    def unary_tests(self) -> Tests:
        cursor = self.cursor
        position = cursor.position
        if cursor.at("-") and cursor.peek().kind == "end":
            cursor.take()
            return Tests(position=position, tests=(), negated=False, anything=True)
        negated = cursor.at("not") and cursor.peek().text == "("
        if negated:
            cursor.take()
            cursor.take()
        tests = [self._unary_test()]
        while cursor.accept(","):
            tests.append(self._unary_test())
        if negated:
            cursor.expect(")")
        return cursor.made(Tests(position=position, tests=tuple(tests), negated=negated))

    def _unary_test(self) -> Node:
        if self.cursor.token.kind == "operator" and self.cursor.token.text in _COMPARISONS[self.dialect]:
            return self.positive_test()
        return self.expression()

    def additive(self) -> Node:
        node = self._multiplicative()
        while operator := self.cursor.accept("+", "-"):
            right = self._multiplicative()
            node = self.cursor.made(Arithmetic(position=node.position, operator=operator, left=node, right=right))
        return node

    def _multiplicative(self) -> Node:
        operators = _MULTIPLICATIVE[self.dialect]
        node = self._power()
        while operator := self.cursor.accept(*operators):
            right = self._power()
            node = self.cursor.made(
                Arithmetic(position=node.position, operator=operators[operator], left=node, right=right)
            )
        return node

    def _power(self) -> Node:
        if self.dialect == "plain":
            return self._python_power()
        node = self._sign()
        while self.cursor.accept("**"):
            node = self.cursor.made(Arithmetic(position=node.position, operator="**", left=node, right=self._sign()))
        return node

    def _python_power(self) -> Node:
        """As Python reads it: right to left, and `-2 ** 2` is -4."""
        cursor = self.cursor
        with cursor.nested():
            if cursor.at("-"):
                position = cursor.take().position
                return cursor.made(Negation(position=position, operand=self._python_power()))
            node = primaries.postfix(self)
            if cursor.accept("**"):
                right = self._python_power()
                return cursor.made(Arithmetic(position=node.position, operator="**", left=node, right=right))
            return node

    def _sign(self) -> Node:
        cursor = self.cursor
        position = cursor.position
        if cursor.accept("-"):
            with cursor.nested():
                return cursor.made(Negation(position=position, operand=self._sign()))
        if self.dialect == "juel" and cursor.accept("!", "not"):
            with cursor.nested():
                return cursor.made(Not(position=position, operand=self._sign()))
        if self.dialect == "juel" and cursor.accept("empty"):
            with cursor.nested():
                return cursor.made(Empty(position=position, operand=self._sign()))
        return primaries.postfix(self)

    def one_sided_value(self) -> Node:
        """`(< 10)` as a value, the parenthesis already read."""
        position = self.cursor.position
        operator = _COMPARISONS[self.dialect][self.cursor.take().text]
        node = one_sided(operator, self.additive(), position)
        self.cursor.expect(")")
        return self.cursor.made(node)

    def at_comparison(self) -> bool:
        return self.cursor.token.kind == "operator" and self.cursor.token.text in _COMPARISONS[self.dialect]


def one_sided(operator: str, end: Node, position: int) -> RangeOf:
    """`< 10` as an interval with one end."""
    nothing = Constant(position=position, value=None)
    match operator:
        case "<" | "<=":
            return RangeOf(
                position=position,
                start=nothing,
                end=end,
                start_included=False,
                end_included=operator == "<=",
                operator=operator,
            )
        case ">" | ">=":
            return RangeOf(
                position=position,
                start=end,
                end=nothing,
                start_included=operator == ">=",
                end_included=False,
                operator=operator,
            )
        case _:
            return RangeOf(
                position=position, start=nothing, end=end, start_included=True, end_included=True, operator=operator
            )
