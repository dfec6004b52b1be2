"""`parcours`: every command of the product. Each imports what it needs only when it runs, so that help is instant."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from engine.errors import ParcoursError

FILES = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def parcours() -> None:
    """Parcours de soins : prouvés avant de partir, jamais bloqués en silence."""


@parcours.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Adresse d'écoute.")
@click.option("--port", default=8000, show_default=True, help="Port d'écoute (0 : un port libre).")
@click.option("--data", type=FOLDER, default=Path("var"), show_default=True, help="Dossier des données.")
@click.option("--no-demo", is_flag=True, help="Ne pas charger le territoire de démonstration dans une base vide.")
def up(host: str, port: int, data: Path, no_demo: bool) -> None:
    """Start everything in one process: SQLite, no Redis."""
    from cli.up import serve

    serve(host=host, port=port, data=data, demo=not no_demo)


@parcours.command()
@click.argument("files", nargs=-1, required=True, type=FILES)
@click.option("--territory", help="Code of a territory: says who could do each task, from its directory.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(files: tuple[Path, ...], territory: str | None, as_json: bool) -> None:
    """Say everything that is wrong with a pathway. Exit code 0 when it can be published, 1 otherwise."""
    from cli.check import run

    directory = None
    if territory is not None:
        from cli.directory import directory_of

        directory = directory_of(territory)
    sys.exit(run(files, as_json=as_json, directory=directory))


@parcours.command()
@click.argument("file", type=FILES)
@click.option("--seed", default=0, show_default=True, help="Seed of the random answers.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def simulate(file: Path, seed: int, as_json: bool) -> None:
    """Play a pathway with random answers on a virtual clock, and say how it ended."""
    from cli.simulate import run

    sys.exit(run(file, seed=seed, as_json=as_json))


@parcours.command()
@click.argument("pathways", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every pathway.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per pathway.")
def walk(pathways: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Run the scripted walks of pathways against the real engine, and report the coverage of elements."""
    from cli.walk import run

    sys.exit(run(pathways, everything=everything, as_json=as_json))


@parcours.group()
def case() -> None:
    """Ask about one case."""


@case.command("why")
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def case_why(number: str, as_json: bool) -> None:
    """Say what an open case waits for: what, who, since when, expected when, what happens by itself next."""
    from cli.case import why

    sys.exit(why(number, as_json=as_json))


@case.command("list")
def case_list() -> None:
    """List the open cases with their numbers."""
    from cli.case import show_open

    sys.exit(show_open())


@parcours.group()
def audit() -> None:
    """The trace of who did and saw what."""


@audit.command("verify")
def audit_verify() -> None:
    """Verify the hash chain of the trace; names the first event that was changed."""
    from cli.audit import verify

    sys.exit(verify())


@audit.command("root")
def audit_root() -> None:
    """Print the head of the chain, to be kept outside (the worker also keeps one a day in the data directory)."""
    from cli.audit import root

    sys.exit(root())


@parcours.group()
def package() -> None:
    """A pathway as one file: out of this territory, or adopted from another."""


@package.command("export")
@click.argument("key")
@click.option("-o", "--output", type=FOLDER, help="File to write (default: KEY.zip).")
@click.option("--number", type=int, help="Version (default: the published one).")
@click.option("--territory", help="Code of the territory, when there are several.")
def package_export(key: str, output: Path | None, number: int | None, territory: str | None) -> None:
    """Write the package of a pathway: drawings, forms, decisions, parameters, walks, README. No patient data."""
    from cli.package import export

    sys.exit(export(key, output=output, number=number, territory=territory))


@package.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--publish", is_flag=True, help="Publish at once instead of keeping a draft.")
@click.option("--label", default="", help="Label of the version.")
@click.option("--reason", default="", help="Why its warnings are accepted.")
@click.option("--territory", help="Code of the territory, when there are several.")
def package_import(file: Path, publish: bool, label: str, reason: str, territory: str | None) -> None:
    """Check a package, then keep it as a draft (or publish it). Exit code 1 when it cannot run."""
    from cli.package import adopt

    sys.exit(adopt(file, publish=publish, label=label, reason=reason, territory=territory))


@parcours.group()
def account() -> None:
    """Accounts: the first administrator, invitations, tokens of programs."""


@account.command("create-admin")
@click.option("--login", required=True)
@click.option("--family-name", required=True)
@click.option("--given-name", required=True)
@click.option("--territory", default="", help="Code of the territory; needed when there are several.")
def account_create_admin(login: str, family_name: str, given_name: str, territory: str) -> None:
    """Make the first administrator and print the link (72 h) by which they choose a password."""
    from cli.account import create_admin

    create_admin(login=login, family_name=family_name, given_name=given_name, territory=territory)


@account.command("invite")
@click.argument("login")
@click.option("--territory", default="", help="Code of the territory; needed when there are several.")
def account_invite(login: str, territory: str) -> None:
    """Print a new link (72 h) for an account: a first password, or a forgotten one."""
    from cli.account import invite

    invite(login=login, territory=territory)


@account.command("token")
@click.option("--name", required=True, help="Name of the program, as the trace will say it.")
@click.option("--organization", required=True, help="Code or FINESS number of the structure it acts for.")
@click.option(
    "--scope", "scopes", multiple=True, required=True, help="What it may do; several times (docs/reference/api.md)."
)
@click.option("--days", default=90, show_default=True, help="How long it opens.")
@click.option("--territory", default="", help="Code of the territory; needed when there are several.")
def account_token(name: str, organization: str, scopes: tuple[str, ...], days: int, territory: str) -> None:
    """Let a program in: print its token, this once (the token alone on standard output)."""
    from cli.account import token

    token(name=name, organization=organization, scopes=scopes, days=days, territory=territory)


@parcours.group()
def keys() -> None:
    """The keys that seal secrets of the database."""


@keys.command("rotate")
@click.option("--territory", help="Code of a territory: give it a new key, and take the keys of its patients over.")
def keys_rotate(territory: str | None) -> None:
    """Seal again under PARCOURS_SECRET_KEY what former keys (PARCOURS_FORMER_SECRET_KEYS) sealed."""
    from cli.keys import rotate

    rotate(territory=territory)


@keys.command("seal")
def keys_seal() -> None:
    """Seal what a release before sealing kept in clear. May be stopped and run again."""
    from cli.keys import seal

    seal()


@parcours.command()
def doctor() -> None:
    """Say what is wrong with this installation. Exit code 1 when production must not start."""
    from cli.doctor import run

    sys.exit(run())


@parcours.command()
def migrate() -> None:
    """Bring the database of PARCOURS_DATABASE_URL to this release."""
    from cli.database import migrate as run

    run()


@parcours.command()
@click.option("--quick", is_flag=True, help="Under a minute.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with `targets`.")
def bench(quick: bool, as_json: bool) -> None:
    """Measure the engine beside a naive SpiffWorkflow host and a bare commit (code in tests/bench)."""
    from cli.bench import run

    sys.exit(run(quick=quick, as_json=as_json))


@parcours.command()
@click.option("--concurrency", default=2, show_default=True)
def worker(concurrency: int) -> None:
    """Run one production worker (Celery; PARCOURS_REDIS_URL)."""
    from cli.production import run_worker

    run_worker(concurrency)


@parcours.command()
def beat() -> None:
    """Run the production clock (Celery beat; one per installation)."""
    from cli.production import run_beat

    run_beat()


def main() -> None:
    """Entry point: an error of the product is one sentence, never a traceback."""
    try:
        parcours()
    except ParcoursError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
