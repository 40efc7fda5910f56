"""One session of the demo on its way from being drawn to a row of a file. Energy in Wh, moments in seconds since 1970."""

from dataclasses import dataclass
from decimal import Decimal

from chargebill.portal.demo.people import Payer
from chargebill.portal.demo.sites import Pole, Site


@dataclass(slots=True)
class Drawn:
    """``start`` and ``end``: Unix seconds. ``meter_start`` and ``meter_stop`` in Wh, None where the file says nothing.

    ``payer`` None: a payment card on the spot. ``reason``: the check that will hold it; ``refused``: why its row can't be
    taken. ``elsewhere``: its row comes in the other back office's file; ``charged`` is what that asked for it, with tax.
    ``trick``: what is wrong with its readings.
    """

    id: str
    site: Site
    pole: Pole
    start: int
    end: int
    charging_s: int
    wh: int
    meter_start: int | None
    meter_stop: int | None
    payer: Payer | None = None
    card: str = ""
    reference: str = ""
    stop_reason: str = ""
    reason: str = ""
    refused: str = ""
    elsewhere: bool = False
    charged: Decimal | None = None
    trick: str = ""

    @property
    def seconds(self) -> int:
        return self.end - self.start
