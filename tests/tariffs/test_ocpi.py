"""OCPI documents in and out: what a partner says comes in exactly, and what OCPI can't say is warned of by name."""

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.models import Tariff, TariffVersion
from billing.operations import activate, import_tariff, save_draft
from billing.pricing import Dimension, read_tariff
from billing.pricing.documents import load
from billing.tariff_content import Content, check, content_of, core_of, edited, put
from billing.tariff_elements import stored
from billing.tariff_export import Exported, export_tariff
from billing.tariff_ocpi import read_document
from chargebill.core.errors import UserError
from chargebill.core.exact_json import dumps
from chargebill.core.models import AuditEvent, LegalEntity, User
from chargebill.portal.tariff_rules import elements_of, rules_of
from tests.conftest import SHARED
from tests.tariffs.conftest import AT, DAY, energy, replace

VECTORS = sorted(SHARED.glob("vectors/ocpi*/*/tariff*.json"))
NIGHT = {
    "country_code": "NL",
    "party_id": "TST",
    "id": "NIGHT-1",
    "currency": "EUR",
    "type": "REGULAR",
    "tariff_alt_text": [{"language": "en", "text": "Cheap at night"}],
    "min_price": {"excl_vat": Decimal("0.50"), "incl_vat": Decimal("0.55")},
    "elements": [
        {
            "price_components": [
                {"type": "ENERGY", "price": Decimal("0.20"), "vat": Decimal("21.0"), "step_size": 1},
                {"type": "PARKING_TIME", "price": "3", "step_size": 300},
            ],
            "restrictions": {
                "start_time": "22:00",
                "end_time": "06:00",
                "day_of_week": ["MONDAY"],
                "max_kwh": 32,
                "min_power": None,
            },
        }
    ],
    "energy_mix": {"is_green_energy": True, "energy_sources": [{"source": "WIND", "percentage": Decimal("99.25")}]},
    "last_updated": "2024-01-01T00:00:00Z",
}
RATES = dict.fromkeys(Dimension, Decimal(19))


def documents(path: Path) -> list[dict[str, Any]]:
    found = load(path.read_bytes())
    return found if isinstance(found, list) else [found]


def ocpi_of(document: dict[str, Any]) -> Any:
    return "2.3.0" if "tax_included" in document else "2.2.1"


def names(warned: Any) -> list[str]:
    return [warning.code for warning in warned.warnings]


def exported(content: Content, ocpi: Any = "2.2.1", **more: Any) -> Exported:
    """Of a version that is not stored."""
    tariff = Tariff(pk=7, entity=LegalEntity(name="Nord", country="DE"), name="Night", currency="EUR")
    version = TariffVersion(tariff=tariff, number=1, created_at=AT)
    put(content, version)
    return export_tariff(version, ocpi=ocpi, **more)


@pytest.mark.shared
def test_there_are_vectors_to_try() -> None:
    assert len(VECTORS) >= 51


@pytest.mark.shared
@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.parent.name)
def test_a_document_that_comes_in_goes_out_the_same(path: Path, nord: LegalEntity) -> None:
    for number, document in enumerate(documents(path)):
        draft = import_tariff(entity=nord, document=document, name=f"T{number}", actor=None, at=AT).draft
        stored = TariffVersion.objects.select_related("tariff__entity").get(pk=draft.pk)
        out = export_tariff(stored, ocpi=ocpi_of(document))
        assert load(dumps(out.document)) == document
        # And means the same, also to whoever reads it as a tariff.
        assert read_tariff(load(dumps(out.document))) == read_tariff(document)


