"""DT-010 to DT-014: the conditions of a gateway, tried on every combination of possible values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import product

from engine.bpmn.checker.facts import Facts, Source
from engine.bpmn.checker.reading import try_compile
from engine.bpmn.checker.subject import Words, about, listed
from engine.bpmn.findings import Finding, Fix, Severity
from engine.bpmn.model import Flow, Node, NodeKind
from engine.bpmn.token_game import incoming, outgoing
from engine.calendars import Calendar
from engine.expressions import Expression, ExpressionError, Value
from engine.expressions.syntax import Arithmetic, Call, Comparison, Constant, Filter, For, Negation, Path, Quantified

COMBINATIONS = 4_000
COMPUTES = (Arithmetic, Call, Filter, For, Negation, Path, Quantified)
"""What makes a comparison depend on more than the numbers written in it."""
NUMBERS = frozenset({"int", "dec", "number"})
OTHERWISE = ("sinon", "autre", "autres", "non", "no", "default", "défaut", "else", "otherwise", "other")


def conditions(facts: Facts, *, now: datetime, calendar: Calendar) -> Iterator[Finding]:
    """All findings about the choices of the pathway."""
    for corner in facts.subject.corners:
        flows, leading = outgoing(corner.scope), incoming(corner.scope)
        for node in corner.scope.nodes.values():
            if node.kind in (NodeKind.EXCLUSIVE, NodeKind.INCLUSIVE) and len(flows[node.id]) > 1:
                before = corner.scope.nodes[leading[node.id][0].source] if len(leading[node.id]) == 1 else None
                yield from _Choice(facts, before, node, flows[node.id], now, calendar).findings()


class _Choice:
    """One gateway with its conditions."""

    def __init__(
        self,
        facts: Facts,
        before: Node | None,
        node: Node,
        flows: list[Flow],
        now: datetime,
        calendar: Calendar,
    ) -> None:
        self.facts = facts
        self.before = before
        """The only step that leads here, where there is one."""
        self.node = node
        self.flows = flows
        self.now = now
        self.calendar = calendar
        self.compiled: dict[str, Expression] = {}
        for flow in flows:
            expression = try_compile(flow.condition) if flow.id != node.default_flow else None
            if expression is not None:
                self.compiled[flow.id] = expression

    def findings(self) -> Iterator[Finding]:
        """What is wrong with the choice."""
        bare = [flow for flow in self.flows if flow.condition is None and flow.id != self.node.default_flow]
        if bare and self.node.kind is NodeKind.EXCLUSIVE:
            alone = len(bare) == 1 and self.node.default_flow is None
            for flow in bare:
                fix = self._default(flow) if alone else None
                yield about(flow, "DT-012", gateway=self.node, related=(self.node.id,), fix=fix)
            return
        asked = [flow for flow in self.flows if flow.id != self.node.default_flow]
        if bare or len(self.compiled) < len(asked):
            return  # a text that cannot be read is said elsewhere; an unconditional flow is always taken
        cases = self._cases()
        if cases is None:
            certain = any(self._always(one) for one in self.compiled.values())
            if self.node.default_flow is None and not certain:
                yield about(self.node, "DT-011", fix=self._default())
            return
        yield from self._tried(cases)

    def _tried(self, cases: list[dict[str, Value]]) -> Iterator[Finding]:
        nothing: list[dict[str, Value]] = []
        several: tuple[dict[str, Value], list[Flow]] | None = None
        ever: set[str] = set()
        for case in cases:
            true = self._true(case)
            if true is None:
                return
            ever.update(flow.id for flow in true)
            if not true:
                nothing.append(case)
            complete = all(value is not None for value in case.values())
            if len(true) > 1 and several is None and complete:
                several = case, true
        if nothing and self.node.default_flow is None:
            yield self._none_true(nothing)
        if several is not None and self.node.kind is NodeKind.EXCLUSIVE:
            case, true = several
            yield about(self.node, "DT-013", example=_told(case), flows=listed(true), related=tuple(f.id for f in true))
        for flow in self.flows:
            if flow.id in self.compiled and flow.id not in ever:
                yield about(flow, "DT-014", related=(self.node.id,))

    def _none_true(self, nothing: list[dict[str, Value]]) -> Finding:
        """An error when ordinary answers do it; a warning when only an empty answer does."""
        full = [case for case in nothing if all(value is not None for value in case.values())]
        severity = None if full else Severity.WARNING
        example = _told((full or nothing)[0])
        return about(self.node, "DT-010", severity=severity, example=example, fix=self._default())

    def _true(self, case: dict[str, Value]) -> list[Flow] | None:
        """Flows whose condition holds; None when one cannot be evaluated."""
        found = []
        for flow in self.flows:
            expression = self.compiled.get(flow.id)
            if expression is None:
                continue
            try:
                if expression.evaluate(case, now=self.now, calendar=self.calendar) is True:
                    found.append(flow)
            except ExpressionError:
                return None
        return found

    def _always(self, expression: Expression) -> bool:
        """Whether a condition is true whatever happens (`= true`)."""
        try:
            return not expression.names and expression.evaluate({}, now=self.now, calendar=self.calendar) is True
        except ExpressionError:
            return False

    def _cases(self) -> list[dict[str, Value]] | None:
        """Every combination of the values that matter; None when they are not all known or too many."""
        names = sorted({name for expression in self.compiled.values() for name in expression.names})
        domains: list[list[Value]] = []
        size = 1
        for name in names:
            domain = self._domain(name)
            if domain is None:
                return None
            domains.append(domain)
            size *= len(domain)
            if size > COMBINATIONS:
                return None
        if any("." in reference.name for one in self.compiled.values() for reference in one.references):
            return None
        return [dict(zip(names, values, strict=True)) for values in product(*domains)]

    def _domain(self, name: str) -> list[Value] | None:
        """The values of a name that can make a difference."""
        sources = self._just_written(name) or self.facts.sources.get(name)
        if not sources or name in self.facts.local:
            return None
        found: dict[Value, None] = {}
        empty = False
        for source in sources:
            empty = empty or source.optional
            if source.values is not None:
                found.update((value, None) for value in source.values if _hashable(value))
            elif source.type in NUMBERS:
                points = self._points(name, whole=source.type == "int")
                if points is None:
                    return None
                found.update((point, None) for point in points)
            else:
                return None
        return [*found, *([None] if empty else [])]

    def _just_written(self, name: str) -> list[Source]:
        """How the only step that leads here always writes the name: nothing can write it again in between."""
        before = self.before
        if before is None or before.kind is not NodeKind.USER_TASK or before.loop is not None:
            return []
        written = [one for one in self.facts.written_by(before) if one.name == name]
        return [] if any(one.optional for one in written) else written

    def _points(self, name: str, *, whole: bool) -> list[Value] | None:
        """Numbers at, below, between and above those the conditions compare with; None when it is not that simple."""
        compared: set[Decimal] = set()
        for expression in self.compiled.values():
            if name not in expression.names:
                continue
            for node in expression.tree.walk():
                if isinstance(node, COMPUTES):
                    return None
                if isinstance(node, Comparison) and not any(isinstance(n, Constant) for n in (node.left, node.right)):
                    return None
                if isinstance(node, Constant) and isinstance(node.value, Decimal):
                    compared.add(node.value)
        if not compared:
            return None
        ordered = sorted(compared)
        if whole:
            return [*sorted({value + step for value in ordered for step in (-1, 0, 1)})]
        points = [ordered[0] - 1]
        for value, following in zip(ordered, [*ordered[1:], ordered[-1] + 2], strict=True):
            points += [value, (value + following) / 2]
        return list(points)

    def _default(self, flow: Flow | None = None) -> Fix | None:
        """Make the flow named « sinon », or the last one, the default."""
        if self.node.origin is not None:
            return None
        named = [one for one in self.flows if one.name.strip().lower() in OTHERWISE]
        chosen = flow or (named or self.flows)[-1]
        shown = chosen.name or chosen.id
        return Fix(
            kind="set_default",
            label=f"Faire de « {shown} » la flèche par défaut",
            label_en=f"Make “{shown}” the default flow",
            element_id=self.node.id,
            parameters=(("flow", chosen.origin or chosen.id),),
        )


def _hashable(value: Value) -> bool:
    return not isinstance(value, list | dict)


def _told(case: dict[str, Value]) -> Words:
    """« age = 3 et urgent = oui »."""
    if not case:
        return Words("le dossier passe ici", "the case comes here")
    french = " et ".join(f"{name} = {_value(value, ('oui', 'non', 'vide'))}" for name, value in case.items())
    english = " and ".join(f"{name} = {_value(value, ('yes', 'no', 'empty'))}" for name, value in case.items())
    return Words(french, english)


def _value(value: Value, words: tuple[str, str, str]) -> str:
    if value is None:
        return words[2]
    if isinstance(value, bool):
        return words[0] if value else words[1]
    return f"« {value} »" if isinstance(value, str) else str(value)
