"""A pathway as an ordered French text, for people who read no diagram: who does what, by when, and what if not.

Made from the model alone, so that it always says what runs. Pure: no database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.bpmn.model import Flow, Node, NodeKind, Scope, TriggerKind
from engine.bpmn.program import Program
from engine.calendars import describe_duration
from engine.errors import Invalid
from engine.escalations import Ladder, Rung
from engine.expressions import ExpressionError, compile_expression
from engine.forms import FormDefinition
from engine.roles import role_label

CHOICES = (NodeKind.EXCLUSIVE, NodeKind.INCLUSIVE)
WAITS = (NodeKind.CATCH, NodeKind.RECEIVE_TASK)
MOST_QUESTIONS = 6
_ASKED = re.compile(r"\{[A-Za-z_][\w.]*\}")
ROUNDS = {
    "usual": "le professionnel habituel", "pool": "tous les professionnels du secteur",
    "neighbours": "les secteurs voisins", "search": "la coordination, par téléphone",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStep:
    """One step: what it is (« Infirmier·e : repérer le risque »), then sentences about it."""

    element_id: str
    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPart:
    """The steps of one phase, in the order a case meets them. `aside`: may happen at any moment."""

    title: str
    aside: bool
    steps: tuple[ReadStep, ...]


def reading_text(
    program: Program,
    *,
    forms: Mapping[str, FormDefinition],
    ladders: Mapping[str, Ladder],
    parameters: Sequence[Mapping[str, Any]],
    locale: str = "fr",
) -> tuple[ReadPart, ...]:
    """The text of the pathway and of the shared pieces it calls. `parameters` are those of the version, as written.

    The sentences are French; `locale` chooses the language of what forms ask.
    """
    delays = {str(one["name"]): one for one in parameters if one.get("type") == "duration"}
    parts: list[ReadPart] = []
    main = program.model.main_process
    called = [process for key, process in program.model.processes.items() if key != program.model.main]
    for process in (main, *called):
        found = []
        for scope, title, aside in _phases(process.scope, process.name, False):
            steps = tuple(
                _step(node, scope, program, forms, ladders, delays, locale)
                for node in sorted(scope.nodes.values(), key=lambda node: program.reading_order.get(node.id, 0))
                if _told(node, scope)
            )
            if steps:
                found.append(ReadPart(title=title, aside=aside, steps=steps))
        first = {part: min(program.reading_order.get(step.element_id, 0) for step in part.steps) for part in found}
        parts += sorted(found, key=lambda part: (part.aside, first[part]))
    return tuple(parts)


def due_words(text: str, delays: Mapping[str, Mapping[str, Any]]) -> str:
    """« 48 heures » for a delay; « 48 heures après l’entrée » for a date counted with a parameter of the version."""
    try:
        return describe_duration(text, "fr")
    except (Invalid, ValueError):
        pass
    try:
        names = sorted(compile_expression(text).names)
    except ExpressionError:
        return ""
    counted = [delays[name] for name in names if name in delays]
    said = [f"{describe_duration(str(one['value']), 'fr')} {one.get('unit') or ''}".strip() for one in counted]
    return " ou ".join(said) or ("date calculée" if names else "")


def _phases(scope: Scope, title: str, aside: bool) -> Iterator[tuple[Scope, str, bool]]:
    yield scope, title, aside
    for node in scope.nodes.values():
        if node.body is not None:
            yield from _phases(node.body, node.name or title, aside or node.event_sub_process)


def _told(node: Node, scope: Scope) -> bool:
    if not node.name or node.origin is not None or node.body is not None:
        return False
    if node.kind in CHOICES:
        return sum(flow.source == node.id for flow in scope.flows.values()) > 1
    return node.work is not None or node.action is not None or node.kind in (*WAITS, NodeKind.CALL_ACTIVITY)


def _step(
    node: Node, scope: Scope, program: Program, forms: Mapping[str, FormDefinition], ladders: Mapping[str, Ladder],
    delays: Mapping[str, Mapping[str, Any]], locale: str,
) -> ReadStep:  # fmt: skip
    sentences = [node.documentation.strip()] if node.documentation.strip() else []
    if node.work is not None:
        title = f"{_who(node)} : {node.name}"
        sentences += _work(node, scope, forms, ladders, delays, locale)
    elif node.kind in CHOICES:
        title = node.name
        sentences += _branches(node, scope)
    elif node.kind in WAITS:
        title = f"Attendre : {node.name}"
        if node.responsible:
            sentences.append(f"Qui en répond : {role_label(node.responsible)}.")
        if node.expected is not None and (words := due_words(node.expected.text, delays)):
            sentences.append(f"Attendu : {words}.")
    elif node.kind is NodeKind.CALL_ACTIVITY:
        title = node.name
        process = program.model.processes.get(node.called or "")
        sentences += [f"Voir plus loin : « {process.name} »."] if process is not None else []
        sentences += _drawn(node, scope, delays)
    else:
        title = f"Automatique : {node.name}"
        told = node.action.parameters.get("to", "") if node.action is not None else ""
        people = [role_label(role.strip()) for role in told.split(",") if _is_role(role)]
        sentences += [f"Sont prévenus : {', '.join(people)}."] if people else []
    return ReadStep(
        element_id=node.id, title=_unfilled(title), sentences=tuple(_unfilled(sentence) for sentence in sentences)
    )


def _unfilled(text: str) -> str:
    """« Rattraper : {step.label} » before any case has filled it: « Rattraper : … »."""
    return _ASKED.sub("…", text)


def _who(node: Node) -> str:
    work = node.work
    if work is None:
        return ""
    said = " ou ".join(role_label(role) for role in work.roles if not role.startswith("="))
    asked = ROUNDS.get(work.offer or "", "")
    return _sentence_case(said or asked or "Le professionnel concerné")


def _work(
    node: Node, scope: Scope, forms: Mapping[str, FormDefinition], ladders: Mapping[str, Ladder],
    delays: Mapping[str, Mapping[str, Any]], locale: str,
) -> list[str]:  # fmt: skip
    work = node.work
    assert work is not None
    sentences = []
    if work.due is not None and (words := due_words(work.due.text, delays)):
        sentences.append(f"Délai : {words}.")
    ladder = ladders.get(work.escalation)
    if ladder is not None and ladder.rungs:
        sentences.append("Sinon : " + " ; ".join(_rung(rung) for rung in ladder.rungs) + ".")
    sentences += _drawn(node, scope, delays)
    form = forms.get(work.form_key or "")
    if form is not None and (asked := _questions(form, locale)):
        sentences.append(f"À renseigner : {asked}.")
    return sentences


def _rung(rung: Rung) -> str:
    at = rung.at
    if "opened_plus" in at:
        when = f"{describe_duration(str(at['opened_plus']), 'fr')} après l'ouverture"
    elif "after_due" in at:
        when = f"{describe_duration(str(at['after_due']), 'fr')} après l'échéance"
    elif "after_due_fraction" in at:
        when = f"quand le retard atteint {float(at['after_due_fraction']):.0%} du délai".replace("%", " %")
    elif float(at.get("fraction", 1)) == 1:
        when = "à l'échéance"
    else:
        when = f"à {float(at['fraction']):.0%} du délai".replace("%", " %")
    return f"{when}, {rung.clause}"


def _drawn(node: Node, scope: Scope, delays: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What is drawn on the border of the step: after how long, or on which message, what happens."""
    said = []
    for border in scope.nodes.values():
        if border.attached_to != node.id:
            continue
        timed = border.trigger.kind is TriggerKind.TIMER and border.trigger.expression is not None
        words = due_words(border.trigger.expression.text, delays) if timed and border.trigger.expression else ""
        cause = f"{border.name} ({words})" if border.name and words else border.name or words or "Si cela n'aboutit pas"
        then = _first_named(border, scope)
        stops = "" if border.interrupting else " (l'étape reste ouverte)"
        said.append(f"{cause} : {then}{stops}." if then else f"{cause}{stops}.")
    return said


