"""Tasks and call activities as drawn → nodes; what no machine does becomes a task that a person confirms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

from engine.bpmn.model import HumanWork, NodeKind, ServiceAction, TriggerKind
from engine.bpmn.reader import automation, events, forms, people, texts
from engine.bpmn.reader.draft import DraftNode
from engine.bpmn.reader.namespaces import (
    CAMUNDA,
    GLOBAL_TASKS,
    PARCOURS,
    SPIFF,
    ZEEBE,
    camunda,
    child,
    children,
    extension,
    extensions,
    local,
    parcours,
    text_of,
)
from engine.bpmn.reader.reading import Reading, Source
from engine.bpmn.xml import Element

CONFIRM = "Confirmer que : "
ACTIONS = frozenset(["notify", "start_pathway", "send_message", "send_document", "stop_notifications", "set_outcome"])


def read_activity(reading: Reading, source: Source, node: DraftNode, element: Element) -> None:
    """Fill the node from its element (any task or a call activity)."""
    node.compensates = element.get("isForCompensation") == "true"
    for name in ("startQuantity", "completionQuantity"):
        if element.get(name, "") not in (None, "", "1"):
            reading.journal.error(
                "NS-011",
                node,
                f"« {node.shown} » demande plusieurs jetons ({name}) : dessinez les répétitions autrement.",
                f"“{node.shown}” asks for several tokens ({name}): draw the repetition otherwise.",
            )
    _note_host_code(reading, node, element)
    _READERS[element.name](reading, source, node, element)


def _note_host_code(reading: Reading, node: DraftNode, element: Element) -> None:
    names = sorted(
        {one.name for one in extensions(element) if one.namespace in CAMUNDA and one.name.endswith("istener")}
    )
    names += sorted(
        {one.name for one in extensions(element) if one.namespace == ZEEBE and one.name.endswith("isteners")}
    )
    if names:
        reading.journal.warning(
            "RD-011",
            node,
            f"« {node.shown} » appelle du code d’un autre moteur ({', '.join(names)}) : il n’est pas exécuté.",
            f"“{node.shown}” calls code of another engine ({', '.join(names)}): it is not executed.",
        )


def confirm(reading: Reading, source: Source, node: DraftNode, element: Element, why: str, why_en: str) -> None:
    """Make the node a task that a person confirms, because nothing here does it by itself."""
    reading.journal.warning(
        "RD-010",
        node,
        f"« {node.shown} » {why} : une personne confirmera que c’est fait.",
        f"“{node.shown}” {why_en}: a person will confirm that it is done.",
    )
    confirm_quietly(reading, source, node, element)


def confirm_quietly(reading: Reading, source: Source, node: DraftNode, element: Element) -> None:
    """The same, when another finding says why."""
    node.kind = NodeKind.USER_TASK
    node.work = people.read_work(reading, source, node, element)
    node.name = CONFIRM + (node.name or node.id)
    node.script = node.script_dialect = node.called = node.decision = node.action = None


def _user_task(reading: Reading, source: Source, node: DraftNode, element: Element) -> None:
    node.kind = NodeKind.USER_TASK
    work = people.read_work(reading, source, node, element)
    node.work = forms.with_form(reading, source, node, element, work)
    automation.wrap_with_mappings(reading, source, node, element)
    instructions = extension(element, SPIFF, "instructionsForEndUser")
    if instructions is not None and not node.documentation:
        node.documentation = text_of(instructions)


def _manual_task(reading: Reading, source: Source, node: DraftNode, element: Element) -> None:
    reading.journal.info(
        "RD-012",
        node,
        f"« {node.shown} » ne dit pas comment elle se fait : une personne la fera et la terminera.",
        f"“{node.shown}” does not say how it is done: a person does it and completes it.",
    )
    _user_task(reading, source, node, element)


def _service_task(reading: Reading, source: Source, node: DraftNode, element: Element) -> None:
    if _own_action(reading, node, element):
        return
    script = automation.service_as_script(element)
    if script is not None and texts.script_problem(script) is None:
        node.kind, node.script, node.script_dialect = NodeKind.SCRIPT_TASK, script, "plain"
        reading.journal.info(
            "RD-013",
            node,
            f"« {node.shown} » est un calcul : il est lu comme « {texts.shorten(script)} ».",
            f"“{node.shown}” is a computation: it is read as “{texts.shorten(script)}”.",
        )
        return
    confirm(reading, source, node, element, "n’a pas d’automate ici", "has no automation here")


def _own_action(reading: Reading, node: DraftNode, element: Element) -> bool:
    kind = parcours(element, "action")
    if kind is None:
        return False
    if kind not in ACTIONS:
        reading.journal.error(
            "NS-012",
            node,
            f"L’action « {kind} » de « {node.shown} » n’existe pas : choisissez parmi {', '.join(sorted(ACTIONS))}.",
            f"The action “{kind}” of “{node.shown}” does not exist: choose among {', '.join(sorted(ACTIONS))}.",
        )
    prefix = f"{{{PARCOURS}}}"
    parameters = {
        key.removeprefix(prefix): value for key, value in element.attributes.items() if key.startswith(prefix) and value
    }
    parameters.pop("action")
    node.kind = NodeKind.SERVICE_TASK
    node.action = ServiceAction(kind=kind, parameters=MappingProxyType(parameters))
    return True


def _send_task(reading: Reading, source: Source, node: DraftNode, element: Element) -> None:
    if _own_action(reading, node, element):
        return
    trigger = events.message_of_task(reading, source, node, element)
    if trigger is None:
        confirm(
            reading, source, node, element, "ne dit pas quel message est envoyé", "does not say which message is sent"
        )
        return
    node.kind, node.trigger = NodeKind.THROW, trigger


def _receive_task(reading: Reading, source: Source, node: DraftNode, element: Element) -> None:
    node.kind = NodeKind.RECEIVE_TASK
    node.responsible = parcours(element, "responsible")
    trigger = events.message_of_task(reading, source, node, element)
    node.trigger = trigger or events.by_hand(reading, node, "ne désigne aucun message", "names no message")


def _script_task(reading: Reading, source: Source, node: DraftNode, element: Element) -> None:
    script, dialect = automation.script_of(element)
    if not script:
        confirm(
            reading, source, node, element, "est un calcul qui n’est pas écrit", "is a computation that is not written"
        )
        return
    problem = texts.script_problem(script)
    if problem is None:
        node.kind, node.script, node.script_dialect = NodeKind.SCRIPT_TASK, script, dialect
        return
    if source.dialect == "parcours":
        holder = child(element, "script") or element
        node.kind, node.script = NodeKind.SCRIPT_TASK, script
        reading.journal.error(
            "EX-002",
            holder,
            f"Le calcul « {node.shown} » ne se lit pas : {problem} Écrivez une ligne « nom = expression » par valeur.",
            f"The script “{node.shown}” cannot be read: {problem} Write one line “name = expression” per value.",
        )
        return
    language = element.get("scriptFormat") or "inconnu"
    confirm(
        reading,
        source,
        node,
        element,
        f"contient un programme ({texts.shorten(language, 30)}) qui n’est jamais exécuté ici",
        f"holds a program ({texts.shorten(language, 30)}) that is never run here",
    )


def _rule_task(reading: Reading, source: Source, node: DraftNode, element: Element) -> None:
    key = parcours(element, "decision") or automation.decision_key(element)
    if key and key in reading.decisions:
        node.kind, node.decision = NodeKind.DECISION_TASK, key
        node.after = automation.decision_after(element, reading.decision_outputs.get(key, []))
        return
    if key:
        reading.missing.add(("decision", key))
    if key and source.dialect == "parcours":
        node.kind, node.decision = NodeKind.DECISION_TASK, key
        reading.journal.error(
            "EX-010",
            node,
            f"La table de décision « {key} », appelée par « {node.shown} », n’est pas dans les fichiers : ajoutez-la.",
            f"The decision table “{key}”, called by “{node.shown}”, is not among the files: add it.",
        )
        return
    if key:
        why = f"appelle la table de décision « {key} », absente des fichiers"
        confirm(reading, source, node, element, why, f"calls the decision table “{key}”, which is not among the files")
        return
    _service_task(reading, source, node, element)


def _call_activity(reading: Reading, source: Source, node: DraftNode, element: Element) -> None:
    called = element.get("calledElement") or camunda(element, "calledElement") or ""
    zeebe = extension(element, ZEEBE, "calledElement")
    called = called.strip() or (zeebe.get("processId") or "").strip() if zeebe is not None else called.strip()
    decision = camunda(element, "decisionRef")
    if decision:
        called = ""
    if not called:
        confirm(reading, source, node, element, "n’appelle aucun processus précis", "calls no particular process")
        return
    if people.is_expression(called):
        quoted = texts.constant_text(called)
        if quoted is None:
            why = f"appelle un processus choisi par « {texts.shorten(called)} »"
            confirm(reading, source, node, element, why, f"calls a process chosen by “{texts.shorten(called)}”")
            return
        called = quoted
    target = source.definitions.get(local(called))
    if target is not None and target.name in GLOBAL_TASKS:
        _global_task(reading, source, node, element, target)
        return
    node.kind, node.called = NodeKind.CALL_ACTIVITY, local(called)
    node.inputs, node.outputs = automation.call_mappings(reading, source, node, element)


def _global_task(reading: Reading, source: Source, node: DraftNode, element: Element, target: Element) -> None:
    """A call to a global task is the task itself, drawn in place."""
    node.name = node.name or (target.get("name") or "")
    reading.journal.info(
        "RD-014",
        node,
        f"« {node.shown} » appelle une tâche globale : elle est lue comme une tâche de ce parcours.",
        f"“{node.shown}” calls a global task: it is read as a task of this pathway.",
    )
    if target.name in ("globalServiceTask", "globalBusinessRuleTask", "globalScriptTask"):
        confirm(reading, source, node, target, "n’a pas d’automate ici", "has no automation here")
        return
    node.kind = NodeKind.USER_TASK
    node.work = people.read_work(reading, source, node, element)
    if not node.work.roles:
        node.work = replace(node.work, roles=people.read_work(reading, source, node, target).roles)


def lane_role(node: DraftNode, role: str) -> None:
    """The lane's role does the task when the task itself names nobody."""
    work = node.work or HumanWork()
    if not work.roles and work.role_expression is None:
        node.work = replace(work, roles=(role,))


def is_automatic_wait(node: DraftNode) -> bool:
    """Whether the node waits for a message or signal from outside."""
    return node.trigger.kind in (TriggerKind.MESSAGE, TriggerKind.SIGNAL)


def documentation_of(element: Element) -> str:
    """All `documentation` of an element."""
    return "\n".join(text for text in (text_of(one) for one in children(element, "documentation")) if text)


_READERS: dict[str, Callable[[Reading, Source, DraftNode, Element], None]] = {
    "userTask": _user_task,
    "task": _manual_task,
    "manualTask": _manual_task,
    "serviceTask": _service_task,
    "sendTask": _send_task,
    "receiveTask": _receive_task,
    "scriptTask": _script_task,
    "businessRuleTask": _rule_task,
    "callActivity": _call_activity,
}
