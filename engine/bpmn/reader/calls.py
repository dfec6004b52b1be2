"""Call activities: the called process found among the files, what it is handed and what comes back."""

from __future__ import annotations

from collections.abc import Mapping

from engine.bpmn.model import Assignment, ExpressionText, NodeKind
from engine.bpmn.reader import activities
from engine.bpmn.reader.data import read_names, written_names
from engine.bpmn.reader.draft import DraftNode, DraftProcess
from engine.bpmn.reader.reading import Reading, Source

MAX_MAPPED = 200


def called_ids(processes: Mapping[str, DraftProcess]) -> dict[str, set[str]]:
    """Process id → ids of the processes it calls."""
    return {
        key: {node.called for _, node in process.scope.walk() if node.kind is NodeKind.CALL_ACTIVITY and node.called}
        for key, process in processes.items()
    }


def reachable(start: str, calls: Mapping[str, set[str]]) -> set[str]:
    """The process and everything it calls, however far."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting.extend(calls.get(key, ()))
    return found


def callees_first(start: str, calls: Mapping[str, set[str]]) -> list[str]:
    """The process and everything it calls, each after what it calls itself (circles are refused elsewhere)."""
    found: dict[str, None] = {}
    waiting = [(start, False)]
    entered: set[str] = set()
    while waiting:
        key, left = waiting.pop()
        if left:
            found.setdefault(key)
        elif key not in entered:
            entered.add(key)
            waiting.append((key, True))
            waiting.extend((each, False) for each in sorted(calls.get(key, ())))
    return list(found)


def settle_calls(reading: Reading, processes: Mapping[str, DraftProcess], sources: Mapping[str, Source]) -> None:
    """Calls that lead nowhere become a step that a person confirms (in our own dialect they are refused); calls round
    in circles are refused; mappings that mean *all variables* are spelled out. `sources` are by process id.
    """
    calls = called_ids(processes)
    beyond = {key: reachable(key, calls) for key in processes}
    for key, process in processes.items():
        for _, node in process.scope.walk():
            if node.kind is not NodeKind.CALL_ACTIVITY or not node.called:
                continue
            target = processes.get(node.called)
            if target is None:
                reading.missing.add(("process", node.called))
                _absent(reading, sources[key], node)
            elif key in beyond[node.called]:
                reading.journal.error(
                    "CF-053",
                    node,
                    f"« {node.shown} » finit par appeler son propre processus « {key} » : le dossier s’ouvrirait"
                    " sans fin.",
                    f"“{node.shown}” ends up calling its own process “{key}”: the case would open without end.",
                )
            else:
                _map_everything(reading, process, node, target)


def _absent(reading: Reading, source: Source, node: DraftNode) -> None:
    if source.dialect == "parcours" or node.element is None:
        reading.journal.error(
            "CF-015",
            node,
            f"« {node.shown} » appelle le processus « {node.called} », absent des fichiers : ajoutez le fichier qui le"
            " décrit.",
            f"“{node.shown}” calls the process “{node.called}”, which is not among the files: add the file that"
            " holds it.",
        )
        return
    reading.journal.warning(
        "CF-015",
        node,
        f"« {node.shown} » appelle le processus « {node.called} », absent des fichiers : une personne confirmera que"
        " c’est fait. Ajoutez le fichier qui le décrit pour qu’il soit suivi étape par étape.",
        f"“{node.shown}” calls the process “{node.called}”, which is not among the files: a person will confirm that"
        " it is done. Add the file that holds it to follow it step by step.",
    )
    node.inputs = node.outputs = ()
    activities.confirm_quietly(reading, source, node, node.element)


def _map_everything(reading: Reading, process: DraftProcess, node: DraftNode, target: DraftProcess) -> None:
    all_in, all_out = node.extensions.pop("all_in", ""), node.extensions.pop("all_out", "")
    if all_in:
        outside = written_names(reading, [process.scope])
        mapped = {one.name for one in node.inputs}
        names = sorted((read_names(target.scope) & outside) - mapped)[:MAX_MAPPED]
        node.inputs += tuple(_same(name, node) for name in names)
    if all_out:
        mapped = {one.name for one in node.outputs}
        names = sorted(written_names(reading, [target.scope]) - mapped)[:MAX_MAPPED]
        node.outputs += tuple(_same(name, node) for name in names)


def _same(name: str, node: DraftNode) -> Assignment:
    return Assignment(name=name, expression=ExpressionText(f"= {name}", "feel", node.place))
