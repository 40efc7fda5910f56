"""Mail of a case, in and out, as text: addresses that lead into its thread, what letters say, what a mail contains.

Pure: no Django, no database, no clock. Takes values and bytes, returns values.
"""
