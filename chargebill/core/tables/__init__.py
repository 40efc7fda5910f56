"""Small tables in and out as CSV and Excel: stations, members. Built on django-import-export.

A file is taken as a whole or not at all, rows are found by what people call them (natural keys), the same file again
changes nothing, and what would run as a formula in a spreadsheet is written so that it doesn't.
"""
