"""Whether a case may move, and why not."""

from collections.abc import Iterator
from dataclasses import dataclass

from disputes.workflow.facts import Facts
from disputes.workflow.rules import RULES, Rule
from disputes.workflow.states import ROLE_WORDS, STATE_WORDS, Role, State

Cell = tuple[State | None, State, Role]
OPENING = "(none)"


def cells() -> Iterator[tuple[Cell, Rule]]:
    for rule in RULES:
        for source in rule.sources:
            for role in rule.roles:
                yield (source, rule.target, role), rule


TABLE: dict[Cell, Rule] = dict(cells())


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a move is refused; ``code`` is "not_in_table" or the name of the guard."""

    code: str
    message: str


def targets(source: State | None, role: Role) -> tuple[State, ...]:
    """Where this role may move a case that stands there, as far as the table goes."""
    return tuple(target for (origin, target, who) in TABLE if origin == source and who == role)


def roles(source: State | None, target: State) -> tuple[Role, ...]:
    """Who may make this move."""
    return tuple(who for (origin, to, who) in TABLE if origin == source and to == target)


def refusal(source: State | None, target: State, role: Role, facts: Facts) -> Refusal | None:
    """None when the move is allowed. The first guard that fails speaks."""
    rule = TABLE.get((source, target, role))
    if rule is None:
        return Refusal("not_in_table", _not_in_table(source, target, role))
    for guard in rule.guards:
        if said := guard(facts):
            return Refusal(guard.__name__, said)
    return None


def _not_in_table(source: State | None, target: State, role: Role) -> str:
    if source is None:
        begun = f"A case can't begin as {STATE_WORDS[target]}"
    else:
        begun = f"A case that is {STATE_WORDS[source]} can't become {STATE_WORDS[target]}"
    if allowed := roles(source, target):
        return f"{begun} by {ROLE_WORDS[role]}: that is up to {_listed([ROLE_WORDS[who] for who in allowed])}."
    onward = list(dict.fromkeys(STATE_WORDS[to] for (origin, to, _) in TABLE if origin == source))
    if not onward:
        return f"{begun}: that is where a case ends."
    return f"{begun}. It can {'become' if source else 'begin as'} {_listed(onward)}."


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
