"""Gateways: conditions kept where they can be evaluated, a person who decides where they cannot."""

from __future__ import annotations

import re
from dataclasses import replace

from engine.bpmn.model import DecisionOption, ExpressionText, NodeKind, Trigger, TriggerKind
from engine.bpmn.reader import texts
from engine.bpmn.reader.draft import DraftFlow, DraftNode, DraftScope
from engine.bpmn.reader.forms import both
from engine.bpmn.reader.reading import Reading, Source
from engine.bpmn.reader.structure import question_form, variable_name

DECIDE = "Décider : "
_OTHER_OPERATORS = re.compile(r"===|!==|&&|\|\||\?|!\s*[\w(]")
"""Of Java, JavaScript and MVEL, written without the marks of JUEL."""
_WORD = re.compile(r"[^\W\d]\w*")
_ANSWERS = frozenset({"yes", "no", "ok", "oui", "non", "ja", "nein", "si", "sí", "sim", "não", "else", "otherwise"})
_CHOICES = frozenset({NodeKind.EXCLUSIVE, NodeKind.INCLUSIVE})


def settle_gateways(reading: Reading, source: Source, scope: DraftScope, known: set[str]) -> None:
    """Give every gateway of the scope a way to choose among its flows. `known` are the names that something writes."""
    for node in list(scope.nodes.values()):
        if node.element is None:  # made by the reader, which knows what it wrote
            continue
        if node.kind is NodeKind.EVENT_BASED:
            _event_gateway(reading, source, scope, node)
        elif node.kind is NodeKind.PARALLEL:
            _ignore_conditions(reading, scope, node)
        elif node.kind in _CHOICES:
            _choice(reading, source, scope, node, known)


def _ignore_conditions(reading: Reading, scope: DraftScope, node: DraftNode) -> None:
    for flow in scope.outgoing(node):
        if flow.condition is not None:
            flow.condition = None
            reading.journal.warning(
                "RD-060",
                flow,
                f"La condition d’une flèche qui part de « {node.shown} » est ignorée : cette porte suit toutes ses"
                " flèches.",
                f"The condition of a flow that leaves “{node.shown}” is ignored: this gateway takes all of its flows.",
            )
    node.default_flow = None


def _choice(reading: Reading, source: Source, scope: DraftScope, node: DraftNode, known: set[str]) -> None:
    leaving = scope.outgoing(node)
    if node.bpmn_type == "complexGateway" and not _complex(reading, scope, node):
        return
    if len(leaving) < 2:
        if leaving and leaving[0].condition is not None:
            leaving[0].condition = None
            reading.journal.warning(
                "RD-061",
                leaving[0],
                f"La seule flèche qui part de « {node.shown} » a une condition : elle est suivie dans tous les cas.",
                f"The only flow that leaves “{node.shown}” has a condition: it is always taken.",
            )
        node.default_flow = None
        return
    default = next((flow for flow in leaving if flow.id == node.default_flow), None)
    if default is None:
        node.default_flow = None
    elif default.condition is not None:
        default.condition = None
        reading.journal.info(
            "RD-067",
            default,
            f"La flèche par défaut de « {node.shown} » a une condition : BPMN l’ignore, elle aussi.",
            f"The default flow of “{node.shown}” has a condition: BPMN ignores it, and so do we.",
        )
    conditional = [flow for flow in leaving if flow.condition is not None]
    if not conditional:
        decide(reading, scope, node, "n’a pas de condition", "has no conditions")
        return
    labels = source.dialect not in ("parcours", "spiff") and _are_labels(conditional, known)
    unusable = conditional if labels else [flow for flow in conditional if not _usable(reading, source, flow)]
    if unusable:
        shown = texts.shorten(unusable[0].condition.text if unusable[0].condition else "", 60)
        decide(
            reading,
            scope,
            node,
            f"a une condition que le moteur ne sait pas évaluer (« {shown} »)",
            f"has a condition that cannot be evaluated (“{shown}”)",
        )
        return
    _complete(
        reading, source, scope, node, [flow for flow in leaving if flow.condition is None and flow is not default]
    )


