"""What every payment gateway looks like from here, and the offline one. No Django, no database, no network of ours.

A gateway of your own is a class with these methods, named in the setting GATEWAYS.
"""

from billing.gateways.model import Capabilities, Gateway, Order, Outcome, RefundOrder, Result
from billing.gateways.offline import OfflineGateway

__all__ = ["Capabilities", "Gateway", "OfflineGateway", "Order", "Outcome", "RefundOrder", "Result"]
