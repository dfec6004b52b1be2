"""`parcours account token`: the token alone on standard output, the rest beside it."""

from __future__ import annotations

import pytest

from cli import account
from engine.commands import program_tokens
from engine.errors import InvalidRequest
from engine.models import ServiceToken
from tests.engine.commands.conftest import world
from tests.engine.commands.world import World

__all__ = ["world"]


def test_a_program_is_let_in_from_the_server(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(account, "open_database", lambda: world.database)

    account.token(name="SIH", organization="ch", scopes=("cases:read", "cases:start"), days=30, territory="")

    said = capsys.readouterr()
    assert program_tokens.shown(said.out.strip()) is not None
    assert "plus jamais affiché" in said.err and said.out.strip() not in said.err
    (kept,) = world.rows(ServiceToken)
    assert (kept.name, kept.scopes) == ("SIH", ["cases:read", "cases:start"])
    with pytest.raises(InvalidRequest, match="Aucune structure"):
        account.token(name="X", organization="absent", scopes=("cases:read",), days=30, territory="")
