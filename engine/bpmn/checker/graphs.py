"""Two questions about a directed graph: what goes round, and what everything must pass through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def rounds(following: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Groups of nodes that lie on a common loop, in the order of the graph (Tarjan, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    held: set[str] = set()
    stack: list[str] = []
    found: list[list[str]] = []
    for root in following:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        stack.append(root)
        held.add(root)
        work = [(root, iter(following[root]))]
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in following:
                    continue
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    held.add(other)
                    work.append((other, iter(following[other])))
                    break
                if other in held:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group = _popped(stack, held, node)
                    if len(group) > 1 or node in following[node]:
                        found.append(group)
    place = {node: position for position, node in enumerate(following)}
    return [sorted(group, key=place.__getitem__) for group in found]


def _popped(stack: list[str], held: set[str], last: str) -> list[str]:
    group = []
    while True:
        node = stack.pop()
        held.discard(node)
        group.append(node)
        if node == last:
            return group


def gatekeepers(following: Mapping[str, Iterable[str]], sources: Iterable[str]) -> dict[str, str]:
    """For each node reachable from the sources, the last node every way to it passes ('' for none).

    Immediate dominators, by Cooper, Harvey and Kennedy, "A simple, fast dominance algorithm" (2001).
    """
    roots = list(sources)
    order = _postorder({"": roots, **{node: list(others) for node, others in following.items()}})
    number = {node: position for position, node in enumerate(order)}
    before: dict[str, list[str]] = {node: [] for node in order}
    for node in order:
        for other in roots if node == "" else following.get(node, ()):
            if other in before:
                before[other].append(node)
    keeper = {"": ""}
    changed = True
    while changed:
        changed = False
        for node in reversed(order):
            if node == "":
                continue
            known = [other for other in before[node] if other in keeper]
            best = known[0]
            for other in known[1:]:
                best = _common(best, other, keeper, number)
            if keeper.get(node) != best:
                keeper[node] = best
                changed = True
    return keeper


def _common(one: str, other: str, keeper: Mapping[str, str], number: Mapping[str, int]) -> str:
    while one != other:
        while number[one] < number[other]:
            one = keeper[one]
        while number[other] < number[one]:
            other = keeper[other]
    return one


def _postorder(following: Mapping[str, list[str]]) -> list[str]:
    seen = {""}
    found: list[str] = []
    stack = [("", iter(following[""]))]
    while stack:
        node, rest = stack[-1]
        step = next((other for other in rest if other not in seen and other in following), None)
        if step is None:
            found.append(node)
            stack.pop()
        else:
            seen.add(step)
            stack.append((step, iter(following[step])))
    return found
