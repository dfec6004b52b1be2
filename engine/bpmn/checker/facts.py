"""Who writes which fact, with which type and which possible values; who reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.bpmn.checker.reading import try_compile, try_script, written_time
from engine.bpmn.checker.subject import Corner, Subject, Words
from engine.bpmn.model import (
    ExpressionText,
    Flow,
    MultiInstance,
    Node,
    NodeKind,
    StandardLoop,
    TriggerKind,
)
from engine.decisions.model import LISTING
from engine.expressions import Value, to_value
from engine.forms import Field, FormDefinition, parse_form

GIVEN = frozenset({"case", "loopCounter", "now", "today"})
"""Names the engine provides everywhere."""
STANDARD = frozenset({"comment", "coordination_minutes", "channel", "attachment"})
"""Fields the engine adds to every form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One way a fact comes to be. `values`: all it may be (None: not known). `optional`: it may stay empty."""

    name: str
    type: str | None
    writer: str
    """Id of a node, or key of a form that opens the case."""
    form: str | None = None
    optional: bool = False
    values: tuple[Value, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One text that reads facts: where it stands, what it is called, what it must give."""

    element: Node | Flow
    corner: Corner
    text: ExpressionText
    what: Words
    wanted: str | None = None
    """FEEL type asked for; None: anything."""
    needed: bool = False
    """The case stops when it has no value."""
    called: bool = False
    """It is read inside the called process."""
    time: bool = False
    """It gives a time: whether it can be read is said with the timers."""


@dataclass(frozen=True)
class Facts:
    """Everything about the facts of a pathway."""

    subject: Subject
    forms: Mapping[str, FormDefinition] = field(default_factory=dict)

    @cached_property
    def sources(self) -> Mapping[str, list[Source]]:
        """All ways each name comes to be."""
        found: dict[str, list[Source]] = {}
        for source in [*self._opening(), *self._parameters(), *self._declared()]:
            found.setdefault(source.name, []).append(source)
        for node in self.subject.nodes:
            for source in self.written_by(node):
                found.setdefault(source.name, []).append(source)
        return found

    @cached_property
    def opening(self) -> frozenset[str]:
        """Names known when a case opens: its start form's fields and the parameters."""
        known = {source.name for source in [*self._opening(), *self._parameters()]}
        return frozenset(known | GIVEN | STANDARD)

    @cached_property
    def local(self) -> frozenset[str]:
        """Names that live in one branch: multi-instance items, call inputs, message payloads."""
        found: set[str] = {source.name for source in self._declared()}
        for node in self.subject.nodes:
            if isinstance(node.loop, MultiInstance) and node.loop.item:
                found.add(node.loop.item)
            found.update(one.name for one in node.inputs)
        return frozenset(found)

    @cached_property
    def open_messages(self) -> bool:
        """Whether some message may bring names nobody declared."""
        declared = self.subject.messages or {}
        return any(
            node.trigger.kind is TriggerKind.MESSAGE
            and node.kind is not NodeKind.THROW
            and not isinstance(declared.get(node.trigger.name or ""), Mapping)
            for node in self.subject.nodes
        )

    @cached_property
    def types(self) -> Mapping[str, str]:
        """Type of each name whose sources agree."""
        found: dict[str, str] = {}
        for name, sources in self.sources.items():
            kinds = {source.type for source in sources}
            if len(kinds) == 1 and (only := kinds.pop()) is not None:
                found[name] = only
        return found

    def written_by(self, node: Node) -> list[Source]:
        """What a node writes where those after it can read it."""
        if isinstance(node.loop, MultiInstance):
            name = node.loop.output_collection
            return [Source(name=name, type="list", writer=node.id)] if name else []
        return self.written_inside(node)

    def written_inside(self, node: Node) -> list[Source]:
        """What a node writes into its own scope."""
        found: list[Source] = []
        work = node.work
        if work is not None and work.form_key in self.forms:
            for one in fields_of(self.forms[work.form_key or ""]):
                found.append(field_source(one, node.id, work.form_key))
        if work is not None and work.decision_variable:
            values: tuple[Value, ...] = tuple(option.value for option in work.decides)
            found.append(Source(name=work.decision_variable, type="string", writer=node.id, values=values))
        script = try_script(node.script)
        for line in script.assignments if script else ():
            constant = line.expression.tree
            value = getattr(constant, "value", None)
            known = constant.__class__.__name__ == "Constant"
            kind = line.expression.infer_type({})
            found.append(
                Source(
                    name=line.name, type=kind, writer=node.id, values=(value,) if known else None, optional=not known
                )
            )
        found.extend(Source(name=one.name, type=None, writer=node.id) for one in node.outputs)
        found.extend(Source(name=name, type=kind, writer=node.id) for name, kind in self._decided(node))
        return found

    def _decided(self, node: Node) -> list[tuple[str, str | None]]:
        tables = self.subject.tables.get(node.decision or "")
        if tables is None:
            return []
        listed = tables.hit_policy in LISTING and tables.aggregation is None
        return [(one.name, "list" if listed else one.type) for one in tables.outputs]

    def _opening(self) -> list[Source]:
        """Fields of the forms that no task uses: one of them opens the case."""
        used = {node.work.form_key for node in self.subject.nodes if node.work is not None}
        return [
            field_source(one, key, key)
            for key, form in self.forms.items()
            if key not in used
            for one in fields_of(form)
        ]

    def _parameters(self) -> list[Source]:
        found = []
        for name, given in self.subject.parameters.items():
            described = given if isinstance(given, Mapping) else {"value": given}
            value = to_value(described.get("value"))
            kind = described.get("type")
            found.append(Source(name=name, type=PARAMETER_TYPES.get(str(kind)), writer="", values=(value,)))
        return found

    def _declared(self) -> list[Source]:
        found = []
        for name, message in (self.subject.messages or {}).items():
            payload = message.get("payload") if isinstance(message, Mapping) else None
            for key, kind in (payload or {}).items():
                type_ = kind.get("type") if isinstance(kind, Mapping) else kind
                found.append(Source(name=str(key), type=str(type_), writer=f"message {name}", optional=True))
        return found

    @cached_property
    def reads(self) -> tuple[Read, ...]:
        """Every text of the drawing that is evaluated, in the order of the file."""
        return tuple(read for corner in self.subject.corners for read in _reads(corner))

    @cached_property
    def read_names(self) -> frozenset[str]:
        """Every name that something reads: drawing, scripts, forms, decisions."""
        found: set[str] = set()
        for read in self.reads:
            expression = try_compile(read.text)
            found |= expression.names if expression else set()
        for node in self.subject.nodes:
            script = try_script(node.script)
            found |= script.reads if script else set()
        for form in self.forms.values():
            for one in fields_of(form):
                for text in (one.required_if, one.visible_if, one.prefill):
                    found |= text.names if text else set()
        for table in self.subject.tables.values():
            for asked in table.inputs:
                found |= asked.expression.names
        return frozenset(found)


