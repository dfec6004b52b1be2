"""Event definitions → triggers: names resolved, times read; where the drawing says nothing a person triggers it."""

from __future__ import annotations

import re

from engine.bpmn.model import ExpressionText, NodeKind, TimerKind, Trigger, TriggerKind
from engine.bpmn.reader import texts, times
from engine.bpmn.reader.draft import DraftNode
from engine.bpmn.reader.namespaces import (
    ZEEBE,
    camunda,
    child,
    children,
    clean_name,
    extension,
    local,
    parcours,
    text_of,
)
from engine.bpmn.reader.reading import Reading, Source
from engine.bpmn.xml import Element

_KINDS = {
    "messageEventDefinition": TriggerKind.MESSAGE,
    "signalEventDefinition": TriggerKind.SIGNAL,
    "timerEventDefinition": TriggerKind.TIMER,
    "errorEventDefinition": TriggerKind.ERROR,
    "escalationEventDefinition": TriggerKind.ESCALATION,
    "conditionalEventDefinition": TriggerKind.CONDITIONAL,
    "terminateEventDefinition": TriggerKind.TERMINATE,
    "cancelEventDefinition": TriggerKind.CANCEL,
    "linkEventDefinition": TriggerKind.LINK,
    "compensateEventDefinition": TriggerKind.COMPENSATION,
}
_REFERENCES = {
    TriggerKind.MESSAGE: "messageRef",
    TriggerKind.SIGNAL: "signalRef",
    TriggerKind.ERROR: "errorRef",
    TriggerKind.ESCALATION: "escalationRef",
}
_TIMERS = {"timeDate": TimerKind.DATE, "timeDuration": TimerKind.DURATION, "timeCycle": TimerKind.CYCLE}
_THROWS = frozenset({NodeKind.THROW, NodeKind.END})
_FRENCH = {
    TriggerKind.MESSAGE: "message",
    TriggerKind.SIGNAL: "signal",
    TriggerKind.ERROR: "erreur",
    TriggerKind.ESCALATION: "escalade",
}


def read_triggers(reading: Reading, source: Source, node: DraftNode, element: Element) -> None:
    """Set the node's triggers from the event definitions of its element, written inside or by reference."""
    found = []
    for definition in _definitions(reading, source, node, element):
        trigger = _trigger(reading, source, node, definition)
        if trigger is not None:
            found.append(_fitting(reading, node, trigger))
    links = [one for one in found if one.kind is TriggerKind.LINK]
    found = links[:1] or found  # a link is a drawn shorthand for a flow: nothing can be waited for beside it
    if not found and node.kind in (NodeKind.CATCH, NodeKind.BOUNDARY) and element.name != "receiveTask":
        found = [by_hand(reading, node, "n’a pas de déclencheur", "has no trigger")]
    node.trigger = found[0] if found else Trigger(place=node.place)
    node.other_triggers = tuple(found[1:])
    node.all_triggers = element.get("parallelMultiple") == "true" and len(found) > 1


def _definitions(reading: Reading, source: Source, node: DraftNode, element: Element) -> list[Element]:
    found = [one for one in children(element) if one.name in _KINDS]
    for reference in children(element, "eventDefinitionRef"):
        target = source.definitions.get(local(text_of(reference)))
        if target is not None and target.name in _KINDS:
            found.append(target)
        else:
            reading.journal.error(
                "NS-010",
                node,
                f"L’événement « {node.shown} » renvoie à la définition « {text_of(reference)} », absente du fichier.",
                f"The event “{node.shown}” refers to the definition “{text_of(reference)}”, which is not in the file.",
            )
    return found