def test_everything_a_document_says_comes_back(nord: LegalEntity) -> None:
    imported = import_tariff(entity=nord, document=NIGHT, actor=None, at=AT)
    draft = TariffVersion.objects.select_related("tariff__entity").get()
    assert (draft.tariff.name, draft.tariff.code, draft.state, draft.tax_included) == ("NIGHT-1", "NIGHT-1", "DRAFT", "NO")
    assert draft.min_price == Decimal("0.5")
    assert draft.elements == [
        {
            "price_components": [
                {"type": "ENERGY", "price": "0.2", "step_size": 1, "vat": "21"},
                {"type": "PARKING_TIME", "price": "3", "step_size": 300},
            ],
            "restrictions": {"start_time": "22:00", "end_time": "06:00", "day_of_week": ["MONDAY"], "max_kwh": "32"},
        }
    ]
    assert names(imported) == ["vat_not_used", "limit_on_one_side", "type_not_used"]
    wanted = {**NIGHT, "elements": json.loads(dumps(NIGHT["elements"]), parse_float=Decimal)}
    wanted["elements"][0]["price_components"][1]["price"] = 3
    del wanted["elements"][0]["restrictions"]["min_power"]
    assert json.loads(dumps(export_tariff(draft, ocpi="2.2.1").document), parse_float=Decimal) == wanted
    # The other version of OCPI calls the limits' sides otherwise.
    other = export_tariff(draft, ocpi="2.3.0").document
    assert other["min_price"] == {"before_taxes": Decimal("0.5"), "after_taxes": Decimal("0.55")}
    assert other["tax_included"] == "NO"
    assert AuditEvent.objects.filter(action="tariff.import").get().changes["id"] == "NIGHT-1"


def test_an_imported_draft_that_is_changed_says_so(nord: LegalEntity, manager: User) -> None:
    draft = import_tariff(entity=nord, document=NIGHT, actor=manager, at=AT).draft
    before = content_of(draft)
    assert edited(replace(before, ocpi={}), before, stamp="now") == before
    content = edited(replace(before, ocpi={}, min_price=Decimal("0.60")), before, stamp="2026-11-26T12:00:00Z")
    draft = save_draft(tariff=draft.tariff, content=content, actor=manager, at=AT)
    document = export_tariff(draft, ocpi="2.2.1").document
    assert document["last_updated"] == "2026-11-26T12:00:00Z"
    # The other side of a limit that was changed is no longer known.
    assert document["min_price"] == {"excl_vat": Decimal("0.60")}
    assert document["energy_mix"] == NIGHT["energy_mix"]


def test_an_activated_version_says_when_it_is_valid(nord: LegalEntity, manager: User) -> None:
    document = {**NIGHT, "start_date_time": "2020-01-01T00:00:00Z"}
    imported = import_tariff(entity=nord, document=document, actor=manager, at=AT)
    assert "dates_not_used" in names(imported)
    tariff = imported.draft.tariff
    assert export_tariff(imported.draft, ocpi="2.2.1").document["start_date_time"] == "2020-01-01T00:00:00Z"
    activate(tariff=tariff, valid_from=AT + DAY, actor=manager, at=AT)
    save_draft(tariff=tariff, content=energy("1"), actor=manager, at=AT)
    activate(tariff=tariff, valid_from=AT + 2 * DAY, actor=manager, at=AT)
    out = export_tariff(TariffVersion.objects.get(number=1), ocpi="2.2.1").document
    assert (out["start_date_time"], out["end_date_time"]) == ("2026-11-27T12:00:00Z", "2026-11-28T12:00:00Z")


# In


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        ({"currency": "EURO"}, "currency_unreadable", "currency"),
        ({"elements": []}, "elements_empty", "elements"),
        (
            {"elements": [{"price_components": [{"type": "ENERGY", "price": "cheap", "step_size": 1}]}]},
            "price_unreadable",
            "elements[0].price_components[0].price",
        ),
        (
            {"elements": [{"price_components": [{"type": "ENERGY", "price": -1, "step_size": 1}]}]},
            "negative_price",
            "elements[0].price_components[0].price",
        ),
        (
            {"elements": [{"price_components": [{"type": "FLAT", "price": 1}], "restrictions": {"moon": "full"}}]},
            "restriction_unknown",
            "elements[0].restrictions.moon",
        ),
        ({"min_price": {"excl_vat": 2, "incl_vat": 1}}, "limit_contradiction", "min_price"),
        ({"note": "a\x00b"}, "text_unreadable", ""),
        ({"note": json.loads("[" * 100 + "]" * 100)}, "too_deep", ""),
        ({"note": "x" * 200_000}, "too_much", ""),
    ],
)
def test_a_document_that_can_not_be_read_is_refused_with_its_place(
    nord: LegalEntity, change: dict[str, Any], code: str, where: str
) -> None:
    with pytest.raises(UserError) as error:
        import_tariff(entity=nord, document={**NIGHT, **change}, actor=None, at=AT)
    assert (error.value.code, error.value.where) == (code, where)
    assert "nothing was" in error.value.message.lower()
    assert not Tariff.objects.exists()
    assert not AuditEvent.objects.exists()


