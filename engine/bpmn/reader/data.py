"""Names that a pathway reads and writes; what nothing provides is asked of a person just before it is needed."""

from __future__ import annotations

import itertools
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from engine.bpmn.model import ExpressionText, HumanWork, MultiInstance, NodeKind, StandardLoop
from engine.bpmn.reader import events, gateways, texts
from engine.bpmn.reader.draft import DraftNode, DraftProcess, DraftScope
from engine.bpmn.reader.forms import both, fields_of
from engine.bpmn.reader.reading import Reading
from engine.bpmn.reader.structure import question_form
from engine.bpmn.reader.times import is_literal
from engine.calendars import calendar_of
from engine.expressions import Expression, ExpressionError, compile_script

MAX_ASKED = 12
"""Names that one question asks for; a gateway that reads more is decided by a person."""
MAX_TRIED = 256
_LITERAL = r"(\"[^\"]*\"|'[^']*'|-?\d+(?:\.\d+)?)"
_COMPARES = r"\s*(?:==|!=|<=|>=|=|<|>|eq\b|ne\b|lt\b|gt\b|le\b|ge\b)\s*"
_NAME_FIRST = re.compile(rf"(?<![\w.])([^\W\d]\w*){_COMPARES}{_LITERAL}")
_NAME_LAST = re.compile(rf"{_LITERAL}{_COMPARES}([^\W\d]\w*)(?![\w.])")
_NAME_IN = re.compile(r"(?<![\w.])([^\W\d]\w*)\s+in\s*\(([^)]*)\)")
_TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")
_ORDERED = re.compile(r"\b([^\W\d]\w*)\s*(?=[<>])|[<>]=?\s*([^\W\d]\w*)\b")
_OPENED = re.compile(r"\b([^\W\d]\w*)\s*(?=[.\[])")
_ANY_TIME, _ANYWHERE = datetime(2000, 1, 3, tzinfo=UTC), calendar_of("metropole")
"""Conditions on answers alone do not look at the clock."""
GIVEN = frozenset({"case", "loopCounter", "now", "today"})
"""Names that the engine itself provides."""


def written_names(reading: Reading, scopes: Iterable[DraftScope]) -> set[str]:
    """Every name that a form, script, decision, mapping or multi-instance of these scopes may write."""
    found: set[str] = set()
    for top in scopes:
        for _, node in top.walk():
            found.update(_written_by(reading, node))
    return found


def _written_by(reading: Reading, node: DraftNode) -> Iterator[str]:
    if node.work is not None and node.work.form_key:
        for field in fields_of(reading.forms.get(node.work.form_key)):
            yield str(field["name"])
    for script in (node.script, node.before, node.after):
        yield from _script_writes(script)
    if node.decision:
        yield from reading.decision_outputs.get(node.decision, [])
    yield from (one.name for one in node.outputs)
    if isinstance(node.loop, MultiInstance):
        yield from (one for one in (node.loop.item, node.loop.output_collection) if one)


def _script_writes(script: str | None) -> frozenset[str]:
    try:
        return frozenset(compile_script(script).writes) if script else frozenset()
    except ExpressionError:
        return frozenset()


def read_names(scope: DraftScope) -> set[str]:
    """Every name that conditions, scripts, timers, loops and mappings inside the scope read."""
    found: set[str] = set()
    for inner, node in scope.walk():
        for flow in inner.outgoing(node):
            if flow.condition is not None:
                found |= texts.names_of(flow.condition)
        for text in _texts_of(node):
            found |= texts.names_of(text)
        for script in (node.script, node.before, node.after):
            found |= _script_reads(script)
    return found - GIVEN


def _texts_of(node: DraftNode) -> Iterator[ExpressionText]:
    candidates: list[ExpressionText | None] = [node.trigger.expression, node.trigger.correlation, node.expected]
    candidates += [one.expression for one in node.inputs]
    if isinstance(node.loop, MultiInstance):
        candidates += [node.loop.cardinality, node.loop.collection, node.loop.completion]
    elif isinstance(node.loop, StandardLoop):
        candidates.append(node.loop.condition)
    if node.work is not None:
        candidates += [node.work.due, node.work.opens, node.work.assignee, node.work.role_expression]
    yield from (one for one in candidates if one is not None)


def _script_reads(script: str | None) -> frozenset[str]:
    try:
        return frozenset(compile_script(script).reads) if script else frozenset()
    except ExpressionError:
        return frozenset()


