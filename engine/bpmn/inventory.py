"""The parts of a drawn pathway, for comparing versions: steps, branchings, events and flows, with what each says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from lxml import etree

from engine.bpmn.model import (
    ExpressionText,
    Flow,
    HumanWork,
    MultiInstance,
    Node,
    NodeKind,
    PathwayModel,
    Scope,
    StandardLoop,
    Trigger,
)
from engine.changes import Part, Sort

DI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
BRANCHINGS = frozenset({NodeKind.EXCLUSIVE, NodeKind.PARALLEL, NodeKind.INCLUSIVE, NodeKind.EVENT_BASED})
EVENTS = frozenset({NodeKind.START, NodeKind.END, NodeKind.CATCH, NodeKind.THROW, NodeKind.BOUNDARY})


def parts_of(model: PathwayModel, drawings: Mapping[str, bytes]) -> Iterator[Part]:
    """Every element the designer drew. An element of another process than the main one is known by both ids."""
    places = {name: place for content in drawings.values() for name, place in _places(content)}
    for process in model.processes.values():
        owner = "" if process.id == model.main else process.id
        yield from _scope(process.scope, owner, "", places)


def _scope(scope: Scope, owner: str, inside: str, places: Mapping[str, tuple[float, float]]) -> Iterator[Part]:
    for node in scope.nodes.values():
        if node.origin is None:
            yield _node(node, owner, inside, places.get(node.id))
        if node.body is not None:
            yield from _scope(node.body, owner, _key(owner, node.id), places)
    for flow in scope.flows.values():
        if flow.origin is None:
            yield _flow(flow, scope, owner)


def _key(owner: str, element_id: str) -> str:
    return f"{owner}/{element_id}" if owner else element_id


def _node(node: Node, owner: str, inside: str, place: tuple[float, float] | None) -> Part:
    said = {
        "kind": node.bpmn_type or node.kind.value,
        "explains": node.documentation.strip(),
        "interrupting": "" if node.kind is not NodeKind.BOUNDARY else "yes" if node.interrupting else "no",
        "called": node.called or "",
        "decision": node.decision or "",
        "script": (node.script or "").strip(),
        "responsible": node.responsible or "",
        "expected": _text(node.expected),
        "repeats": _loop(node.loop),
        "receives": "; ".join(f"{one.name} = {one.expression.text}" for one in node.inputs),
        "returns": "; ".join(f"{one.name} = {one.expression.text}" for one in node.outputs),
        **_trigger(node.trigger),
        **(_work(node.work) if node.work is not None else {}),
    }
    if node.action is not None:
        said["action"] = node.action.kind
        said |= {f"action {name}": value for name, value in node.action.parameters.items()}
    references = {
        "attached": _key(owner, node.attached_to) if node.attached_to else "",
        "default": _key(owner, node.default_flow) if node.default_flow else "",
        "inside": inside,
    }
    sort = Sort.BRANCHING if node.kind in BRANCHINGS else Sort.EVENT if node.kind in EVENTS else Sort.STEP
    return Part(
        sort=sort,
        key=_key(owner, node.id),
        name=node.name,
        twin=f"{owner}/{node.kind}/{node.name}" if node.name else "",
        properties={name: value for name, value in said.items() if value},
        references={name: value for name, value in references.items() if value},
        place=place,
    )


def _work(work: HumanWork) -> dict[str, str]:
    return {
        "role": ", ".join(work.roles) or _text(work.role_expression),
        "form": work.form_key or _text(work.form_key_expression),
        "due": _text(work.due),
        "opens": _text(work.opens),
        "escalation": work.escalation,
        "offer": work.offer or "",
        "priority": work.priority,
        "assignee": _text(work.assignee),
        "decides": "; ".join(f"{one.value} : {one.label}" for one in work.decides),
    }


def _trigger(trigger: Trigger) -> dict[str, str]:
    return {
        "trigger": trigger.kind.value if trigger.kind.value != "none" else "",
        "event": trigger.name or "",
        "timer": trigger.timer.value if trigger.timer is not None else "",
        "when": _text(trigger.expression),
        "correlation": _text(trigger.correlation),
    }


def _loop(loop: MultiInstance | StandardLoop | None) -> str:
    match loop:
        case MultiInstance():
            each = _text(loop.collection) or _text(loop.cardinality)
            until = f" ; {_text(loop.completion)}" if loop.completion is not None else ""
            return f"{'‖' if loop.parallel else '≡'} {loop.item or ''} : {each}{until}"
        case StandardLoop():
            return f"↻ {_text(loop.condition)} ≤ {loop.maximum or '∞'}"
        case None:
            return ""


def _flow(flow: Flow, scope: Scope, owner: str) -> Part:
    source, target = scope.nodes.get(flow.source), scope.nodes.get(flow.target)
    ends = tuple((one.name or one.kind.value) if one is not None else "" for one in (source, target))
    return Part(
        sort=Sort.FLOW,
        key=_key(owner, flow.id),
        name=flow.name,
        twin=f"{owner}/{ends[0]} → {ends[1]}/{flow.name}",
        properties={"condition": _text(flow.condition)} if flow.condition is not None else {},
        references={
            "from": _key(owner, _drawn(source, flow.source)), "to": _key(owner, _drawn(target, flow.target))
        },
    )  # fmt: skip


def _drawn(node: Node | None, element_id: str) -> str:
    return node.origin if node is not None and node.origin is not None else element_id


def _text(expression: ExpressionText | None) -> str:
    return "" if expression is None else expression.text.strip()


def _places(content: bytes) -> Iterator[tuple[str, tuple[float, float]]]:
    """Where each shape of a drawing stands; nothing for a file that cannot be read (the checker says so)."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        return
    for shape in root.iter(f"{{{DI}}}BPMNShape"):
        bounds = shape.find(f"{{{DC}}}Bounds")
        if bounds is not None:
            with suppress(ValueError):  # a shape without a place is not drawn
                yield shape.get("bpmnElement") or "", (float(bounds.get("x") or ""), float(bounds.get("y") or ""))
