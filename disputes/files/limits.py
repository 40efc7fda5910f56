"""What a file of a case may be. Each limit is a sentence in disputes/files/words.py, too."""

MB = 1024 * 1024
# A photo of a telephone is 3 to 10 MB; a scan of a few pages, too.
MOST_BYTES = 12 * MB
# Nobody types more than this into a text, and no export of charges is longer.
MOST_TEXT_BYTES = MB
# Decoded, a pixel is four bytes: 50 million are what the largest cameras of telephones take. PNG and WebP are decoded
# whole, before they can be made smaller; the largest screens have a third of this.
MOST_PIXELS_JPEG = 50_000_000
MOST_PIXELS = 25_000_000
# Longer sides are made so long: a meter's display and the small print of a receipt stay legible.
LONGEST_SIDE = 4096
# Five pages are common, a hundred a contract.
MOST_PAGES = 200
MOST_PDF_OBJECTS = 20_000
# What the lists inside a PDF (its object streams) may come to, unpacked, each and together.
MOST_UNPACKED = 8 * MB
MOST_UNPACKED_TOGETHER = 24 * MB
MOST_AT_ONCE = 5
MOST_PER_MESSAGE = 10
MOST_PER_CASE = 40
MOST_BYTES_PER_CASE = 80 * MB
# All files of one form and its text: what is larger is refused before it is read.
MOST_BYTES_AT_ONCE = 64 * MB
LONGEST_NAME = 120
