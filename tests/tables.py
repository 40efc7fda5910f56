"""What tests of table files share: a file as somebody would upload it, and the pages it goes through."""

import csv
import io
import re
from typing import Any

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse


def as_csv(*rows: list[str], delimiter: str = ",", encoding: str = "utf-8-sig") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


def as_xlsx(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


class TablePages:
    """The import and export pages of one list, for whoever ``client`` is signed in as."""

    def __init__(self, client: Client, model: str) -> None:
        self.client, self.name = client, f"admin:{model.lower().replace('.', '_')}"

    def url(self, page: str) -> str:
        return reverse(f"{self.name}_{page}")

    def look(self, data: bytes, name: str = "file.csv") -> Any:
        """Uploads a file; the page that says what it would do."""
        return self.client.post(self.url("import"), {"file": SimpleUploadedFile(name, data)})

    def take(self, data: bytes, name: str = "file.csv") -> str:
        """Uploads and confirms; the message on the list afterwards."""
        page = self.look(data, name)
        assert page.context.get("ticket"), page.context.get("problems") or page.context["form"].errors
        done = self.client.post(self.url("process_import"), {"ticket": page.context["ticket"]}, follow=True)
        return " ".join(str(message) for message in done.context["messages"])

    def problems(self, data: bytes, name: str = "file.csv") -> list[tuple[int, str, str]]:
        page = self.look(data, name)
        assert "ticket" not in page.context
        return [(problem.line, problem.column, problem.message) for problem in page.context["problems"]]

    def refusal(self, data: bytes, name: str = "file.csv") -> str:
        """What the form says of a file that is no table."""
        return " ".join(self.look(data, name).context["form"].errors["file"])

    def export(self, kind: str = "csv", query: str = "") -> bytes:
        response = self.client.post(self.url("export") + query, {"format": kind})
        assert response.status_code == 200
        assert re.search(rf'filename="[a-z-]+-\d{{4}}-\d\d-\d\d\.{kind}"', response["Content-Disposition"])
        return response.content

    def rows(self, query: str = "") -> list[list[str]]:
        return list(csv.reader(io.StringIO(self.export("csv", query).decode("utf-8-sig"), newline="")))
