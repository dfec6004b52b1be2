"""Fields of requests and answers: marshmallow's, with sentences people can read, and nothing a database cannot keep."""

from __future__ import annotations

import math
from typing import Any

from marshmallow import Schema, fields, validate
from marshmallow.types import ErrorMessages

LONGEST_INTEGER = 2**63
DEEPEST = 20
OF_OBJECTS = {"unknown": "Ce champ n'existe pas.", "type": "Un objet JSON est attendu."}
UNSTORABLE = "Cette valeur contient un signe ou un nombre qui ne peut pas être gardé."


def _said(**sentences: str) -> ErrorMessages:
    """The sentences of a field: these, and those that every field has."""
    return {
        "required": "Ce champ est obligatoire.",
        "null": "Ce champ ne peut pas être vide.",
        "validator_failed": "Cette valeur n'est pas acceptée.",
        "unstorable": UNSTORABLE,
        **sentences,
    }


class Text(fields.String):
    """A text without NUL signs or halves of characters."""

    default_error_messages = _said(
        invalid="Un texte est attendu.",
        invalid_utf8="Un texte en UTF-8 est attendu.",
    )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> str:
        text = super()._deserialize(value, attr, data, **rest)
        if not storable(text):
            raise self.make_error("unstorable")
        return text


class Integer(fields.Integer):
    """A whole number."""

    default_error_messages = _said(
        invalid="Un nombre entier est attendu.",
        too_large="Ce nombre est trop grand.",
    )


class Boolean(fields.Boolean):
    """Yes or no."""

    default_error_messages = _said(invalid="« true » ou « false » est attendu.")


class Day(fields.Date):
    """A calendar day, `2026-11-22`."""

    default_error_messages = _said(
        invalid="Une date est attendue (2026-11-22).",
        format="Une date est attendue (2026-11-22).",
    )


class Moment(fields.AwareDateTime):
    """A moment with its zone, `2026-11-22T14:05:00+01:00`."""

    default_error_messages = _said(
        invalid="Une date et une heure avec leur fuseau sont attendues (2026-11-22T14:05:00+01:00).",
        invalid_awareness="Indiquez le fuseau horaire (2026-11-22T14:05:00+01:00).",
        format="Une date et une heure avec leur fuseau sont attendues (2026-11-22T14:05:00+01:00).",
    )


class Values(fields.Dict):
    """Any JSON object: what it may hold is said by the pathway."""

    default_error_messages = _said(invalid="Un objet JSON est attendu.")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> Any:
        found = super()._deserialize(value, attr, data, **rest)  # type: ignore[no-untyped-call]
        if not storable(found):
            raise self.make_error("unstorable")
        return found


class Nested(fields.Nested):
    """An object of a known shape."""

    default_error_messages = _said(type="Un objet JSON est attendu.")


class Strict(Schema):
    """A request: what it does not know is refused, not dropped."""

    error_messages = OF_OBJECTS


def one_of(*choices: str) -> validate.OneOf:
    """One of a few words."""
    return validate.OneOf(choices, error=f"Valeurs possibles : {', '.join(choices)}.")


def at_most(length: int, *, at_least: int = 0) -> validate.Length:
    """A text of a length."""
    wanted = f"{at_least} à {length}" if at_least else f"{length} au plus"
    return validate.Length(at_least or None, length, error=f"Nombre de signes attendu : {wanted}.")


def shaped(pattern: str, sentence: str) -> validate.Regexp:
    """A text of a shape."""
    return validate.Regexp(pattern, error=sentence)


def storable(value: Any, depth: int = 0) -> bool:
    """No NUL sign, no half of a character, no number beyond 64 bits or that is none, no bottomless nesting."""
    if depth > DEEPEST:
        return False
    match value:
        case str():
            return "\x00" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)
        case bool() | None:
            return True
        case int():
            return -LONGEST_INTEGER <= value < LONGEST_INTEGER
        case float():
            return math.isfinite(value)
        case list():
            return all(storable(one, depth + 1) for one in value)
        case dict():
            return all(storable(key) and storable(one, depth + 1) for key, one in value.items())
        case _:
            return True
