"""The page of layouts: every column of our own files is explained, every template imports, every reason has words."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client

from chargebill.core.models import LegalEntity
from chargebill.core.roles import ADMINISTRATOR, ROLES
from chargebill.portal.import_formats import OWN, columns_of, template_csv
from chargebill.portal.reasons import REASONS
from stations.ingest.profiles import PROFILES
from tests.conftest import ROOT
from tests.portal.import_files import import_text

# What stands for * in codes such as *_missing.
NAMES = {
    "*_missing": ("start", "end", "time", "status", "token", "result", "session", "register", "unit", "value"),
    "*_unreadable": ("start", "end", "time"),
}


def test_every_column_of_our_own_files_is_explained() -> None:
    for name, words in OWN.items():
        assert {headers[0] for headers in PROFILES[name].columns.values()} == set(words)
        assert all(column.meaning and column.example for column in columns_of(PROFILES[name]))


@pytest.mark.parametrize("name", OWN)
def test_every_template_imports_as_it_is(name: str, entity: LegalEntity) -> None:
    batch = import_text(entity, template_csv(PROFILES[name]))

    assert (batch.source.profile, batch.rows_read, batch.rows_imported) == (name, 1, 1)


def test_the_page_names_every_layout(entity: LegalEntity, clerk: Client) -> None:
    html = clerk.get("/imports/formats/").content.decode()

    assert all(profile.title.replace("&", "&amp;") in html for profile in PROFILES.values())
    assert len(html) < 150_000


def test_templates_are_downloads(entity: LegalEntity, clerk: Client) -> None:
    response = clerk.get("/imports/formats/chargebill.csv")

    assert response["Content-Disposition"] == 'attachment; filename="chargebill-template.csv"'
    assert response.content.decode().startswith("session_id,location,")
    assert clerk.get("/imports/formats/steve.csv").status_code == 404
    assert clerk.get("/imports/formats/nothing.csv").status_code == 404


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_every_role_reads_the_layouts(role: str, client_of: Callable[[str], Client]) -> None:
    assert client_of(role).get("/imports/formats/").status_code == 200


def refusal_codes(path: Path) -> Iterator[str]:
    """The codes a module of stations.ingest refuses rows with; a pattern gives each of its possible codes."""
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("RowRefused", "Refusal")
            and node.args
        ):
            code = node.args[0]
            if isinstance(code, ast.Constant):
                yield code.value
            elif isinstance(code, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in code.values)


def test_every_reason_for_quarantine_has_words() -> None:
    codes = {code for path in (ROOT / "stations" / "ingest").glob("*.py") for code in refusal_codes(path)}
    patterns = {code for code in codes if "*" in code}
    assert patterns == set(NAMES)
    named = {pattern.replace("*", name) for pattern, names in NAMES.items() for name in names}

    # The last one refuses a correction, never a row of a file.
    assert (codes - patterns | named) - {"unknown_layout"} == set(REASONS)
