"""Text to tokens, for the three spellings. Refuses what cannot be seen, and too much of anything."""

from __future__ import annotations

import re
from decimal import Decimal, DecimalException
from typing import NamedTuple

from engine.expressions.limits import SOURCE_LENGTH, TOKENS
from engine.expressions.problems import ExpressionError
from engine.expressions.syntax import Dialect
from engine.expressions.values import NUMBERS

# FEEL's name characters, without the invisible ones (joiners, direction marks) that make two names look alike.
_START = (
    r"A-Z_a-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u2070-\u218F\u2C00-\u2FEF\u3001-\uD7FF"
    r"\uF900-\uFDCF\uFDF0-\uFEFE\U00010000-\U000EFFFF"
)
_NAME = rf"[{_START}][{_START}0-9\u00B7\u0300-\u036F]*"
_NUMBER = r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,4})?"
_STRING = r'"(?:[^"\\]|\\.)*"'
_QUOTED = r"'(?:[^'\\]|\\.)*'"

_FEEL_OPERATORS = r"\*\*|<=|>=|!=|\.\.|->|[-+*/<>=()\[\]{},:.?]"
_JUEL_OPERATORS = r"&&|\|\||==|!=|<=|>=|[-+*/%<>=!?:()\[\]{},.]"
_PLAIN_OPERATORS = r"\*\*|//|==|!=|<=|>=|\.\.|->|&&|\|\||[-+*/%<>=!()\[\]{},:.?]"


def _pattern(operators: str, comments: str, strings: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?P<space>(?:\s{comments})+)|(?P<number>{_NUMBER})|(?P<at>@\s*{_STRING})|(?P<string>{strings})"
        rf"|(?P<name>{_NAME})|(?P<operator>{operators})",
        re.ASCII | re.DOTALL,
    )


_PATTERNS: dict[Dialect, re.Pattern[str]] = {
    "feel": _pattern(_FEEL_OPERATORS, r"|\u00A0|\uFEFF|[\u2000-\u200A]|//[^\n\r]*|/\*.*?\*/", _STRING),
    "juel": _pattern(_JUEL_OPERATORS, "", rf"{_STRING}|{_QUOTED}"),
    "plain": _pattern(_PLAIN_OPERATORS, "", rf"{_STRING}|{_QUOTED}"),
}
_ESCAPE = re.compile(r"\\(?:U([0-9A-Fa-f]{6})|u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_SIMPLE_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}


class Token(NamedTuple):
    kind: str  # number, at, string, name, operator, end
    text: str
    position: int
    value: Decimal | str | None


def tokenize(text: str, dialect: Dialect, offset: int = 0) -> list[Token]:
    """The tokens of `text`, the last of kind `end`; positions are shifted by `offset`."""
    if len(text) > SOURCE_LENGTH:
        raise ExpressionError(f"L'expression dépasse {SOURCE_LENGTH} caractères.")
    tokens: list[Token] = []
    match_at = _PATTERNS[dialect].match
    position = 0
    while position < len(text):
        found = match_at(text, position)
        if found is None:
            raise ExpressionError(_what_is_wrong(text, position), position + offset)
        kind = found.lastgroup or ""
        if kind != "space":
            tokens.append(_token(kind, found.group(), position + offset))
            if len(tokens) > TOKENS:
                raise ExpressionError(f"L'expression dépasse {TOKENS} mots.")
        position = found.end()
    tokens.append(Token("end", "", len(text) + offset, None))
    return tokens


def _token(kind: str, text: str, position: int) -> Token:
    if kind == "number":
        return Token(kind, text, position, _number(text, position))
    if kind == "string":
        return Token(kind, text, position, unescape(text[1:-1]))
    if kind == "at":
        return Token(kind, text, position, unescape(text[text.index('"') + 1 : -1]))
    return Token(kind, text, position, None)


def _number(text: str, position: int) -> Decimal:
    try:
        return NUMBERS.create_decimal(text)
    except DecimalException as error:
        raise ExpressionError("Ce nombre est trop grand pour le langage.", position) from error


def unescape(text: str) -> str:
    """A string literal's content. An unknown escape keeps its backslash, so that patterns can be written plainly."""
    if "\\" not in text:
        return text
    # Two \u of a surrogate pair are one character.
    joined = _ESCAPE.sub(_escaped, text)
    return joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _escaped(found: re.Match[str]) -> str:
    if code := found[1] or found[2]:
        number = int(code, 16)
        return chr(number) if number < 0x110000 else "�"
    return _SIMPLE_ESCAPES.get(found[3], found[0])


def _what_is_wrong(text: str, position: int) -> str:
    character = text[position]
    if character in "\"'":
        return "Un texte n'est pas fermé : il manque un guillemet, ou ce guillemet n'est pas celui de ce langage."
    if not character.isprintable():
        return f"L'expression contient un caractère invisible (U+{ord(character):04X})."
    return f"Le caractère « {character} » n'a pas de sens ici."
