"""What the specification asks of each task, against the files (`python -m tests.pathways.specification` writes it).

What is asked lies in `specification_<pathway>.toml`; what is drawn is read from the BPMN, forms, ladders, parameters
and decisions. A line with something missing says what.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.bpmn.model import ExpressionText, HumanWork, MultiInstance, Node, NodeKind, PathwayModel, Scope
from engine.bpmn.reader import read
from engine.escalations import Ladder
from engine.expressions import ExpressionError, compile_expression, compile_script
from engine.forms import FormDefinition
from engine.library import forms_in, ladders_in, parameters_in, readable, shipped_files
from engine.roles import ROLE_LABELS

HERE = Path(__file__).parent
TABLE = HERE.parents[1] / "docs" / "reference" / "pathway-tables.md"
PATHWAYS = ("hospital_discharge", "etp_diabetes", "geriatric_follow_up", "gp_access")
NOT_TASKS = ("start", "messages")
STANDARD_FIELDS = frozenset({"comment", "coordination_minutes", "channel", "attachment"})
HEAD = """# The pathways against their specification

One line per task of the specification: where it is drawn, for whom, by when, who is told when it is late, what its form
asks. Written by `python -m tests.pathways.specification` from the files of the pathways and from the lists in
`tests/pathways/specification_*.toml`; `tests/pathways/test_specification.py` keeps it true. « – »: nothing missing.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One task of the specification, as drawn, and what it lacks."""

    id: str
    steps: str
    roles: str
    due: str
    escalation: str
    fields: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The files of one pathway, read."""

    description: Mapping[str, Any]
    model: PathwayModel
    nodes: Mapping[str, tuple[Node, Scope]]
    forms: Mapping[str, FormDefinition]
    ladders: Mapping[str, Ladder]
    parameters: Mapping[str, Any]


def drawn(key: str) -> Drawn:
    """Read a shipped pathway."""
    files = shipped_files(key)
    description = json.loads(files["pathway.json"])
    model = read(readable(files), main=description.get("process"), known_roles=ROLE_LABELS).model
    assert model is not None, f"{key} cannot be read"
    nodes = {node.id: (node, scope) for process in model.processes.values() for node, scope in _inside(process.scope)}
    return Drawn(
        description,
        model,
        nodes,
        forms_in(files, model),
        ladders_in(files),
        {str(one["name"]): one["value"] for one in parameters_in(files)},
    )


def asked(key: str) -> Mapping[str, Mapping[str, str]]:
    """What the specification asks, by task id."""
    with (HERE / f"specification_{key}.toml").open("rb") as file:
        return tomllib.load(file)


def lines(key: str) -> list[Line]:
    """One line per task, then the start form and the messages."""
    pathway = drawn(key)
    return [
        _start(pathway, wanted) if task == "start" else _messages(pathway, wanted)
        if task == "messages" else _task(pathway, task, wanted)
        for task, wanted in asked(key).items()
    ]  # fmt: skip


def _inside(scope: Scope) -> Iterator[tuple[Node, Scope]]:
    for node in scope.nodes.values():
        yield node, scope
        if node.body is not None:
            yield from _inside(node.body)


