"""`make` on a machine that lacks something says what to install, as a command."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytestmark = [
    pytest.mark.process,
    pytest.mark.sqlite,
    pytest.mark.skipif(shutil.which("make") is None, reason="make: it is not installed"),
]
TARGETS = ["run", "test", "test-fast", "prove", "lint", "format", "bench", "docs"]


@pytest.fixture
def project(tmp_path):
    """A fresh copy of what `make` itself needs, in a folder with a space in its name."""
    folder = tmp_path / "charge bill"
    folder.mkdir()
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, folder)
    return folder


def make(folder, *arguments, **environment):
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
    )


def python_that(folder, *, fails_on):
    """A python3 that ends with 1 when its -c program mentions ``fails_on``; else it is this one."""
    path = folder / "some-python"
    path.write_text(f'#!/bin/sh\ncase "$*" in *"{fails_on}"*) exit 1;; esac\nexec "{sys.executable}" "$@"\n')
    path.chmod(0o755)
    return str(path)


def test_plain_make_lists_the_targets(project):
    done = make(project)

    assert re.findall(r"^  make ([a-z-]+)", done.stdout, re.M) == ["help", *TARGETS]
    assert done.stderr == ""


def test_without_the_venv_module_it_says_which_package_to_install(project):
    done = make(project, "run", f"PYTHON={python_that(project, fails_on='ensurepip')}")

    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == (
        "Python's venv module is missing. Install it and start again: apt install python3-venv"
    )
    assert not (project / ".venv").exists()


def test_an_old_python_is_refused_with_the_way_to_name_another(project):
    done = make(project, "run", f"PYTHON={python_that(project, fails_on='version_info')}")

    assert done.returncode != 0
    assert "is too old: ChargeBill needs Python 3.11 or newer." in done.stderr
    assert "make run PYTHON=python3.11" in done.stderr


def test_without_python_it_says_what_to_install(project):
    done = make(project, "test", "PYTHON=no-such-python")

    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == (
        "There is no no-such-python. ChargeBill needs Python 3.11 or newer: apt install python3 python3-venv"
    )
