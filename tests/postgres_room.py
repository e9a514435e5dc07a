"""One PostgreSQL database for many tests: to empty its tables takes a hundredth of what a new one takes."""

from __future__ import annotations

from tests.postgres import PostgresError, PostgresServer

USES = 40
"""Tests until the database is made anew: deleted rows stay in its files, and would slow it down."""

_EMPTY = """DO $$ DECLARE one record; BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;  -- in any order, whatever refers to what
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DELETE FROM %I', one.tablename);
    END LOOP;
END $$"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
_ROWS = """SELECT format('INSERT INTO {0} SELECT (json_populate_record(NULL::{0}, %L)).*', row_to_json(as_it_is))
    FROM {0} AS as_it_is"""


class Room:
    """A copy of a template that `clear` leads back to what the template holds."""

    def __init__(self, server: PostgresServer, template: str) -> None:
        self._server, self._template = server, template
        self._tables = self._lines(_TABLES, template)
        self._rows = [
            row for table in self._tables for row in self._lines(_ROWS.format(table), template)
        ]
        self._make()

    def clear(self) -> None:
        """Put back what was there at first; a test that changed the tables themselves costs a new copy."""
        self._uses += 1
        try:
            found = self._server.sql(_EMPTY, *self._rows, _TABLES, database=self._name)
            whole = found.splitlines() == self._tables
        except PostgresError:
            whole = False
        if not whole or self._uses >= USES:
            self._server.drop_database(self._name)
            self._make()

    def _make(self) -> None:
        self.url, self._uses = self._server.create_database(template=self._template), 0
        self._name = self.url.rsplit("/", 1)[1]

    def _lines(self, sql: str, database: str) -> list[str]:
        return self._server.sql(sql, database=database).splitlines()