def test_an_answer_or_a_list_of_one_is_a_tariff_too_and_several_are_not() -> None:
    for document in (NIGHT, [NIGHT], {"data": NIGHT, "status_code": 1000}, {"data": [NIGHT]}):
        assert read_document(document).id == "NIGHT-1"
    for document, code in (([NIGHT, NIGHT], "one_tariff"), ([], "one_tariff"), ("tariff", "not_an_object")):
        with pytest.raises(UserError) as error:
            read_document(document)
        assert error.value.code == code


def test_what_has_no_effect_here_is_named() -> None:
    def warned(**change: Any) -> list[str]:
        plain = {key: NIGHT[key] for key in ("id", "currency")}
        plain["elements"] = [{"price_components": [{"type": "FLAT", "price": 1, "step_size": 1}]}]
        return names(read_document({**plain, **change}))

    assert warned() == []
    assert warned(tax_included="N/A") == ["tax_not_applicable"]
    assert warned(tax_included="YES", min_price={"before_taxes": 1}) == ["limit_not_used"]
    assert warned(max_price={"incl_vat": 1}) == ["limit_not_used"]
    vendor = [{"price_components": [{"type": "FLAT", "price": 1, "step_size": 1, "x-color": "red"}]}]
    assert warned(elements=vendor) == ["members_left_out"]


def test_a_document_of_ocpi_2_1_1_is_read_as_one_that_knows_no_tax() -> None:
    document = {"id": "1", "currency": "EUR", "elements": [{"price_components": [{"type": "FLAT", "price": 1, "step_size": 1}]}]}
    assert read_document(document, version="2.1.1").content.tax_included is False
    document["elements"][0]["restrictions"] = {"reservation": "RESERVATION"}  # type: ignore[index]
    with pytest.raises(UserError, match=r"2\.1\.1"):
        read_document(document, version="2.1.1")


def test_a_document_becomes_the_draft_of_a_tariff_that_is_there(night: Tariff, nord: LegalEntity, manager: User) -> None:
    imported = import_tariff(entity=nord, document=NIGHT, tariff=night, actor=manager, at=AT)
    assert (imported.draft.tariff, imported.draft.number) == (night, 1)
    with pytest.raises(UserError) as error:
        import_tariff(entity=nord, document={**NIGHT, "currency": "USD"}, tariff=night, actor=manager, at=AT)
    assert error.value.code == "currency_change"


def test_a_code_that_is_taken_is_left_out(nord: LegalEntity) -> None:
    import_tariff(entity=nord, document=NIGHT, name="One", actor=None, at=AT)
    again = import_tariff(entity=nord, document=NIGHT, name="Two", actor=None, at=AT)
    assert "code_taken" in names(again)
    assert again.draft.tariff.code == ""


# Out


def test_what_ocpi_can_not_say_is_warned_of() -> None:
    out = exported(energy("0.49", grace_minutes=10, parking_cap=Decimal(5)), "2.3.0", rates=RATES, party="NRD")
    assert names(out) == ["grace_left_out", "parking_cap_left_out"]
    assert out.document == {
        "country_code": "DE",
        "party_id": "NRD",
        "id": "7",
        "currency": "EUR",
        "elements": [{"price_components": [{"type": "ENERGY", "price": Decimal("0.49"), "step_size": 0, "vat": Decimal(19)}]}],
        "last_updated": "2026-11-26T12:00:00Z",
        "tax_included": "YES",
    }
    assert names(exported(energy("0.49"), "2.3.0")) == ["party_unknown"]