def set_aside_unknown(reading: Reading, process: DraftProcess, known: set[str]) -> None:
    """Times, conditions, loops, keys and assignees that read a name nothing writes: a person stands in, or they are
    dropped.
    """
    handlers = {id(node.body) for _, node in process.scope.walk() if node.event_sub_process}
    for scope, node in process.scope.walk():
        trigger = node.trigger
        unknown = _unknown(trigger.expression, known)
        if unknown and (node.kind in (NodeKind.CATCH, NodeKind.BOUNDARY) or id(scope) in handlers):
            why = f"dépend de « {unknown} », que rien ne fournit"
            node.trigger = events.by_hand(reading, node, why, f"depends on “{unknown}”, which nothing provides")
        unknown = _unknown(trigger.correlation, known)
        if unknown:
            node.trigger = replace(trigger, correlation=None)
            reading.journal.warning(
                "MS-101",
                node,
                f"La clé du message de « {node.shown} » lit « {unknown} », que rien ne fournit : le message est"
                " adressé au"
                " dossier lui-même.",
                f"The message key of “{node.shown}” reads “{unknown}”, which nothing provides: it is addressed to"
                " the case.",
            )
        _loops_by_hand(reading, node, known)
        if node.work is not None:
            node.work = _known_work(reading, node, node.work, known)


def _unknown(text: ExpressionText | None, known: set[str]) -> str | None:
    if text is None or is_literal(text.text):
        return None
    missing = sorted(texts.names_of(text) - known - GIVEN)
    return missing[0] if missing else None


def _loops_by_hand(reading: Reading, node: DraftNode, known: set[str]) -> None:
    loop = node.loop
    if isinstance(loop, StandardLoop) and (unknown := _unknown(loop.condition, known)):
        node.loop, node.again = None, True
    elif isinstance(loop, MultiInstance) and (
        unknown := _unknown(loop.collection, known) or _unknown(loop.cardinality, known)
    ):
        node.loop, node.ask_count = replace(loop, collection=None, cardinality=None), True
    elif isinstance(loop, MultiInstance) and (unknown := _unknown(loop.completion, known)):
        node.loop = replace(loop, completion=None)
    else:
        return
    reading.journal.warning(
        "DT-102",
        node,
        f"La répétition de « {node.shown} » lit « {unknown} », que rien ne fournit : une personne dira ce qu’il en"
        " est.",
        f"The repetition of “{node.shown}” reads “{unknown}”, which nothing provides: a person will say.",
    )


def _known_work(reading: Reading, node: DraftNode, work: HumanWork, known: set[str]) -> HumanWork:
    gone: list[tuple[str, str, str]] = []
    if unknown := _unknown(work.assignee, known):
        work = replace(work, assignee=None)
        gone.append((unknown, "La personne désignée", "The assignee"))
    if unknown := _unknown(work.role_expression, known):
        work = replace(work, role_expression=None)
        gone.append((unknown, "Le groupe", "The group"))
    if unknown := _unknown(work.due, known):
        work = replace(work, due=None)
        gone.append((unknown, "L’échéance", "The due date"))
    if unknown := _unknown(work.opens, known):
        work = replace(work, opens=None)
        gone.append((unknown, "L’ouverture", "The opening date"))
    for unknown, what, what_en in gone:
        reading.journal.warning(
            "DT-103",
            node,
            f"{what} de « {node.shown} » lit « {unknown} », que rien ne fournit : elle n’est pas reprise.",
            f"{what_en} of “{node.shown}” reads “{unknown}”, which nothing provides: it is left out.",
        )
    return work


def ask_for_missing(reading: Reading, process: DraftProcess, known: set[str]) -> None:
    """Before each gateway whose conditions read a name that nothing writes, a person gives its value."""
    for scope, node in list(process.scope.walk()):
        if node.kind in (NodeKind.EXCLUSIVE, NodeKind.INCLUSIVE) and len(scope.outgoing(node)) > 1:
            conditions = [flow.condition for flow in scope.outgoing(node) if flow.condition is not None]
            missing = sorted({name for one in conditions for name in texts.names_of(one)} - known - GIVEN)
            used = _Use([one.text for one in conditions])
            if missing and len(missing) <= MAX_ASKED and _answerable(node, missing, conditions, used):
                _ask(reading, scope, node, missing, used)
            elif missing:
                why = f"lit « {missing[0]} », que rien dans les fichiers ne fournit"
                gateways.decide(reading, scope, node, why, f"reads “{missing[0]}”, which nothing in the files provides")


