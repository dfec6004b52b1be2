"""Drawn shorthand → the elements it stands for: links, multiple events, mappings, loop markers, implicit splits."""

from __future__ import annotations

from dataclasses import replace

from engine.bpmn.model import ACTIVITIES, ExpressionText, HumanWork, MultiInstance, NodeKind, Trigger, TriggerKind
from engine.bpmn.reader.draft import DraftNode, DraftScope
from engine.bpmn.reader.forms import both
from engine.bpmn.reader.reading import Reading

GATEWAYS = frozenset({NodeKind.EXCLUSIVE, NodeKind.PARALLEL, NodeKind.INCLUSIVE, NodeKind.EVENT_BASED})
HOSTS = ACTIVITIES | {NodeKind.THROW}
"""Kinds that files attach boundary events to: a send task is read as a throwing event."""


def check_boundaries(reading: Reading, scope: DraftScope) -> None:
    """A boundary event stands on an activity of the same scope; nothing flows into it or into an event sub-process."""
    for node in list(scope.nodes.values()):
        for flow in [*scope.incoming(node), *scope.outgoing(node)] if node.event_sub_process else ():
            reading.journal.error(
                "NS-023",
                flow,
                f"Une flèche touche le sous-processus événementiel « {node.shown} » : retirez-la.",
                f"A flow touches the event sub-process “{node.shown}”, which starts by itself: remove the flow.",
            )
        if node.kind is not NodeKind.BOUNDARY:
            continue
        host = scope.nodes.get(node.attached_to or "")
        if host is None or host.kind not in HOSTS:
            reading.journal.error(
                "NS-020",
                node,
                f"L’événement de bord « {node.shown} » n’est attaché à aucune activité : posez-le sur une tâche.",
                f"The boundary event “{node.shown}” is attached to no activity: put it on a task.",
            )
        for flow in scope.incoming(node):
            reading.journal.error(
                "NS-021",
                flow,
                f"Une flèche arrive sur l’événement de bord « {node.shown} » : faites-la arriver sur la tâche.",
                f"A flow reaches the boundary event “{node.shown}”: let it reach the task.",
            )


def join_links(reading: Reading, scope: DraftScope) -> None:
    """Each link throw is joined to the link catch of the same name by a flow; both become points to pass through."""
    links = [node for node in scope.nodes.values() if node.trigger.kind is TriggerKind.LINK]
    targets: dict[str, list[DraftNode]] = {}
    for node in links:
        if node.kind is NodeKind.CATCH:
            targets.setdefault(_link_name(node), []).append(node)
    sources = [node for node in links if node.kind in (NodeKind.THROW, NodeKind.END)]
    used = set()
    for node in sources:
        found = targets.get(_link_name(node), [])
        if len(found) != 1:
            reading.journal.error(
                "NS-022",
                node,
                f"Le lien « {node.trigger.name or node.shown} » a {len(found)} arrivée(s) : il en faut exactement une.",
                f"The link “{node.trigger.name or node.shown}” has {len(found)} targets: exactly one is needed.",
            )
            continue
        used.add(found[0].id)
        node.kind = NodeKind.THROW
        scope.connect(node, found[0])
        reading.journal.info(
            "RD-050",
            node,
            f"Le lien « {node.trigger.name or node.shown} » est lu comme une flèche vers son arrivée.",
            f"The link “{node.trigger.name or node.shown}” is read as a flow to its target.",
        )
    for group in targets.values():
        for node in group:
            if node.id not in used:
                reading.journal.warning(
                    "RD-051",
                    node,
                    f"Aucun lien ne mène à l’arrivée « {node.shown} » : cette branche ne sera jamais suivie.",
                    f"No link leads to the target “{node.shown}”: this branch is never taken.",
                )
            node.kind = NodeKind.THROW
    for node in links:
        node.trigger = Trigger(place=node.place)


def _link_name(node: DraftNode) -> str:
    return (node.trigger.name or node.name or "").casefold()


