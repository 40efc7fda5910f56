#!/usr/bin/env python
import json
import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chargebill.settings")
    from django.core.management import execute_from_command_line

    from chargebill.environment import WrongSetting

    try:
        execute_from_command_line(sys.argv)
    except WrongSetting as error:
        # Advice, not a traceback; for scripts in the form every command reports bad input.
        if sys.argv[1:2] == ["serve"]:
            sys.exit(str(error))
        sys.stderr.write(json.dumps({"error": {"code": "setting", "where": error.name, "message": str(error)}}) + "\n")
        sys.exit(2)
