"""Threat: a program that is let in too far, or a request nobody thought of. Schemathesis asks.

`openapi.json` is the law. With a token that opens everything, with none, with one of every other scope: no failure of
ours, no answer that is not described, no answer that should have been a refusal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings, strategies
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from engine.actor import Actor, Scope
from engine.clock import utcnow
from engine.commands import cases, pathways
from engine.db import Database
from engine.settings import read_settings
from tests.engine.commands.small_pathways import waiting_message
from tests.web import town
from tests.web.api.program import JOSETTE, issued
from web.api.operations import PREFIX
from web.app import create_app

LAW = f"{PREFIX}/openapi.json"
BUSINESS_SAYS_NO = "422"
"""A request of the right shape may still be refused: another pathway, two addresses, a stranger's INS."""
CONFIG: dict[str, Any] = {
    "checks": {
        "positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "409", BUSINESS_SAYS_NO]},
        "missing_required_header": {"expected-statuses": ["400", "401", "403", "415", "422"]},
    },
    "generation": {"mode": "all"},
}
BOUNDED = settings(
    max_examples=24,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
FEW = settings(BOUNDED, max_examples=5)


def _law(app: Flask) -> Any:
    for limiter in app.extensions["limiter"]:
        limiter.enabled = False
    return schemathesis.openapi.from_wsgi(LAW, app, config=SchemathesisConfig.from_dict(CONFIG))


def _described(app: Flask) -> Any:
    """What `openapi.json` says of each address."""
    return app.test_client().get(LAW).get_json()["paths"]


OPERATIONS = sorted(
    (path, method)
    for path, methods in _described(create_app(read_settings({}), Database("sqlite://"))).items()
    for method in methods
    if method != "parameters"
)
each_operation = pytest.mark.parametrize(
    ("path", "method"), OPERATIONS, ids=lambda part: str(part).removeprefix(PREFIX)
)


@pytest.fixture
def api(app: Flask, start_case: Callable[..., str], database: Database, actor: Callable[[str], Actor]) -> Any:
    """The API of a town without the limit of requests; the ward opened C-1001, and C-1002 that takes « result »."""
    assert start_case() == "C-1001"
    now = utcnow()
    with database.transaction() as session:
        pathways.publish(session, files=waiting_message(), label="", accepted={}, by=actor("hugo"), now=now)
    with database.transaction() as session:
        started = cases.start(
            session, pathway_key="waiting", patient_id=town.josette(session), facts={},
            organization_id=next(iter(actor("helene").organization_ids)), by=actor("maud"), now=now,
        )  # fmt: skip
    assert started.number == "C-1002"
    return _law(app)


def _ask(api: Any, path: str, method: str, bounds: settings, judge: Callable[[Case], None]) -> None:
    """Send requests of the right shape and of wrong ones to one operation."""
    operation = api[path][method.upper()]
    right, wrong = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)

    @bounds
    @given(case=strategies.one_of(right, wrong))
    def send(case: Case) -> None:
        judge(case)

    send()


def _about_what_exists(case: Case) -> None:
    """Half of the valid requests are about what is really there, so that the work itself is reached."""
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if "number" in case.path_parameters and len(case.path_parameters["number"]) % 2:
        case.path_parameters["number"] = "C-1001"
    body = case.body
    if not isinstance(body, dict) or len(str(body)) % 2:
        return
    case.headers["Idempotency-Key"] = str(uuid4())
    if "patient" in body:
        body |= {"pathway": "try_out", "patient": dict(JOSETTE), "ward": "cardio", "answers": {}}
    elif "to" in body:
        body |= {"to": {"case": "C-1002"}, "name": "result"}
    elif "ins" in body:
        body["ins"] = JOSETTE["ins"]


@each_operation
def test_a_program_that_may_everything_is_answered_as_described(
    api: Any, database: Database, path: str, method: str
) -> None:
    secret = issued(database).secret

    def judge(case: Case) -> None:
        _about_what_exists(case)
        case.call_and_validate(headers={"Authorization": f"Bearer {secret}"})

    _ask(api, path, method, BOUNDED, judge)


@each_operation
def test_nobody_without_a_token_gets_anything_but_a_refusal(api: Any, path: str, method: str) -> None:
    def judge(case: Case) -> None:
        answer = case.call()
        case.validate_response(answer, excluded_checks=[negative_data_rejection, positive_data_acceptance])
        assert answer.status_code in (400, 401), f"{answer.status_code} without a token"

    _ask(api, path, method, FEW, judge)


@each_operation
def test_a_token_of_another_scope_opens_nothing(api: Any, database: Database, path: str, method: str) -> None:
    asked = api[path][method.upper()].definition.raw.get("x-scopes", [])
    if not asked:
        return
    mine = f"Bearer {issued(database, scopes=set(Scope) - set(asked)).secret}"

    def judge(case: Case) -> None:
        answer = case.call(headers={"Authorization": mine})
        case.validate_response(answer, excluded_checks=[negative_data_rejection, positive_data_acceptance])
        shown = answer.request.headers.get("Authorization") == mine  # Schemathesis puts wrong tokens of its own too
        assert answer.status_code in (400, 403 if shown else 401), f"{answer.status_code} without the scope {asked}"

    _ask(api, path, method, FEW, judge)


def test_every_operation_is_described_and_needs_a_token(app: Flask) -> None:
    described = _described(app)
    routes = {
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.endpoint.startswith("api.") and method not in ("HEAD", "OPTIONS")
    }

    assert routes == {
        (path, method) for path, methods in described.items() for method in methods if method != "parameters"
    }
    for path, methods in described.items():
        for method, operation in methods.items():
            if method != "parameters":
                assert operation["security"] == [{"token": []}], f"{method} {path}"
                assert {"400", "401", "403", "429"} <= set(operation["responses"]), f"{method} {path}"
