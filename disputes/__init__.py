"""When it is contested: cases about what was billed, their moves, clocks and thread."""