def test_prices_with_tax_are_computed_without_where_ocpi_wants_them_so() -> None:
    out = exported(energy("0.49", min_price=Decimal("1.19")), rates=RATES, party="NRD")
    assert names(out) == ["net_prices_rounded"]
    (component,) = out.document["elements"][0]["price_components"]
    # 0.49 / 1.19 = 0.411764...
    assert component == {"type": "ENERGY", "price": Decimal("0.4118"), "step_size": 0, "vat": Decimal(19)}
    assert out.document["min_price"] == {"excl_vat": Decimal("1.0000"), "incl_vat": Decimal("1.19")}
    with pytest.raises(UserError) as error:
        exported(energy("0.49"), party="NRD")
    assert error.value.code == "net_price_unknown"


def test_a_limit_with_tax_needs_one_rate_to_be_known_without() -> None:
    mixed = {**RATES, Dimension.ENERGY: Decimal(7)}
    content = energy("0.49", min_price=Decimal("1.19"))
    assert "min_price_left_out" in names(exported(content, rates=mixed))
    out = exported(content, "2.3.0", rates=mixed)
    assert "min_price_before_tax_unknown" in names(out)
    assert out.document["min_price"] == {"after_taxes": Decimal("1.19")}


def test_prices_without_tax_go_out_as_they_are() -> None:
    content = replace(energy("0.49", max_price=Decimal(5)), tax_included=False)
    out = exported(content, rates=RATES, party="NRD")
    assert out.document["max_price"] == {"excl_vat": Decimal(5)}
    assert out.document["elements"][0]["price_components"][0]["price"] == Decimal("0.49")
    assert exported(content, "2.3.0").document["tax_included"] == "NO"
    assert names(out) == []


def test_free_of_charge_goes_out_as_ocpi_says_it() -> None:
    out = exported(Content(tax_included=True, elements=[]), "2.3.0", rates=RATES, party="NRD")
    assert out.document["elements"] == [{"price_components": [{"type": "FLAT", "price": Decimal(0), "step_size": 0}]}]
    assert read_tariff(load(dumps(out.document))).elements


def test_what_goes_out_and_comes_in_again_is_the_same_tariff(nord: LegalEntity) -> None:
    content = energy("0.49", min_price=Decimal("0.5"))
    out = exported(content, "2.3.0", party="NRD")
    again = read_document(load(dumps(out.document))).content
    one, other = (core_of(c, name="", version=0, currency="EUR") for c in (content, again))
    assert one == other


def test_exact_json_writes_numbers_as_they_are() -> None:
    numbers = [Decimal("0.1"), Decimal("1E+3"), Decimal("123456789012.123456789012345"), Decimal("-0"), 7, True, None, "é"]
    assert dumps({"a": numbers, "b": {}, "c": []}) == (
        '{\n  "a": [\n    0.1,\n    1000,\n    123456789012.123456789012345,\n    0,\n    7,\n    true,\n    null,\n'
        '    "é"\n  ],\n  "b": {},\n  "c": []\n}'
    )


ODD: tuple[Any, ...] = (
    *(None, "", 0, -1, "x", [], {}, [1], {"a": 1}, True, "NaN", 10**30, "\x00"),
    *(Decimal("1E+3"), Decimal("0.00000000001")),
)


def mutated(value: Any, rng: random.Random) -> Any:
    """The same with one thing in it changed, dropped or doubled."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(list(value))
        if rng.random() < 0.2:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: mutated(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        at = rng.randrange(len(value))
        return [*value[:at], mutated(value[at], rng), *value[at + (rng.random() < 0.8) :]]
    return rng.choice(ODD)


@pytest.mark.shared
def test_a_thousand_broken_documents_are_refused_in_words_or_read_and_shown() -> None:
    rng = random.Random(3)
    whole = [document for path in VECTORS for document in documents(path)] + [NIGHT]
    refused: list[str] = []
    for _ in range(1000):
        document = rng.choice(whole)
        for _ in range(rng.randrange(1, 4)):
            document = mutated(document, rng)
        try:
            content = read_document(document).content
            check(content, currency="EUR")
        except UserError as error:
            refused.append(error.message)
            continue
        json.dumps(content.ocpi)
        assert stored(content.elements) == content.elements
        assert elements_of(rules_of(content.elements)) == content.elements
        exported(content, "2.3.0")
    assert 500 < len(refused) < 1000
    assert [message for message in refused if not message.endswith(".")] == []
