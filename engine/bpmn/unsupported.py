"""What the engine refuses to run, each with the sentence that says why and what to draw instead."""

from __future__ import annotations

from collections.abc import Iterator

from engine.bpmn.model import MultiInstance, Node, NodeKind, PathwayModel, Process, Scope, Trigger, TriggerKind

CATCHES = frozenset(
    {
        TriggerKind.NONE,
        TriggerKind.MESSAGE,
        TriggerKind.SIGNAL,
        TriggerKind.TIMER,
        TriggerKind.CONDITIONAL,
        TriggerKind.LINK,
    }
)
THROWS = frozenset(
    {TriggerKind.NONE, TriggerKind.MESSAGE, TriggerKind.SIGNAL, TriggerKind.ESCALATION, TriggerKind.LINK}
)
ENDS = THROWS | {TriggerKind.ERROR, TriggerKind.TERMINATE}
BOUNDARIES = frozenset(
    {
        TriggerKind.MESSAGE,
        TriggerKind.SIGNAL,
        TriggerKind.TIMER,
        TriggerKind.CONDITIONAL,
        TriggerKind.ERROR,
        TriggerKind.ESCALATION,
    }
)
ALLOWED = {
    NodeKind.CATCH: CATCHES,
    NodeKind.THROW: THROWS,
    NodeKind.END: ENDS,
    NodeKind.BOUNDARY: BOUNDARIES,
    NodeKind.RECEIVE_TASK: frozenset({TriggerKind.MESSAGE}),
}
SAID = {
    TriggerKind.COMPENSATION: "une compensation",
    TriggerKind.CANCEL: "une annulation de transaction",
    TriggerKind.ERROR: "une erreur",
    TriggerKind.ESCALATION: "une escalade",
    TriggerKind.TIMER: "un minuteur",
    TriggerKind.CONDITIONAL: "une condition",
    TriggerKind.TERMINATE: "un arrêt",
    TriggerKind.LINK: "un lien",
    TriggerKind.NONE: "aucun déclencheur",
    TriggerKind.MESSAGE: "un message",
    TriggerKind.SIGNAL: "un signal",
}
Refusal = tuple[str, str]
DEPTH = 15
"""Levels of sub-processes in one drawing. With our wrappers and nested calls the engine opens 40."""


def unsupported(model: PathwayModel) -> list[Refusal]:
    """(element id, French sentence) for everything the engine would not run as drawn. Empty: the model may run."""
    deep = too_deep(model)
    if deep is not None:
        return [deep]
    found: list[Refusal] = []
    for process in model.processes.values():
        found += _scope(process.scope, model)
    found += _main_start(model.main_process)
    found += _calls_in_circles(model)
    return found


def too_deep(model: PathwayModel) -> Refusal | None:
    """A sub-process nested deeper than the engine opens, found without recursion."""
    front = [(process.scope, 0) for process in model.processes.values()]
    while front:
        scope, depth = front.pop()
        for node in scope.nodes.values():
            if node.body is not None:
                if depth >= DEPTH:
                    return (
                        node.id,
                        f"{_said(node)} est à plus de {DEPTH} niveaux de sous-processus : aplatissez le parcours.",
                    )
                front.append((node.body, depth + 1))
    return None


def _scope(scope: Scope, model: PathwayModel) -> Iterator[Refusal]:
    for node in scope.nodes.values():
        yield from _node(node, scope, model)
        if node.body is not None:
            yield from _scope(node.body, model)


def _node(node: Node, scope: Scope, model: PathwayModel) -> Iterator[Refusal]:
    allowed = ALLOWED.get(node.kind)
    if allowed is not None and node.trigger.kind not in allowed:
        has = "n'a pas de déclencheur" if node.trigger.kind is TriggerKind.NONE else f"porte {SAID[node.trigger.kind]}"
        yield node.id, f"{_said(node)} {has} : cet élément ne s'exécute pas ainsi. {_instead(node)}"
    yield from _trigger(node, node.trigger, scope)
    if isinstance(node.loop, MultiInstance) and node.loop.collection is None and node.loop.cardinality is None:
        yield node.id, f"{_said(node)} se répète sans dire sur quelle liste ni combien de fois."
    match node.kind:
        case NodeKind.SERVICE_TASK if node.action is None:
            yield node.id, f"{_said(node)} est automatique mais ne dit pas ce qu'elle fait : choisissez une action."
        case NodeKind.DECISION_TASK if not node.decision:
            yield node.id, f"{_said(node)} ne dit pas quelle table de décision appliquer."
        case NodeKind.CALL_ACTIVITY if node.called not in model.processes:
            yield node.id, f"{_said(node)} appelle « {node.called or ''} », qui n'accompagne pas ce parcours."
        case NodeKind.BOUNDARY if node.attached_to not in scope.nodes:
            yield node.id, f"{_said(node)} n'est posé sur aucune étape."
        case NodeKind.BOUNDARY if node.trigger.kind is TriggerKind.ERROR and not node.interrupting:
            yield node.id, f"{_said(node)} : une erreur interrompt toujours l'étape qui la lève."
        case NodeKind.SUB_PROCESS if node.event_sub_process:
            yield from _event_sub_process(node)
        case NodeKind.EVENT_BASED:
            yield from _event_gateway(node, scope)