_CATCHES = {
    TriggerKind.MESSAGE,
    TriggerKind.SIGNAL,
    TriggerKind.TIMER,
    TriggerKind.CONDITIONAL,
    TriggerKind.LINK,
}
_BOUNDARIES = (_CATCHES - {TriggerKind.LINK}) | {
    TriggerKind.ERROR,
    TriggerKind.ESCALATION,
    TriggerKind.CANCEL,
    TriggerKind.COMPENSATION,
}
_ALLOWED = {
    NodeKind.CATCH: _CATCHES,
    NodeKind.BOUNDARY: _BOUNDARIES,
    NodeKind.START: _BOUNDARIES - {TriggerKind.CANCEL},
    NodeKind.THROW: {
        TriggerKind.MESSAGE,
        TriggerKind.SIGNAL,
        TriggerKind.ESCALATION,
        TriggerKind.LINK,
        TriggerKind.COMPENSATION,
    },
    NodeKind.END: set(TriggerKind) - {TriggerKind.TIMER, TriggerKind.CONDITIONAL},
}


def _fitting(reading: Reading, node: DraftNode, trigger: Trigger) -> Trigger:
    """The trigger, where BPMN lets such an event carry it; otherwise the nearest thing that can happen."""
    if trigger.kind in _ALLOWED[node.kind]:
        if node.kind in (NodeKind.BOUNDARY, NodeKind.START) and trigger.kind is TriggerKind.ERROR:
            node.interrupting = True  # an error always ends what threw it (BPMN 2.0.2, table 10.93)
        return trigger
    if node.kind in (NodeKind.CATCH, NodeKind.BOUNDARY, NodeKind.START):
        why = f"porte un déclencheur ({trigger.kind.value}) impossible à cet endroit"
        return by_hand(reading, node, why, f"carries a trigger ({trigger.kind.value}) that is impossible here")
    reading.journal.warning(
        "RD-023",
        node,
        f"L’événement « {node.shown} » ne peut pas lancer cela ({trigger.kind.value}) : il est simplement traversé.",
        f"The event “{node.shown}” cannot throw this ({trigger.kind.value}): it is passed through.",
    )
    return Trigger(place=trigger.place)


def by_hand(reading: Reading, node: DraftNode, why: str, why_en: str) -> Trigger:
    """A message that a person sends by hand, where the drawing does not say what the event waits for."""
    name = node.name or node.id
    reading.journal.warning(
        "RD-020",
        node,
        f"L’événement « {node.shown} » {why} : une personne le déclenchera à la main (message « {name} »).",
        f"The event “{node.shown}” {why_en}: a person will trigger it by hand (message “{name}”).",
    )
    return Trigger(kind=TriggerKind.MESSAGE, name=name, place=node.place)


def _trigger(reading: Reading, source: Source, node: DraftNode, definition: Element) -> Trigger | None:
    kind = _KINDS[definition.name]
    place = definition.place
    match kind:
        case TriggerKind.TIMER:
            return _timer(reading, source, node, definition)
        case TriggerKind.CONDITIONAL:
            return _conditional(reading, source, node, definition)
        case TriggerKind.LINK:
            return Trigger(kind=kind, name=_link_name(source, definition), place=place)
        case TriggerKind.COMPENSATION:
            return Trigger(kind=kind, name=source.known(definition.get("activityRef")) or None, place=place)
        case TriggerKind.MESSAGE | TriggerKind.SIGNAL:
            name, target = named(reading, source, node, definition, kind)
            key = correlation(source, target, definition) if kind is TriggerKind.MESSAGE else None
            return Trigger(kind=kind, name=name, correlation=key, place=place)
        case TriggerKind.ERROR | TriggerKind.ESCALATION:
            return Trigger(kind=kind, name=_code(source, node, definition, kind), place=place)
    return Trigger(kind=kind, place=place)


def _link_name(source: Source, definition: Element) -> str:
    """What joins a throwing link to its arrival: the name of the arrival that one of the two refers to by id, else
    the link's own name, else its event's.
    """
    links = [one for one in source.definitions.values() if one.name == "linkEventDefinition"]
    arrival = definition
    for one in links:
        leads = local(text_of(child(definition, "target"))) == one.get("id")
        comes = definition.get("id") in {local(text_of(each)) for each in children(one, "source")}
        if leads or comes:
            arrival = one
    meant = arrival is not definition or child(definition, "source") is not None
    meant = meant or any(local(text_of(child(one, "target"))) == definition.get("id") for one in links)
    event = arrival.parent.get("name") if arrival.parent is not None else None
    return clean_name(arrival.get("name") or event) or (arrival.get("id") or "" if meant else "")


