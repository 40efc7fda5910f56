"""The gateway that is always there: terminal, cash, bank transfer, fuel card. It moves no money itself.

What it is asked waits for staff or for an imported bank file to say that it happened, so every answer is PENDING.
"""

from billing.gateways.model import Capabilities, Order, Outcome, RefundOrder, Result


class OfflineGateway:
    name = "offline"
    label = "By hand or by the bank"
    capabilities = Capabilities(collects=False, refunds=True, partial_refunds=True, tells=False)

    def authorise(self, order: Order) -> Result:
        return Result(Outcome.PENDING)

    def capture(self, order: Order, authorisation: str = "") -> Result:
        return Result(Outcome.PENDING)

    def refund(self, order: RefundOrder) -> Result:
        return Result(Outcome.PENDING)

    def status(self, key: str) -> Result:
        return Result(Outcome.PENDING)
