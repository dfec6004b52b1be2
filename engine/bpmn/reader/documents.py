"""One BPMN file → drafts of its processes: ids settled, definitions indexed, rewritten into what the model knows."""

from __future__ import annotations

from engine.bpmn.model import NodeKind
from engine.bpmn.reader import (
    activities,
    adhoc,
    compensation,
    data,
    ends,
    forms,
    gateways,
    outcomes,
    pools,
    scopes,
    starts,
    structure,
)
from engine.bpmn.reader.draft import DraftProcess, DraftScope
from engine.bpmn.reader.namespaces import FLOW_NODES, GLOBAL_TASKS, children, clean_name, dialect_of, is_bpmn
from engine.bpmn.reader.reading import Reading, Source
from engine.bpmn.xml import Document, Element

MAX_NODES = 400
MAX_FLOWS = 2_000
MAX_NODES_TOGETHER = 2_000
"""Of all the processes of the files: a pathway and the pieces it calls."""
MAX_FORMULAS = 150_000
"""Characters of all the conditions, times and computations of the files: more cannot be looked at in a few seconds."""
_FORMULAS = frozenset({
    "conditionExpression", "condition", "script", "loopCondition", "loopCardinality", "completionCondition",
    "activationCondition", "timeDate", "timeDuration", "timeCycle", "preScript", "postScript",
})  # fmt: skip
_DEFINITIONS = GLOBAL_TASKS | {"message", "signal", "error", "escalation", "resource"}
_UNSUPPORTED = {
    "choreography": "La chorégraphie",
    "globalChoreographyTask": "La tâche de chorégraphie",
    "choreographyTask": "La tâche de chorégraphie",
    "subChoreography": "La chorégraphie",
}


def open_source(reading: Reading, document: Document) -> Source:
    """Index what elements of the file refer to, and give every node, flow and process an id of its own."""
    source = Source(document.file, dialect_of(document), document.root)
    for element in document.root.walk():
        identifier = element.get("id")
        if (
            identifier
            and is_bpmn(element)
            and (element.name in _DEFINITIONS or element.name.endswith("EventDefinition"))
        ):
            source.definitions.setdefault(identifier, element)
    _bound_formulas(reading, document)
    _settle_ids(reading, source)
    pools.read_message_flows(source)
    _note_choreographies(reading, document)
    return source


def _bound_formulas(reading: Reading, document: Document) -> None:
    before = reading.formulas
    for element in document.root.walk():
        written = [element.text] if element.name in _FORMULAS else []
        written += [one for one in (element.text, *element.attributes.values()) if one.lstrip()[:1] in ("=", "$", "#")]
        reading.formulas += sum(map(len, written))
    if before <= MAX_FORMULAS < reading.formulas:
        reading.journal.error(
            "XML-019",
            document.root,
            f"Les conditions et les calculs de ces fichiers comptent plus de {MAX_FORMULAS} caractères :"
            " simplifiez-les, ou faites-en des tables de décision.",
            f"The conditions and computations of these files hold more than {MAX_FORMULAS} characters: simplify them,"
            " or make decision tables of them.",
        )


def _note_choreographies(reading: Reading, document: Document) -> None:
    """Refused where they are all there is; kept as a drawing beside a process."""
    drawn = any(scopes.count_nodes(one) for one in children(document.root, "process"))
    for element in children(document.root) if drawn else document.root.walk():
        if not is_bpmn(element) or element.name not in _UNSUPPORTED:
            continue
        called = f"{_UNSUPPORTED[element.name]} « {clean_name(element.get('name')) or element.get('id') or ''} »"
        if drawn:
            reading.journal.info(
                "RD-102",
                element,
                f"{called} est gardée comme dessin : un dossier suit le processus.",
                f"The {element.name} is kept as a drawing: a case follows the process.",
            )
            continue
        reading.journal.error(
            "NS-001",
            element,
            f"{called} décrit un échange entre partenaires, pas un parcours : dessinez le processus de celui qui agit.",
            f"The {element.name} describes an exchange between partners, not a pathway: draw the process of the one"
            " who acts.",
        )


def _settle_ids(reading: Reading, source: Source) -> None:
    mine: dict[str, Element] = {}
    told = 0
    for element in source.root.walk():
        if not is_bpmn(element) or not (element.name in FLOW_NODES or element.name in ("sequenceFlow", "process")):
            continue
        identifier = (element.get("id") or "").strip()
        if not identifier:
            element.attributes["id"] = reading.ids.fresh(f"{element.name}_{element.place.line}_{element.place.column}")
            told += 1
            if told <= 20:
                reading.journal.info(
                    "RD-004",
                    element,
                    f"Un élément « {element.name} » sans identifiant en reçoit un.",
                    f"A {element.name} without an id is given one.",
                )
        elif identifier in mine:
            reading.journal.error(
                "XML-014",
                element,
                f"L’identifiant « {identifier} » est utilisé deux fois (déjà ligne {mine[identifier].place.line}) :"
                " donnez-en un"
                " autre à l’un des deux.",
                f"The id “{identifier}” is used twice (already on line {mine[identifier].place.line}): change one of"
                " them.",
            )
        elif identifier in reading.ids.used and element.name != "process":
            source.ids[identifier] = reading.ids.fresh(
                f"{source.file.rpartition('/')[2].partition('.')[0]}.{identifier}"
            )
        else:
            reading.ids.used.add(identifier)
        mine.setdefault(identifier, element)