def named(
    reading: Reading, source: Source, node: DraftNode, definition: Element, kind: TriggerKind
) -> tuple[str, Element | None]:
    """Name of the message or signal an element refers to, and its definition; a missing one gets the event's name."""
    reference = local(definition.get(_REFERENCES[kind]))
    target = source.definitions.get(reference)
    if target is not None:
        name = clean_name(target.get("name"))
        if not name:
            name = reference
            reading.journal.info(
                "RD-021",
                target,
                f"Le {_FRENCH[kind]} « {reference} » n’a pas de nom : son identifiant en tient lieu.",
                f"The {kind.value} “{reference}” has no name: its id is used.",
            )
        return name, target
    written = clean_name(definition.get("message") or definition.get("signal"))
    drawn = source.message_of.get(node.id) if kind is TriggerKind.MESSAGE else None
    name = written or clean_name(reference) or drawn or node.name or node.id
    reading.journal.warning(
        "RD-022",
        node,
        f"L’événement « {node.shown} » ne désigne aucun {_FRENCH[kind]} du fichier : le nom « {name} » lui est donné.",
        f"The event “{node.shown}” refers to no {kind.value} of the file: it is given the name “{name}”.",
    )
    return name, None


def correlation(source: Source, message: Element | None, definition: Element) -> ExpressionText | None:
    """The correlation key of a message (written on it, as Camunda 8 does), None: it is addressed to the case."""
    for holder in (message, definition):
        if holder is None:
            continue
        subscription = extension(holder, ZEEBE, "subscription")
        key = subscription.get("correlationKey") if subscription is not None else parcours(holder, "correlation")
        if key and key.strip():
            return texts.expression(key, holder.place, source=source.dialect)
    return None


def _code(source: Source, node: DraftNode, definition: Element, kind: TriggerKind) -> str | None:
    reference = local(definition.get(_REFERENCES[kind]))
    target = source.definitions.get(reference)
    code = None
    if target is not None:
        code = target.get("errorCode") or target.get("escalationCode") or target.get("name") or reference
    code = clean_name(code or reference)
    if not code and node.kind in _THROWS:
        code = node.name or node.id
    return code or None


def _timer(reading: Reading, source: Source, node: DraftNode, definition: Element) -> Trigger | None:
    written = [one for one in children(definition) if one.name in _TIMERS and text_of(one)]
    if len(written) > 1:
        reading.journal.error(
            "TM-002",
            node,
            f"La minuterie « {node.shown} » a plusieurs échéances : n’en gardez qu’une.",
            f"The timer “{node.shown}” has several times: keep one.",
        )
        return None
    if not written:
        return _timeless(reading, node, "est une minuterie sans échéance", "is a timer without a time")
    holder = written[0]
    kind = _TIMERS[holder.name]
    if kind is TimerKind.CYCLE and times.is_duration(text_of(holder).strip("\"'")):
        kind = TimerKind.DURATION
    found = times.read_time(text_of(holder), kind, holder.place, source=source.dialect)
    if not isinstance(found, times.BadTime):
        _note_time(reading, node, holder, found)
        return Trigger(kind=TriggerKind.TIMER, timer=kind, expression=found, place=definition.place)
    unreadable = found.expression or (source.dialect == "plain" and texts.is_prose(text_of(holder)))
    unreadable = unreadable and not re.match(r"\s*[\"']?\s*[-+]?(\d|P|R\d*/|WD)", text_of(holder))
    if (unreadable or times.is_cron(text_of(holder))) and source.dialect != "parcours" and not _opens_cases(node):
        shown = texts.shorten(text_of(holder))
        return by_hand(reading, node, f"attend « {shown} »", f"waits for “{shown}”")
    if _opens_cases(node):
        reading.journal.warning(
            "TM-003",
            holder,
            f"Le démarrage périodique de « {node.shown} » n’est pas lu ({found.french}) : le dossier s’ouvrira à la"
            " main.",
            f"The periodic start of “{node.shown}” is not read ({found.english}): cases are opened by hand.",
        )
        return None
    reading.journal.error(
        "TM-001",
        holder,
        f"La minuterie « {node.shown} » ne peut pas se déclencher : {found.french}.",
        f"The timer “{node.shown}” cannot fire: {found.english}.",
    )
    return Trigger(kind=TriggerKind.TIMER, place=definition.place)