def _trigger(node: Node, trigger: Trigger, scope: Scope) -> Iterator[Refusal]:
    if trigger.kind in (TriggerKind.TIMER, TriggerKind.CONDITIONAL) and trigger.expression is None:
        what = "quand" if trigger.kind is TriggerKind.TIMER else "quelle condition"
        yield node.id, f"{_said(node)} ne dit pas {what} attendre."
    if trigger.kind in (TriggerKind.MESSAGE, TriggerKind.SIGNAL, TriggerKind.LINK) and not trigger.name:
        if node.action is None:
            yield node.id, f"{_said(node)} ne dit pas le nom de son {SAID[trigger.kind].split()[-1]}."
    elif trigger.kind is TriggerKind.LINK and node.kind in (NodeKind.THROW, NodeKind.END):
        targets = [
            each
            for each in scope.nodes.values()
            if each.kind is NodeKind.CATCH
            and each.trigger.kind is TriggerKind.LINK
            and each.trigger.name == trigger.name
        ]
        if len(targets) != 1:
            yield node.id, f"Le lien « {trigger.name} » doit avoir une arrivée et une seule au même niveau."


def _event_sub_process(node: Node) -> Iterator[Refusal]:
    body = node.body or Scope(nodes={}, flows={})
    starts = [each for each in body.nodes.values() if each.kind is NodeKind.START]
    if len(starts) != 1:
        yield node.id, f"{_said(node)} doit avoir un événement de départ et un seul."
    elif starts[0].trigger.kind not in BOUNDARIES:
        yield node.id, f"{_said(node)} : son départ ne dit pas ce qui le déclenche."
    elif starts[0].trigger.kind is TriggerKind.ERROR and not starts[0].interrupting:
        yield node.id, f"{_said(node)} : une erreur interrompt toujours la partie du parcours qui la lève."


def _event_gateway(node: Node, scope: Scope) -> Iterator[Refusal]:
    for flow in scope.flows.values():
        if flow.source == node.id and scope.nodes[flow.target].kind not in (NodeKind.CATCH, NodeKind.RECEIVE_TASK):
            yield (
                node.id,
                f"{_said(node)} doit mener directement à des attentes (message, minuteur, signal, condition).",
            )
            return


def _main_start(process: Process) -> Iterator[Refusal]:
    plain = [
        node
        for node in process.scope.nodes.values()
        if node.kind is NodeKind.START and node.trigger.kind is TriggerKind.NONE
    ]
    if len(plain) > 1:
        yield (
            plain[1].id,
            "Le parcours a deux départs simples : gardez-en un, ou séparez-les par une passerelle parallèle.",
        )


def _calls_in_circles(model: PathwayModel) -> Iterator[Refusal]:
    calls = {key: list(_calls(process.scope)) for key, process in model.processes.items()}
    for key, made in calls.items():
        for node in made:
            seen: set[str] = set()
            front = [node.called or ""]
            while front:
                called = front.pop()
                if called not in seen:
                    seen.add(called)
                    front += [each.called or "" for each in calls.get(called, ())]
            if key in seen:
                yield node.id, f"{_said(node)} finit par s'appeler lui-même : le dossier s'ouvrirait sans fin."


def _calls(scope: Scope) -> Iterator[Node]:
    for node in scope.nodes.values():
        if node.kind is NodeKind.CALL_ACTIVITY:
            yield node
        if node.body is not None:
            yield from _calls(node.body)


def _said(node: Node) -> str:
    return f"« {node.name or node.id} »"


def _instead(node: Node) -> str:
    match node.kind:
        case NodeKind.RECEIVE_TASK:
            return "Donnez-lui le message qu'elle attend."
        case NodeKind.BOUNDARY:
            return "Choisissez un message, un signal, un minuteur, une condition, une erreur ou une escalade."
        case NodeKind.END:
            return "Choisissez une fin simple, ou une fin par message, signal, erreur, escalade ou arrêt."
        case _:
            return "Choisissez un message, un signal, un minuteur ou une condition."
