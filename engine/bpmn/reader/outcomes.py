"""What a person reports in place of a machine: done, or one of the errors that the drawing foresees."""

from __future__ import annotations

from dataclasses import replace

from engine.bpmn.model import DecisionOption, ExpressionText, NodeKind, TriggerKind
from engine.bpmn.reader.draft import NO_TRIGGER, DraftNode, DraftScope
from engine.bpmn.reader.forms import both
from engine.bpmn.reader.reading import Reading
from engine.bpmn.reader.structure import question_form, variable_name

_DONE = "done"


def ask_how_it_went(reading: Reading, scope: DraftScope) -> None:
    """An error boundary on a person's task can only be reported by that person: it becomes a choice at its end."""
    for node in list(scope.nodes.values()):
        if node.kind is not NodeKind.USER_TASK or node.loop is not None or node.work is None:
            continue
        errors = [
            one
            for one in scope.boundaries(node)
            if one.trigger.kind in (TriggerKind.ERROR, TriggerKind.ESCALATION) and one.interrupting
        ]
        if errors:
            _offer(reading, scope, node, errors)


def _offer(reading: Reading, scope: DraftScope, node: DraftNode, errors: list[DraftNode]) -> None:
    variable = variable_name("result", node.id)
    options = [DecisionOption(_DONE, "C’est fait")]
    options += [DecisionOption(one.id, one.name or one.trigger.name or "Erreur") for one in errors]
    field: dict[str, object] = {
        "name": variable,
        "type": "code",
        "required": True,
        "label": {"fr": "Comment cela s’est-il passé ?", "en": "How did it go?"},
        "options": [{"value": option.value, "label": both(option.label)} for option in options],
    }
    assert node.work is not None
    if node.work.form_key is None:
        key = question_form(reading, node, [field], like=None).form_key
    else:
        key = reading.ids.fresh(f"form_{node.id}")
        known = reading.forms[node.work.form_key]
        reading.forms[key] = {**known, "key": key, "sections": [*known["sections"], {"fields": [field]}]}
    node.work = replace(node.work, form_key=key, decides=tuple(options), decision_variable=variable)
    choice = scope.add(f"{node.id}_result", NodeKind.EXCLUSIVE, of=node)
    after = scope.add(f"{node.id}_done", NodeKind.THROW, of=node)
    after.default_flow, node.default_flow = node.default_flow, None
    for flow in scope.outgoing(node):
        flow.source = after.id
    scope.connect(node, choice)
    choice.default_flow = scope.connect(choice, after).id
    for one in errors:
        one.kind, one.attached_to, one.trigger = NodeKind.THROW, None, NO_TRIGGER
        flow = scope.connect(choice, one)
        flow.condition = ExpressionText(f'= {variable} = "{one.id}"', "feel", one.place)
    names = ", ".join(f"« {option.label} »" for option in options[1:])
    reading.journal.warning(
        "RD-016",
        node,
        f"Aucune machine ne signalera {names} pour « {node.shown} » : la personne le dira en terminant la tâche.",
        f"No machine will report {', '.join(one.shown for one in errors)} for “{node.shown}”: the person says so.",
        related=[one.id for one in errors],
    )
