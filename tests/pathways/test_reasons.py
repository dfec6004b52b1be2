"""One list of reasons for declining: in the shared file, on the offer's form, in the rules and on the pages."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from engine.policies import DECLINE_REASONS
from web import wording


def test_the_reasons_for_declining_are_the_same_everywhere() -> None:
    shared = files("pathways") / "shared"
    listed: dict[str, Any] = json.loads((shared / "decline_reasons.json").read_text("utf-8"))
    offer: dict[str, Any] = json.loads((shared / "offer_task" / "forms" / "offer_answer.json").read_text("utf-8"))
    asked = next(
        field for section in offer["sections"] for field in section["fields"] if field["name"] == "decline_reason"
    )

    assert asked["options"] == listed["options"]
    said = {one["value"]: one["label"]["fr"].replace("’", "'") for one in listed["options"]}
    assert said == {code: str(words) for code, words in wording.DECLINE_REASONS.items()}
    assert tuple(said) == DECLINE_REASONS