def read_processes(reading: Reading, source: Source) -> list[DraftProcess]:
    """Drafts of the processes of the file that contain something, nodes and flows as drawn."""
    found: list[DraftProcess] = []
    if reading.formulas > MAX_FORMULAS:
        return found
    names = pools.pool_names(source)
    for element in children(source.root, "process"):
        size = scopes.count_nodes(element)
        if size == 0:
            continue
        if size > MAX_NODES:
            reading.journal.error(
                "XML-015",
                element,
                f"Ce processus compte {size} éléments ; la limite est {MAX_NODES} : découpez-le en processus appelés.",
                f"This process holds {size} elements; the limit is {MAX_NODES}: split it with call activities.",
            )
            continue
        if not _bounded(reading, element, size):
            continue
        mark = len(reading.journal.findings)
        forms.embedded_forms(reading, element)
        scope = scopes.read_scope(reading, source, element)
        scopes.read_flows(reading, source, element, scope)
        key = element.get("id") or ""
        executable = {"true": True, "false": False}.get(element.get("isExecutable") or "")
        name = clean_name(element.get("name")) or names.get(key, "")
        found.append(
            DraftProcess(
                id=key,
                name=name,
                scope=scope,
                element=element,
                place=element.place,
                documentation=activities.documentation_of(element),
                executable=executable,
                pool=names.get(key, ""),
                findings=reading.journal.since(mark),
            )
        )
    pools.note_black_boxes(reading, source)
    return found


def _bounded(reading: Reading, element: Element, size: int) -> bool:
    """Whether the process has no more flows than can be drawn, and the files no more steps than can be followed."""
    flows = sum(1 for one in element.walk() if is_bpmn(one, "sequenceFlow"))
    if flows > MAX_FLOWS:
        reading.journal.error(
            "XML-017",
            element,
            f"Ce processus compte {flows} flèches ; la limite est {MAX_FLOWS} : découpez-le en processus appelés.",
            f"This process holds {flows} flows; the limit is {MAX_FLOWS}: split it with call activities.",
        )
        return False
    if reading.size > MAX_NODES_TOGETHER:
        return False
    reading.size += size
    if reading.size > MAX_NODES_TOGETHER:
        reading.journal.error(
            "XML-018",
            element,
            f"Ces fichiers décrivent plus de {MAX_NODES_TOGETHER} étapes : déposez le parcours et ses seuls"
            " processus appelés.",
            f"These files describe more than {MAX_NODES_TOGETHER} steps: upload the pathway and what it calls only.",
        )
        return False
    return True


def rewrite(reading: Reading, source: Source, process: DraftProcess, known: set[str]) -> None:
    """Rewrite one process until it holds only what the model knows. `known` are the names that something writes."""
    if source.dialect != "parcours":
        data.set_aside_unknown(reading, process, known)
    compensation.settle_compensation(reading, source, process.element, process.scope)
    _drop_empty_event_sub_processes(process.scope)
    for scope, node in list(process.scope.walk()):
        if node.ad_hoc:
            adhoc.order_ad_hoc(reading, scope, node)
    owners = {id(node.body): node for _, node in process.scope.walk() if node.body is not None}
    for scope in _scopes(process.scope):
        owner = owners.get(id(scope))
        structure.check_boundaries(reading, scope)
        structure.join_links(reading, scope)
        structure.split_multiple_events(reading, scope)
        ends.settle_cancels(reading, scope)
        ends.settle_ends(reading, scope)
        gateways.settle_gateways(reading, source, scope, known)
        outcomes.ask_how_it_went(reading, scope)
        structure.add_mappings(scope)
        structure.ask_about_loops(reading, scope)
        starts.settle_starts(reading, scope, owner, owner or process.element)
        structure.split_implicitly(reading, scope)
        structure.merge_implicitly(scope)
    ends.settle_stray_cancels(reading, process.scope)
    if source.dialect != "parcours":
        data.ask_for_missing(reading, process, known | data.written_names(reading, [process.scope]))
    pools.read_lanes(reading, source, process)


def _scopes(top: DraftScope) -> list[DraftScope]:
    return [top, *(node.body for _, node in top.walk() if node.body is not None)]


def _drop_empty_event_sub_processes(top: DraftScope) -> None:
    for scope, node in list(top.walk()):
        if node.event_sub_process and node.kind is not NodeKind.SUB_PROCESS:
            scope.remove(node)
