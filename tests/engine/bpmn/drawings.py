"""Pathways that several tests play."""

from __future__ import annotations

from engine.bpmn.model import PathwayModel
from tests.engine.bpmn.build import (
    end,
    exclusive,
    parallel,
    pathway,
    scope,
    start,
    user,
)


def branches() -> PathwayModel:
    return pathway(
        scope(
            start(),
            user("a"),
            exclusive("g", "g>x"),
            parallel("f"),
            user("b"),
            user("c"),
            parallel("j"),
            user("d"),
            end(),
            user("x"),
            end("e2"),
            flows="s a g f b j d e; f c j; g x e2",
            conditions={"g>f": 'risk = "high"'},
        )
    )
