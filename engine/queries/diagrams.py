"""Diagrams of versions: the designer's own file, and which of its shapes stands for an element of a shared piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.bpmn.model import Node, NodeKind, Scope
from engine.bpmn.program import Program
from engine.errors import PathwayNotFound
from engine.library import version_of
from engine.models import PathwayFile, PathwayVersion


def main_diagram(program: Program) -> str:
    """Path of the file that draws the main process."""
    return program.model.main_process.place.file


def nodes_of(scope: Scope) -> Iterator[Node]:
    """Every node of a process, sub-processes included, in the order of the file."""
    for node in scope.nodes.values():
        yield node
        if node.body is not None:
            yield from nodes_of(node.body)


def drawn_in_main(program: Program) -> Mapping[str, str]:
    """The shape of the main diagram for each element: itself, or the one activity that calls its piece.

    An element of a piece that several activities call has no shape of its own.
    """
    main = program.model.main
    found = {node.id: node.origin or node.id for node in nodes_of(program.model.processes[main].scope)}
    for key, process in program.model.processes.items():
        callers = [
            node.id
            for node in nodes_of(program.model.main_process.scope)
            if node.kind is NodeKind.CALL_ACTIVITY and node.called == key
        ]
        if key != main and len(callers) == 1:
            found.update({node.id: callers[0] for node in nodes_of(process.scope)})
    return found


def diagram_of_version(session: Session, *, version_id: UUID, by: Actor) -> bytes:
    """The file of the main process, byte for byte. A diagram holds no patient: anybody of the territory may see it.

    Raises PathwayNotFound.
    """
    territory = session.execute(
        select(PathwayVersion.territory_id).where(PathwayVersion.id == version_id, PathwayVersion.state != "draft")
    ).scalar_one_or_none()
    if territory != by.territory_id:
        raise PathwayNotFound("Cette version de parcours n'existe pas.")
    path = main_diagram(version_of(session, version_id).program)
    content = session.execute(
        select(PathwayFile.content).where(PathwayFile.version_id == version_id, PathwayFile.path == path)
    ).scalar_one_or_none()
    if content is None:
        raise PathwayNotFound("Cette version n'a pas de schéma.")
    return content
