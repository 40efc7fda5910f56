"""Issues so many receipts in DATABASE_URL and makes their PDFs as the month's job does; prints what the PDFs took.

python bench/papers.py DOCUMENTS
"""

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chargebill.settings")

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db.models import Sum  # noqa: E402
from django.utils import timezone  # noqa: E402

from billing.operations.papers import CHUNK, make_papers, without_paper  # noqa: E402
from billing.paper_models import DocumentPaper  # noqa: E402
from tests.documents.conftest import SEPTEMBER, make_operator, session  # noqa: E402


def main(documents: int) -> None:
    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory() as folder:
        operator = make_operator(Path(folder))
        operator.bring(
            *(session(str(n), energy_kwh=f"{1 + n % 50}.{n % 10}7", day=f"2018-09-{1 + n % 28:02}") for n in range(documents))
        )
    operator.issue()
    began = time.perf_counter()
    while waiting := list(without_paper(operator.entity, SEPTEMBER)[:CHUNK]):
        make_papers(documents=waiting, at=timezone.now())
    seconds = time.perf_counter() - began
    made = DocumentPaper.objects.aggregate(size=Sum("size"))["size"]
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps({"papers": DocumentPaper.objects.count(), "seconds": seconds, "mb": made / 1e6, "memory_mb": memory_mb}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
