"""Texts to evaluate: which spelling they are in, whether they can be used, or are prose that a person must judge."""

from __future__ import annotations

import re

from engine.bpmn.model import ExpressionText, Place
from engine.bpmn.reader.reading import About, Journal, standing_at
from engine.expressions import Dialect, Expression, ExpressionError, compile_expression, compile_script

_WORDS = frozenset(
    [
        "and",
        "or",
        "not",
        "in",
        "if",
        "then",
        "else",
        "between",
        "instance",
        "of",
        "for",
        "return",
        "some",
        "every",
        "satisfies",
        "true",
        "false",
        "null",
    ]
)
LOOKED_AT = 1_000
"""Characters of a text that are looked at to tell what kind of text it is; compiling it has its own limit."""
_TWO_WORDS = re.compile(r"[^\W\d]\w*(?=\s+([^\W\d]\w*))")
_OPERATOR = re.compile(r"==|!=|<=|>=|&&|\|\||[<>=]|\b(?:and|or|not|in|between)\b|[\w)]\s*[+*/]\s*[\w(]")


def spelling(text: str, *, source: str, language: str = "") -> str:
    """`feel`, `juel` or `plain`, from the text itself, then its declared language, then the file's dialect."""
    stripped = text.strip()
    if re.search(r"[$#]\{", stripped):
        return "juel"
    if stripped.startswith("=") or "feel" in language.lower():
        return "feel"
    return "plain"


def expression(text: str, place: Place, *, source: str, language: str = "") -> ExpressionText:
    """The text with its spelling."""
    return ExpressionText(text.strip(), spelling(text, source=source, language=language), place)


def _dialect(text: ExpressionText) -> Dialect | None:
    match text.dialect:
        case "feel" | "juel" | "plain" as known:
            return known
    return None


def compiled(text: ExpressionText) -> Expression:
    """The expression, which is known to compile."""
    return compile_expression(text.text, dialect=_dialect(text))


def problem_of(text: ExpressionText) -> ExpressionError | None:
    """Why the expression cannot be evaluated; None when it can."""
    try:
        compile_expression(text.text, dialect=_dialect(text))
    except ExpressionError as error:
        return error
    return None


def names_of(text: ExpressionText) -> frozenset[str]:
    """The variables an expression reads; empty when it cannot be compiled."""
    try:
        return compile_expression(text.text, dialect=_dialect(text)).names
    except ExpressionError:
        return frozenset()


def is_prose(text: str) -> bool:
    """Whether a text was written for people: no operator in it, or two words in a row outside quotes.

    `Vacation Approval = "Approved"` (a name with a space) counts as prose: nothing says where such a name ends.
    """
    stripped = text[:LOOKED_AT].strip().lstrip("=").strip()
    if re.search(r"[$#]\{", stripped):
        return False
    unquoted = re.sub(r"\"[^\"]*\"|'[^']*'", '""', stripped)
    if re.fullmatch(r"[^\W\d]\w*(\.\w+)*", unquoted):
        return False
    for match in _TWO_WORDS.finditer(unquoted):
        if match.group(0).lower() not in _WORDS and match.group(1).lower() not in _WORDS:
            return True
    return not _OPERATOR.search(unquoted) and "(" not in unquoted


def calls_host_code(text: str) -> bool:
    """Whether a JUEL expression calls a method or a Java bean, which no other engine can know."""
    text = text[:LOOKED_AT]
    return bool(re.search(r"[$#]\{", text) and re.search(r"[A-Za-z_]\w*\s*(\.\s*\w+\s*)*\(|:\w+\s*\(", text))


def note_bad_expression(journal: Journal, about: About, what: str, what_en: str, text: ExpressionText) -> None:
    """Refuse an expression, saying where in it the trouble is."""
    error = problem_of(text)
    if error is None:
        return
    place = text.place
    journal.error(
        "EX-001",
        standing_at(about, place),
        f"{what} « {shorten(text.text)} » ne peut pas être évaluée (ligne {place.line}, colonne {place.column}) :"
        f" {error}",
        f"{what_en} “{shorten(text.text)}” cannot be evaluated (line {place.line}, column {place.column}): {error}",
    )


def script_problem(text: str) -> ExpressionError | None:
    """Why the script cannot be run; None when it is a list of assignments."""
    try:
        compile_script(text)
    except ExpressionError as error:
        return error
    return None


def shorten(text: str, length: int = 80) -> str:
    """The beginning of a text, on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"


def constant_text(text: str) -> str | None:
    """The text that a constant expression such as `="p"` or `${'p'}` stands for; None when it is not constant."""
    match = re.fullmatch(r"(?:=\s*|[$#]\{\s*)[\"']([^\"']*)[\"']\s*\}?", text.strip())
    return match.group(1) if match else None


def constant_list(text: str) -> list[str] | None:
    """The texts that a constant such as `="a"`, `${'a'}` or `=["a", "b"]` stands for; None when it is not constant."""
    single = constant_text(text)
    if single is not None:
        return [single]
    if re.fullmatch(r"=\s*\[\s*(\"[^\"]*\"\s*,?\s*)+\]", text.strip()):
        return re.findall(r"\"([^\"]*)\"", text)
    return None
