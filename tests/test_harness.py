"""The harness itself: databases of a test's own, staff, jobs, no network."""

import os
import socket
import subprocess
import sys

import pytest
from django.db import connection

from tests.conftest import ROOT


def test_a_connection_that_leaves_the_machine_fails():
    with socket.socket() as outward, pytest.raises(AssertionError, match="tests use no network"):
        outward.connect(("192.0.2.1", 80))


@pytest.mark.django_db
def test_a_role_signs_in_with_its_permissions(staff, client):
    clerk = staff("Billing clerk")

    assert clerk.has_perm("stations.add_importbatch")
    assert not clerk.has_perm("billing.add_tariff")
    assert staff("Billing clerk") == clerk


@pytest.mark.process
def test_a_test_gets_a_migrated_database_of_its_own(own_database):
    code = (
        "import django; django.setup()\n"
        "from chargebill.core.models import LegalEntity as E\n"
        "assert not E.objects.exists(); E.objects.create(name='Only here'); print(E.objects.count())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": own_database, "DJANGO_SETTINGS_MODULE": "chargebill.settings"},
        capture_output=True,
        text=True,
    )

    assert (done.stdout.strip(), done.stderr) == ("1", "")


@pytest.mark.sqlite
@pytest.mark.django_db
def test_sqlite_runs_as_in_real_life():
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone() == ("wal",)
