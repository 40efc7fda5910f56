"""Reads about customers: whose token is it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from memberships.models import ContractPrefix, Customer, CustomerKind, Token

# (entity id, token uid, contract id): what a session says about who charged.
TokenKey = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Resolved:
    """Who pays for a token: a customer, its kind and groups, or nobody we know (None, ad hoc, no groups).

    ``token_id`` is set for every stored token, also one without a customer.
    """

    customer_id: int | None
    kind: CustomerKind
    token_id: int | None = None
    group_ids: frozenset[int] = frozenset()


NOBODY = Resolved(None, CustomerKind.AD_HOC)


def normalized(contract_id: str) -> str:
    """A contract id without what people write differently: case and the separators - and *."""
    return contract_id.replace("-", "").replace("*", "").upper()


def resolve(tokens: Iterable[TokenKey]) -> dict[TokenKey, Resolved]:
    """Who pays for each token: its customer, else the partner with the longest prefix of its contract id, else nobody.

    The contract id given counts; where it is empty, the stored token's. Three queries at most, however many tokens.
    """
    wanted = set(tokens)
    stored = _stored(wanted)
    prefixes = _prefixes(wanted, stored)
    payers = {key: _payer(key, stored, prefixes) for key in wanted}
    groups = _groups({payer.customer_id for payer in payers.values() if payer})
    return {key: _resolved(stored.get(key[:2]), payer, groups) for key, payer in payers.items()}


@dataclass(frozen=True, slots=True)
class _Payer:
    customer_id: int
    kind: CustomerKind


@dataclass(frozen=True, slots=True)
class _Token:
    id: int
    payer: _Payer | None
    contract_id: str


Stored = dict[tuple[int, str], _Token]
Prefixes = dict[int, dict[str, _Payer]]


def _stored(wanted: set[TokenKey]) -> Stored:
    """(entity, uid) -> the token."""
    uids = {uid for _, uid, _ in wanted if uid}
    if not uids:
        return {}
    rows = Token.objects.filter(entity_id__in={entity_id for entity_id, _, _ in wanted}, uid__in=uids).order_by()
    return {
        (entity_id, uid): _Token(pk, _Payer(customer_id, CustomerKind(kind)) if customer_id else None, contract_id)
        for pk, entity_id, uid, contract_id, customer_id, kind in rows.values_list(
            "pk", "entity_id", "uid", "contract_id", "customer_id", "customer__kind"
        )
    }


def _prefixes(wanted: set[TokenKey], stored: Stored) -> Prefixes:
    """Per entity, normalized prefix -> partner; not asked for while nobody has a contract id to compare."""
    entity_ids = {key[0] for key in wanted if _contract_id(key, stored.get(key[:2]))}
    if not entity_ids:
        return {}
    found: Prefixes = defaultdict(dict)
    rows = ContractPrefix.objects.filter(entity_id__in=entity_ids).order_by("pk")
    for entity_id, prefix, partner_id, kind in rows.values_list("entity_id", "prefix", "partner_id", "partner__kind"):
        if normal := normalized(prefix):
            # Written twice in different ways, the first one stays.
            found[entity_id].setdefault(normal, _Payer(partner_id, CustomerKind(kind)))
    return found


def _groups(customer_ids: set[int]) -> dict[int, set[int]]:
    """Customer -> its groups; not asked for while there is no customer."""
    found: dict[int, set[int]] = defaultdict(set)
    if customer_ids:
        rows = Customer.groups.through.objects.filter(customer_id__in=customer_ids)
        for customer_id, group_id in rows.values_list("customer_id", "customergroup_id"):
            found[customer_id].add(group_id)
    return found


def _contract_id(key: TokenKey, token: _Token | None) -> str:
    """The contract id that decides; none where the token has a customer."""
    if token is None:
        return key[2]
    return "" if token.payer else key[2] or token.contract_id


def _payer(key: TokenKey, stored: Stored, prefixes: Prefixes) -> _Payer | None:
    token = stored.get(key[:2])
    if token and token.payer:
        return token.payer
    contract_id = normalized(_contract_id(key, token))
    of_entity = prefixes.get(key[0], {})
    for length in range(len(contract_id), 0, -1):
        if partner := of_entity.get(contract_id[:length]):
            return partner
    return None


def _resolved(token: _Token | None, payer: _Payer | None, groups: dict[int, set[int]]) -> Resolved:
    token_id = token.id if token else None
    if payer is None:
        return Resolved(None, CustomerKind.AD_HOC, token_id)
    return Resolved(payer.customer_id, payer.kind, token_id, frozenset(groups.get(payer.customer_id, ())))