def _opens_cases(node: DraftNode) -> bool:
    """Whether this is the start of a process or sub-process, not of an event sub-process."""
    around = node.element.parent if node.element is not None else None
    return node.kind is NodeKind.START and (around is None or around.get("triggeredByEvent") != "true")


def _note_time(reading: Reading, node: DraftNode, holder: Element, found: ExpressionText) -> None:
    """Say what was written otherwise, and what is not taken over."""
    written = text_of(holder)
    if found.dialect == "plain" and found.text != written.strip("\"'= "):
        reading.journal.info(
            "RD-024",
            node,
            f"L’échéance « {texts.shorten(written)} » de « {node.shown} » est lue « {found.text} ».",
            f"The time “{texts.shorten(written)}” of “{node.shown}” is read as “{found.text}”.",
        )
    end = camunda(holder, "endDate")
    if end:
        reading.journal.warning(
            "RD-025",
            node,
            f"La fin de la répétition de « {node.shown} » (« {texts.shorten(end)} ») n’est pas reprise : écrivez le"
            " nombre de fois, par exemple R3/PT24H.",
            f"The end of the repetition of “{node.shown}” (“{texts.shorten(end)}”) is left out: write how many times,"
            " for instance R3/PT24H.",
        )


def _timeless(reading: Reading, node: DraftNode, why: str, why_en: str) -> Trigger | None:
    if _opens_cases(node):
        reading.journal.warning(
            "TM-003",
            node,
            f"Le départ « {node.shown} » {why} : le dossier s’ouvrira à la main.",
            f"The start “{node.shown}” {why_en}: cases are opened by hand.",
        )
        return None
    return by_hand(reading, node, why, why_en)


def _conditional(reading: Reading, source: Source, node: DraftNode, definition: Element) -> Trigger | None:
    condition = child(definition, "condition")
    text = text_of(condition)
    if condition is None or not text:
        return _timeless(
            reading, node, "attend une condition qui n’est pas écrite", "waits for a condition not written"
        )
    found = texts.expression(text, condition.place, source=source.dialect, language=condition.get("language") or "")
    if source.dialect != "parcours" and (texts.is_prose(text) or texts.problem_of(found) is not None):
        return _timeless(reading, node, f"attend « {texts.shorten(text)} »", f"waits for “{texts.shorten(text)}”")
    texts.note_bad_expression(reading.journal, condition, "La condition", "The condition", found)
    return Trigger(kind=TriggerKind.CONDITIONAL, expression=found, place=definition.place)


def message_of_task(reading: Reading, source: Source, node: DraftNode, element: Element) -> Trigger | None:
    """The message of a send or receive task; None when the drawing names none."""
    reference = local(element.get("messageRef"))
    if reference or child(element, "messageEventDefinition") is not None:
        holder = element if reference else child(element, "messageEventDefinition")
        if holder is not None:
            name, target = named(reading, source, node, holder, TriggerKind.MESSAGE)
            key = correlation(source, target, element)
            return Trigger(kind=TriggerKind.MESSAGE, name=name, correlation=key, place=node.place)
    drawn = source.message_of.get(node.id)
    return Trigger(kind=TriggerKind.MESSAGE, name=drawn, place=node.place) if drawn else None
