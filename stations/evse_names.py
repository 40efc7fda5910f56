"""Which EVSE a name given by people means, and under which name each can be given out."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Replace, Upper

from stations.models import Evse

# What people write differently in an eMI3 id.
_SEPARATORS = "*- "


def normalized_evse_id(text: str) -> str:
    """An EVSE id without separators, in capitals: DE*ABC*E1 and deabce1 are the same."""
    return text.translate(str.maketrans("", "", _SEPARATORS)).upper()


def _with_plain_id() -> QuerySet[Any]:
    """Every EVSE with its id as ``normalized_evse_id`` writes it, under ``plain``."""
    plain: Any = Upper(F("evse_id"))
    for separator in _SEPARATORS:
        plain = Replace(plain, Value(separator), Value(""), output_field=CharField())
    return Evse.objects.annotate(plain=plain).order_by("pk")


def evse_named(text: str) -> Evse | None:
    """The EVSE with that eMI3 id, however it is separated, else the one with that UID; None if there is none or several.

    With its place and company. Two queries at most.
    """
    rows, wanted = _with_plain_id().select_related("location", "entity"), normalized_evse_id(text)
    found = list(rows.filter(plain=wanted)[:2]) if wanted else []
    if not found:
        found = list(rows.filter(uid=text)[:2])
    return found[0] if len(found) == 1 else None


def evses_named(text: str) -> QuerySet[Evse]:
    """Every EVSE with that eMI3 id, however it is separated, or with that UID."""
    return _with_plain_id().filter(Q(plain=normalized_evse_id(text)) | Q(uid=text))


def public_names(evses: Sequence[Evse]) -> dict[int, str]:
    """By key, the name under which ``evse_named`` finds each: its EVSE id, else its UID, "" where neither is its alone.

    Two queries, however many.
    """
    plain = {evse.pk: normalized_evse_id(evse.evse_id) for evse in evses}
    asked = {*plain.values(), *(normalized_evse_id(evse.uid) for evse in evses)} - {""}
    ids = Counter(_with_plain_id().filter(plain__in=asked).values_list("plain", flat=True))
    uids = Counter(Evse.objects.filter(uid__in={evse.uid for evse in evses}).order_by().values_list("uid", flat=True))

    def name(evse: Evse) -> str:
        if ids[plain[evse.pk]] == 1:
            return evse.evse_id
        # What stands in an address loses blanks and slashes at its ends.
        alone = uids[evse.uid] == 1 and not ids[normalized_evse_id(evse.uid)] and evse.uid == evse.uid.strip().strip("/").strip()
        return evse.uid if alone else ""

    return {evse.pk: name(evse) for evse in evses}
