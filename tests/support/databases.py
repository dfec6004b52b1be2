"""Fresh databases for a test: a new file on SQLite, a clone of a prepared template on PostgreSQL.

Preparing (running the migrations) happens once per session and kind; each test then gets its copy in a few
milliseconds on SQLite and about a tenth of a second on PostgreSQL.
"""

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL

from tests.support.servers import libpq_text

Prepare = Callable[[str], None]
"""Given the address of an empty database, makes the tables (and whatever every test needs) in it."""


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


@dataclass(kw_only=True)
class SqliteDatabases:
    """Hands out SQLite files in `folder`, copies of a prepared one when a preparation is given."""

    folder: Path
    templates: dict[Prepare, Path] = field(default_factory=dict)

    def new(self, *, prepare: Prepare | None = None) -> str:
        path = self.folder / f"{uuid.uuid4().hex}.db"
        if prepare is not None:
            shutil.copyfile(self._template(prepare), path)
        return sqlite_url(path)

    def _template(self, prepare: Prepare) -> Path:
        if prepare not in self.templates:
            path = self.folder / f"template-{len(self.templates)}.db"
            prepare(sqlite_url(path))
            self.templates[prepare] = path
        return self.templates[prepare]


@dataclass(kw_only=True)
class PostgresDatabases:
    """Hands out databases of one PostgreSQL server, clones of a prepared one when a preparation is given."""

    server: URL
    templates: dict[Prepare, str] = field(default_factory=dict)

    @contextmanager
    def new(self, *, prepare: Prepare | None = None) -> Iterator[str]:
        template = "template1" if prepare is None else self._template(prepare)
        name = self._create(template)
        try:
            yield self._url(name)
        finally:
            self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def drop_templates(self) -> None:
        for name in self.templates.values():
            self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _template(self, prepare: Prepare) -> str:
        if prepare not in self.templates:
            name = self._create("template1")
            prepare(self._url(name))
            self.templates[prepare] = name
        return self.templates[prepare]

    def _create(self, template: str) -> str:
        name = f"parcours_test_{uuid.uuid4().hex[:12]}"
        # FILE_COPY is quicker than the default for small databases on a server that does not fsync
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return name

    def _url(self, name: str) -> str:
        return self.server.set(database=name).render_as_string(hide_password=False)

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(libpq_text(self.server), autocommit=True) as connection:
            connection.execute(statement)
