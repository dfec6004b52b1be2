"""Ad-hoc sub-processes: a person chooses the next activity, as often as wanted, until they say it is finished."""

from __future__ import annotations

from dataclasses import replace

from engine.bpmn.model import DecisionOption, ExpressionText, NodeKind
from engine.bpmn.reader.draft import NO_TRIGGER, DraftNode, DraftScope
from engine.bpmn.reader.forms import both
from engine.bpmn.reader.reading import Reading
from engine.bpmn.reader.structure import question_form, variable_name

_FINISHED = "finished"


def order_ad_hoc(reading: Reading, scope: DraftScope, node: DraftNode) -> None:
    """Rewrite the inside of an ad-hoc sub-process as a loop around the question « Que faire maintenant ? »."""
    body = node.body
    if body is None or any(one.kind is NodeKind.START for one in body.nodes.values()):
        return
    first = [one for one in body.nodes.values() if not body.incoming(one) and one.kind is not NodeKind.BOUNDARY]
    first = [one for one in first if not one.event_sub_process and not one.compensates]
    last = [one for one in body.nodes.values() if not body.outgoing(one) and not one.event_sub_process]
    if not first:
        return
    start = body.add(f"{node.id}_start", NodeKind.START, of=node)
    merge = body.add(f"{node.id}_again", NodeKind.EXCLUSIVE, of=node)
    task = body.add(
        f"{node.id}_decide", NodeKind.USER_TASK, of=node, name=f"Décider : que faire dans « {node.shown} » ?"
    )
    choice = body.add(f"{node.id}_choice", NodeKind.EXCLUSIVE, of=node)
    end = body.add(f"{node.id}_end", NodeKind.END, of=node)
    variable = variable_name("decision", node.id)
    options = (*(DecisionOption(one.id, one.shown) for one in first), DecisionOption(_FINISHED, "C’est terminé"))
    _ask(reading, task, variable, options)
    for before, after in ((start, merge), (merge, task), (task, choice)):
        body.connect(before, after)
    for one in first:
        flow = body.connect(choice, one)
        flow.condition = ExpressionText(f'= {variable} = "{one.id}"', "feel", node.place)
    choice.default_flow = body.connect(choice, end).id
    for one in last:
        if one.kind is NodeKind.END:
            one.kind, one.trigger = NodeKind.THROW, NO_TRIGGER
        body.connect(one, merge)
    reading.journal.warning(
        "RD-090",
        node,
        f"Dans le sous-processus libre « {node.shown} », une personne choisit l’activité suivante, l’une après"
        " l’autre, jusqu’à"
        " dire que c’est terminé.",
        f"In the ad-hoc sub-process “{node.shown}” a person chooses the next activity, one after the other, until"
        " finished.",
        related=[one.id for one in first],
    )


def _ask(reading: Reading, task: DraftNode, variable: str, options: tuple[DecisionOption, ...]) -> None:
    field: dict[str, object] = {
        "name": variable,
        "type": "code",
        "required": True,
        "label": {"fr": "Que faire maintenant ?", "en": "What next?"},
        "options": [{"value": option.value, "label": both(option.label)} for option in options],
    }
    work = question_form(reading, task, [field], like=None)
    task.work = replace(work, decides=options, decision_variable=variable)
