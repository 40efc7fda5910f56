"""What a bundle says about itself, for whoever gets it."""

README = """\
EVIDENCE OF A CASE

What is in here
  case.json          whose case it is, what is contested, when it was opened
  sessions/1/        one folder for each contested charging session:
    record-1.json    everything on record about it at that moment: facts and earlier facts, readings, what the
                     connector said, tariffs, price, authorizations, documents, payments, refunds
    findings-1.json  what every check said of that record, with the amounts
    price-1.json     the price line by line, computed anew
    tariff-1.txt     the tariff in words
    source-1.txt     the line of the imported file the session came from, as it stands there
  messages-1.json    what was said between the driver and the company
  files/1.jpg        what the driver or the company handed in: pictures drawn anew, so without place and camera
  files/1.json       its name, who handed it in and when, and the SHA-256 of the file as it came
  dossier-1.pdf      all of this to read
  manifest-1.json    every file with its SHA-256, each line chained to the one before
  manifest-1.signature.json
                     the signature of that manifest: Ed25519, over its bytes
Higher numbers came later. A later manifest begins with the lines of the one before it.

How to check it
  With ChargeBill, without a network:  manage.py verify_case FILE --key KEY
  KEY is the company's public key, 64 hexadecimal digits. Ask the company for it, on paper or on its website: a key that
  came together with this file proves nothing. On the company's own installation the key is known.

  By hand: compare the SHA-256 of each file with its line in the newest manifest; each "chain" is the SHA-256 of the JSON
  list [chain before, path, bytes, sha256] without spaces, the first one after 64 zeros; and check the signature with any
  program for Ed25519 over the bytes of the manifest.

This says that nothing was changed since it was signed. It does not say that what was recorded is right: that is what the
checks are for.
"""