class _Use:
    """How the conditions of a gateway use each name: what it is compared with, whether it is ordered or looked into."""

    def __init__(self, conditions: list[str]) -> None:
        self.compared: dict[str, list[str]] = defaultdict(list)
        self.ordered: set[str] = set()
        self.opened: set[str] = set()
        for text in conditions:
            for name, literal in _NAME_FIRST.findall(text):
                self.compared[name].append(literal)
            for literal, name in _NAME_LAST.findall(text):
                self.compared[name].append(literal)
            for name, listed in _NAME_IN.findall(text):
                self.compared[name] += _TEXT.findall(listed)
            self.ordered.update(name for pair in _ORDERED.findall(text) for name in pair if name)
            self.opened.update(_OPENED.findall(text))


def _answerable(node: DraftNode, missing: list[str], conditions: list[ExpressionText], used: _Use) -> bool:
    """Whether every answer to the missing names leads somewhere: a default, or yes/no, a list of texts, an ordering."""
    if node.default_flow is not None or any(one.text == "= true" for one in conditions):
        return True
    for name in missing:
        compared = used.compared[name]
        texts_only = bool(compared) and all(found[:1] in "\"'" for found in compared)
        if compared and name not in used.ordered and not texts_only:
            return False
        if texts_only and len(set(compared)) < 2:
            return False
    return _covered(missing, conditions, used)


def _covered(missing: list[str], conditions: list[ExpressionText], used: _Use) -> bool:
    """Whether some condition holds for each choice of answers; taken for granted where there are too many of them, or
    where something else is read.
    """
    answers = [_answers(_field(name, used, other=False)) for name in missing]
    tried = math.prod(len(each) for each in answers)
    if not 0 < tried <= MAX_TRIED or any(texts.names_of(one) - set(missing) for one in conditions):
        return True
    compiled = [texts.compiled(one) for one in conditions]
    given = (dict(zip(missing, each, strict=True)) for each in itertools.product(*answers))
    return all(any(_holds(one, scope) for one in compiled) for scope in given)


def _holds(condition: Expression, scope: dict[str, object]) -> bool:
    try:
        return condition.evaluate(scope, now=_ANY_TIME, calendar=_ANYWHERE) is True
    except ExpressionError:
        return False


def _answers(field: dict[str, object]) -> list[object]:
    """What may be answered to a yes/no question or a list; nothing for other fields."""
    if field["type"] == "bool":
        return [True, False]
    options = field.get("options")
    return [one["value"] for one in options] if isinstance(options, list) else []


def _ask(reading: Reading, scope: DraftScope, node: DraftNode, missing: list[str], used: _Use) -> None:
    shown = ", ".join(f"« {name} »" for name in missing)
    about = f" pour « {node.name} »" if node.name else ""
    task = scope.add(f"{node.id}_ask", NodeKind.USER_TASK, of=node, name=f"Renseigner {shown}{about}"[:300])
    complete = node.default_flow is not None
    fields = [_field(name, used, other=complete) for name in missing]
    before = next((scope.nodes[flow.source] for flow in scope.incoming(node)), None)
    task.work = question_form(reading, task, fields, like=before)
    scope.insert_before(node, task)
    reading.journal.warning(
        "DT-101",
        node,
        f"Rien dans les fichiers ne fournit {shown}, que lit « {node.shown} » : une personne le renseignera juste"
        " avant.",
        f"Nothing in the files provides {', '.join(missing)}, which “{node.shown}” reads: a person enters it just"
        " before.",
    )


def _field(name: str, used: _Use, *, other: bool) -> dict[str, object]:
    """A field whose type follows from what the name is compared with; `other` when a default flow takes other
    answers.
    """
    field: dict[str, object] = {"name": name, "label": both(name), "required": True}
    compared = used.compared[name]
    strings = list(dict.fromkeys(found[1:-1] for found in compared if found[:1] in "\"'"))
    numbers = [found for found in compared if re.fullmatch(r"-?\d+(\.\d+)?", found)]
    if strings:
        options = [*strings, "autre"] if other and "autre" not in strings else strings
        field["type"] = "code"
        field["options"] = [{"value": one, "label": both(one)} for one in options]
    elif numbers:
        field["type"] = "dec"
    elif name in used.opened:
        field["type"] = "str"
    else:
        field["type"] = "bool"
    return field
