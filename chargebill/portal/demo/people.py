"""Who charges in the demo: members, businesses, own vehicles, partners' customers, and people nobody knows."""

import random
from dataclasses import dataclass

from chargebill.core.models import LegalEntity
from chargebill.portal.demo.sites import Company
from memberships.models import ContractPrefix, Customer, CustomerGroup, CustomerKind, Token
from stations.models import TokenType

# fmt: off
FIRST = {
    "DE": ("Anna", "Ben", "Clara", "David", "Emma", "Finn", "Greta", "Hannes", "Ida", "Jonas", "Klara", "Leon", "Mia", "Noah",
           "Olga", "Paul", "Rosa", "Simon", "Tilda", "Yusuf", "Aylin", "Henning", "Wiebke", "Enno"),
    "GB": ("Aisha", "Alan", "Beth", "Callum", "Catriona", "Daniel", "Eilidh", "Fraser", "Grace", "Hamish", "Isla", "James",
           "Kirsty", "Lewis", "Mairi", "Neil", "Olivia", "Priya", "Ross", "Sophie", "Tom", "Una"),
}
LAST = {
    "DE": ("Adler", "Brandt", "Claasen", "Dirks", "Evers", "Freese", "Gerdes", "Harms", "Ihnen", "Janssen", "Kruse", "Lübben",
           "Meiners", "Onken", "Peters", "Reents", "Siemers", "Tjaden", "Ulferts", "Wilken", "Yilmaz", "Ziegler"),
    "GB": ("Armstrong", "Bell", "Cairns", "Douglas", "Elliot", "Forsyth", "Graham", "Hogg", "Irvine", "Johnstone", "Kerr",
           "Laidlaw", "Maxwell", "Nixon", "Oliver", "Patel", "Rutherford", "Scott", "Turnbull", "Veitch", "Young"),
}
BUSINESSES = {
    "DE": ("Pflegedienst Küste GmbH", "Handwerk Peters & Sohn", "Taxi-Zentrale Nordhafen eG", "Bäckerei Harms KG",
           "Elektro Onken GmbH", "Kurierdienst Jade GmbH", "Landtechnik Gerdes AG", "Wohnbau Nordhafen eG"),
    "GB": ("Border Couriers Ltd", "Eildon Home Care Ltd", "Teviot Taxis Ltd", "Scott & Kerr Joinery", "Merse Farm Supplies Ltd",
           "Lauder Catering Ltd"),
}
PARTNERS = {
    "DE": (("NL-RHB", "Roaming Hub B.V.", "NL"), ("DE-ELM", "Elbe Mobil GmbH", "DE")),
    "GB": (("NL-RHB", "Roaming Hub B.V.", "NL"), ("GB-LMB", "Lomond Mobility Ltd", "GB")),
}
GROUPS = {"DE": ("Residents", "Municipal fleet"), "GB": ("Plus members", "Own fleet")}
# fmt: on


@dataclass(frozen=True, slots=True)
class Payer:
    """A token to charge with, how its sessions are paid, and what its price depends on."""

    uid: str
    token_type: str
    contract_id: str
    payment_method: str
    kind: str
    in_group: bool = False


@dataclass(frozen=True, slots=True)
class People:
    """Payers in the order a kind of place gives its shares of; ``cards`` are not among them: they have no token."""

    members: tuple[Payer, ...]
    businesses: tuple[Payer, ...]
    own: tuple[Payer, ...]
    roaming: tuple[Payer, ...]

    @property
    def tokens(self) -> int:
        return sum(map(len, self.groups))

    @property
    def groups(self) -> tuple[tuple[Payer, ...], ...]:
        return (self.members, self.businesses, self.own, self.roaming)


def uid_of(rng: random.Random) -> str:
    """A card's number as readers give it, eight hexadecimal digits."""
    return f"{rng.randrange(16**8):08X}"


