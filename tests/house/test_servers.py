"""The servers that other tests stand on really are what they claim."""

import redis
from sqlalchemy import create_engine, text

from tests.support.databases import PostgresDatabases, SqliteDatabases


def test_each_kind_of_database_answers(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE patient (number INTEGER PRIMARY KEY)"))
        connection.execute(text("INSERT INTO patient VALUES (7)"))
        assert connection.execute(text("SELECT number FROM patient")).scalar_one() == 7
    engine.dispose()


def make_a_table(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE patient (number INTEGER PRIMARY KEY)"))
    engine.dispose()


def count_after_adding_one(url: str) -> int:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO patient VALUES (7)"))
        count = int(connection.execute(text("SELECT count(*) FROM patient")).scalar_one())
    engine.dispose()
    return count


def test_a_prepared_postgresql_database_starts_afresh_each_time(postgres_databases: PostgresDatabases) -> None:
    for _ in range(2):
        with postgres_databases.new(prepare=make_a_table) as url:
            assert count_after_adding_one(url) == 1


def test_a_prepared_sqlite_database_starts_afresh_each_time(sqlite_databases: SqliteDatabases) -> None:
    for _ in range(2):
        assert count_after_adding_one(sqlite_databases.new(prepare=make_a_table)) == 1


def test_redis_answers(redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    assert client.ping()
    client.close()
