"""What the documents say is so: settings, packages, commands, words, links, make targets."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from billing.book_checks import NAMES
from billing.models import Chargeable
from chargebill.core import roles
from chargebill.core.models import Job
from disputes.workflow.diagram import put_into
from memberships.models import CustomerKind
from stations.ingest.profiles import PROFILES
from stations.models import Mode, QuarantinedRow
from tests.conftest import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def text(name: str) -> str:
    return (ROOT / name).read_text()


def section(document: str, title: str) -> str:
    """The part below a heading, up to the next one of its level."""
    return re.split(r"^## ", document.split(f"## {title}\n", 1)[1], maxsplit=1, flags=re.M)[0]


def first_cells(part: str) -> set[str]:
    return set(re.findall(r"^\| `([^`]+)` \|", part, re.M))


def test_every_setting_is_documented_and_every_documented_one_exists():
    source = text("chargebill/settings.py") + text("chargebill/environment.py")
    read = set(re.findall(r"(?:environment|self)\.(?:text|choice|whole_number|flag|words)\(\s*\"([A-Z_]+)\"", source))

    assert {"DATABASE_URL", "SECRET_KEY", "CHARGEBILL_MODE"} <= read
    assert first_cells(section(text("docs/deployment.md"), "Settings")) == read


def test_no_module_reads_the_environment_past_the_settings():
    allowed = {"chargebill/environment.py", "chargebill/core/supervisor.py", "chargebill/wsgi.py"}
    found = {
        str(path.relative_to(ROOT))
        for folder in ("chargebill", "stations", "memberships", "billing", "disputes")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"os\.environ|os\.getenv", path.read_text())
    }

    assert found <= allowed


@pytest.mark.parametrize(
    ("file", "title"), [("requirements.txt", "To run"), ("requirements-dev.txt", "To develop")], ids=["run", "develop"]
)
def test_every_package_has_its_reason(file, title):
    pinned = set(re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[a-z]+\])?==[0-9.]+$", text(file), re.M))
    lines = [line for line in text(file).splitlines() if line and not line.startswith("-r ")]

    assert len(pinned) == len(lines), "every requirement is pinned"
    assert first_cells(section(text("docs/dependencies.md"), title)) == pinned


def test_every_command_is_documented():
    ours = {
        name
        for name, app in get_commands().items()
        if app.split(".")[0] in ("chargebill", "stations", "memberships", "billing", "disputes")
    }

    assert first_cells(section(text("docs/deployment.md"), "Commands")) == ours


def test_every_mode_state_kind_and_role_has_its_word():
    glossary = text("docs/glossary.md")
    states = dict(re.findall(r"^\| `([A-Z]+)` \| ([^|]+) \|", glossary, re.M))

    assert states == dict(Chargeable.State.choices)
    assert dict(re.findall(r"\*\*(\w+)\*\* \(`([a-z]+)`\)", glossary)) == {mode.label.split(":")[0]: mode.value for mode in Mode}
    missing = [
        label
        for label in [*CustomerKind.labels, *QuarantinedRow.State.labels, *Job.State.labels]
        if f"**{label.split(',')[0]}**" not in glossary
    ]
    assert missing == []
    assert f"**Roles**: {', '.join([roles.ADMINISTRATOR, *roles.ROLES])}." in glossary


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path):
    links = re.findall(r"\]\(([^)#]+)\)", document.read_text())
    gone = [link for link in links if not link.startswith("http") and not (document.parent / link).exists()]

    assert gone == []


def test_every_decision_is_listed():
    folder = ROOT / "docs" / "decisions"
    listed = set(re.findall(r"\]\(([^)]+)\)", text("docs/decisions/README.md")))

    assert listed == {path.name for path in folder.glob("[0-9]*.md")}


def test_the_readme_names_what_is_there():
    readme = text("README.md")
    targets = set(re.findall(r"^([a-z-]+):.*## ", text("Makefile"), re.M))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", readme, re.M))

    assert {"run", "test", "lint"} <= named <= targets
    house = readme.split("## The house")[1].split("```")[1]
    folders = [name for line in house.strip().splitlines() for name in re.findall(r"^[\w/. ]+?(?=  )", line)[0].split()]
    assert [name for name in folders if not (ROOT / name).exists()] == []
    layouts = [profile for profile in PROFILES.values() if profile.kind == "sessions"]
    assert len(layouts) == 19
    assert "in nineteen layouts" in readme


def test_the_documents_speak_of_no_machine_in_particular():
    assert [path for path in DOCUMENTS if re.search(r"/(work|tmp|home|root)/", path.read_text())] == []


def test_every_check_of_the_books_is_documented():
    assert first_cells(section(text("docs/books.md"), "`manage.py check_books`")) == set(NAMES)


def test_the_diagram_of_a_case_is_drawn_from_its_table():
    document = text("docs/disputes.md")

    assert put_into(document) == document, "make docs draws it anew"
    assert document.count(" --> ") == 54