def _complex(reading: Reading, scope: DraftScope, node: DraftNode) -> bool:
    """A diverging complex gateway is a choice by a person; a converging one says when it opens in words of its own."""
    if len(scope.incoming(node)) > 1:
        reading.journal.error(
            "NS-030",
            node,
            f"La porte complexe « {node.shown} » réunit des branches par une règle à elle : utilisez une porte"
            " parallèle,"
            " inclusive ou exclusive.",
            f"The complex gateway “{node.shown}” joins branches by a rule of its own: use a parallel, inclusive or"
            " exclusive one.",
        )
        return False
    reading.journal.warning(
        "RD-062",
        node,
        f"La porte complexe « {node.shown} » est lue comme une porte inclusive.",
        f"The complex gateway “{node.shown}” is read as an inclusive one.",
    )
    return True


def _are_labels(conditional: list[DraftFlow], known: set[str]) -> bool:
    """Whether the conditions are single words for a reader (`Yes` on one flow, `No` on another), not facts: each
    another word, or an answer by itself, that nothing writes.
    """
    words = [flow.condition.text.strip() for flow in conditional if flow.condition is not None]
    bare = all(_WORD.fullmatch(word) and word not in known and word not in ("true", "false") for word in words)
    return bare and (len(set(words)) > 1 or any(word.casefold() in _ANSWERS for word in words))


def _usable(reading: Reading, source: Source, flow: DraftFlow) -> bool:
    """Whether the condition can be evaluated. In our own dialect a bad one is an error, elsewhere a person decides."""
    condition = flow.condition
    assert condition is not None
    constant = texts.constant_text(condition.text)
    if constant in ("true", "false"):
        flow.condition = condition = replace(condition, text=f"= {constant}", dialect="feel")
    drawn = source.dialect == "plain" and condition.dialect == "plain"
    if texts.problem_of(condition) is None and not (drawn and texts.is_prose(condition.text)):
        return True
    if source.dialect == "parcours" or _is_slip(condition):
        texts.note_bad_expression(reading.journal, flow, "La condition", "The condition", condition)
        return True
    return False


def _is_slip(condition: ExpressionText) -> bool:
    """A condition meant for the machine with a slip of the pen: marked or with an operator, no prose, no foreign
    code.
    """
    text = condition.text
    if (
        texts.calls_host_code(text)
        or texts.is_prose(text)
        or (not re.search(r"[$#]\{", text) and _OTHER_OPERATORS.search(text))
        or re.search(r"[;{}\[\]]|\w\.\w+\(|\w\(", text.strip("${}#"))
    ):
        return False
    return bool(re.search(r"[=<>!]", text.lstrip("=")))


def _complete(reading: Reading, source: Source, scope: DraftScope, node: DraftNode, bare: list[DraftFlow]) -> None:
    """Flows without condition beside flows with one: the only one is the default, several are always taken or asked."""
    if not bare:
        return
    if len(bare) == 1 and node.default_flow is None:
        node.default_flow = bare[0].id
        reading.journal.warning(
            "RD-063",
            bare[0],
            f"La flèche sans condition qui part de « {node.shown} » est suivie quand aucune autre ne l’est.",
            f"The flow without a condition that leaves “{node.shown}” is taken when no other one is.",
        )
    elif node.kind is NodeKind.INCLUSIVE:
        for flow in bare:
            flow.condition = ExpressionText("= true", "feel", flow.place)
    elif source.dialect == "parcours":
        for flow in bare:
            reading.journal.error(
                "CF-052",
                flow,
                f"Cette flèche de « {node.shown} » n’a pas de condition : écrivez-en une, ou faites-en la flèche par"
                " défaut.",
                f"This flow of “{node.shown}” has no condition: write one, or make it the default flow.",
            )
    else:
        decide(reading, scope, node, "a plusieurs flèches sans condition", "has several flows without a condition")


