"""Random sound models: blocks within blocks, each with one way in and one way out.

Hypothesis chooses the depth and the seed; the blocks come from the seed, so that most models are large ones.

Every user task answers `r` (an integer); conditions read it. `STOCK` are the blocks stock SpiffWorkflow runs correctly,
`EVERYTHING` those the engine does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from engine.bpmn.model import Node, PathwayModel, Scope
from tests.engine.bpmn import build

Piece = tuple[str, str]
"""Entry and exit node of a block."""
LEAVES = ("user", "user", "script", "xor")
STOCK = (*LEAVES, "seq", "par", "sub", "loop", "timed", "pause", "mi", "guarded")
EVERYTHING = (*STOCK, "or", "race", "alert", "handlers", "errors", "joined_loop")


@dataclass
class Drawing:
    """Nodes and flows of one scope under construction."""

    nodes: list[Node] = field(default_factory=list)
    flows: list[str] = field(default_factory=list)
    conditions: dict[str, str] = field(default_factory=dict)

    def add(self, node: Node) -> str:
        self.nodes.append(node)
        return node.id

    def flow(self, source: str, target: str, condition: str | None = None) -> None:
        self.flows.append(f"{source} {target}")
        if condition is not None:
            self.conditions[f"{source}>{target}"] = condition

    def scope(self) -> Scope:
        return build.scope(*self.nodes, flows="; ".join(self.flows), conditions=self.conditions)


class Sketch:
    """Draws one random model."""

    def __init__(self, random: Random, blocks: tuple[str, ...]) -> None:
        self.random = random
        self.blocks = blocks
        self.count = 0
        self.shared_messages = "alert" in blocks

    def number(self, low: int, high: int) -> int:
        return self.random.randint(low, high)

    def name(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"

    def message(self) -> str:
        """Stock lets a message start work in a scope that the same message ends: there each wait has its own."""
        return f"m{self.number(1, 2)}" if self.shared_messages else self.name("m")

    def model(self, depth: int) -> PathwayModel:
        return build.pathway(self.body(depth))

    def body(self, depth: int, *, ending: Node | None = None, beside: list[Node] | None = None) -> Scope:
        drawing = Drawing()
        start, end = build.start(self.name("s")), ending or build.end(self.name("e"))
        drawing.add(start)
        pieces = [self.block(drawing, depth) for _ in range(self.number(1, 3))]
        for before, after in pairwise(pieces):
            drawing.flow(before[1], after[0])
        entry, exit_ = pieces[0][0], pieces[-1][1]
        drawing.add(end)
        drawing.flow(start.id, entry)
        drawing.flow(exit_, end.id)
        for node in beside or []:
            drawing.add(node)
        return drawing.scope()

    def block(self, drawing: Drawing, depth: int, *, looped: bool = False) -> Piece:
        allowed = LEAVES if depth <= 0 else self.blocks if depth == 1 else self.blocks[len(LEAVES) :]
        if looped:  # stock SpiffWorkflow joins wrongly in a loop, and loops wrongly in a loop
            allowed = tuple(each for each in allowed if each not in ("par", "mi", "loop", "or", "joined_loop"))
        kind = self.random.choice(allowed)
        if kind == "xor" and depth <= 0:
            kind = "user"
        piece: Piece = getattr(self, f"draw_{kind}")(drawing, depth - 1, looped)
        return piece

    def draw_user(self, drawing: Drawing, depth: int, looped: bool) -> Piece:
        name = drawing.add(build.user(self.name("u")))
        return name, name

    def draw_script(self, drawing: Drawing, depth: int, looped: bool) -> Piece:
        name = drawing.add(build.script(self.name("k"), "k = k + 1"))
        return name, name

    def draw_pause(self, drawing: Drawing, depth: int, looped: bool) -> Piece:
        name = self.name("w")
        trigger = build.after('"P3D"') if self.number(0, 1) else build.message(self.message())
        drawing.add(build.catch(name, trigger))
        return name, name

    def draw_seq(self, drawing: Drawing, depth: int, looped: bool) -> Piece:
        pieces = [self.block(drawing, depth, looped=looped) for _ in range(self.number(2, 3))]
        for before, after in pairwise(pieces):
            drawing.flow(before[1], after[0])
        return pieces[0][0], pieces[-1][1]

    def draw_xor(self, drawing: Drawing, depth: int, looped: bool) -> Piece:
        split, merge = self.name("x"), self.name("y")
        one, other = (self.block(drawing, depth, looped=looped) for _ in range(2))
        drawing.add(build.exclusive(split, f"{split}>{other[0]}"))
        drawing.add(build.exclusive(merge))
        drawing.flow(split, one[0], f"modulo(r, {self.number(2, 3)}) = 0")
        drawing.flow(split, other[0])
        drawing.flow(one[1], merge)
        drawing.flow(other[1], merge)
        return split, merge

    def draw_par(self, drawing: Drawing, depth: int, looped: bool) -> Piece:
        fork, join = drawing.add(build.parallel(self.name("f"))), drawing.add(build.parallel(self.name("j")))
        for _ in range(self.number(2, 3)):
            piece = self.block(drawing, depth)
            drawing.flow(fork, piece[0])
            drawing.flow(piece[1], join)
        return fork, join

    def draw_or(self, drawing: Drawing, depth: int, looped: bool) -> Piece:
        split, join = self.name("o"), self.name("p")
        pieces = [self.block(drawing, depth) for _ in range(3)]
        drawing.add(build.inclusive(split, f"{split}>{pieces[0][0]}"))
        drawing.add(build.inclusive(join))
        for number, piece in enumerate(pieces):
            drawing.flow(split, piece[0], f"modulo(r, {number + 1}) = 0" if number else None)
            drawing.flow(piece[1], join)
        return split, join

    def draw_loop(self, drawing: Drawing, depth: int, looped: bool) -> Piece:
        return self._loop(drawing, self.block(drawing, depth, looped=True))

    def draw_joined_loop(self, drawing: Drawing, depth: int, looped: bool) -> Piece:
        return self._loop(drawing, self.block(drawing, depth))

    def _loop(self, drawing: Drawing, piece: Piece) -> Piece:
        merge, task, choice, out = (self.name(letter) for letter in "muxk")
        drawing.add(build.exclusive(merge))
        drawing.add(build.user(task))
        drawing.add(build.exclusive(choice, f"{choice}>{out}"))
        drawing.add(build.script(out, "k = k + 1"))
        drawing.flow(merge, piece[0])
        drawing.flow(piece[1], task)
        drawing.flow(task, choice)
        drawing.flow(choice, merge, "modulo(r, 3) != 0")
        drawing.flow(choice, out)
        return merge, out

    def draw_sub(self, drawing: Drawing, depth: int, looped: bool) -> Piece:
        name = drawing.add(build.sub(self.name("b"), self.body(depth)))
        return name, name

    def draw_mi(self, drawing: Drawing, depth: int, looped: bool) -> Piece:
        loop = build.each(times=str(self.number(0, 3)), parallel=bool(self.number(0, 1)))
        if self.number(0, 1):
            name = drawing.add(build.user(self.name("i"), loop=loop))
        else:
            name = drawing.add(build.sub(self.name("i"), self.body(depth), loop=loop))
        return name, name

    def _merged(self, drawing: Drawing, activity: str, event: Node, depth: int, looped: bool) -> Piece:
        merge = drawing.add(build.exclusive(self.name("y")))
        handler = self.block(drawing, depth, looped=looped)
        drawing.add(event)
        drawing.flow(event.id, handler[0])
        drawing.flow(activity, merge)
        drawing.flow(handler[1], merge)
        return activity, merge

    def draw_timed(self, drawing: Drawing, depth: int, looped: bool) -> Piece:
        """A task with a timer: interrupting, or beside it with an end of its own."""
        activity = drawing.add(build.user(self.name("u")))
        event = self.name("t")
        if self.number(0, 1):
            return self._merged(drawing, activity, build.boundary(event, activity, build.after('"P3D"')), depth, looped)
        drawing.add(build.boundary(event, activity, build.after('"P3D"'), interrupting=False))
        self._aside(drawing, event)
        return activity, activity

    def _aside(self, drawing: Drawing, event: str) -> None:
        task, end = drawing.add(build.user(self.name("h"))), drawing.add(build.end(self.name("e")))
        drawing.flow(event, task)
        drawing.flow(task, end)

    def draw_guarded(self, drawing: Drawing, depth: int, looped: bool) -> Piece:
        """A sub-process that a message interrupts."""
        activity = drawing.add(build.sub(self.name("b"), self.body(depth)))
        trigger = build.message(self.message())
        return self._merged(drawing, activity, build.boundary(self.name("t"), activity, trigger), depth, looped)

    def draw_alert(self, drawing: Drawing, depth: int, looped: bool) -> Piece:
        """A message beside a task, as often as it comes."""
        activity = drawing.add(build.user(self.name("u")))
        event = drawing.add(build.boundary(self.name("t"), activity, build.message("m1"), interrupting=False))
        self._aside(drawing, event)
        return activity, activity

    def draw_race(self, drawing: Drawing, depth: int, looped: bool) -> Piece:
        gateway, merge = drawing.add(build.race(self.name("g"))), drawing.add(build.exclusive(self.name("y")))
        for trigger in (build.message("m1"), build.after("P1D"), build.after("P9D")):
            wait = drawing.add(build.catch(self.name("w"), trigger))
            piece = self.block(drawing, depth, looped=looped)
            drawing.flow(gateway, wait)
            drawing.flow(wait, piece[0])
            drawing.flow(piece[1], merge)
        return gateway, merge

    def draw_errors(self, drawing: Drawing, depth: int, looped: bool) -> Piece:
        """A sub-process one branch of which ends in an error."""
        inner = Drawing()
        fork = inner.add(build.parallel(self.name("f")))
        inner.add(build.start(start := self.name("s")))
        inner.flow(start, fork)
        for ending in (build.error("stop"), build.NONE):
            piece = self.block(inner, depth)
            inner.flow(fork, piece[0])
            inner.flow(piece[1], inner.add(build.end(self.name("e"), ending)))
        activity = drawing.add(build.sub(self.name("b"), inner.scope()))
        return self._merged(drawing, activity, build.boundary(self.name("t"), activity, build.error()), depth, looped)

    def draw_handlers(self, drawing: Drawing, depth: int, looped: bool) -> Piece:
        """A sub-process with event sub-processes."""
        beside = []
        for interrupting in (False, True):
            if self.number(0, 1):
                trigger = (
                    build.after("P2D") if self.number(0, 2) == 0 else build.message("m2" if interrupting else "m1")
                )
                inner = Drawing()
                inner.add(build.start(start := self.name("s"), trigger, interrupting=interrupting))
                piece = self.block(inner, depth)
                inner.flow(start, piece[0])
                inner.flow(piece[1], inner.add(build.end(self.name("e"))))
                beside.append(build.sub(self.name("v"), inner.scope(), on_event=True))
        name = drawing.add(build.sub(self.name("b"), self.body(depth, beside=beside)))
        return name, name


def described(scope: Scope) -> str:
    """A model in a few lines, for the report of a failing example."""
    nodes = []
    for node in scope.nodes.values():
        more = [node.kind.value, node.trigger.name or node.trigger.kind.value]
        more += [f"on {node.attached_to}"] if node.attached_to else []
        more += [] if node.interrupting else ["beside"]
        more += [str(node.loop)] if node.loop else []
        inside = "" if node.body is None else " {" + described(node.body) + "}"
        nodes.append(f"{node.id}({', '.join(more)}){inside}")
    flows = [f"{flow.id}[{flow.condition.text}]" if flow.condition else flow.id for flow in scope.flows.values()]
    return "; ".join(nodes) + " | " + " ".join(flows)


def sound_model(random: Random, blocks: tuple[str, ...], depth: int) -> PathwayModel:
    """A random sound model made of these blocks."""
    return Sketch(random, blocks).model(depth)