def split_multiple_events(reading: Reading, scope: DraftScope) -> None:
    """An event with several definitions becomes several events: the first to come, all of them, or one after the
    other.
    """
    for node in list(scope.nodes.values()):
        if not node.other_triggers:
            continue
        others, node.other_triggers = node.other_triggers, ()
        reading.journal.info(
            "RD-052",
            node,
            f"L’événement multiple « {node.shown} » est lu comme {len(others) + 1} événements.",
            f"The multiple event “{node.shown}” is read as {len(others) + 1} events.",
        )
        match node.kind:
            case NodeKind.THROW | NodeKind.END:
                _in_turn(scope, node, others)
            case NodeKind.CATCH:
                _side_by_side(scope, node, others)
            case _:
                for trigger in others:
                    twin = _twin(scope, node, trigger)
                    for flow in scope.outgoing(node):
                        copy = scope.connect(twin, scope.nodes[flow.target], of=flow.id)
                        copy.name = flow.name


def _twin(scope: DraftScope, node: DraftNode, trigger: Trigger) -> DraftNode:
    twin = scope.add(f"{node.id}_{trigger.kind.value}", node.kind, of=node, name=node.name)
    twin.trigger, twin.interrupting = trigger, node.interrupting
    twin.attached_to, twin.element, twin.responsible = node.attached_to, node.element, node.responsible
    return twin


def _in_turn(scope: DraftScope, node: DraftNode, others: tuple[Trigger, ...]) -> None:
    """The other triggers are thrown first, so that an end still ends."""
    ordered = sorted((node.trigger, *others), key=lambda one: one.kind in (TriggerKind.TERMINATE, TriggerKind.ERROR))
    node.trigger = ordered[-1]
    for trigger in ordered[:-1]:
        throw = _twin(scope, node, trigger)
        throw.kind = NodeKind.THROW
        scope.insert_before(node, throw)


def _side_by_side(scope: DraftScope, node: DraftNode, others: tuple[Trigger, ...]) -> None:
    kind = NodeKind.PARALLEL if node.all_triggers else NodeKind.EVENT_BASED
    after = NodeKind.PARALLEL if node.all_triggers else NodeKind.EXCLUSIVE
    split = scope.add(f"{node.id}_split", kind, of=node, name=node.name)
    join = scope.add(f"{node.id}_join", after, of=node, name=node.name)
    for flow in scope.incoming(node):
        flow.target = split.id
    for flow in scope.outgoing(node):
        flow.source = join.id
    for one in (node, *(_twin(scope, node, trigger) for trigger in others)):
        scope.connect(split, one)
        scope.connect(one, join)


def add_mappings(scope: DraftScope) -> None:
    """Assignments before and after a node become script tasks."""
    for node in list(scope.nodes.values()):
        if node.before:
            script = scope.add(f"{node.id}_in", NodeKind.SCRIPT_TASK, of=node, name=node.name)
            script.script = node.before
            scope.insert_before(node, script)
        if node.after:
            script = scope.add(f"{node.id}_out", NodeKind.SCRIPT_TASK, of=node, name=node.name)
            script.script = node.after
            scope.insert_after(node, script)


def ask_about_loops(reading: Reading, scope: DraftScope) -> None:
    """« Encore une fois ? » after a bare loop marker, « Combien ? » before a multi-instance without a number."""
    for node in list(scope.nodes.values()):
        if node.again:
            _ask_again(reading, scope, node)
        if node.ask_count and isinstance(node.loop, MultiInstance):
            _ask_count(reading, scope, node, node.loop)


def _ask_again(reading: Reading, scope: DraftScope, node: DraftNode) -> None:
    variable = variable_name("again", node.id)
    question = scope.add(f"{node.id}_again", NodeKind.USER_TASK, of=node, name=f"Décider : refaire « {node.shown} » ?")
    field = {
        "name": variable,
        "type": "bool",
        "required": True,
        "label": {"fr": "Encore une fois ?", "en": "Once more?"},
    }
    question.work = question_form(reading, question, [field], like=node)
    choice = scope.add(f"{node.id}_again_choice", NodeKind.EXCLUSIVE, of=node)
    merge = scope.add(f"{node.id}_again_merge", NodeKind.EXCLUSIVE, of=node)
    scope.insert_before(node, merge)
    leaving = scope.outgoing(node)
    if not leaving:
        end = scope.add(f"{node.id}_end", NodeKind.END, of=node)
        choice.default_flow = scope.connect(choice, end).id
    elif len(leaving) == 1 and leaving[0].condition is None:
        leaving[0].source = choice.id
        choice.default_flow = leaving[0].id
    else:
        on = scope.add(f"{node.id}_again_on", NodeKind.THROW, of=node)
        on.default_flow, node.default_flow = node.default_flow, None
        for flow in leaving:
            flow.source = on.id
        choice.default_flow = scope.connect(choice, on).id
    scope.connect(node, question)
    scope.connect(question, choice)
    back = scope.connect(choice, merge)
    back.condition = ExpressionText(f"= {variable}", "feel", node.place)