def _first_named(node: Node, scope: Scope) -> str:
    """The first step with a name that follows."""
    seen, following = set[str](), _following(node, scope)
    while following:
        flow = following.pop(0)
        target = scope.nodes[flow.target]
        if target.name:
            return f"« {target.name} »"
        if target.id not in seen:
            seen.add(target.id)
            following += _following(target, scope)
    return ""


def _following(node: Node, scope: Scope) -> list[Flow]:
    return [flow for flow in scope.flows.values() if flow.source == node.id]


def _branches(node: Node, scope: Scope) -> list[str]:
    said = []
    for flow in _following(node, scope):
        target = scope.nodes[flow.target]
        then = f"« {target.name} »" if target.name else _first_named(target, scope) or "la suite"
        case = flow.name or ("sinon" if node.default_flow == flow.id else "autre cas")
        said.append(f"{_sentence_case(case)} : {then}.")
    return said


def _questions(form: FormDefinition, locale: str) -> str:
    """The first questions that must be answered, and how many others there are."""
    fields = [field for field in form.fields.values() if not field.readonly]
    required = [field for field in fields if field.required or field.required_if is not None] or fields
    shown = [field.label.in_(locale) for field in required[:MOST_QUESTIONS]]
    more = len(fields) - len(shown)
    return ", ".join(shown) + (f" (et {more} autres)" if more > 1 else " (et 1 autre)" if more else "")


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def _is_role(text: str) -> bool:
    return bool(text.strip()) and not text.strip().startswith("=")
