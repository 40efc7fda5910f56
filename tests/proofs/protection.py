"""Migrates, and says which triggers are missing: commands for tests/proofs/forks.py."""

import json


def migrate(*state: str) -> None:
    from django.core.management import call_command

    call_command("migrate", *state, verbosity=0)


def triggers() -> None:
    """Prints the names of triggers that are declared and not there as declared."""
    from django.apps import apps
    from django.db import connection

    from chargebill.core import frozen

    there = frozen.installed(connection)
    declared = {name: made for model in apps.get_models() for name, made in frozen.declared(model, connection).items()}
    missing = [name for name, made in declared.items() if name not in there or there[name][1] != made]
    print(json.dumps({"declared": len(declared), "missing": missing}))  # noqa: T201


COMMANDS = {"migrate": migrate, "triggers": triggers}
