"""DT-001 to DT-005: facts that are read, written, both in the wrong order, or with two meanings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.bpmn.checker.facts import GIVEN, STANDARD, Facts, Read
from engine.bpmn.checker.reading import try_compile, try_script
from engine.bpmn.checker.subject import Corner, Words, about, listed
from engine.bpmn.findings import Finding, Severity, TraceStep
from engine.bpmn.model import Flow, Node, NodeKind
from engine.bpmn.token_game import boundaries, incoming, start_nodes, successors

NO_NAMES: frozenset[str] = frozenset()


def data(facts: Facts) -> Iterator[Finding]:
    """All findings about facts but those of conditions."""
    written = Written(facts)
    for read in facts.reads:
        expression = try_compile(read.text)
        if expression is None or read.called:
            continue
        node = read.element if isinstance(read.element, Node) else read.corner.scope.nodes[read.element.source]
        for name in sorted(expression.names):
            foreseen = name not in expression.required
            yield from _read_of(facts, written, read, node, name, foreseen)
        yield from _impossible_answers(facts, read)
    yield from _scripts(facts, written)
    yield from _two_types(facts)


def _read_of(facts: Facts, written: Written, read: Read, node: Node, name: str, foreseen: bool) -> Iterator[Finding]:
    if name in GIVEN or name in facts.opening or name in facts.local:
        return
    if name not in facts.sources:
        grave = read.needed and not foreseen and not facts.open_messages
        yield about(
            read.element,
            "DT-001",
            severity=None if grave else Severity.WARNING,
            place=read.text.place,
            what=_capital(read.what),
            name=name,
            effect=_effect(grave, facts.open_messages),
        )
    elif not foreseen and name not in written.before(read.corner, node, after=isinstance(read.element, Flow)):
        yield _too_early(facts, read.corner, read.element, node, read.what, name)


def _effect(grave: bool, messages: bool) -> Words:
    if grave:
        return Words("le dossier s’arrêterait ici", "the case would stop here")
    if messages:
        return Words("la valeur sera vide, sauf si un message l’apporte", "it will be empty unless a message brings it")
    return Words("la valeur sera toujours vide", "it will always be empty")


def _capital(words: Words) -> Words:
    return Words(words.fr[:1].upper() + words.fr[1:], words.en)


def _too_early(facts: Facts, corner: Corner, element: Node | Flow, node: Node, what: Words, name: str) -> Finding:
    writers = [one for one in facts.subject.nodes if any(source.writer == one.id for source in facts.sources[name])]
    trace = _way_without(corner, node, {one.id for one in writers if one.id != node.id})
    names = [corner.scope.nodes[step.element_id] for step in trace]
    path = listed(names[-6:], Words(" → ", " → "))
    return about(
        element,
        "DT-002",
        what=_capital(what),
        name=name,
        writers=listed(writers) if writers else Words("un message", "a message"),
        path=Words(path.fr.replace(", ", " → "), path.en.replace(", ", " → ")),
        related=tuple(one.id for one in writers),
        trace=trace,
    )


def _way_without(corner: Corner, target: Node, avoided: set[str]) -> tuple[TraceStep, ...]:
    """The shortest way to a node that passes no writer."""
    following = successors(corner.scope)
    before: dict[str, str] = {}
    begun = [node.id for node in start_nodes(corner.scope)]
    pending = list(begun)
    seen = set(begun)
    while pending:
        node = pending.pop(0)
        if node == target.id:
            break
        for other in following[node]:
            if other not in seen and (other not in avoided or other == target.id):
                seen.add(other)
                before[other] = node
                pending.append(other)
    steps = [target.id]
    while steps[-1] in before:
        steps.append(before[steps[-1]])
    return tuple(TraceStep(element_id=step) for step in reversed(steps))


def _scripts(facts: Facts, written: Written) -> Iterator[Finding]:
    what = Words("le calcul", "the script")
    for corner in facts.subject.corners:
        for node in corner.scope.nodes.values():
            script = try_script(node.script)
            if script is None:
                continue
            done: set[str] = set()
            for line in script.assignments:
                for name in sorted(line.expression.required - done):
                    if name in GIVEN or name in facts.opening or name in facts.local:
                        continue
                    if name not in facts.sources:
                        yield about(
                            node,
                            "DT-001",
                            severity=Severity.WARNING,
                            what=_capital(what),
                            name=name,
                            effect=_effect(False, facts.open_messages),
                        )
                    elif name not in written.before(corner, node):
                        yield _too_early(facts, corner, node, node, what, name)
                done.add(line.name)
            for name in sorted(script.writes - facts.read_names - {"outcome"} - STANDARD):
                yield about(node, "DT-003", name=name)


def _impossible_answers(facts: Facts, read: Read) -> Iterator[Finding]:
    expression = try_compile(read.text)
    for literal in expression.literals if expression else ():
        sources = facts.sources.get(literal.name, [])
        if not sources or not isinstance(literal.value, str) or any(source.values is None for source in sources):
            continue
        possible = {value for source in sources for value in source.values or () if isinstance(value, str)}
        if possible and literal.value not in possible and all(source.type in ("code", "string") for source in sources):
            yield about(
                read.element,
                "DT-005",
                place=read.text.place,
                what=_capital(read.what),
                name=literal.name,
                value=literal.value,
                options=", ".join(sorted(possible)),
            )


TYPE_WORDS: Mapping[str, Words] = {
    "number": Words("un nombre", "a number"),
    "string": Words("un texte", "a text"),
    "boolean": Words("un oui/non", "a yes/no"),
    "date": Words("une date", "a date"),
    "date and time": Words("une date et heure", "a date and time"),
    "list": Words("une liste", "a list"),
    "context": Words("une fiche", "a record"),
}
FAMILY_OF: Mapping[str, str] = {
    "int": "number",
    "dec": "number",
    "str": "string",
    "text": "string",
    "code": "string",
    "commune": "string",
    "bool": "boolean",
    "dt": "date and time",
    "codes": "list",
    "table": "list",
    "person": "context",
    "org": "context",
    "file": "context",
}


def _two_types(facts: Facts) -> Iterator[Finding]:
    nodes = {node.id: node for node in facts.subject.nodes}
    for name, sources in facts.sources.items():
        kinds = dict.fromkeys(
            FAMILY_OF.get(kind, kind.split("<")[0])
            for source in sources
            if (kind := source.type) is not None and source.name not in STANDARD
        )
        told = [TYPE_WORDS[kind] for kind in kinds if kind in TYPE_WORDS]
        if len(told) < 2:
            continue
        writers = [nodes[source.writer] for source in sources if source.writer in nodes]
        types = Words(" ou ".join(word.fr for word in told), " or ".join(word.en for word in told))
        element = writers[-1] if writers else facts.subject.model.main_process
        yield about(element, "DT-004", name=name, types=types, related=tuple(one.id for one in writers))


class Written:
    """Names surely written before each node: the greatest solution of the flow of facts through the drawing."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.own: dict[int, frozenset[str]] = {}
        self.everything = frozenset(facts.sources) | facts.opening
        self.found: dict[int, dict[str, frozenset[str]]] = {}
        self.corners = {id(corner.scope): corner for corner in facts.subject.corners}
        for corner in facts.subject.corners:
            if corner.owner is None:
                self._scope(corner, self._at_start(corner))

    def before(self, corner: Corner, node: Node, *, after: bool = False) -> frozenset[str]:
        """Names surely written when a token reaches the node (or has passed it)."""
        known = self.found.get(id(corner.scope), {}).get(node.id, self.everything)
        if after:
            known = known | self._writes(node, known)
        return known

    def _at_start(self, corner: Corner) -> frozenset[str]:
        """A called process knows its inputs; the main one what opens the case."""
        if corner.process.id == self.facts.subject.model.main:
            return self.facts.opening
        calls = [node for node in self.facts.subject.nodes if node.called == corner.process.id]
        inputs: Iterable[frozenset[str]] = [frozenset(one.name for one in call.inputs) for call in calls]
        common = frozenset.intersection(*inputs) if calls else self.everything
        return common | self.facts.opening

    def _scope(self, corner: Corner, start: frozenset[str]) -> None:
        scope = corner.scope
        flows_in = incoming(scope)
        attached = {event.id: host for host, events in boundaries(scope).items() for event in events}
        known = dict.fromkeys(scope.nodes, self.everything)
        begun = {node.id for node in start_nodes(scope)}
        self.found[id(scope)] = known
        changed = True
        while changed:
            changed = False
            for node in scope.nodes.values():
                arriving = [
                    known[flow.source] | self._writes(scope.nodes[flow.source], known[flow.source])
                    for flow in flows_in[node.id]
                ]
                if node.id in begun:
                    now = start
                elif node.id in attached:
                    now = known.get(attached[node.id], self.everything)
                elif not arriving:
                    now = self.everything
                elif node.kind is NodeKind.PARALLEL:
                    now = frozenset().union(*arriving)
                else:
                    now = frozenset.intersection(*arriving)
                if now != known[node.id]:
                    known[node.id] = now
                    changed = True
        for node in scope.nodes.values():
            if node.body is not None:
                # An event may come at any time: what it reads may be written or not, and nothing is said of it.
                inner = self.everything if node.event_sub_process else known[node.id]
                self._scope(self.corners[id(node.body)], inner)

    def _writes(self, node: Node, known: frozenset[str]) -> frozenset[str]:
        own = self.own.get(id(node))
        if own is None:
            own = self.own[id(node)] = frozenset(source.name for source in self.facts.written_by(node))
        if node.body is None or node.loop is not None:
            return own
        return own | self._body_writes(node)

    def _body_writes(self, node: Node) -> frozenset[str]:
        """What every way through a sub-process writes: names its ends all know."""
        assert node.body is not None
        corner = self.corners[id(node.body)]
        if id(node.body) not in self.found:
            self._scope(corner, NO_NAMES)
        known = self.found[id(node.body)]
        ends = [known[end.id] for end in node.body.nodes.values() if end.kind is NodeKind.END]
        return frozenset.intersection(*ends) if ends else NO_NAMES
