"""What other engines automate around a task: scripts, expressions, decisions, input and output mappings."""

from __future__ import annotations

import re

from engine.bpmn.model import Assignment, ExpressionText
from engine.bpmn.reader import texts
from engine.bpmn.reader.draft import DraftNode
from engine.bpmn.reader.namespaces import (
    SPIFF,
    ZEEBE,
    camunda,
    camunda_extension,
    child,
    extension,
    parcours,
    text_of,
)
from engine.bpmn.reader.reading import Reading, Source
from engine.bpmn.xml import Element

_NAME = re.compile(r"[^\W\d]\w*")
_FOREIGN = frozenset(
    {"groovy", "javascript", "js", "ecmascript", "java", "ruby", "jruby", "beanshell", "kotlin", "scala"}
)


def bare(text: str) -> str:
    """An expression without its marks: `= x` and `${x}` become `x`; a text of several parts stays as it is."""
    stripped = text.strip()
    match = re.fullmatch(r"[$#]\{([^{}]*)\}", stripped)
    if match:
        return match.group(1).strip()
    return stripped[1:].strip() if stripped.startswith("=") else stripped


def _quoted(text: str) -> str:
    """A literal of the expression language."""
    if re.fullmatch(r"-?\d+(\.\d+)?|true|false", text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def value_text(written: str) -> str:
    """The expression a mapping's source stands for: marked ones are expressions, the rest are literals."""
    if written.strip().startswith("=") or re.search(r"[$#]\{", written):
        return bare(written)
    return _quoted(written.strip())


def script_of(element: Element) -> tuple[str, str | None]:
    """The assignments of a script task and their spelling; foreign languages are cut down to what is an assignment."""
    zeebe = extension(element, ZEEBE, "script")
    if zeebe is not None:
        name, text = (zeebe.get("resultVariable") or "").strip(), bare(zeebe.get("expression") or "")
        return (f"{name} = {text}", "feel") if name and text else ("", None)
    text = text_of(child(element, "script"))
    result = camunda(element, "resultVariable")
    if result and text and "\n" not in text:
        return f"{result} = {bare(text)}", None
    language = (element.get("scriptFormat") or "").lower().rpartition("/")[2]
    return (_from_foreign(text) if language in _FOREIGN else _unindented(text)), None


def _unindented(text: str) -> str:
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("#"))


def _from_foreign(text: str) -> str:
    """JavaScript and Groovy that only sets variables: `execution.setVariable("x", 1);`, `var x = 1;`, `x = 1;`."""
    lines = []
    for raw in re.split(r"[;\n]", text):
        line = re.sub(r"^(var|let|const|def)\s+", "", raw.strip())
        call = re.fullmatch(r"execution\.setVariable\(\s*[\"'](\w+)[\"']\s*,\s*(.+)\)", line)
        line = f"{call.group(1)} = {call.group(2)}" if call else line
        if line and not line.startswith("//"):
            lines.append(line)
    return "\n".join(lines)


def service_as_script(element: Element) -> str | None:
    """A Camunda 7 service task that only computes a value (`expression` with `resultVariable`), as an assignment."""
    text, result = (
        camunda(element, "expression"),
        camunda(element, "resultVariable") or camunda(element, "resultVariableName"),
    )
    if not text or not result or texts.calls_host_code(text):
        return None
    return f"{result} = {bare(text)}"


def decision_key(element: Element) -> str | None:
    """The decision a business rule task calls, in whatever dialect."""
    zeebe, spiff = extension(element, ZEEBE, "calledDecision"), extension(element, SPIFF, "calledDecisionId")
    if zeebe is not None and zeebe.get("decisionId"):
        return (zeebe.get("decisionId") or "").strip()
    if spiff is not None and text_of(spiff):
        return text_of(spiff)
    return camunda(element, "decisionRef")


def decision_result_name(element: Element) -> str | None:
    """The variable that receives a decision's result, when the file names one."""
    zeebe = extension(element, ZEEBE, "calledDecision")
    name = zeebe.get("resultVariable") if zeebe is not None else camunda(element, "resultVariable")
    return name.strip() if name and name.strip() else None


def decision_after(element: Element, outputs: list[str]) -> str:
    """Assignments that give the result variable what the decision's outputs (merged as facts) say."""
    name = decision_result_name(element)
    plain = [output for output in outputs if _NAME.fullmatch(output)]
    if not name or not plain or plain == [name]:
        return ""
    if len(plain) == 1:
        return f"{name} = {plain[0]}"
    return f"{name} = {{" + ", ".join(f"{output}: {output}" for output in plain) + "}"


def wrap_with_mappings(reading: Reading, source: Source, node: DraftNode, element: Element) -> None:
    """Input and output mappings of a person's task become assignments before and after it."""
    before, after = _mappings(element)
    node.before = _usable(reading, node, before)
    node.after = _usable(reading, node, after)