def _ask_count(reading: Reading, scope: DraftScope, node: DraftNode, loop: MultiInstance) -> None:
    variable = variable_name("count", node.id)
    question = scope.add(
        f"{node.id}_count", NodeKind.USER_TASK, of=node, name=f"Décider : combien de fois « {node.shown} » ?"
    )
    label = {"fr": "Nombre de fois", "en": "How many times"}
    field = {"name": variable, "type": "int", "required": True, "min": 0, "max": 100, "label": label}
    question.work = question_form(reading, question, [field], like=node)
    node.loop = replace(loop, collection=None, cardinality=ExpressionText(f"= {variable}", "feel", node.place))
    scope.insert_before(node, question)


def variable_name(prefix: str, identifier: str) -> str:
    """A variable made from an element's id: letters, digits and `_` only."""
    return f"{prefix}_" + "".join(char if char.isalnum() or char == "_" else "_" for char in identifier)


def question_form(
    reading: Reading, node: DraftNode, fields: list[dict[str, object]], *, like: DraftNode | None
) -> HumanWork:
    """The work of a question made by the reader: its form is registered, its role is that of the task it is about."""
    key = reading.ids.fresh(f"form_{node.id}")
    reading.forms[key] = {"key": key, "title": both(node.name), "sections": [{"fields": fields}]}
    roles = like.work.roles if like is not None and like.work is not None else ()
    return HumanWork(roles=roles, form_key=key)


def split_implicitly(reading: Reading, scope: DraftScope) -> None:
    """Several flows that leave an activity or event: all of them, or those whose condition holds."""
    for node in list(scope.nodes.values()):
        leaving = scope.outgoing(node)
        if node.kind in GATEWAYS or node.kind is NodeKind.END or not leaving:
            continue
        conditional = any(flow.condition is not None for flow in leaving)
        if len(leaving) == 1 and not conditional:
            continue
        if len(leaving) == 1:
            _lone_condition(reading, scope, node)
            continue
        kind = NodeKind.INCLUSIVE if conditional else NodeKind.PARALLEL
        gateway = scope.add(f"{node.id}_split", kind, of=node, name="")
        gateway.default_flow, node.default_flow = node.default_flow, None
        scope.insert_after(node, gateway)
        always = [flow for flow in leaving if flow.condition is None and flow.id != gateway.default_flow]
        for flow in always if conditional else ():
            flow.condition = ExpressionText("= true", "feel", flow.place)
        reading.journal.info(
            "RD-053",
            node,
            f"{len(leaving)} flèches partent de « {node.shown} » : "
            + (
                "celles dont la condition est vraie sont suivies."
                if conditional
                else "toutes sont suivies en parallèle."
            ),
            f"{len(leaving)} flows leave “{node.shown}”: "
            + ("those whose condition holds are taken." if conditional else "all are taken in parallel."),
        )


def _lone_condition(reading: Reading, scope: DraftScope, node: DraftNode) -> None:
    """BPMN leaves the token where it is when the only condition is false: nobody means that, so it is dropped aloud."""
    flow = scope.outgoing(node)[0]
    flow.condition = None
    node.default_flow = None
    reading.journal.warning(
        "RD-054",
        flow,
        f"La seule flèche qui part de « {node.shown} » a une condition : elle est suivie dans tous les cas.",
        f"The only flow that leaves “{node.shown}” has a condition: it is always taken.",
    )


def merge_implicitly(scope: DraftScope) -> None:
    """Several flows that reach an activity or event meet in an exclusive merge: each token passes by itself."""
    for node in list(scope.nodes.values()):
        if node.kind in GATEWAYS or node.kind is NodeKind.END or len(scope.incoming(node)) < 2:
            continue
        merge = scope.add(f"{node.id}_merge", NodeKind.EXCLUSIVE, of=node, name="")
        scope.insert_before(node, merge)
