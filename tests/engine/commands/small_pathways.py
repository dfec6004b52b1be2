"""Small pathways, written as BPMN, that the tests of commands run."""

from __future__ import annotations

import json
from typing import Any

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:parcours="urn:parcours:bpmn:1" id="defs" '
    'targetNamespace="urn:test">'
)


def bpmn(key: str, body: str, *, outside: str = "") -> bytes:
    """A file with one process `key`."""
    return (
        f'{HEAD}{outside}<bpmn:process id="{key}" name="{key}" isExecutable="true">{body}</bpmn:process>'
        "</bpmn:definitions>"
    ).encode()


def start(id_: str = "start") -> str:
    return f'<bpmn:startEvent id="{id_}"/>'


def end(id_: str = "end") -> str:
    return f'<bpmn:endEvent id="{id_}"/>'


def task(
    id_: str, name: str, *, role: str = "home_nurse", form: str | None = None, why: str = "", **attributes: str
) -> str:
    extra = "".join(f' parcours:{key}="{value}"' for key, value in attributes.items())
    form_text = "" if form is None else f' parcours:form="{form}"'
    return (
        f'<bpmn:userTask id="{id_}" name="{name}" parcours:role="{role}"{form_text}{extra}>'
        f"<bpmn:documentation>{why or 'Pourquoi : pour le test.'}</bpmn:documentation></bpmn:userTask>"
    )


def flow(source: str, target: str, condition: str | None = None) -> str:
    inner = (
        ""
        if condition is None
        else f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{condition}</bpmn:conditionExpression>'
    )
    ends = f'sourceRef="{source}" targetRef="{target}"'
    return f'<bpmn:sequenceFlow id="{source}_{target}" {ends}>{inner}</bpmn:sequenceFlow>'


def timer(id_: str, on: str, duration: str, *, interrupting: bool = True, name: str = "") -> str:
    cancels = str(interrupting).lower()
    return (
        f'<bpmn:boundaryEvent id="{id_}" name="{name}" attachedToRef="{on}" cancelActivity="{cancels}">'
        f'<bpmn:timerEventDefinition id="{id_}_t"><bpmn:timeDuration xsi:type="bpmn:tFormalExpression">{duration}'
        "</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>"
    )


def wait_for(id_: str, name: str, message: str) -> str:
    return (
        f'<bpmn:intermediateCatchEvent id="{id_}" name="{name}" parcours:responsible="gp" parcours:expected="P3D">'
        f'<bpmn:messageEventDefinition id="{id_}_m" messageRef="{message}"/></bpmn:intermediateCatchEvent>'
    )


def message(id_: str, name: str) -> str:
    return f'<bpmn:message id="{id_}" name="{name}"/>'


def script(id_: str, text: str) -> str:
    inside = f"<bpmn:script>{text}</bpmn:script>"
    return f'<bpmn:scriptTask id="{id_}" name="{id_}" scriptFormat="feel">{inside}</bpmn:scriptTask>'


def form(key: str, *fields: dict[str, Any]) -> bytes:
    """A form definition with these fields."""
    listed = [{"label": {"fr": field["name"], "en": field["name"]}, **field} for field in fields]
    return json.dumps({"key": key, "title": {"fr": key, "en": key}, "sections": [{"fields": listed}]}).encode()


def workload() -> dict[str, bytes]:
    """start → A → exclusive → B ∥ C → join → D → end, with a late reminder drawn on D."""
    body = (
        start()
        + task("a", "Évaluer", form="a")
        + '<bpmn:exclusiveGateway id="x" default="x_b"/>'
        + '<bpmn:parallelGateway id="split"/>'
        + task("b", "Première visite", form="b", due="PT48H")
        + task("c", "Appeler le médecin", role="gp", due="P3D")
        + '<bpmn:parallelGateway id="join"/>'
        + task("d", "Faire le bilan", role="coordinator", due="P7D")
        + end()
        + '<bpmn:endEvent id="refused"/>'
        + flow("start", "a")
        + flow("a", "x")
        + '<bpmn:sequenceFlow id="x_b" sourceRef="x" targetRef="split"/>'
        + flow("x", "refused", "= risk = &quot;none&quot;")
        + flow("split", "b")
        + flow("split", "c")
        + flow("b", "join")
        + flow("c", "join")
        + flow("join", "d")
        + flow("d", "end")
    )
    return {
        "pathway.bpmn": bpmn("workload", body),
        "forms/a.json": form(
            "a",
            {"name": "risk", "type": "str", "required": True},
            {"name": "weight", "type": "dec", "min": 0, "max": 300},
        ),
        "forms/b.json": form("b", {"name": "seen_at", "type": "dt"}, {"name": "weight", "type": "dec"}),
    }


