"""Loop markers: standard loops and multi-instances of every dialect; what is not written is asked of a person."""

from __future__ import annotations

import re

from engine.bpmn.model import ExpressionText, MultiInstance, Place, StandardLoop
from engine.bpmn.reader import texts
from engine.bpmn.reader.automation import bare
from engine.bpmn.reader.draft import DraftNode
from engine.bpmn.reader.namespaces import CAMUNDA, ZEEBE, child, clean_name, extension, text_of
from engine.bpmn.reader.reading import Reading, Source
from engine.bpmn.xml import Element

MAX_ROUNDS = 1_000
DEFAULT_ROUNDS = 100
MAX_INSTANCES = 1_000
_COUNTERS = re.compile(r"\b(nrOf\w*Instances|numberOf\w*Instances)\b")


def read_loop(reading: Reading, source: Source, node: DraftNode, element: Element) -> None:
    """Set the node's loop from its markers."""
    standard = child(element, "standardLoopCharacteristics")
    several = child(element, "multiInstanceLoopCharacteristics")
    if standard is not None:
        _standard(reading, source, node, standard)
    elif several is not None:
        _multi_instance(reading, source, node, several)


def _standard(reading: Reading, source: Source, node: DraftNode, element: Element) -> None:
    maximum = element.get("loopMaximum")
    if maximum and (not maximum.isdigit() or not 0 < int(maximum) <= MAX_ROUNDS):
        reading.journal.error(
            "CF-050",
            element,
            f"Le nombre de tours de « {node.shown} » doit être entre 1 et {MAX_ROUNDS}.",
            f"The number of rounds of “{node.shown}” must lie between 1 and {MAX_ROUNDS}.",
        )
        return
    condition = child(element, "loopCondition")
    text = text_of(condition)
    found = _usable(reading, source, condition, text) if condition is not None and text else None
    before = element.get("testBefore") == "true"
    if found is None and (maximum is None or text):
        node.again = True
        reading.journal.warning(
            "RD-040",
            node,
            f"« {node.shown} » se répète sans condition lisible : après chaque tour une personne dira s’il en faut"
            " un autre.",
            f"“{node.shown}” repeats without a usable condition: after each round a person says whether once more.",
        )
        return
    if maximum is None:
        reading.journal.info(
            "RD-041",
            node,
            f"La répétition de « {node.shown} » n’a pas de maximum : elle est limitée à {DEFAULT_ROUNDS} tours.",
            f"The loop of “{node.shown}” has no maximum: it is limited to {DEFAULT_ROUNDS} rounds.",
        )
    node.loop = StandardLoop(condition=found, maximum=int(maximum) if maximum else DEFAULT_ROUNDS, test_before=before)


def _usable(reading: Reading, source: Source, holder: Element, text: str) -> ExpressionText | None:
    """The expression; None when it is prose or cannot be read (which in our own dialect is an error)."""
    found = texts.expression(text, holder.place, source=source.dialect, language=holder.get("language") or "")
    if source.dialect == "parcours":
        texts.note_bad_expression(reading.journal, holder, "L’expression", "The expression", found)
        return found
    return None if texts.is_prose(text) or texts.problem_of(found) is not None else found


def _multi_instance(reading: Reading, source: Source, node: DraftNode, element: Element) -> None:
    if (element.get("behavior") or "All") != "All":
        reading.journal.warning(
            "RD-042",
            node,
            f"Les événements de fin d’instance de « {node.shown} » ne sont pas lancés.",
            f"The per-instance events of “{node.shown}” are not thrown.",
        )
    parallel = element.get("isSequential") != "true"
    collection, item = _collection(source, element)
    holder = child(element, "loopCardinality")
    cardinality = _cardinality(reading, source, node, holder) if holder is not None and collection is None else None
    if collection is not None and not _readable(reading, source, node, collection):
        collection = None
    if collection is None and cardinality is None:
        node.ask_count = True
        reading.journal.warning(
            "RD-043",
            node,
            f"« {node.shown} » est à faire plusieurs fois sans dire combien : une personne donnera le nombre.",
            f"“{node.shown}” is to be done several times without saying how many: a person gives the number.",
        )
    output, output_element = _output(source, element)
    node.loop = MultiInstance(
        parallel=parallel,
        cardinality=cardinality,
        collection=collection,
        item=item,
        completion=_completion(reading, source, node, element),
        output_collection=output,
        output_element=output_element,
    )


