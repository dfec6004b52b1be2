"""Sentences for people, by the language of the page. French is the source: `_("Terminer la tâche")`."""

from __future__ import annotations

import flask_babel


def gettext(text: str, **values: object) -> str:
    """The sentence in the language of the page, its `%(name)s` filled in."""
    return str(flask_babel.gettext(text, **values))


def ngettext(one: str, many: str, count: int, **values: object) -> str:
    """The singular or plural sentence for `count`, which is `%(num)s`."""
    return str(flask_babel.ngettext(one, many, count, **values))


def lazy_gettext(text: str) -> object:
    """A sentence put into words when it is shown: for tables made at import."""
    found: object = flask_babel.lazy_gettext(text)
    return found
