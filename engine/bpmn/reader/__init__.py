"""Reading a pathway: any modeller's files → one normalised model, and everything found on the way.

`read` never raises for any content: what cannot be read or run is a finding with its element, file, line and column.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any

from engine.bpmn.findings import Finding, has_errors, in_reading_order
from engine.bpmn.model import NOWHERE, Node, PathwayModel, Place, Scope
from engine.bpmn.reader import calls, data, documents, ends, forms, people, pools, starts
from engine.bpmn.reader.bundle import Bundle, open_bundle
from engine.bpmn.reader.draft import DraftProcess
from engine.bpmn.reader.people import NOBODY, ROLE_CODES
from engine.bpmn.reader.reading import Named, Reading, Source
from engine.bpmn.unsupported import unsupported
from engine.bpmn.xml import Element

__all__ = ["NOBODY", "ROLE_CODES", "ReadResult", "model_digest", "read"]

NO_ROLES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResult:
    """What was read. `model` is None when a finding is an error; `draft` is then the model as far as it was
    understood.
    """

    model: PathwayModel | None
    findings: tuple[Finding, ...]
    draft: PathwayModel | None = None
    """The model even when errors forbid running it: the checker goes on and says everything in one pass."""
    others: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    """Files that are neither BPMN, DMN nor forms: walks, parameters, texts."""

    missing: frozenset[tuple[str, str]] = frozenset()
    """What the files call by name and do not hold: (`process`, `form` or `decision`, name)."""

    unmapped: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Groups, lanes and people that no role answers to yet → ids of the elements that name them; `""` for the tasks
    that name nobody."""

    @property
    def ok(self) -> bool:
        """Whether nothing found would break or stall a real case."""
        return not has_errors(self.findings)


def read(
    files: Mapping[str, bytes],
    *,
    roles: Mapping[str, str] = NO_ROLES,
    known_roles: Collection[str] = ROLE_CODES,
    main: str | None = None,
) -> ReadResult:
    """Read the files of one pathway (.bpmn, .xml, .dmn, form JSON, .zip), in any dialect.

    `roles` maps group, lane and people's names of the files to role codes (`""`: the tasks that name nobody);
    `known_roles` are the codes that exist; `main` names the process that a case runs, when the files hold several.
    """
    reading = Reading(roles=roles, known_roles=frozenset(known_roles))
    bundle = open_bundle(reading, files)
    drafts: dict[str, tuple[Source, DraftProcess]] = {}
    for document in bundle.documents:
        source = documents.open_source(reading, document)
        for process in documents.read_processes(reading, source):
            if process.id in drafts:
                reading.journal.error(
                    "XML-016",
                    process.element,
                    f"Le processus « {process.id} » est décrit deux fois (déjà dans {drafts[process.id][0].file}).",
                    f"The process “{process.id}” is described twice (already in {drafts[process.id][0].file}).",
                )
                continue
            drafts[process.id] = (source, process)
    model = _assemble(reading, drafts, main, bundle)
    if model is None and not reading.journal.findings:
        _nothing_to_run(reading, files)
    if model is not None and not has_errors(reading.journal.findings):
        _note_unsupported(reading, model)
    findings = in_reading_order(reading.journal.findings)
    return ReadResult(
        model=None if has_errors(findings) else model,
        findings=findings,
        draft=model,
        others=MappingProxyType(bundle.others),
        missing=frozenset(reading.missing),
        unmapped=MappingProxyType(_unmapped(reading, model)),
    )