def _collection(source: Source, element: Element) -> tuple[ExpressionText | None, str | None]:
    zeebe = extension(element, ZEEBE, "loopCharacteristics")
    if zeebe is not None and (zeebe.get("inputCollection") or "").strip():
        return _expression(zeebe.get("inputCollection") or "", element.place), zeebe.get("inputElement") or None
    for namespace in CAMUNDA:
        written = element.get("collection", namespace)
        if written and written.strip():
            return _expression(written, element.place), element.get("elementVariable", namespace) or None
    reference = text_of(child(element, "loopDataInputRef"))
    if reference and source.dialect in ("spiff", "parcours", "camunda7", "camunda8"):
        data = child(element, "inputDataItem")
        item = (data.get("name") or data.get("id")) if data is not None else None
        return _expression(reference, element.place), item
    return None, None


def _expression(text: str, place: Place) -> ExpressionText:
    return ExpressionText(bare(text), "plain", place)


def _output(source: Source, element: Element) -> tuple[str | None, ExpressionText | None]:
    zeebe = extension(element, ZEEBE, "loopCharacteristics")
    if zeebe is not None and (zeebe.get("outputCollection") or "").strip():
        written = zeebe.get("outputElement") or ""
        found = _expression(written, element.place) if written.strip() else None
        return (zeebe.get("outputCollection") or "").strip(), found if found and texts.problem_of(
            found
        ) is None else None
    reference = text_of(child(element, "loopDataOutputRef"))
    if reference and source.dialect in ("spiff", "parcours"):
        data = child(element, "outputDataItem")
        name = clean_name((data.get("name") or data.get("id")) if data is not None else "")
        return reference, _expression(name, element.place) if name else None
    return None, None


def _readable(reading: Reading, source: Source, node: DraftNode, text: ExpressionText) -> bool:
    error = texts.problem_of(text)
    if error is not None and source.dialect == "parcours":
        texts.note_bad_expression(reading.journal, node, "La collection", "The collection", text)
        return True
    return error is None


def _cardinality(reading: Reading, source: Source, node: DraftNode, holder: Element) -> ExpressionText | None:
    text = text_of(holder)
    if not text:
        return None
    number = bare(text)
    if number.isdigit():
        if len(number) > 6 or int(number) > MAX_INSTANCES:
            reading.journal.error(
                "CF-051",
                holder,
                f"« {node.shown} » demande plus de {MAX_INSTANCES} répétitions à la fois.",
                f"“{node.shown}” asks for more than {MAX_INSTANCES} instances.",
            )
        return ExpressionText(number, "plain", holder.place)
    return _usable(reading, source, holder, text)


def _completion(reading: Reading, source: Source, node: DraftNode, element: Element) -> ExpressionText | None:
    holder = child(element, "completionCondition")
    zeebe = extension(element, ZEEBE, "loopCharacteristics")
    text = text_of(holder) or (zeebe.get("completionCondition") or "" if zeebe is not None else "")
    if not text:
        return None
    place = (holder or element).place
    found = texts.expression(text, place, source=source.dialect)
    counters = _COUNTERS.search(text)
    if texts.problem_of(found) is None and not counters:
        return found
    if source.dialect == "parcours" and not counters:
        texts.note_bad_expression(reading.journal, node, "La condition de fin", "The completion condition", found)
        return None
    reading.journal.warning(
        "RD-044",
        holder or element,
        f"La condition de fin « {texts.shorten(text)} » de « {node.shown} » n’est pas lue : toutes les instances"
        " seront faites.",
        f"The completion condition “{texts.shorten(text)}” of “{node.shown}” is not read: every instance will be done.",
    )
    return None
