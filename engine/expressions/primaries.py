"""The innermost pieces of an expression: literals, names, calls, lists, contexts, intervals, and what follows them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from engine.expressions.cursor import Cursor
from engine.expressions.functions.registry import ALIASES
from engine.expressions.lexer import Token
from engine.expressions.syntax import (
    Call,
    Constant,
    ContextOf,
    Filter,
    FunctionOf,
    Invoke,
    ListOf,
    Name,
    Node,
    Path,
    RangeOf,
)
from engine.expressions.temporal import parse_moment
from engine.expressions.type_syntax import parse_type
from engine.expressions.types import ANY, Type

if TYPE_CHECKING:
    from engine.expressions.parser import Parser

_FEEL_WORDS = {"true": True, "false": False, "null": None}
_WORDS = {
    "feel": _FEEL_WORDS,
    "juel": _FEEL_WORDS,
    "plain": {**_FEEL_WORDS, "True": True, "False": False, "None": None},
}
_LOOPS = frozenset({"if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "and", "or", "between"})
_RESERVED = {
    "feel": _LOOPS | {"function"},
    "juel": frozenset({"and", "or", "not", "empty", "div", "mod", "eq", "ne", "lt", "le", "gt", "ge", "instanceof"}),
    "plain": _LOOPS | {"not", "is", "lambda"},
}


def postfix(parser: Parser) -> Node:
    """A primary with what is attached to it: `.name`, `[…]`, `(…)`."""
    cursor = parser.cursor
    node = _primary(parser)
    while True:
        if cursor.at("."):
            node = _path(parser, node)
        elif cursor.at("[") and not _closes_interval(cursor):
            cursor.take()
            condition = parser.expression()
            cursor.expect("]")
            first = 1 if parser.dialect == "feel" else 0
            node = cursor.made(Filter(position=node.position, source=node, condition=condition, first=first))
        elif cursor.at("("):
            if isinstance(node, Path):
                raise cursor.error(
                    "Une expression n'appelle pas de méthode d'objet : utilisez une fonction.", cursor.position
                )
            arguments, labels = _arguments(parser)
            node = cursor.made(Invoke(position=node.position, callee=node, arguments=arguments, labels=labels))
        else:
            return node


def _closes_interval(cursor: Cursor) -> bool:
    """Whether this `[` ends an interval open at its end (`[1..3[`): nothing after it could be a condition."""
    following = cursor.peek()
    if following.kind == "end":
        return True
    if following.kind == "operator":
        return following.text not in ("-", "(", "[", "{", "?", "!", "@", ".")
    return following.kind == "name" and following.text in (
        "and",
        "or",
        "then",
        "else",
        "return",
        "satisfies",
        "in",
        "between",
    )


def _path(parser: Parser, node: Node) -> Node:
    cursor = parser.cursor
    cursor.take()
    if cursor.token.kind != "name":
        raise cursor.error("Il manque un nom après le point")
    name = " ".join(cursor.take().text for _ in range(cursor.property_words()))
    if name.startswith("__"):
        raise cursor.error(f"Le nom « {name} » n'est pas permis.", cursor.position)
    return cursor.made(Path(position=node.position, source=node, name=name))


def _primary(parser: Parser) -> Node:
    cursor = parser.cursor
    token = cursor.token
    match token.kind:
        case "number" | "string":
            cursor.take()
            return cursor.made(Constant(position=token.position, value=token.value))
        case "at":
            cursor.take()
            value = parse_moment(token.value if isinstance(token.value, str) else "")
            return cursor.made(Constant(position=token.position, value=value))
        case "name":
            return _named(parser)
        case "operator":
            return _bracketed(parser)
        case _:
            raise cursor.error("Il manque une valeur")


def _bracketed(parser: Parser) -> Node:
    cursor = parser.cursor
    position = cursor.position
    with cursor.nested():
        if cursor.accept("("):
            if parser.at_comparison():
                return parser.one_sided_value()
            inner = parser.expression()
            if cursor.at(".."):
                return _interval(parser, inner, position, included=False)
            if parser.dialect == "plain" and cursor.at(","):
                return _rest_of_list(parser, inner, position, ")")
            cursor.expect(")")
            return inner
        if cursor.accept("["):
            if cursor.accept("]"):
                return cursor.made(ListOf(position=position, items=()))
            inner = parser.expression()
            if cursor.at(".."):
                return _interval(parser, inner, position, included=True)
            return _rest_of_list(parser, inner, position, "]")
        if parser.dialect != "juel" and cursor.accept("]"):
            return _interval(parser, parser.expression(), position, included=False)
        if parser.dialect != "juel" and cursor.accept("?"):
            return cursor.made(Name(position=position, name="?"))
        if cursor.accept("{"):
            return _context(parser, position)
    raise cursor.error("Il manque une valeur")


def _rest_of_list(parser: Parser, first: Node, position: int, closing: str) -> Node:
    cursor = parser.cursor
    items = [first]
    while cursor.accept(","):
        if cursor.at(closing):
            break
        items.append(parser.expression())
    cursor.expect(closing)
    return cursor.made(ListOf(position=position, items=tuple(items)))


def _interval(parser: Parser, start: Node, position: int, *, included: bool) -> Node:
    cursor = parser.cursor
    cursor.expect("..")
    end = parser.expression()
    closing = cursor.accept("]", ")", "[")
    if closing is None:
        raise cursor.error("L'intervalle n'est pas fermé")
    return cursor.made(
        RangeOf(position=position, start=start, end=end, start_included=included, end_included=closing == "]")
    )


def _context(parser: Parser, position: int) -> Node:
    cursor = parser.cursor
    entries: list[tuple[str, Node]] = []
    while not cursor.at("}"):
        written_at = cursor.position
        if cursor.token.kind == "string":
            key = str(cursor.take().value)
        else:
            key = declared_name(cursor, until=":")
        cursor.expect(":")
        if any(key == known for known, _ in entries):
            raise cursor.error(f"La clé « {key} » est écrite deux fois.", written_at)
        entries.append((key, parser.expression()))
        cursor.declare(key)
        if not cursor.accept(","):
            break
    cursor.expect("}")
    return cursor.made(ContextOf(position=position, entries=tuple(entries)))


def declared_name(cursor: Cursor, *, until: str) -> str:
    """A new name, of one or several words, up to the mark that follows it."""
    first = cursor.token
    if first.kind != "name":
        raise cursor.error("Il manque un nom")
    words = [cursor.take()]
    while not cursor.at(until) and cursor.token.kind in ("name", "number", "operator") and len(words) < 12:
        if cursor.token.kind == "operator" and cursor.token.text not in "./-+*":
            break
        words.append(cursor.take())
    return _spelled(words)


def _named(parser: Parser) -> Node:
    cursor = parser.cursor
    position = cursor.position
    word = cursor.token.text
    if words := cursor.function_words():
        name = " ".join(cursor.take().text for _ in range(words))
        arguments, labels = _arguments(parser)
        return cursor.made(
            Call(position=position, function=ALIASES.get(name, name), arguments=arguments, labels=labels)
        )
    if (words := cursor.name_words()) > 1:
        start = cursor.index
        cursor.index += words
        return cursor.made(Name(position=position, name=_spelled(cursor.tokens[start : start + words])))
    if word in _WORDS[parser.dialect]:
        cursor.take()
        return cursor.made(Constant(position=position, value=_WORDS[parser.dialect][word]))
    if word == "function" and parser.dialect != "juel" and cursor.peek().text == "(":
        return _function(parser)
    if word in _RESERVED[parser.dialect]:
        raise cursor.error("Il manque une valeur")
    if word.startswith("__"):
        raise cursor.error(f"Le nom « {word} » n'est pas permis.", position)
    cursor.take()
    return cursor.made(Name(position=position, name=word))


def _spelled(words: Sequence[Token]) -> str:
    """A name of several words as it is written, white space counting as one blank."""
    text = words[0].text
    for before, word in pairwise(words):
        text += " " * (word.position > before.position + len(before.text)) + word.text
    return text


def _function(parser: Parser) -> Node:
    cursor = parser.cursor
    position = cursor.take().position
    cursor.expect("(")
    names: list[str] = []
    types: list[Type] = []
    while not cursor.at(")"):
        names.append(declared_name(cursor, until=":"))
        types.append(parse_type(cursor) if cursor.accept(":") else ANY)
        cursor.declare(names[-1])
        if not cursor.accept(","):
            break
    cursor.expect(")")
    if cursor.at("external"):
        raise cursor.error("Une fonction externe n'est pas permise.", cursor.position)
    with cursor.nested():
        body = parser.expression()
    return cursor.made(FunctionOf(position=position, parameters=tuple(names), types=tuple(types), body=body))


def _arguments(parser: Parser) -> tuple[tuple[Node, ...], tuple[str, ...]]:
    cursor = parser.cursor
    cursor.expect("(")
    arguments: list[Node] = []
    labels: list[str] = []
    with cursor.nested():
        named = _label_ahead(cursor) > 0
        while not cursor.at(")"):
            if named:
                words = _label_ahead(cursor)
                if not words:
                    raise cursor.error("Les arguments sont tous nommés, ou aucun")
                labels.append(" ".join(cursor.take().text for _ in range(words)))
                cursor.expect(":")
            arguments.append(parser.expression())
            if not cursor.accept(","):
                break
        cursor.expect(")")
    return tuple(arguments), tuple(labels)


def _label_ahead(cursor: Cursor) -> int:
    """How many words of an argument's name stand here before its colon; 0 when it has none."""
    words = 0
    while cursor.peek(words).kind == "name" and words < 6:
        words += 1
    return words if words and cursor.peek(words).text == ":" else 0
