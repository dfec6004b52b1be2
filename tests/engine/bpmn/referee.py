"""A second opinion on what a model means: a token game on the drawn model, written without SpiffWorkflow or the engine.

It keeps everything in memory, knows no time (a timer fires when told) and evaluates nothing itself: it asks `evaluate`.
Slow and plain on purpose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.bpmn.model import Flow, MultiInstance, Node, NodeKind, PathwayModel, Scope, TriggerKind

Evaluate = Callable[[str], object]
RunScript = Callable[[str], None]
WAITING = (NodeKind.CATCH, NodeKind.RECEIVE_TASK)


@dataclass(eq=False)
class Place:
    """A running scope: the drawn scope, and the token of the activity it is the inside of."""

    scope: Scope
    around: Token | None
    handlers: bool = True
    ended: bool = False


@dataclass(eq=False)
class Token:
    """One token: a task (`task`), an event that waits (`wait`), an activity that runs (`in`), a join (`join`)."""

    place: Place
    node: Node
    kind: str
    activity: Token | None = None
    """For the event of an activity: that activity. For an instance: the activity it is one of."""
    flow: str = ""
    rivals: list[Token] = field(default_factory=list)
    left: int = 0
    inside: list[Place] = field(default_factory=list)
    handler: Node | None = None
    """The event sub-process this wait would start."""


class Referee:
    """One case of a model."""

    def __init__(self, model: PathwayModel, evaluate: Evaluate, run_script: RunScript) -> None:
        self.model = model
        self.evaluate = evaluate
        self.run_script = run_script
        self.tokens: list[Token] = []
        self.done = False
        self.work: list[tuple[Place, Node, Flow | None]] = []
        self.open_scope(model.main_process.scope, None)
        self.settle()

    # What can be seen

    def open(self) -> Counter[str]:
        return Counter(token.node.id for token in self.tokens if token.kind == "task")

    def waits(self) -> Counter[str]:
        told = (TriggerKind.MESSAGE, TriggerKind.SIGNAL, TriggerKind.TIMER)
        return Counter(t.node.id for t in self.tokens if t.kind == "wait" and t.node.trigger.kind in told)

    # What can be done

    def complete(self, element_id: str) -> None:
        self.leave_activity(next(t for t in self.tokens if t.kind == "task" and t.node.id == element_id))
        self.settle()

    def tell(self, message: str) -> None:
        """A message or signal reaches every wait, outermost first."""
        for token in sorted(
            (t for t in self.tokens if t.kind == "wait" and t.node.trigger.name == message),
            key=lambda token: self.depth(token.place),
        ):
            if token in self.tokens:
                self.fire(token)
        self.settle()

    def ring(self, element_id: str) -> None:
        """A timer is due."""
        token = next(t for t in self.tokens if t.kind == "wait" and t.node.id == element_id)
        self.fire(token)
        self.settle()

    # How it moves

    def depth(self, place: Place) -> int:
        return 0 if place.around is None else 1 + self.depth(place.around.place)

    def open_scope(self, scope: Scope, around: Token | None) -> Place:
        place = Place(scope, around)
        if around is not None:
            around.inside.append(place)
        for node in scope.nodes.values():
            if node.event_sub_process and node.body is not None:
                event = next(each for each in node.body.nodes.values() if each.kind is NodeKind.START)
                self.tokens.append(Token(place, event, "wait", handler=node))
        starts = [node for node in scope.nodes.values() if node.kind is NodeKind.START]
        self.work += [(place, node, None) for node in starts]
        return place

    def settle(self) -> None:
        while True:
            while self.close_ended() or self.work:
                if self.work:
                    place, node, flow = self.work.pop(0)
                    if not place.ended:
                        self.enter(place, node, flow)
            if not self.inclusive_joins():
                return

    def enter(self, place: Place, node: Node, flow: Flow | None) -> None:
        incoming = [each for each in place.scope.flows.values() if each.target == node.id]
        match node.kind:
            case NodeKind.USER_TASK | NodeKind.SUB_PROCESS:
                self.open_activity(place, node)
            case NodeKind.SCRIPT_TASK:
                self.run_script(node.script or "")
                self.leave(place, node)
            case NodeKind.PARALLEL if len(incoming) > 1:
                self.tokens.append(Token(place, node, "join", flow=flow.id if flow else ""))
                arrived = {
                    t.flow: t for t in reversed(self.tokens) if t.kind == "join" and t.place is place and t.node is node
                }
                if len(arrived) == len(incoming):
                    for token in arrived.values():
                        self.tokens.remove(token)
                    self.leave(place, node)
            case NodeKind.INCLUSIVE if len(incoming) > 1:
                self.tokens.append(Token(place, node, "join", flow=flow.id if flow else ""))
            case NodeKind.CATCH:
                self.tokens.append(Token(place, node, "wait"))
            case NodeKind.EVENT_BASED:
                rivals = [
                    Token(place, place.scope.nodes[each.target], "wait") for each in self.outgoing(place.scope, node)
                ]
                for token in rivals:
                    token.rivals = rivals
                self.tokens += rivals
            case NodeKind.END if node.trigger.kind is TriggerKind.TERMINATE:
                self.end(place)
            case NodeKind.END if node.trigger.kind is TriggerKind.ERROR:
                self.raise_error(place, node.trigger.name)
            case _:
                self.leave(place, node)

    def open_activity(self, place: Place, node: Node) -> None:
        token = Token(place, node, "task" if node.kind is NodeKind.USER_TASK else "in")
        for each in place.scope.nodes.values():
            if each.kind is NodeKind.BOUNDARY and each.attached_to == node.id:
                self.tokens.append(Token(place, each, "wait", activity=token))
        self.tokens.append(token)
        if isinstance(node.loop, MultiInstance):
            assert node.loop.cardinality is not None
            token.kind = "in"
            token.left = int(str(self.evaluate(node.loop.cardinality.text)))
            for _ in range(token.left if node.loop.parallel else min(token.left, 1)):
                self.open_instance(token)
            if not token.left:
                self.leave_activity(token)
        elif node.body is not None:
            self.open_scope(node.body, token)

    def open_instance(self, whole: Token) -> None:
        instance = Token(whole.place, whole.node, "task" if whole.node.body is None else "in", activity=whole)
        self.tokens.append(instance)
        if whole.node.body is not None:
            self.open_scope(whole.node.body, instance)

    def leave_activity(self, token: Token) -> None:
        self.drop(token)
        whole = token.activity
        if whole is not None:
            whole.left -= 1
            if not whole.left:
                self.leave_activity(whole)
            elif isinstance(whole.node.loop, MultiInstance) and not whole.node.loop.parallel:
                self.open_instance(whole)
            return
        self.leave(token.place, token.node)

    def outgoing(self, scope: Scope, node: Node) -> list[Flow]:
        return [flow for flow in scope.flows.values() if flow.source == node.id]

    def leave(self, place: Place, node: Node) -> None:
        flows = self.outgoing(place.scope, node)
        if node.kind in (NodeKind.EXCLUSIVE, NodeKind.INCLUSIVE) and len(flows) > 1:
            others = [flow for flow in flows if flow.id != node.default_flow]
            taken = [flow for flow in others if flow.condition is None or self.evaluate(flow.condition.text) is True]
            if node.kind is NodeKind.EXCLUSIVE:
                taken = taken[:1]
            flows = taken or [flow for flow in flows if flow.id == node.default_flow]
            assert flows, f"no way out of {node.id}"
        self.work += [(place, place.scope.nodes[flow.target], flow) for flow in flows]

    def fire(self, token: Token) -> None:
        """The event of a wait has come."""
        for rival in token.rivals:
            if rival in self.tokens:
                self.tokens.remove(rival)
        repeats = not token.node.interrupting and token.node.trigger.kind is not TriggerKind.TIMER
        if token.handler is not None:
            self.start_handler(token)
            return
        if token.activity is not None and token.node.interrupting:
            self.drop(token.activity)
        elif token in self.tokens and not (token.activity is not None and repeats):
            self.tokens.remove(token)
        self.leave(token.place, token.node)

    def start_handler(self, token: Token) -> None:
        assert token.handler is not None and token.handler.body is not None
        if token.node.interrupting:
            for other in [t for t in self.tokens if t.place is token.place]:
                self.drop(other)
            self.work = [entry for entry in self.work if entry[0] is not token.place]
            token.place.handlers = False
        elif token.node.trigger.kind is TriggerKind.TIMER:
            self.tokens.remove(token)
        running = Token(token.place, token.handler, "in")
        self.tokens.append(running)
        self.open_scope(token.handler.body, running)

    def drop(self, token: Token) -> None:
        """A token goes, with what is in it and the events of its activity."""
        if token not in self.tokens:
            return
        self.tokens.remove(token)
        for other in [t for t in self.tokens if t.activity is token]:
            self.drop(other)
        for place in token.inside:
            self.end(place)

    def end(self, place: Place) -> None:
        place.ended = True
        for token in [t for t in self.tokens if t.place is place]:
            self.drop(token)

    def raise_error(self, place: Place, code: str | None) -> None:
        around = place.around
        while around is not None:
            whole = around.activity or around
            for wanted in (code, None):
                for token in self.tokens:
                    if (
                        token.activity is whole
                        and token.node.kind is NodeKind.BOUNDARY
                        and token.node.trigger.kind is TriggerKind.ERROR
                        and token.node.trigger.name == wanted
                    ):
                        self.fire(token)
                        return
            around = around.place.around
        raise AssertionError(f"error {code} is caught nowhere")

    def close_ended(self) -> bool:
        """A scope in which nothing is left but waits for its own handlers is over. True when its activity goes on."""
        places = {id(t.place): t.place for t in self.tokens}
        for token in self.tokens:
            for inside in token.inside:
                places[id(inside)] = inside
        for place in sorted(places.values(), key=self.depth, reverse=True):
            busy = any(t.place is place and t.handler is None for t in self.tokens)
            busy = busy or any(entry[0] is place for entry in self.work)
            if busy or (place.ended and place.around is None):
                continue
            if place.around is None:
                self.end(place)
            elif place.around in self.tokens:
                self.end(place)
                self.leave_activity(place.around)
                return True
        self.done = not self.tokens and not self.work
        return False

    def inclusive_joins(self) -> bool:
        """Let an inclusive join go on that no token can reach any more by an empty flow. True when one did."""
        waiting = {
            (id(t.place), t.node.id): t for t in self.tokens if t.kind == "join" and t.node.kind is NodeKind.INCLUSIVE
        }
        for token in waiting.values():
            place, node = token.place, token.node
            arrived = {
                t.flow: t for t in reversed(self.tokens) if t.kind == "join" and t.place is place and t.node is node
            }
            incoming = [flow for flow in place.scope.flows.values() if flow.target == node.id]
            empty = self.upstream(place.scope, node, [flow for flow in incoming if flow.id not in arrived])
            filled = self.upstream(place.scope, node, [flow for flow in incoming if flow.id in arrived])
            others = {
                t.node.id
                for t in self.tokens
                if t.place is place and t.node is not node and t.node.kind is not NodeKind.BOUNDARY
            }
            if not others & (empty - filled):
                for each in arrived.values():
                    self.tokens.remove(each)
                self.leave(place, node)
                return True
        return False

    def upstream(self, scope: Scope, join: Node, flows: list[Flow]) -> set[str]:
        seen: set[str] = set()
        front = [flow.source for flow in flows]
        while front:
            name = front.pop()
            if name in seen or name == join.id:
                continue
            seen.add(name)
            node = scope.nodes[name]
            if node.attached_to is not None:
                front.append(node.attached_to)
            front += [flow.source for flow in scope.flows.values() if flow.target == name]
        return seen
