"""Starts everything on one machine: the database, the web server, the worker; and keeps them going until stopped."""

import signal
import sys
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from chargebill.core import supervisor


class Command(BaseCommand):
    help = "Prepare the database, then run the web server and a worker until stopped. Ctrl-C stops them."
    requires_system_checks = []  # `prepare` runs them, on the database that is meant

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on (default 127.0.0.1: this machine only).")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        try:
            serving = supervisor.Supervisor(
                root=settings.BASE_DIR,
                folder=settings.DATA_DIR,
                host=host,
                port=port,
                production=settings.PRODUCTION,
                sessions=settings.DEMO_SESSIONS,
                say=self.say,
            )
        except supervisor.CannotStart as error:
            raise CommandError(str(error)) from error

        def stop(signum: int, frame: FrameType | None) -> None:
            serving.stop()

        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(signum) != signal.SIG_IGN:  # started with nohup, it outlives its terminal
                signal.signal(signum, stop)
        try:
            serving.run()
        except supervisor.CannotStart as error:
            raise CommandError(str(error)) from error

    def say(self, text: str) -> None:
        self.stdout.write(text)
        sys.stdout.flush()
