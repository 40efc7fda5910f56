"""Portions hold whole things, in order, none above the limit but one that is above it alone."""

from chargebill.core.portions import in_portions


def cut(sizes: list[int], most: int) -> list[list[int]]:
    return list(in_portions(sizes, most=most, size=lambda one: one))


def test_as_many_as_fit_stand_together() -> None:
    assert cut([2, 3, 5, 1, 4, 6], 10) == [[2, 3, 5], [1, 4], [6]]


def test_one_above_the_limit_stands_alone() -> None:
    assert cut([1, 11, 1], 10) == [[1], [11], [1]]


def test_nothing_makes_no_portion() -> None:
    assert cut([], 10) == []