def _assemble(
    reading: Reading, drafts: dict[str, tuple[Source, DraftProcess]], wanted: str | None, bundle: Bundle
) -> PathwayModel | None:
    processes = {key: process for key, (_, process) in drafts.items()}
    graph = calls.called_ids(processes)
    called = {target for key, targets in graph.items() for target in targets if target != key}
    chosen = pools.choose_main(reading, processes, called, wanted)
    if chosen is None:
        if bundle.documents and not has_errors(reading.journal.findings):
            _nothing_drawn(reading, bundle.documents[0].root)
        return None
    kept = {key: processes[key] for key in processes if key in calls.reachable(chosen.id, graph)}
    for process in kept.values():
        reading.journal.findings.extend(process.findings)
    known = data.written_names(reading, [one.scope for one in kept.values()])
    start = starts.plain_start(chosen.scope)
    start_form = None if start is None else forms.start_form(reading, drafts[chosen.id][0], start)
    known |= {str(field["name"]) for field in forms.fields_of(reading.forms.get(start_form or ""))}
    openers = () if start is None else people.starters(reading, chosen.element, start)
    calls.settle_calls(reading, kept, {key: drafts[key][0] for key in kept})
    for key in kept:
        source, process = drafts[key]
        documents.rewrite(reading, source, process, known)
    inside = {key: process.scope for key, process in kept.items()}
    for key in calls.callees_first(chosen.id, graph):
        if key in inside:
            ends.catch_escaping_errors(reading, inside[key], inside)
    ends.end_on_errors(reading, chosen.scope)
    people.note_unmapped(reading)
    return PathwayModel(
        processes=MappingProxyType({key: process.freeze() for key, process in kept.items()}),
        main=chosen.id,
        dialect=drafts[chosen.id][0].dialect,
        forms=MappingProxyType(dict(reading.forms)),
        decisions=MappingProxyType(dict(reading.decisions)),
        start_form=start_form,
        starters=openers,
    )


def _unmapped(reading: Reading, model: PathwayModel | None) -> dict[str, tuple[str, ...]]:
    found = {name: tuple(user.id for user in users) for name, users in reading.unmapped.items()}
    for name, nodes in people.unplaced(reading).items():
        found[name] = tuple(dict.fromkeys((*found.get(name, ()), *nodes)))
    named = {node for users in found.values() for node in users}
    drawn = [node for process in model.processes.values() for node in _nodes(process.scope)] if model else []
    nobody = [
        node.origin or node.id
        for node in drawn
        if node.work is not None
        and (node.origin or node.id) not in named
        and not (node.work.roles or node.work.role_expression or node.work.assignee)
        and model is not None
        and model.dialect != "parcours"
    ]
    return {**found, NOBODY: tuple(dict.fromkeys(nobody))} if nobody else found


def _note_unsupported(reading: Reading, model: PathwayModel) -> None:
    """What the engine still refuses after everything was rewritten, at its place in the file."""
    nodes = {node.id: node for process in model.processes.values() for node in _nodes(process.scope)}
    for element_id, sentence in unsupported(model):
        node = nodes.get(element_id)
        place = node.place if node is not None else NOWHERE
        kind, name = (node.bpmn_type, node.name) if node is not None else ("", "")
        drawn = (node.origin if node is not None else None) or element_id
        english = "The engine does not run this element as it is drawn."
        reading.journal.error("NS-100", Named(drawn, kind, name, place), sentence, english)


def _nodes(scope: Scope) -> Iterator[Node]:
    for node in scope.nodes.values():
        yield node
        if node.body is not None:
            yield from _nodes(node.body)


def _nothing_drawn(reading: Reading, root: Element) -> None:
    reading.journal.error(
        "NS-002",
        root,
        "Le fichier ne contient aucun processus avec des étapes : il n’y a rien à faire suivre à un dossier.",
        "The file contains no process with steps: there is nothing for a case to follow.",
    )


def _nothing_to_run(reading: Reading, files: Mapping[str, bytes]) -> None:
    names = ", ".join(files) or "(aucun fichier)"
    first = next(iter(files), "")
    about = Named(first.rpartition("/")[2] or "pathway.bpmn", "", "", Place(first, 1, 1))
    reading.journal.error("NS-003", about, f"Aucun fichier BPMN parmi : {names}.", f"No BPMN file among: {names}.")


def model_digest(model: PathwayModel) -> str:
    """A fingerprint of what would run: equal models have equal digests, whatever their files look like (SHA-256)."""
    return hashlib.sha256(repr(_plain(model)).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Values in a fixed order, places left out: moving a line in the file changes nothing that runs."""
    if is_dataclass(value) and not isinstance(value, type):
        return [(one.name, _plain(getattr(value, one.name))) for one in fields(value) if one.name != "place"]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return [(key, _plain(value[key])) for key in sorted(value)]
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
