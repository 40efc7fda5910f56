"""Documents on paper: what a PDF says, in German and English, and the making of it. Frozen values, no Django."""

from billing.papers.content import content_of
from billing.papers.model import Paper, PaperLine, PaperPart, PaperTax
from billing.papers.press import CannotPrint, printed

__all__ = ["CannotPrint", "Paper", "PaperLine", "PaperPart", "PaperTax", "content_of", "printed"]
