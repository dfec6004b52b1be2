"""Comparing: nothing with itself, the mirror image the other way round, and each kind of change by its name."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.changes import Change, How, Part, Sort, compare
from engine.comparison import compare_folders
from engine.library import shipped_files

WORDS = st.sampled_from(["", "Appeler", "Visiter", "Décider"])
PLACES = st.none() | st.tuples(st.sampled_from([0.0, 50.0, 120.0]), st.sampled_from([0.0, 80.0]))


@st.composite
def sides(draw: st.DrawFn) -> list[Part]:
    """Some parts, whose keys, names, properties and references collide with those of another side."""
    keys = draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=6))
    return [
        Part(
            sort=draw(st.sampled_from([Sort.STEP, Sort.FIELD])),
            key=key,
            name=draw(WORDS),
            twin=draw(WORDS),
            properties=draw(st.dictionaries(st.sampled_from(["role", "due"]), st.sampled_from(["x", "y"]))),
            references=draw(st.dictionaries(st.just("to"), st.sampled_from("abcdef"))),
            place=draw(PLACES),
        )
        for key in keys
    ]


def mirrored(changes: tuple[Change, ...]) -> Counter[object]:
    return Counter(
        (
            one.sort, one.how.mirrored, one.after and one.after.key, one.before and one.before.key,
            tuple((each.property, each.after, each.before) for each in one.differences),
        )
        for one in changes
    )  # fmt: skip


def plainly(changes: tuple[Change, ...]) -> Counter[object]:
    return Counter(
        (
            one.sort, one.how, one.before and one.before.key, one.after and one.after.key,
            tuple((each.property, each.before, each.after) for each in one.differences),
        )
        for one in changes
    )  # fmt: skip


@given(sides())
def test_something_compared_with_itself_shows_nothing(parts: list[Part]) -> None:
    assert compare(parts, parts) == ()


@given(sides(), sides())
def test_the_other_way_round_is_the_mirror_image(one: list[Part], other: list[Part]) -> None:
    assert plainly(compare(one, other)) == mirrored(compare(other, one))


@given(sides(), sides())
def test_every_part_is_accounted_for_once(one: list[Part], other: list[Part]) -> None:
    changes = compare(one, other)
    counted = Counter(change.how for change in changes)

    assert len(one) - counted[How.REMOVED] == len(other) - counted[How.ADDED]
    assert len({id(change.part) for change in changes}) == len(changes)


@pytest.mark.parametrize("key", ["hospital_discharge", "geriatric_follow_up", "etp_diabetes", "gp_access"])
def test_a_shipped_pathway_compared_with_itself_shows_nothing(key: str) -> None:
    files = shipped_files(key)

    assert compare_folders(files, dict(files)) == ()


def told(before: dict[str, bytes], after: dict[str, bytes]) -> set[tuple[str, str, str]]:
    return {(one.how.value, one.sort.value, one.part.name or one.part.key) for one in compare_folders(before, after)}


def changed(files: dict[str, bytes], path: str, *pairs: tuple[str, str]) -> dict[str, bytes]:
    text = files[path].decode()
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return {**files, path: text.encode()}


HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:parcours="urn:parcours:bpmn:1" '
    'xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'targetNamespace="x"><process id="p" name="P" isExecutable="true">'
    '<startEvent id="s"/><sequenceFlow id="f1" sourceRef="s" targetRef="t"/>'
    '<userTask id="t" name="Visiter" parcours:role="home_nurse" parcours:form="visit" parcours:due="P2D"/>'
    '<sequenceFlow id="f2" sourceRef="t" targetRef="e"/><endEvent id="e" name="Fini"/></process>'
)
SHAPES = "".join(
    f'<di:BPMNShape bpmnElement="{name}"><dc:Bounds x="{x}" y="10" width="9" height="9"/></di:BPMNShape>'
    for name, x in (("s", 10), ("t", 100), ("e", 200))
)
FORM = (
    '{"key": "visit", "title": "Visite", '
    '"sections": [{"fields": [{"name": "weight", "type": "dec", "label": "Poids"}]}]}'
)
DIAGRAM = f"<di:BPMNDiagram><di:BPMNPlane>{SHAPES}</di:BPMNPlane></di:BPMNDiagram>"
PLAIN = {
    "pathway.bpmn": f"{HEAD}{DIAGRAM}</definitions>".encode(),
    "forms/visit.json": FORM.encode(),
}


def test_a_step_between_two_others_is_one_step_and_its_arrows() -> None:
    after = changed(
        PLAIN,
        "pathway.bpmn",
        ('sourceRef="t" targetRef="e"/>', 'sourceRef="t" targetRef="u"/><userTask id="u" name="Appeler"/>'
         '<sequenceFlow id="f3" sourceRef="u" targetRef="e"/>'),
    )  # fmt: skip

    found = compare_folders(PLAIN, after)

    assert {(one.how.value, one.sort.value, one.part.key) for one in found} == {
        ("added", "step", "u"), ("added", "flow", "f3"), ("changed", "flow", "f2"),
    }  # fmt: skip
    [arrow] = [one for one in found if one.part.key == "f2"]
    assert [(one.property, one.before, one.after) for one in arrow.differences] == [("to", "Fini", "Appeler")]


def test_a_redrawn_id_is_the_same_step_by_its_name() -> None:
    after = changed(
        PLAIN, "pathway.bpmn", ('targetRef="t"', 'targetRef="z"'), ('id="t"', 'id="z"'),
        ('sourceRef="t"', 'sourceRef="z"'), ('bpmnElement="t"', 'bpmnElement="z"'),
    )  # fmt: skip

    [step] = compare_folders(PLAIN, after)

    assert step.how is How.CHANGED and [one.property for one in step.differences] == ["key"]


def test_a_shape_put_elsewhere_has_moved_but_not_a_drawing_pushed_as_a_whole() -> None:
    one = changed(PLAIN, "pathway.bpmn", ('x="100" y="10"', 'x="100" y="90"'))
    all_of_it = changed(PLAIN, "pathway.bpmn", ('x="10"', 'x="40"'), ('x="100"', 'x="130"'), ('x="200"', 'x="230"'))

    assert told(PLAIN, one) == {("moved", "step", "Visiter")}
    assert told(PLAIN, all_of_it) == set()


def test_who_by_when_and_what_is_asked_are_told_property_by_property() -> None:
    after = changed(PLAIN, "pathway.bpmn", ("home_nurse", "gp"), ("P2D", "P3D"))
    after = changed(after, "forms/visit.json", ('"label": "Poids"', '"label": "Poids", "required": true, "unit": "kg"'))

    found = {
        (one.part.name, each.property, each.before, each.after)
        for one in compare_folders(PLAIN, after)
        for each in one.differences
    }

    assert found == {
        ("Visiter", "role", "home_nurse", "gp"), ("Visiter", "due", "P2D", "P3D"),
        ("Poids", "required", "", "yes"), ("Poids", "unit", "", "kg"),
    }  # fmt: skip


def test_rules_parameters_and_reminders_are_compared() -> None:
    files = shipped_files("hospital_discharge")
    decision = next(path for path in files if path.startswith("decisions/") and b'>"medium"<' in files[path])
    after = changed(files, decision, ('<text>"medium"</text>', '<text>"high"</text>'))

    [rule] = compare_folders(files, after)
    assert (rule.sort, rule.how) == (Sort.RULE, How.CHANGED)
    assert [(one.before, one.after) for one in rule.differences] == [('"medium"', '"high"')]

    values = [{"name": "delay", "value": "P2D", "label": {"fr": "Délai"}}]
    revised = [{**values[0], "value": "P3D"}]
    [parameter] = compare_folders(PLAIN, PLAIN, values_before=values, values_after=revised)
    assert (parameter.part.name, parameter.differences[0].before, parameter.differences[0].after) == (
        "Délai", "P2D", "P3D",
    )  # fmt: skip


def test_files_that_cannot_be_read_are_compared_without_failing() -> None:
    for broken in (b"", b"<", b"\xff\xfe", b"[" * 5_000):
        compare_folders(PLAIN, {"pathway.bpmn": broken, "forms/x.json": broken, "decisions/y.dmn": broken})


def test_a_part_is_compared_with_the_one_of_its_own_parent() -> None:
    ours = Part(sort=Sort.FIELD, key="weight", parent="visit", name="Poids")

    assert {one.how for one in compare([ours], [replace(ours, parent="call")])} == {How.ADDED, How.REMOVED}
