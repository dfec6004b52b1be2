"""The written form of a type: `number`, `list<string>`, `context<a: date>`, `function<number>->string`."""

from __future__ import annotations

from engine.expressions.cursor import Cursor
from engine.expressions.lexer import tokenize
from engine.expressions.types import ANY, Type, simple_type

_SEVERAL_WORDS = ("date and time", "days and time duration", "years and months duration")


def type_named(text: str) -> Type:
    """The type a text names. Raises ExpressionError when it names none."""
    cursor = Cursor(tokenize(text, "feel"), "feel", ())
    found = parse_type(cursor)
    if cursor.token.kind != "end":
        raise cursor.error("Le type devrait être fini")
    return found


def parse_type(cursor: Cursor) -> Type:
    with cursor.nested():
        position = cursor.position
        name = _type_name(cursor)
        if name in ("list", "range"):
            return Type(name, _element(cursor))
        if name == "context":
            return Type(name, members=_members(cursor))
        if name == "function":
            return _function(cursor)
        return simple_type(name, position)


def _type_name(cursor: Cursor) -> str:
    for name in _SEVERAL_WORDS:
        words = name.split(" ")
        if all(cursor.peek(n).text == word for n, word in enumerate(words)):
            cursor.index += len(words)
            return name
    if cursor.token.kind != "name":
        raise cursor.error("Il manque un type ici")
    return cursor.take().text


def _element(cursor: Cursor) -> Type | None:
    if not cursor.accept("<"):
        return None
    element = parse_type(cursor)
    cursor.expect(">")
    return None if element == ANY else element


def _members(cursor: Cursor) -> tuple[tuple[str, Type], ...]:
    if not cursor.accept("<"):
        return ()
    members: list[tuple[str, Type]] = []
    while not cursor.at(">"):
        words = [cursor.take().text]
        while not cursor.at(":") and cursor.token.kind != "end":
            words.append(cursor.take().text)
        cursor.expect(":")
        members.append((" ".join(words), parse_type(cursor)))
        if not cursor.accept(","):
            break
    cursor.expect(">")
    return tuple(members)


def _function(cursor: Cursor) -> Type:
    parameters: list[Type] = []
    if cursor.accept("<"):
        while not cursor.at(">"):
            parameters.append(parse_type(cursor))
            if not cursor.accept(","):
                break
        cursor.expect(">")
    returns = parse_type(cursor) if cursor.accept("->") else ANY
    return Type("function", returns, parameters=tuple(parameters))
