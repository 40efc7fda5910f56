"""How a case moves: states, roles, the table, guards, calendars and clocks. Pure: no Django, no database."""
