"""What an accountant's program takes in: files out of posted entries, one writer for each target. No Django, no clock.

Every file is of one company and one currency. What a writer writes depends on its arguments only, so the same entries
give the same bytes. docs/exports.md has the layouts and what was decided about them.
"""

from billing.exports.model import Account, Entry, Line, OutFile, Settings, Target
from billing.exports.presets import CHARTS, no_tax_rate, preset_of
from billing.exports.problems import Problem, mapping_problems, name_problem, problems_of, settings_problems
from billing.exports.writing import write
from billing.exports.zipped import zip_of

__all__ = [
    "CHARTS",
    "Account",
    "Entry",
    "Line",
    "OutFile",
    "Problem",
    "Settings",
    "Target",
    "mapping_problems",
    "name_problem",
    "no_tax_rate",
    "preset_of",
    "problems_of",
    "settings_problems",
    "write",
    "zip_of",
]
