"""The text of a walk is read line by line; what cannot be read is named."""

from __future__ import annotations

import pytest

from engine.walks.script import Act, Advance, Expect, InvalidWalk, Send, parse_walk

STORY = """# Une histoire
territory: Indian/Reunion
start: 2026-03-02 09:00 by hospital_nurse with {"a": 1,
  "b": "}"}
at +2h home_nurse completes visit[2] with {"x": true}
at 2026-03-05 10:00 message alert with {"level": "red"}
advance 48h
advance to 2026-03-12 18:00
expect open: a, b · expect not notified: gp
"""


def test_a_story_becomes_steps_with_their_lines() -> None:
    walk = parse_walk(STORY, name="s.walk")
    assert (walk.title, walk.zone, walk.start_role, walk.start_facts) == (
        "Une histoire",
        "Indian/Reunion",
        "hospital_nurse",
        {"a": 1, "b": "}"},
    )
    assert walk.steps == (
        Act(line=5, after="+2h", role="home_nurse", verb="complete", element="visit[2]", answers={"x": True}),
        Send(line=6, after="2026-03-05 10:00", name="alert", payload={"level": "red"}),
        Advance(line=7, duration="48h"),
        Advance(line=8, until="2026-03-12 18:00"),
        Expect(line=9, kind="open", text="a, b"),
        Expect(line=9, kind="not notified", text="gp"),
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("home_nurse smiles", "n'est pas une instruction"),
        ("expect sunshine", "n'est pas une attente connue"),
        ('message alert with {"level": }', "mal écrit"),
        ('message alert with {"level": "red"', "pas fermé"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: str, words: str) -> None:
    with pytest.raises(InvalidWalk, match=words) as refused:
        parse_walk(f"start: 2026-03-02 09:00 by gp\n{line}\n", name="s.walk")
    assert "s.walk, ligne 2" in str(refused.value)


def test_a_story_without_a_beginning_is_refused() -> None:
    with pytest.raises(InvalidWalk, match="start:"):
        parse_walk("expect open: a\n", name="s.walk")


def test_a_message_may_name_the_wait_it_is_for() -> None:
    walk = parse_walk(f"{STORY}message attendance[slot-a] with {{}}\n", name="s.walk")
    assert walk.steps[-1] == Send(line=10, after=None, name="attendance", key="slot-a", payload={})
