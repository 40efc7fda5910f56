"""Files of a case in a browser: an agent attaches a photo and a bill, is told what is wrong with a third one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image
from playwright.sync_api import Page, expect

from disputes.file_models import CaseFile
from tests.browser.conftest import every_look
from tests.disputes.conftest import opened
from tests.disputes.hostile import HTML
from tests.disputes.hostile_pdf import pdf
from tests.documents.conftest import Operator, month, operator
from tests.payments.conftest import billed

__all__ = ["billed", "month", "operator"]


@every_look
def test_an_agent_attaches_a_photo(page: Page, sign_in: Any, check_access: Any, billed: Operator, tmp_path: Path) -> None:
    sign_in("Dispute agent")
    case = opened("M1", at=datetime.now(UTC) - timedelta(hours=1))
    photo, bill, wrong = tmp_path / "display of the charger.jpg", tmp_path / "bill.pdf", tmp_path / "receipt.jpg"
    Image.effect_noise((900, 600), 40).convert("RGB").save(photo)
    bill.write_bytes(pdf(b"% " + Random(2).randbytes(20).hex().encode()))
    wrong.write_bytes(HTML)
    page.goto(f"/disputes/case/{case.pk}/change/")

    page.get_by_label("The driver said").check()
    page.get_by_label("Text", exact=True).fill("The display said 6 kWh.")
    page.get_by_label("Files").set_input_files([photo, wrong])
    page.get_by_role("button", name="Add to the thread").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("“receipt.jpg”: this is a web page")
    expect(page.get_by_label("Text", exact=True)).to_have_value("The display said 6 kWh.")
    expect(page.get_by_label("Files")).to_have_attribute("aria-invalid", "true")
    check_access()

    page.get_by_label("Files").set_input_files([photo, bill])
    page.get_by_role("button", name="Add to the thread").press("Enter")
    expect(page.get_by_role("heading", name="Files")).to_be_visible()
    expect(page.get_by_role("link", name="display of the charger.jpg").first).to_be_visible()
    check_access()
    with page.expect_download() as saved:
        page.get_by_role("link", name="bill.pdf").first.click()
    assert saved.value.suggested_filename == "bill.pdf"
    assert saved.value.path().read_bytes() == bill.read_bytes()
    assert CaseFile.objects.count() == 2