def _task(pathway: Drawn, task: str, wanted: Mapping[str, str]) -> Line:
    steps = wanted["step"].split()
    found = [pathway.nodes[step] for step in steps if step in pathway.nodes]
    missing = [f"step {step}" for step in steps if step not in pathway.nodes]
    roles, texts, told, ladders, fields = set[str](), "", set[str](), set[str](), set[str]()
    for node, scope in found:
        work = node.work
        if work is None:
            missing.append(f"{node.id} is no task")
            continue
        roles |= set(work.roles) | _roles_named(pathway, work.role_expression)
        texts += " ".join(_texts(pathway, work.due)) + " " + " ".join(_texts(pathway, work.opens))
        ladders.add(work.escalation)
        told |= _told_late(pathway, node, scope)
        fields |= _fields_asked(pathway, work)
    delays = _delays(pathway, texts)
    missing += [f"role {role}" for role in wanted["roles"].split() if role not in roles]
    missing += [f"delay {delay}" for delay in wanted["due"].split() if delay not in delays]
    missing += _late(wanted["escalation"], ladders, told)
    missing += [f"field {name}" for name in _drawn_names(wanted["fields"]) if name not in fields]
    if (decision := wanted.get("decision")) and decision not in _decisions(pathway):
        missing.append(f"decision {decision}")
    return Line(
        id=task,
        steps=", ".join(steps),
        roles=", ".join(sorted(roles)) or "from the data",
        due=", ".join(sorted(delays)) or "from the data",
        escalation=", ".join(sorted(told)) or "nobody",
        fields=", ".join(sorted(name for name in fields if "{" not in name and name not in STANDARD_FIELDS)),
        missing=tuple(missing),
    )


def _start(pathway: Drawn, wanted: Mapping[str, str]) -> Line:
    form = pathway.forms.get(wanted["form"])
    fields = set() if form is None else _fields(form)
    missing = [] if form is not None else [f"form {wanted['form']}"]
    if pathway.description.get("start_form") != wanted["form"]:
        missing.append(f"start form {wanted['form']}")
    missing += [f"field {name}" for name in _drawn_names(wanted["fields"]) if name not in fields]
    names = ", ".join(sorted(name for name in fields if "{" not in name and name not in STANDARD_FIELDS))
    roles = ", ".join(pathway.description.get("start_roles", ()))
    return Line(
        id="start", steps=wanted["form"], roles=roles, due="", escalation="", fields=names, missing=tuple(missing)
    )


def _messages(pathway: Drawn, wanted: Mapping[str, str]) -> Line:
    entering = {each["name"] for each in pathway.description.get("messages_in", ())}
    leaving = {each["name"] for each in pathway.description.get("messages_out", ())}
    outcomes = {each["value"] for each in pathway.description.get("outcomes", ())}
    missing = [f"message {name}" for name in wanted["in"].split() if name not in entering]
    missing += [f"message out {name}" for name in wanted["out"].split() if name not in leaving]
    missing += [f"end {name}" for name in wanted["outcomes"].split() if name not in outcomes]
    said = f"in: {', '.join(sorted(entering))}; out: {', '.join(sorted(leaving))}; ends: {', '.join(sorted(outcomes))}"
    return Line(id="messages", steps="", roles="", due="", escalation="", fields=said, missing=tuple(missing))


def _drawn_names(text: str) -> list[str]:
    """Names as drawn, tables followed by one `table{column}` per column asked."""
    found = []
    for one in re.findall(r"[\w:=]+(?:\{[^}]*\})?", text):
        if one.startswith("auto:"):
            continue
        name, _, columns = one.partition("{")
        name = name.rpartition("=")[2]
        found.append(name)
        found += [f"{name}{{{column.rpartition('=')[2]}}}" for column in columns.rstrip("}").split(",") if column]
    return found


def _fields_asked(pathway: Drawn, work: HumanWork) -> set[str]:
    """The fields of the task's form; when the form depends on the case, those of all possible forms."""
    if work.form_key_expression is None:
        form = pathway.forms.get(work.form_key or "")
        return set() if form is None else _fields(form)
    words = {word for text in _texts(pathway, work.form_key_expression) for word in re.findall(r"\w+", text)}
    possible = [_fields(form) for key, form in pathway.forms.items() if key in words]
    return set().union(*possible)


def _fields(form: FormDefinition) -> set[str]:
    tables = {f"{name}{{{column.name}}}" for name, field in form.fields.items() for column in field.columns}
    return set(form.fields) | tables


def _decisions(pathway: Drawn) -> set[str]:
    return {node.decision for node, _ in pathway.nodes.values() if node.decision}


def _late(wanted: str, ladders: set[str], told: set[str]) -> list[str]:
    if wanted in ("standard", "none"):
        return [] if wanted in ladders else [f"escalation {wanted}"]
    return [f"late: tell {role}" for role in wanted.split() if role not in told]


