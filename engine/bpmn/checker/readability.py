"""RB: whether people can read the drawing and use what it shows, on a phone or with a screen reader too."""

from __future__ import annotations

from collections.abc import Iterator

from engine.bpmn.checker.facts import Facts, fields_of
from engine.bpmn.checker.subject import Corner, Words, about
from engine.bpmn.findings import Finding
from engine.bpmn.model import Node, NodeKind
from engine.bpmn.token_game import incoming, outgoing
from engine.forms import Field
from engine.written_signs import mixed_word

NODES_PER_SCOPE = 50
NAME_LENGTH = 60
COLUMNS = 6
FIELDS = 40
GATEWAYS = frozenset({NodeKind.EXCLUSIVE, NodeKind.INCLUSIVE, NodeKind.PARALLEL})
CHOICES = frozenset({NodeKind.EXCLUSIVE, NodeKind.INCLUSIVE})
SHOWN = frozenset({NodeKind.USER_TASK, NodeKind.SUB_PROCESS, NodeKind.CALL_ACTIVITY, NodeKind.RECEIVE_TASK})


def readability(facts: Facts) -> Iterator[Finding]:
    """All findings about names, size, lanes and forms."""
    for corner in facts.subject.corners:
        if len(corner.scope.nodes) > NODES_PER_SCOPE:
            yield about(corner.owner or corner.process, "RB-003", count=len(corner.scope.nodes))
        yield from _gateways(corner)
        for node in corner.scope.nodes.values():
            if node.origin is None:
                yield from _name(node)
    yield from _same_names(facts)
    yield from _lanes(facts)
    yield from _forms(facts)


def _name(node: Node) -> Iterator[Finding]:
    name = " ".join(node.name.split())
    if not name and node.kind in SHOWN and not node.event_sub_process:
        yield about(node, "RB-001")
    if len(name) > NAME_LENGTH:
        yield about(node, "RB-007", count=len(name))
    if len(name) > 5 and name.isupper():
        yield about(node, "RB-008")
    mixed = mixed_word(name)
    if mixed is not None:
        yield about(node, "RB-010", word=mixed)


def _gateways(corner: Corner) -> Iterator[Finding]:
    flows_in, flows_out = incoming(corner.scope), outgoing(corner.scope)
    for node in corner.scope.nodes.values():
        leaving = flows_out[node.id]
        if node.kind not in GATEWAYS or node.origin is not None:
            continue
        if len(leaving) > 1 and len(flows_in[node.id]) > 1:
            yield about(node, "RB-005")
        if len(leaving) > 1 and node.kind in CHOICES and not (node.name.strip() and all(f.name for f in leaving)):
            yield about(node, "RB-002", related=tuple(flow.id for flow in leaving if not flow.name))


def _same_names(facts: Facts) -> Iterator[Finding]:
    first: dict[str, Node] = {}
    for node in facts.subject.nodes:
        name = " ".join(node.name.lower().split())
        if node.kind is NodeKind.USER_TASK and name and node.origin is None:
            if name in first:
                yield about(node, "RB-004", other=Words(first[name].id, first[name].id), related=(first[name].id,))
            else:
                first[name] = node


def _lanes(facts: Facts) -> Iterator[Finding]:
    nodes = {node.id: node for node in facts.subject.nodes}
    for process in facts.subject.model.processes.values():
        for lane in process.lanes:
            for name in lane.nodes:
                node = nodes.get(name)
                roles = node.work.roles if node is not None and node.work is not None else ()
                if node is not None and lane.role and roles and lane.role not in roles:
                    yield about(node, "RB-006", lane=lane.name or lane.id, roles=", ".join(roles), related=(lane.id,))


def _forms(facts: Facts) -> Iterator[Finding]:
    told: set[str] = set()
    for node in facts.subject.nodes:
        key = node.work.form_key if node.work is not None else None
        if key is None or key in told or key not in facts.forms:
            continue
        told.add(key)
        fields = list(fields_of(facts.forms[key]))
        for word in filter(None, (mixed_word(text) for one in fields for text in _written(one))):
            yield about(node, "RB-010", word=word)
        if len(fields) > FIELDS:
            what = Words(f"{len(fields)} champs", f"{len(fields)} fields")
            yield about(node, "RB-009", form=key, what=what)
        for one in fields:
            if len(one.columns) > COLUMNS:
                what = Words(
                    f"un tableau de {len(one.columns)} colonnes (« {one.name} »)",
                    f"a table of {len(one.columns)} columns (“{one.name}”)",
                )
                yield about(node, "RB-009", form=key, what=what)


def _written(field: Field) -> Iterator[str]:
    """What a person reads of a question."""
    yield from (field.label.fr, field.unit, *(option.label.fr for option in field.options))
    if field.help is not None:
        yield field.help.fr
    for column in field.columns:
        yield from _written(column)
