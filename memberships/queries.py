"""Reads about customers: whose token is it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from memberships.models import ContractPrefix, CustomerKind, Token

# (entity id, token uid, contract id): what a session says about who charged.
TokenKey = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Resolved:
    """Who pays for a token: a customer and its kind, or nobody we know (None, ad hoc)."""

    customer_id: int | None
    kind: CustomerKind


NOBODY = Resolved(None, CustomerKind.AD_HOC)


def normalized(contract_id: str) -> str:
    """A contract id without what people write differently: case and the separators - and *."""
    return contract_id.replace("-", "").replace("*", "").upper()


def resolve(tokens: Iterable[TokenKey]) -> dict[TokenKey, Resolved]:
    """Who pays for each token: its customer, else the partner with the longest prefix of its contract id, else nobody.

    The contract id given counts; where it is empty, the stored token's. Two queries at most, however many tokens.
    """
    wanted = set(tokens)
    stored = _stored(wanted)
    prefixes = _prefixes(wanted, stored)
    return {key: _who(key, stored, prefixes) for key in wanted}


Stored = dict[tuple[int, str], tuple[Resolved | None, str]]
Prefixes = dict[int, dict[str, Resolved]]


def _stored(wanted: set[TokenKey]) -> Stored:
    """(entity, uid) -> its customer, if it has one, and its contract id."""
    uids = {uid for _, uid, _ in wanted if uid}
    if not uids:
        return {}
    rows = Token.objects.filter(entity_id__in={entity_id for entity_id, _, _ in wanted}, uid__in=uids).order_by()
    return {
        (entity_id, uid): (Resolved(customer_id, CustomerKind(kind)) if customer_id else None, contract_id)
        for entity_id, uid, contract_id, customer_id, kind in rows.values_list(
            "entity_id", "uid", "contract_id", "customer_id", "customer__kind"
        )
    }


def _prefixes(wanted: set[TokenKey], stored: Stored) -> Prefixes:
    """Per entity, normalized prefix -> partner; not asked for while nobody has a contract id to compare."""
    entity_ids = {entity_id for entity_id, uid, contract_id in wanted if _contract_id((entity_id, uid, contract_id), stored)}
    if not entity_ids:
        return {}
    found: Prefixes = defaultdict(dict)
    rows = ContractPrefix.objects.filter(entity_id__in=entity_ids).order_by("pk")
    for entity_id, prefix, partner_id, kind in rows.values_list("entity_id", "prefix", "partner_id", "partner__kind"):
        if normal := normalized(prefix):
            # Written twice in different ways, the first one stays.
            found[entity_id].setdefault(normal, Resolved(partner_id, CustomerKind(kind)))
    return found


def _contract_id(key: TokenKey, stored: Stored) -> str:
    entity_id, uid, contract_id = key
    customer, stored_contract_id = stored.get((entity_id, uid), (None, ""))
    return "" if customer else contract_id or stored_contract_id


def _who(key: TokenKey, stored: Stored, prefixes: Prefixes) -> Resolved:
    entity_id, uid, _ = key
    customer, _ = stored.get((entity_id, uid), (None, ""))
    if customer:
        return customer
    contract_id = normalized(_contract_id(key, stored))
    of_entity = prefixes.get(entity_id, {})
    for length in range(len(contract_id), 0, -1):
        if partner := of_entity.get(contract_id[:length]):
            return partner
    return NOBODY