def _told_late(pathway: Drawn, node: Node, scope: Scope) -> set[str]:
    """Whom the ladder tells, and whom what is drawn on the step tells or asks."""
    ladder = pathway.ladders.get(node.work.escalation) if node.work is not None else None
    told = {who for rung in ladder.rungs for who in rung.to} if ladder is not None else set()
    reached = {each.id for each in scope.nodes.values() if each.attached_to == node.id}
    while True:
        following = {flow.target for flow in scope.flows.values() if flow.source in reached} - reached
        if not following:
            break
        reached |= {step for step in following if step != node.id}
        following = {step for step in following if scope.nodes[step].kind is not NodeKind.USER_TASK}
        if following <= {node.id}:
            break
    for step in reached:
        each = scope.nodes[step]
        if each.action is not None:
            told |= {role.strip() for role in each.action.parameters.get("to", "").split(",")}
    return told - {""}


def _roles_named(pathway: Drawn, expression: ExpressionText | None) -> set[str]:
    words = {word for text in _texts(pathway, expression) for word in re.findall(r"\w+", text)}
    return words & set(ROLE_LABELS)


def _delays(pathway: Drawn, text: str) -> set[str]:
    """Durations and hours that the texts name, or hold themselves."""
    named = {str(pathway.parameters[name]) for name in re.findall(r"\w+", text) if name in pathway.parameters}
    written = set(re.findall(r"\b(?:P(?=[\dT])[\dYMWDTHS]+|WD\d+)\b", text))
    return {each for each in named | written if re.fullmatch(r"P[\dT][\w]*|WD\d+|\d\d:\d\d", each)}


def _texts(pathway: Drawn, expression: ExpressionText | None) -> list[str]:
    """An expression, and those that make the names it reads: scripts, inputs of calls, collections of items."""
    if expression is None:
        return []
    texts, known, names = [expression.text], set[str](), _names(expression.text)
    while names - known:
        new = names - known
        known |= new
        for node, _ in pathway.nodes.values():
            for text in _sources(node, new):
                texts.append(text)
                names |= _names(text)
    return texts


def _sources(node: Node, names: set[str]) -> Iterator[str]:
    """What gives a value to one of the names in this node."""
    if node.script is not None and set(compile_script(node.script).writes) & names:
        yield from (line for line in re.split(r"\n(?=\w+ *= )", node.script) if line.split("=")[0].strip() in names)
    for given in node.inputs:
        if given.name in names:
            yield given.expression.text
    if isinstance(node.loop, MultiInstance) and node.loop.item in names and node.loop.collection is not None:
        yield node.loop.collection.text


def _names(text: str) -> set[str]:
    try:
        return set(compile_expression(text if text.startswith("=") else f"= {text.partition('=')[2]}").names)
    except ExpressionError:
        return set(re.findall(r"[a-z]\w+", text))


def table() -> str:
    """The whole document."""
    parts = [HEAD]
    for key in PATHWAYS:
        if "pathway.json" not in _files_of(key):
            continue
        parts.append(f"\n## {key}\n\n| id | steps | roles | delays | told when late | fields | missing |")
        parts.append("|---|---|---|---|---|---|---|")
        for line in lines(key):
            cells = (line.id, line.steps, line.roles, line.due, line.escalation, line.fields)
            parts.append(f"| {' | '.join(cells)} | {'; '.join(line.missing) or '–'} |")
    return "\n".join(parts) + "\n"


def _files_of(key: str) -> Mapping[str, bytes]:
    folder = HERE.parents[1] / "pathways" / key
    return {path.name: b"" for path in folder.glob("*.json")} if folder.is_dir() else {}


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
    wrong = [f"{key} {line.id}: {what}" for key in PATHWAYS if "pathway.json" in _files_of(key)
             for line in lines(key) for what in line.missing]  # fmt: skip
    sys.stdout.write("\n".join(wrong) + f"\n{len(wrong)} missing\n")
