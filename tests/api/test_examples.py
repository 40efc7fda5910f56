"""Every curl command of docs/api.md does what the page says."""

import re
import shlex
from string import Template

import pytest

from billing.models import Tariff
from chargebill.core.api_tokens import Scope
from stations.models import Session
from tests.conftest import ROOT

DOCUMENT = (ROOT / "docs" / "api.md").read_text()
COMMANDS = [line for line in DOCUMENT.splitlines() if line.startswith("curl ")]


def sent(program, command, **values):
    """The answer to a curl command, given to Django's own client."""
    words = shlex.split(command)
    assert words.pop(0) == "curl"
    headers, data, address = {}, None, ""
    while words:
        word = words.pop(0)
        if word == "-H":
            name, _, value = words.pop(0).partition(": ")
            headers[name] = Template(value).substitute(KEY=program.key)
        elif word == "-d":
            data = Template(words.pop(0)).substitute(**values)
        else:
            address = Template(word).substitute(SITE="", **values)
    if data is None:
        return program.client.get(address, headers=headers)
    return program.client.post(address, data, content_type=headers.pop("Content-Type"), headers=headers)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: re.search(r"/v1/(\w+)", command)[1])
def test_a_command_of_the_page_works(program, network, command):
    session = Session.objects.select_related("chargeable").first()
    tariff = Tariff.objects.get()
    tariff.code = "NIGHT"
    tariff.save()
    answer = sent(program(), command, CDR=session.chargeable.cdr_id, TARIFF=tariff.pk, CONNECTOR=session.connector_id)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    if "results" in told:
        assert bool(told["results"]) == ("HELD" not in command)
    elif "estimate" in command:
        # 22.287 kWh at 0.49 and 11160 idle seconds at 0.02 a minute; 11 kWh at 0.49; the same before 19 % of tax.
        priced = {'"connector"': "14.64", '"tariff"': "5.39", '"document"': "6.41"}
        assert [told["gross"]] == [gross for by, gross in priced.items() if by in command]


def test_the_page_names_every_scope_and_every_refusal():
    assert set(re.findall(r"^\| `([a-z:]+)` \|", DOCUMENT, re.M)) == set(Scope.values)
    assert re.findall(r"^\| ([\d, ]+) \|", DOCUMENT, re.M) == ["400", "401", "403", "404", "406", "409", "413, 415", "429"]
    assert len(COMMANDS) == 9
