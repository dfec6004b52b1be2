"""Whatever a model holds, checking it answers: no content makes it raise."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.bpmn.checker import check
from engine.bpmn.model import (
    Assignment,
    ExpressionText,
    Flow,
    HumanWork,
    MultiInstance,
    Node,
    NodeKind,
    PathwayModel,
    Process,
    Scope,
    StandardLoop,
    TimerKind,
    Trigger,
    TriggerKind,
)

TEXTS = st.sampled_from(
    [
        "",
        "=",
        "a",
        "= a > 3",
        'b = "x"',
        "P3D",
        "R/P0D",
        "2020-13-40",
        "((((",
        "${a}",
        "= not(a)",
        "1/0",
        "case.number",
        "é",
        "\0",
    ]
)
EXPRESSIONS = st.none() | st.builds(ExpressionText, TEXTS, st.sampled_from([None, "feel", "juel", "plain", "klingon"]))
NAMES = st.sampled_from(["n0", "n1", "n2", "n3", "n4", "n5", "lost"])
TRIGGERS = st.builds(
    Trigger,
    kind=st.sampled_from(TriggerKind),
    name=st.none() | st.sampled_from(["", "m", "e"]),
    timer=st.none() | st.sampled_from(TimerKind),
    expression=EXPRESSIONS,
    correlation=EXPRESSIONS,
)
LOOPS = (
    st.none()
    | st.builds(
        MultiInstance, parallel=st.booleans(), cardinality=EXPRESSIONS, collection=EXPRESSIONS, item=st.none() | NAMES
    )
    | st.builds(StandardLoop, condition=EXPRESSIONS, maximum=st.none() | st.integers(-1, 9))
)
WORK = st.none() | st.builds(
    HumanWork,
    roles=st.lists(st.sampled_from(["", "gp", "= a", "?"]), max_size=2).map(tuple),
    form_key=st.none() | st.sampled_from(["f", "g"]),
    due=EXPRESSIONS,
    opens=EXPRESSIONS,
    assignee=EXPRESSIONS,
)
FORMS: st.SearchStrategy[dict[str, object]] = st.dictionaries(
    st.sampled_from(["f", "g"]),
    st.none()
    | st.just([])
    | st.just({"sections": [{"fields": [{"name": "a", "type": "int", "visible_if": "(("}, 3]}]}),
)


@st.composite
def scopes(draw: st.DrawFn, depth: int = 2) -> Scope:
    nodes: dict[str, Node] = {}
    for name in draw(st.lists(NAMES, unique=True, max_size=6)):
        nodes[name] = Node(
            id=name,
            kind=draw(st.sampled_from(NodeKind)),
            name=draw(st.sampled_from(["", "A", "ÉTAPE " * 20])),
            trigger=draw(TRIGGERS),
            attached_to=draw(st.none() | NAMES),
            interrupting=draw(st.booleans()),
            default_flow=draw(st.none() | st.sampled_from(["f0", "f1", "zz"])),
            loop=draw(LOOPS),
            work=draw(WORK),
            script=draw(st.none() | TEXTS),
            decision=draw(st.none() | st.just("d")),
            called=draw(st.none() | st.sampled_from(["p", "q"])),
            outputs=draw(
                st.just(()) | st.builds(lambda text: (Assignment(name="a", expression=ExpressionText(text)),), TEXTS)
            ),
            body=draw(scopes(depth=depth - 1)) if depth and draw(st.integers(0, 3)) == 0 else None,
            event_sub_process=draw(st.booleans()),
        )
    flows = {
        f"f{number}": Flow(id=f"f{number}", source=draw(NAMES), target=draw(NAMES), condition=draw(EXPRESSIONS))
        for number in range(draw(st.integers(0, 10)))
    }
    return Scope(nodes=nodes, flows=flows)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(one=scopes(), other=scopes(), forms=FORMS, decision=st.binary(max_size=20))
def test_any_model_gets_an_answer(one: Scope, other: Scope, forms: dict[str, object], decision: bytes) -> None:
    processes = {"p": Process(id="p", name="", scope=one), "q": Process(id="q", name="Q", scope=other)}
    model = PathwayModel(processes=processes, main="p")

    found = check(model, forms=forms, decisions={"d": decision}, parameters={"a": 3, "b": None}, messages={"m": None})

    assert all(finding.message and finding.message_en and "{it}" not in finding.message for finding in found)