def invent(company: Company, sessions: int, rng: random.Random) -> People:
    """As many people as come that often: a member some thirty times a year, a roaming driver a few times."""
    members, taken = [], set[str]()

    def token(kind: str, token_type: str, method: str, contract_id: str = "", *, in_group: bool = False) -> Payer:
        uid = uid_of(rng)
        while uid in taken:
            uid = uid_of(rng)
        taken.add(uid)
        return Payer(uid, token_type, contract_id, method, kind, in_group)

    for n in range(max(24, sessions * 42 // 100 // 30)):
        drawn = rng.random()
        if drawn < 0.05:
            contract = f"{company.country}-{company.code}-C{10_000_000 + n}"
            members.append(token(CustomerKind.MEMBER, TokenType.EMAID, "PLUG_AND_CHARGE", contract, in_group=n % 3 == 0))
        elif drawn < 0.45:
            members.append(token(CustomerKind.MEMBER, TokenType.APP_USER, "APP", in_group=n % 3 == 0))
        else:
            members.append(token(CustomerKind.MEMBER, TokenType.RFID, "RFID", in_group=n % 3 == 0))
    firms = len(BUSINESSES[company.country])
    cards = max(4 * firms, sessions * 8 // 100 // 40)
    businesses = [token(CustomerKind.BUSINESS, TokenType.RFID, "INVOICE") for _ in range(cards)]
    own = [token(CustomerKind.INTERNAL, TokenType.RFID, "FREE") for _ in range(max(6, sessions // 4000))]
    prefixes = [prefix for prefix, _, _ in PARTNERS[company.country]]
    roaming = [
        token(CustomerKind.PARTNER, TokenType.RFID, "ROAMING", f"{prefixes[n % 3 // 2]}-C{20_000_000 + 37 * n}")
        for n in range(max(40, sessions * 25 // 100 // 4))
    ]
    return People(tuple(members), tuple(businesses), tuple(own), tuple(roaming))


def store(company: Company, entity: LegalEntity, people: People, rng: random.Random) -> None:
    """Makes the customers and tokens. Partners' tokens are known by their contract ids, as a partner's list gives them."""
    country, language = company.country, company.language
    group, fleet = (CustomerGroup.objects.create(entity=entity, name=name) for name in GROUPS[country])
    customers = Customer.objects.bulk_create(
        Customer(
            entity=entity,
            kind=CustomerKind.MEMBER,
            number=f"M{10_001 + n}",
            name=f"{rng.choice(FIRST[country])} {rng.choice(LAST[country])}",
            email=f"m{10_001 + n}@{company.domain}",
            city=rng.choice([company.city, *(town.name for town in company.towns)]),
            country=country,
            language=language,
        )
        for n in range(len(people.members))
    )
    Customer.groups.through.objects.bulk_create(
        Customer.groups.through(customer=customer, customergroup=group)
        for customer, payer in zip(customers, people.members, strict=True)
        if payer.in_group
    )
    firms = Customer.objects.bulk_create(
        Customer(
            entity=entity,
            kind=CustomerKind.BUSINESS,
            number=f"B{201 + n}",
            name=name,
            company=name,
            email=f"b{201 + n}@{company.domain}",
            city=company.city,
            country=country,
            language=language,
        )
        for n, name in enumerate(BUSINESSES[country])
    )
    own = Customer.objects.create(
        entity=entity, kind=CustomerKind.INTERNAL, number="I1", name=f"{company.name}, own vehicles", country=country
    )
    own.groups.add(fleet)
    Token.objects.bulk_create(
        Token(entity=entity, uid=payer.uid, type=payer.token_type, contract_id=payer.contract_id, customer=customer)
        for payers, owners in ((people.members, customers), (people.businesses, firms), (people.own, [own]))
        for n, payer in enumerate(payers)
        for customer in [owners[n % len(owners)]]
    )
    Token.objects.bulk_create(
        Token(entity=entity, uid=payer.uid, type=payer.token_type, contract_id=payer.contract_id) for payer in people.roaming
    )
    for n, (prefix, name, of) in enumerate(PARTNERS[country]):
        partner = Customer.objects.create(
            entity=entity, kind=CustomerKind.PARTNER, number=f"P{n + 1}", name=name, company=name, country=of
        )
        ContractPrefix.objects.create(entity=entity, prefix=prefix, partner=partner)
