"""What acquirers and terminal operators say they pay out, read from files. Pure: knows no Django."""

from billing.settlements.reading import COLUMNS, LARGEST_FILE, Payout, read_settlement, template

__all__ = ["COLUMNS", "LARGEST_FILE", "Payout", "read_settlement", "template"]
