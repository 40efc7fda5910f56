"""The house stands the way the plan says: imports, foreign keys and models look down, never up."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from tests.conftest import ROOT

# Bottom first. An app may point at itself and at what stands before it.
FLOORS = ["core", "stations", "memberships", "billing", "disputes", "analytics", "portal"]
# Django's own tables and the queue's are the ground below the house.
GROUND = {"auth", "contenttypes"}


def upward(pairs):
    """The (from app, to app) pairs that point up, or out of the house."""
    wrong = []
    for source, target in pairs:
        if target in GROUND:
            continue
        if target not in FLOORS or FLOORS.index(target) > FLOORS.index(source):
            wrong.append((source, target))
    return wrong


def relations(model):
    """The models a model's own columns and many-to-many tables point at."""
    fields = model._meta.get_fields(include_hidden=True)
    return [field for field in fields if field.is_relation and not field.auto_created and field.related_model]


def ours():
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in FLOORS]


def test_every_foreign_key_points_down():
    found = [(model, field) for model in ours() for field in relations(model)]

    assert len(found) > 40
    assert {model._meta.app_label for model, _ in found} == {
        "core",
        "stations",
        "memberships",
        "billing",
        "disputes",
        "analytics",
    }
    wrong = [
        f"{model._meta.label}.{field.name} points up to {field.related_model._meta.label}"
        for model, field in found
        if upward([(model._meta.app_label, field.related_model._meta.app_label)])
    ]
    assert wrong == []


def test_a_key_that_points_up_would_be_found():
    assert upward([("stations", "billing"), ("core", "stations"), ("billing", "disputes")]) == [
        ("stations", "billing"),
        ("core", "stations"),
        ("billing", "disputes"),
    ]
    assert upward([("billing", "stations"), ("core", "core"), ("core", "auth")]) == []


def test_every_model_says_what_one_row_is():
    silent = [
        model._meta.label
        for model in ours()
        if not model._meta.auto_created and (model.__doc__ or "").startswith(model.__name__ + "(")
    ]

    assert silent == []


@pytest.mark.process
@pytest.mark.sqlite
def test_imports_point_down():
    done = subprocess.run([Path(sys.executable).parent / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout
    assert "2 kept, 0 broken" in done.stdout


def test_nothing_listens_to_saved_rows():
    """Bulk writes send no signals, so whatever relied on them would be wrong for every import."""
    signals = [models.signals.pre_save, models.signals.post_save, models.signals.pre_delete, models.signals.post_delete]
    listening = {weak().__module__ for signal in signals for _, weak, *_ in signal.receivers if weak()}

    assert {
        module for module in listening if module.split(".")[0] in ("chargebill", "stations", "memberships", "billing", "disputes")
    } == set()