def _mappings(element: Element) -> tuple[list[str], list[str]]:
    before: list[str] = []
    after: list[str] = []
    mapping = extension(element, ZEEBE, "ioMapping")
    for one in mapping.children if mapping is not None else ():
        line = f"{one.get('target') or ''} = {value_text(one.get('source') or '')}"
        (before if one.name == "input" else after).append(line)
    for holder in camunda_extension(element, "inputOutput"):
        for one in holder.children:
            if one.children or not text_of(one):
                continue
            line = f"{one.get('name') or ''} = {value_text(text_of(one))}"
            (before if one.name == "inputParameter" else after).append(line)
    for name, lines in (("preScript", before), ("postScript", after)):
        script = extension(element, SPIFF, name)
        if script is not None:
            lines += _unindented(text_of(script)).splitlines()
    return before, after


def _usable(reading: Reading, node: DraftNode, lines: list[str]) -> str:
    """The assignments that can be made; the others are named in a finding. `a = a` says nothing and is left out."""
    kept = []
    for line in lines:
        name, _, value = (part.strip() for part in line.partition("="))
        if name == value or not value:
            continue
        if texts.script_problem(line) is None:
            kept.append(line)
            continue
        reading.journal.warning(
            "RD-015",
            node,
            f"L’affectation « {texts.shorten(line)} » autour de « {node.shown} » n’est pas lue : elle n’a pas lieu.",
            f"The assignment “{texts.shorten(line)}” around “{node.shown}” is not read: it does not happen.",
        )
    return "\n".join(kept)


def call_mappings(
    reading: Reading, source: Source, node: DraftNode, element: Element
) -> tuple[tuple[Assignment, ...], tuple[Assignment, ...]]:
    """What a called process sees and what comes back. A mapping of *all* variables is left to `calls`, which knows
    both sides.
    """
    own = (parcours(element, "in") or "", parcours(element, "out") or "")
    if any(own):
        return _own_mapping(reading, node, own[0]), _own_mapping(reading, node, own[1])
    inputs: list[Assignment] = []
    outputs: list[Assignment] = []
    for one in camunda_extension(element, "in", "out"):
        side = inputs if one.name == "in" else outputs
        if one.get("variables") == "all":
            node.extensions[f"all_{one.name}"] = "true"
        elif one.get("target"):
            written = one.get("source") or bare(one.get("sourceExpression") or "")
            side.append(_assignment(one.get("target") or "", written, one))
    mapping = extension(element, ZEEBE, "ioMapping")
    for one in mapping.children if mapping is not None else ():
        side = inputs if one.name == "input" else outputs
        side.append(_assignment(one.get("target") or "", value_text(one.get("source") or ""), one))
    if not list(camunda_extension(element, "in", "out")) and source.dialect != "parcours":
        node.extensions["all_in"] = "true"
        if mapping is None or not outputs:
            node.extensions["all_out"] = "true"
    kept_in = [one for one in inputs if _mappable(reading, node, one)]
    kept_out = [one for one in outputs if _mappable(reading, node, one)]
    return tuple(kept_in), tuple(kept_out)


def _assignment(name: str, text: str, element: Element) -> Assignment:
    return Assignment(name=name.strip(), expression=ExpressionText(text.strip(), "plain", element.place))


def _mappable(reading: Reading, node: DraftNode, mapping: Assignment) -> bool:
    return bool(_usable(reading, node, [f"{mapping.name} = ({mapping.expression.text})"]))


def _own_mapping(reading: Reading, node: DraftNode, text: str) -> tuple[Assignment, ...]:
    """`a = expr; b = expr`."""
    found = []
    for part in (one.strip() for one in text.split(";")):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not part:
            continue
        expression = ExpressionText(value or name, "feel", node.place)
        if (equals and not _NAME.fullmatch(name)) or texts.problem_of(expression) is not None:
            reading.journal.error(
                "EX-003",
                node,
                f"La correspondance « {texts.shorten(part)} » de « {node.shown} » ne se lit pas : écrivez « nom ="
                " expression ».",
                f"The mapping “{texts.shorten(part)}” of “{node.shown}” cannot be read: write “name = expression”.",
            )
            continue
        found.append(Assignment(name=name, expression=expression))
    return tuple(found)


def decision_outputs_of(root: Element, key: str) -> list[str]:
    """Names of the outputs of a decision of a DMN file (the variable's name for a literal expression)."""
    for decision in root.walk():
        if decision.name == "decision" and decision.get("id") == key:
            names = [one.get("name") or "" for one in decision.walk() if one.name == "output"]
            if not names:
                names = [one.get("name") or "" for one in decision.children if one.name == "variable"]
            return [name for name in names if name]
    return []
