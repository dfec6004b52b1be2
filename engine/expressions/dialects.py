"""Which of the three spellings a text is written in, and where its body begins."""

from __future__ import annotations

from engine.expressions.problems import ExpressionError
from engine.expressions.syntax import Dialect


def read_dialect(text: str, dialect: Dialect | None = None) -> tuple[Dialect, str, int]:
    """The dialect, the expression without its marks, and how many characters stood before it.

    `= x` is FEEL, `${x}` and `#{x}` are JUEL, the rest plain; a given dialect wins, its own marks still removed.
    Raises ExpressionError for JUEL mixed with text.
    """
    blank = len(text) - len(text.lstrip())
    body = text.strip()
    if dialect in (None, "feel") and body.startswith("=") and not body.startswith("=="):
        return "feel", body[1:], blank + 1
    if dialect in (None, "juel") and body[:2] in ("${", "#{"):
        if not body.endswith("}") or "${" in body[2:] or "#{" in body[2:]:
            raise ExpressionError("Une expression ${…} est seule : un texte qui en contient n'est pas permis.", blank)
        return "juel", body[2:-1], blank + 2
    if dialect is None and "${" in body:
        raise ExpressionError("Une expression ${…} est seule : un texte qui en contient n'est pas permis.", blank)
    return dialect or "plain", body, blank