PARAMETER_TYPES: Mapping[str, str] = {
    "int": "int",
    "dec": "dec",
    "number": "dec",
    "bool": "bool",
    "str": "str",
    "text": "str",
    "code": "code",
    "codes": "codes",
    "date": "date",
    "dt": "dt",
}
"""Parameter types that expressions know; a duration is a text to them."""


def read_forms(forms: Mapping[str, Any]) -> dict[str, FormDefinition]:
    """The form definitions, as far as they can be read."""
    return {key: parse_form(form, key=key) for key, form in forms.items()}


def fields_of(form: FormDefinition) -> Iterator[Field]:
    """All fields of a form, tables as one."""
    for section in form.sections:
        yield from section.fields


def field_source(one: Field, writer: str, form: str | None) -> Source:
    """What a form field may be."""
    values: tuple[Value, ...] | None = None
    if one.type == "bool":
        values = (True, False)
    elif one.type == "code":
        values = tuple(option.value for option in one.options)
    optional = not one.required or one.visible_if is not None
    return Source(name=one.name, type=one.type, writer=writer, form=form, optional=optional, values=values)


def _reads(corner: Corner) -> Iterator[Read]:
    scope = corner.scope
    leaving: dict[str, int] = {}
    for flow in scope.flows.values():
        leaving[flow.source] = leaving.get(flow.source, 0) + 1
    for node in scope.nodes.values():
        for text, what, wanted, needed in _texts(node):
            if text is not None:
                yield Read(element=node, corner=corner, text=text, what=what, wanted=wanted, needed=needed)
        for text, what in _times(node):
            yield Read(element=node, corner=corner, text=text, what=what, time=True)
        for one in node.outputs:
            yield Read(element=node, corner=corner, text=one.expression, what=_value_of(one.name), called=True)
    condition = Words("la condition", "the condition")
    for flow in scope.flows.values():
        source = scope.nodes.get(flow.source)
        if flow.condition is not None and source is not None and source.default_flow != flow.id:
            needed = source.default_flow is None
            yield Read(
                element=flow, corner=corner, text=flow.condition, what=condition, wanted="boolean", needed=needed
            )


def _value_of(name: str) -> Words:
    return Words(f"la valeur de « {name} »", f"the value of “{name}”")


def _times(node: Node) -> Iterator[tuple[ExpressionText, Words]]:
    """Times that are computed."""
    work = node.work
    written = [
        (node.trigger.expression if node.trigger.kind is TriggerKind.TIMER else None, "l’échéance", "the time"),
        (work.due if work is not None else None, "le délai", "the due time"),
        (work.opens if work is not None else None, "l’ouverture", "the opening time"),
    ]
    for text, french, english in written:
        if text is not None and not written_time(text.text):
            yield text, Words(french, english)


def _texts(node: Node) -> Iterator[tuple[ExpressionText | None, Words, str | None, bool]]:
    trigger = node.trigger
    if trigger.kind is TriggerKind.CONDITIONAL:
        yield trigger.expression, Words("la condition attendue", "the awaited condition"), "boolean", False
    yield trigger.correlation, Words("la clé du message", "the message key"), None, True
    yield node.expected, Words("la date attendue", "the expected date"), None, False
    for one in node.inputs:
        yield one.expression, _value_of(one.name), None, False
    loop = node.loop
    if isinstance(loop, MultiInstance):
        yield loop.cardinality, Words("le nombre de répétitions", "the number of instances"), "number", True
        yield loop.collection, Words("la liste à parcourir", "the list to go through"), "list", True
        yield loop.completion, Words("la condition d’arrêt", "the completion condition"), "boolean", False
        yield loop.output_element, Words("la valeur recueillie", "the collected value"), None, False
    elif isinstance(loop, StandardLoop):
        yield loop.condition, Words("la condition de répétition", "the loop condition"), "boolean", False
    if node.work is not None:
        yield node.work.role_expression, Words("le rôle", "the role"), "string", True
        yield node.work.form_key_expression, Words("le formulaire", "the form"), "string", True
        yield node.work.assignee, Words("la personne désignée", "the assignee"), None, False
