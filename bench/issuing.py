"""Issues a month of invoices on DATABASE_URL and prints what it took, without the making of the sessions.

    python bench/issuing.py INVOICES

Each customer, a member, has LINES sessions. The numbers are looked at afterwards: gaps are counted from the rows.
"""

import json
import os
import resource
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chargebill.settings")

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from billing.models import Document, DocumentLine  # noqa: E402
from memberships.models import Customer, CustomerKind, Token  # noqa: E402
from tests.documents.conftest import make_operator, session  # noqa: E402

LINES = 5
FIRST_DAY, AT = date(2018, 9, 1), datetime(2018, 10, 2, 9, tzinfo=UTC)


def main(invoices: int) -> None:
    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory() as folder:
        operator = make_operator(Path(folder))
        customers = Customer.objects.bulk_create(
            [
                Customer(
                    entity=operator.entity, kind=CustomerKind.MEMBER, name=f"Member {n}", number=f"M{n}", city="Dundee",
                    country="GB",
                )
                for n in range(invoices)
            ],
            batch_size=500,
        )  # fmt: skip
        Token.objects.bulk_create(
            [Token(entity=operator.entity, uid=f"U{n}", customer=customer) for n, customer in enumerate(customers)],
            batch_size=500,
        )
        operator.bring(
            *(
                session(f"{n}-{m}", day=f"2018-09-{1 + (n + 5 * m) % 28:02}", evse=f"E{n % 500}-{m}", token=f"U{n}",
                        start=f"{n // 500 % 22:02}:00", end=f"{n // 500 % 22:02}:40", energy_kwh=f"{5 + (n * m) % 9}.{n % 10}")
                for n in range(invoices)
                for m in range(LINES)
            )
        )  # fmt: skip
        before = resource.getrusage(resource.RUSAGE_SELF)
        began = time.perf_counter()
        operator.issue(FIRST_DAY, at=AT)
        took = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    sequences = list(Document.objects.filter(kind="INVOICE").order_by("sequence").values_list("sequence", flat=True))
    figures = {
        "documents": len(sequences),
        "lines": DocumentLine.objects.count(),
        "gaps": sequences[-1] - len(sequences) + len(sequences) - len(set(sequences)),
        "seconds": took,
        "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "peak_mb": after.ru_maxrss / 1024,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(int(sys.argv[1]))
