"""Why another system's amount differs from our price: pure, exact, without a database."""

from billing.comparison.causes import explain
from billing.comparison.habits import learn
from billing.comparison.model import Cause, Code, Habit, Pair, Parts, Step

__all__ = ["Cause", "Code", "Habit", "Pair", "Parts", "Step", "explain", "learn"]
