"""`parcours account`: the first administrator, invitations, tokens of programs."""

from __future__ import annotations

from uuid import UUID

import click
from sqlalchemy.orm import Session

from cli.database import open_database
from engine.actor import system_actor
from engine.clock import utcnow
from engine.commands import accounts, program_tokens
from engine.errors import InvalidRequest
from engine.queries.clocks import territory_named
from engine.queries.directory import organization_coded
from engine.settings import read_settings


def create_admin(*, login: str, family_name: str, given_name: str, territory: str) -> None:
    """Make the first administrator and print their link."""
    with open_database().transaction() as session:
        invited = accounts.create_first_admin(
            session, territory_id=_territory(session, territory), login=login, family_name=family_name,
            given_name=given_name, now=utcnow(),
        )  # fmt: skip
    _print_link(invited)


def invite(*, login: str, territory: str) -> None:
    """Print a new link for an account."""
    with open_database().transaction() as session:
        by = system_actor(_territory(session, territory))
        invited = accounts.invite(session, login=login, by=by, now=utcnow())
    _print_link(invited)


def token(*, name: str, organization: str, scopes: tuple[str, ...], days: int, territory: str) -> None:
    """Let a program in and print its secret, this once."""
    with open_database().transaction() as session:
        by = system_actor(_territory(session, territory))
        place = organization_coded(session, code=organization, by=by)
        issued = program_tokens.issue(
            session, name=name, organization_id=place, scopes=scopes, days=days, by=by, now=utcnow()
        )
    click.echo("Ce jeton ne sera plus jamais affiché :", err=True)
    click.echo(issued.secret)
    click.echo(f"Il ouvre jusqu'au {issued.expires_at:%d/%m/%Y}. Il se retire sur « Accès des programmes ».", err=True)


def _territory(session: Session, code: str) -> UUID:
    found = territory_named(session, code=code)
    if len(found) != 1:
        raise InvalidRequest("Nommez le territoire avec --territory (son code) ; aucun ou plusieurs correspondent.")
    return found[0]


def _print_link(invited: accounts.Invited) -> None:
    click.echo("Ce lien sert une fois, pendant 72 heures, à choisir le mot de passe :")
    click.echo(f"{read_settings().base_url}/invitation/{invited.token}")
