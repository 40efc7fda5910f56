"""Runs background jobs until stopped, takes over what a dead worker left, and does the chores."""

import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections, connection
from django_tasks_db.management.commands.db_worker import Worker

from chargebill.core.chores import run_chores
from chargebill.core.jobs import reap, worker_name

REAP_EVERY_S = 5


class Command(BaseCommand):
    help = "Run background jobs (imports, pricing) until stopped. Start as many as you like, on any machine."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="Do what is waiting, then end.")
        parser.add_argument("--interval", type=float, default=0.5, help="Seconds between looks into the queue.")

    def handle(self, *args: Any, once: bool, interval: float, **options: Any) -> None:
        worker = Worker(
            queue_names=["*"],
            interval=interval,
            batch=once,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=worker_name()[-64:],
            excluded_queue_names=[],
        )
        reap()
        stop = threading.Event()

        def keep_reaping() -> None:
            while not stop.wait(REAP_EVERY_S):
                close_old_connections()
                reap()
                run_chores()
            connection.close()

        reaper = threading.Thread(target=keep_reaping, name="reaper", daemon=True)
        reaper.start()
        worker.configure_signals()
        try:
            worker.run()
        finally:
            stop.set()
        if once:
            run_chores()
