"""Data leak between branches: a called pathway sees what it is handed, an instance sees itself, nobody more."""

from __future__ import annotations

from engine.models import CaseFact, Task
from tests.engine.bpmn.build import call, each, end, pathway, scope, script, start, sub, user
from tests.engine.bpmn.playing import Played
from tests.engine.commands.small_pathways import bpmn, flow, form, task
from tests.engine.commands.small_pathways import end as end_of
from tests.engine.commands.small_pathways import start as start_of
from tests.engine.commands.world import World

MARKER = "ZQX-HIV-POSITIVE"


def test_a_called_pathway_reads_only_what_it_was_handed() -> None:
    piece = scope(
        start("cs"), script("look", "seen = if diagnosis = null then 'nothing' else diagnosis\ngot = given"),
        user("inside"), end("ce"), flows="cs look inside ce",
    )  # fmt: skip
    main = scope(
        start(), user("a"), call("k", "piece", inputs={"given": "age"}, outputs={"back": "seen", "age_back": "got"}),
        user("z"), end(), flows="s a k z e",
    )  # fmt: skip
    case = Played(pathway(main, piece=piece))
    case.do("a", diagnosis=MARKER, age=84)

    assert case.open == ["inside"]
    [task] = case.outcome.tasks
    inside = case.facts.get(task.scope, {})
    assert MARKER not in str(inside)
    case.do("inside")
    assert case.facts[""]["back"] == "nothing" and case.facts[""]["age_back"] == 84


def test_what_a_called_pathway_writes_stays_there_unless_it_is_mapped_back() -> None:
    piece = scope(start("cs"), script("note", "secret = 'x'\nresult = 'y'"), end("ce"), flows="cs note ce")
    main = scope(start(), call("k", "piece", outputs={"result": "result"}), user("z"), end(), flows="s k z e")

    case = Played(pathway(main, piece=piece))

    assert case.open == ["z"]
    assert case.facts[""] == {"result": "y"}


def test_an_instance_does_not_see_the_answers_of_its_sisters() -> None:
    inner = scope(
        start("is"), user("ask"), script("look", "saw = if note = null then 'nothing' else note"), end("ie"),
        flows="is ask look ie",
    )  # fmt: skip
    loop = each("people", item="person", output_collection="all_saw", output_element="saw")
    case = Played(pathway(scope(start(), sub("p", inner, loop=loop), user("z"), end(), flows="s p z e")), people=[1, 2])
    first, second = (task.token for task in case.outcome.tasks)

    case.do_token(first, note=MARKER)
    case.do_token(second)

    assert case.facts[""]["all_saw"] == [MARKER, "nothing"]


def called_with_a_form() -> dict[str, bytes]:
    """The case knows a diagnosis; a called piece asks a question with a form that also names the diagnosis."""
    outside = bpmn("piece", start_of("ps") + task("q", "Demander", role="social_worker", form="q") + end_of("pe")
                   + flow("ps", "q") + flow("q", "pe"))  # fmt: skip
    body = (
        start_of() + task("a", "Diagnostiquer", role="gp", form="a")
        + '<bpmn:callActivity id="k" name="Volet social" calledElement="piece"/>' + end_of()
        + flow("start", "a") + flow("a", "k") + flow("k", "end")
    )  # fmt: skip
    return {
        "pathway.bpmn": bpmn("main", body), "piece.bpmn": outside,
        "pathway.json": b'{"key": "main", "title": {"fr": "m", "en": "m"}, "process": "main"}',
        "forms/a.json": form("a", {"name": "diagnosis", "type": "str"}),
        "forms/q.json": form("q", {"name": "help", "type": "str"}, {"name": "diagnosis", "type": "str"}),
    }  # fmt: skip


def test_a_task_of_a_called_pathway_shows_and_overwrites_nothing_of_the_case(world: World) -> None:
    world.publish(called_with_a_form())
    case_id = world.start("main")
    world.complete(case_id, "a", diagnosis=MARKER)

    world.complete(case_id, "q", help="courses", diagnosis="autre")

    facts = {(fact.scope, fact.name): fact.value for fact in world.rows(CaseFact) if fact.superseded_at is None}
    assert facts["", "diagnosis"] == MARKER, "what the piece wrote under the same name stayed inside"
    assert all(MARKER not in str(row.locals) for row in world.rows(Task, element_id="q"))
