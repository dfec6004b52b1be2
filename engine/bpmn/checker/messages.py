"""MS: messages and signals. Named, declared, addressed to one case, awaited once."""

from __future__ import annotations

from collections.abc import Iterator

from engine.bpmn.checker.concurrency import together
from engine.bpmn.checker.reading import try_compile
from engine.bpmn.checker.subject import Subject, Words, about
from engine.bpmn.explorer import Surveyed
from engine.bpmn.findings import Finding
from engine.bpmn.model import Node, NodeKind, TriggerKind

AWAITS = frozenset({NodeKind.CATCH, NodeKind.RECEIVE_TASK, NodeKind.BOUNDARY, NodeKind.START})


def messages(subject: Subject) -> Iterator[Finding]:
    """All findings about messages and signals."""
    awaited = [node for node in subject.nodes if node.trigger.kind is TriggerKind.MESSAGE and node.kind in AWAITS]
    for node in subject.nodes:
        if node.trigger.kind is TriggerKind.MESSAGE:
            yield from _message(node)
    yield from _declared(subject, awaited)
    for surveyed in subject.surveyed.values():
        yield from _together(surveyed)
    yield from _signals(subject)


def _message(node: Node) -> Iterator[Finding]:
    if not (node.trigger.name or "").strip():
        yield about(node, "MS-001")
    key = node.trigger.correlation
    if key is None:
        return
    text = key.text.strip().removeprefix("=").strip()
    if text in ("", '""', "''", "null", "${}"):
        yield about(node, "MS-004", place=key.place)
        return
    expression = try_compile(key)
    if expression is not None and not expression.names and node.kind is not NodeKind.START:
        yield about(node, "MS-005", place=key.place, text=text)


def _declared(subject: Subject, awaited: list[Node]) -> Iterator[Finding]:
    if subject.messages is None:
        return
    thrown = {
        node.action.parameters.get("message")
        for node in subject.nodes
        if node.action is not None and node.action.kind == "send_message"
    }
    thrown |= {
        node.trigger.name
        for node in subject.nodes
        if node.trigger.kind is TriggerKind.MESSAGE and node.kind not in AWAITS
    }
    for node in awaited:
        name = node.trigger.name or ""
        if name and name not in subject.messages and name not in thrown:
            yield about(node, "MS-002", name=name)
    names = {node.trigger.name for node in awaited}
    for name in subject.messages:
        if name not in names:
            yield about(subject.model.main_process, "MS-003", name=name)


def _together(surveyed: Surveyed) -> Iterator[Finding]:
    """MS-006: two waits for one message under one key that may be open together in a scope."""
    nodes = surveyed.scope.nodes
    waits = [
        node
        for node in nodes.values()
        if node.trigger.kind is TriggerKind.MESSAGE
        and node.trigger.name
        and node.kind in (NodeKind.CATCH, NodeKind.RECEIVE_TASK, NodeKind.BOUNDARY)
    ]
    pairs = [
        (one, other)
        for position, one in enumerate(waits)
        for other in waits[position + 1 :]
        if one.trigger.name == other.trigger.name and _key(one) == _key(other)
    ]
    if not pairs:
        return
    relation = together(surveyed.net)
    for one, other in pairs:
        same_host = one.attached_to is not None and one.attached_to == other.attached_to
        places, others = _places(surveyed, one), _places(surveyed, other)
        if same_host or any(relation.may_share(a, b) for a in places for b in others):
            yield about(other, "MS-006", other=one, name=one.trigger.name or "", related=(one.id,))


def _key(node: Node) -> str:
    return node.trigger.correlation.text.strip() if node.trigger.correlation else ""


def _places(surveyed: Surveyed, node: Node) -> list[int]:
    """Where a token is while the node waits."""
    target = node.attached_to or node.id
    return [place for place, name in enumerate(surveyed.net.target) if name == target]


def _signals(subject: Subject) -> Iterator[Finding]:
    thrown: dict[str, Node] = {}
    caught: dict[str, Node] = {}
    for node in subject.nodes:
        if node.trigger.kind is TriggerKind.SIGNAL:
            (caught if node.kind in AWAITS else thrown).setdefault(node.trigger.name or "", node)
    for name, node in thrown.items():
        if name not in caught:
            yield about(node, "MS-007", name=name, why=Words("rien ne l’attend", "nothing waits for it"))
    for name, node in caught.items():
        if name not in thrown:
            yield about(node, "MS-007", name=name, why=Words("rien ne l’émet", "nothing sends it"))