def decide(reading: Reading, scope: DraftScope, node: DraftNode, why: str, why_en: str) -> None:
    """« Décider : … »: a person chooses; the flows' names are the options."""
    leaving = scope.outgoing(node)
    variable = variable_name("decision", node.id)
    task = scope.add(
        f"{node.id}_decide", NodeKind.USER_TASK, of=node, name=DECIDE + (node.name or _question(scope, leaving))
    )
    several = node.kind is NodeKind.INCLUSIVE
    options = tuple(DecisionOption(flow.id, _label(scope, flow)) for flow in leaving)
    field: dict[str, object] = {
        "name": variable,
        "type": "codes" if several else "code",
        "required": True,
        "label": {"fr": "Quelles suites ?" if several else "Quelle suite ?", "en": "What next?"},
        "options": [{"value": option.value, "label": both(option.label)} for option in options],
    }
    work = question_form(reading, task, [field], like=_neighbour(scope, node))
    task.work = replace(work, decides=options, decision_variable=variable)
    task.documentation = node.documentation
    scope.insert_before(node, task)
    node.default_flow = None
    for flow in leaving:
        test = f'list contains({variable}, "{flow.id}")' if several else f'{variable} = "{flow.id}"'
        flow.condition = ExpressionText(f"= {test}", "feel", flow.place)
    reading.journal.warning(
        "RD-064",
        node,
        f"La porte « {node.shown} » {why} : une personne choisira la suite (« {task.name} »).",
        f"The gateway “{node.shown}” {why_en}: a person chooses what comes next (“{task.name}”).",
        related=[flow.id for flow in leaving],
    )


def _neighbour(scope: DraftScope, node: DraftNode) -> DraftNode | None:
    """The person's task just before: whoever did it decides, when no lane says otherwise."""
    for flow in scope.incoming(node):
        before = scope.nodes.get(flow.source)
        if before is not None and before.work is not None:
            return before
    return None


def _label(scope: DraftScope, flow: DraftFlow) -> str:
    if flow.name:
        return flow.name
    if flow.condition is not None:
        return texts.shorten(flow.condition.text, 60)
    target = scope.nodes[flow.target]
    return f"vers « {target.name} »" if target.name else flow.id


def _question(scope: DraftScope, leaving: list[DraftFlow]) -> str:
    return " ou ".join(_label(scope, flow) for flow in leaving[:3]) + (" …" if len(leaving) > 3 else "")


def _event_gateway(reading: Reading, source: Source, scope: DraftScope, node: DraftNode) -> None:
    """What follows an event gateway waits for an event and has no other way in."""
    for flow in scope.outgoing(node):
        flow.condition = None
        target = scope.nodes[flow.target]
        if target.kind is NodeKind.CATCH and target.trigger.kind is TriggerKind.NONE:
            target.trigger = Trigger(kind=TriggerKind.MESSAGE, name=target.shown, place=target.place)
    targets = [scope.nodes[flow.target] for flow in scope.outgoing(node)]
    if node.element is not None and node.element.get("eventGatewayType") == "Parallel":
        node.kind = NodeKind.PARALLEL
        reading.journal.info(
            "RD-068",
            node,
            f"La porte d’événements « {node.shown} » les attend tous : elle est lue comme une porte parallèle.",
            f"The event gateway “{node.shown}” waits for all of its events: it is read as a parallel gateway.",
        )
        return
    if len(targets) < 2:
        node.kind = NodeKind.EXCLUSIVE
        reading.journal.info(
            "RD-065",
            node,
            f"La porte d’événements « {node.shown} » n’a qu’une suite : elle est traversée.",
            f"The event gateway “{node.shown}” has one flow only: it is passed through.",
        )
        return
    if any(target.kind not in (NodeKind.CATCH, NodeKind.RECEIVE_TASK) for target in targets):
        node.kind = NodeKind.EXCLUSIVE
        decide(reading, scope, node, "n’est pas suivie d’événements seulement", "is not followed by events only")
        return
    for flow in scope.outgoing(node):
        if len(scope.incoming(scope.nodes[flow.target])) > 1:
            _copy_event(reading, scope, node, flow)


def _copy_event(reading: Reading, scope: DraftScope, gateway: DraftNode, flow: DraftFlow) -> None:
    event = scope.nodes[flow.target]
    copy = scope.add(f"{event.id}_{gateway.id}", event.kind, of=event, name=event.name)
    copy.trigger, copy.element, copy.responsible, copy.expected = (
        event.trigger,
        event.element,
        event.responsible,
        event.expected,
    )
    flow.target = copy.id
    for leaving in scope.outgoing(event):
        scope.connect(copy, scope.nodes[leaving.target], of=leaving.id)
    reading.journal.info(
        "RD-066",
        event,
        f"L’événement « {event.shown} » est atteint par plusieurs chemins : la porte d’événements en a une copie.",
        f"The event “{event.shown}” is reached by several paths: the event gateway has a copy of it.",
    )
