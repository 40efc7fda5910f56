"""Things in portions of a limited size, in their order: none is cut."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def in_portions(things: Iterable[T], *, most: int, size: Callable[[T], int]) -> Iterator[list[T]]:
    """As many to a portion as have at most ``most`` together; one that alone has more is a portion by itself."""
    held: list[T] = []
    count = 0
    for thing in things:
        if held and count + size(thing) > most:
            yield held
            held, count = [], 0
        held.append(thing)
        count += size(thing)
    if held:
        yield held
