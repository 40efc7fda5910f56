"""A made-up business to try things on: two companies in two countries, and a year of charging with what goes wrong in it."""
