"""A pathway in two versions, and two hundred cases standing everywhere in it; what becomes of each, said by hand."""

from __future__ import annotations

import json
from random import Random
from uuid import UUID

from tests.engine.commands.small_pathways import bpmn, end, flow, start, task, timer
from tests.engine.commands.world import World

KEY = "suivi"
RENAMED = {"visit": "home_visit"}
BRANCHES = ("visit", "call", "social")


def version(number: int) -> dict[str, bytes]:
    """1: three branches. 2: « Visiter » is another element with another name, the social branch is gone."""
    visit = task("visit", "Visiter") if number == 1 else task("home_visit", "Visiter à domicile", role="gp")
    branches = ["call", "visit" if number == 1 else "home_visit", *(["social"] if number == 1 else [])]
    report = "P20D" if number == 1 else "P14D"
    body = [
        start(), task("prepare", "Préparer"), '<bpmn:parallelGateway id="fork"/><bpmn:parallelGateway id="join"/>',
        visit, task("call", "Appeler"), timer("late", "call", "P10D", name="Relancer"), task("again", "Relancer"),
        task("report", "Rendre compte"), timer("overdue", "report", report, name="Compte rendu en retard"), end(),
        flow("start", "prepare"), flow("prepare", "fork"), flow("join", "report"), flow("report", "end"),
        flow("late", "again"), flow("again", "join") if number == 3 else flow("again", "end"),
        flow("overdue", "end"), *(flow("fork", each) + flow(each, "join") for each in branches),
    ]  # fmt: skip
    if number == 1:
        body.append(task("social", "Évaluer les aides"))
    # the reminder stays beside its step: it does not end it
    text = "".join(body).replace(
        'attachedToRef="call" cancelActivity="true"', 'attachedToRef="call" cancelActivity="false"'
    )
    description = {"key": KEY, "title": {"fr": "Suivi", "en": "Follow-up"}, "process": KEY}
    return {"pathway.bpmn": bpmn(KEY, text), "pathway.json": json.dumps(description).encode()}


def run_cases(world: World, count: int) -> dict[UUID, set[str]]:
    """Cases on version 1, by the steps left open in each."""
    world.publish(version(1))
    random, found = Random(7), {}
    for _ in range(count):
        case_id = world.start(KEY, patient_id=None)
        done = random.sample(BRANCHES, random.randint(0, 3))
        if random.random() < 0.2:
            found[case_id] = {"prepare"}
            continue
        world.complete(case_id, "prepare")
        for step in done:
            world.complete(case_id, step)
        found[case_id] = set(BRANCHES) - set(done) or {"report"}
    return found


def oracle(open_steps: set[str]) -> str:
    """By hand: only the removed branch stops a case, once « Visiter » is mapped."""
    return "needs_mapping" if "social" in open_steps else "migrable"


def open_after(open_steps: set[str]) -> set[str]:
    """By hand: the steps of version 2 that stand for those, the removed branch being closed."""
    left = {RENAMED.get(step, step) for step in open_steps - {"social"}}
    return left or {"report"}