def waiting_message() -> dict[str, bytes]:
    """A → wait for « result » → B. The result may come before its wait."""
    body = (
        start()
        + task("a", "Demander l'examen")
        + wait_for("w", "Résultat attendu", "m")
        + task("b", "Lire le résultat")
        + end()
        + flow("start", "a")
        + flow("a", "w")
        + flow("w", "b")
        + flow("b", "end")
    )
    return {"pathway.bpmn": bpmn("waiting", body, outside=message("m", "result"))}


def timed() -> dict[str, bytes]:
    """A, given up after two days for B."""
    body = (
        start()
        + task("a", "Visiter", due="P1D")
        + timer("late", "a", "P2D", name="Trop tard")
        + task("b", "Rattraper", role="coordinator")
        + end()
        + '<bpmn:endEvent id="end2"/>'
        + flow("start", "a")
        + flow("a", "end")
        + flow("late", "b")
        + flow("b", "end2")
    )
    return {"pathway.bpmn": bpmn("timed", body)}


def offers() -> dict[str, bytes]:
    """Usual nurse, then pool, then neighbours, then the coordinator; then the visit by whoever accepted."""
    rounds = ("usual", "pool", "neighbours")
    parts = [start()]
    flows = [flow("start", "ask_usual")]
    for number, round_ in enumerate(rounds):
        nxt = f"ask_{rounds[number + 1]}" if number < 2 else "search"
        parts += [
            task(f"ask_{round_}", f"Demander ({round_})", offer=round_, due="PT4H", escalation="none"),
            f'<bpmn:exclusiveGateway id="g_{round_}" default="g_{round_}_no"/>',
            timer(f"t_{round_}", f"ask_{round_}", "PT4H", name="Pas de réponse"),
        ]
        flows += [
            flow(f"ask_{round_}", f"g_{round_}"),
            flow(f"g_{round_}", "merge", "= accepted = true"),
            f'<bpmn:sequenceFlow id="g_{round_}_no" sourceRef="g_{round_}" targetRef="m_{nxt}"/>',
            flow(f"t_{round_}", f"m_{nxt}"),
            f'<bpmn:exclusiveGateway id="m_{nxt}"/>',
            flow(f"m_{nxt}", nxt),
        ]
    parts += [
        task("search", "Chercher par téléphone", role="coordinator", offer="search"),
        '<bpmn:exclusiveGateway id="merge"/>',
        task("visit", "Visiter", assignee="= accepted_by"),
        end(),
    ]
    flows += [flow("search", "merge"), flow("merge", "visit"), flow("visit", "end")]
    return {"pathway.bpmn": bpmn("offers", "".join(parts + flows))}


def stopping() -> dict[str, bytes]:
    """A choice that no branch takes unless the risk is high or none."""
    body = (
        start()
        + task("a", "Choisir", form="a")
        + '<bpmn:exclusiveGateway id="x" name="Risque ?"/>'
        + end()
        + '<bpmn:endEvent id="end2"/>'
        + flow("start", "a")
        + flow("a", "x")
        + flow("x", "end", "= risk = &quot;high&quot;")
        + flow("x", "end2", "= risk = &quot;none&quot;")
    )
    return {
        "pathway.bpmn": bpmn("stopping", body),
        "forms/a.json": form("a", {"name": "risk", "type": "str", "required": True}),
    }
