#!/usr/bin/env python3
"""What clients were told, against what the ledger and the store hold.

    oracle.py --dir DIR --told FILE

FILE has a line "REQUEST NAME SERIAL" for each certificate that a client got;
REQUEST tells the client's requests apart. Each fault found is a line on stdout,
then counts as JSON; status 0 where there is none.

  doubled      two serials told for one request, one serial told for two
               requests or twice in the store
  unrecorded   told, but not in the store, or without an intent in the ledger
  disordered   a certificate's "issued" line before its intent
  undecided    in the store, but the ledger has no intent for it
  broken       the ledger's chain, the store's integrity
"""
import argparse
import collections
import glob
import hashlib
import json
import os
import re
import sqlite3
import sys

SERIAL = re.compile(r" serial=([0-9a-f]+)")


def find(folder, pattern):
    """The installation's only file of that name."""
    paths = glob.glob(os.path.join(folder, "**", pattern), recursive=True)
    paths = [path for path in paths if os.path.isfile(path)]
    if len(paths) != 1:
        sys.exit("oracle: %d files %s in %s" % (len(paths), pattern, folder))
    return paths[0]


def read_ledger(path, faults):
    """The chain is checked as DESIGN.md says; returns (kind, serial) in order."""
    before = "0" * 64
    entries = []
    with open(path, "rb") as file:
        lines = file.read().split(b"\n")
    if lines.pop() != b"":
        faults["broken"].append("ledger: a torn last line")
    for number, line in enumerate(lines, 1):
        text, _, found = line.rpartition(b" #")
        wanted = hashlib.sha256(before.encode() + text).hexdigest()
        if found.decode() != wanted or not text.startswith(b"%d " % number):
            faults["broken"].append("ledger: line %d does not follow" % number)
            break
        before = wanted
        words = text.decode().split(" ")
        serial = SERIAL.search(text.decode())
        entries.append((words[2], serial.group(1) if serial else None))
    return entries


def read_store(path, faults):
    """serial -> name, of what another process sees of the database."""
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    for (verdict,) in db.execute("PRAGMA integrity_check"):
        if verdict != "ok":
            faults["broken"].append("store: " + verdict)
    rows = db.execute("SELECT lower(hex(c.serial)), e.name FROM certificates c"
                      " JOIN entities e ON e.id = c.entity").fetchall()
    db.close()
    for serial, n in collections.Counter(s for s, _ in rows).items():
        if n > 1:
            faults["doubled"].append("%s is %d times in the store" % (serial, n))
    return dict(rows)


def check_told(told, store, intents, faults):
    requests = collections.defaultdict(set)
    serials = collections.defaultdict(set)
    for request, name, serial in told:
        requests[request].add(serial)
        serials[serial].add(request)
        if store.get(serial) != name:
            faults["unrecorded"].append("%s of %s: not in the store" % (serial, name))
        if serial not in intents:
            faults["unrecorded"].append("%s of %s: no intent" % (serial, name))
    for request, several in requests.items():
        if len(several) > 1:
            faults["doubled"].append("%s: %s" % (request, " ".join(sorted(several))))
    for serial, several in serials.items():
        if len(several) > 1:
            faults["doubled"].append("%s: told to %s" % (serial, " ".join(sorted(several))))


def check(folder, told):
    """told: (request, name, serial) each. Returns kind -> list of texts."""
    faults = collections.defaultdict(list)
    entries = read_ledger(find(folder, "ledger"), faults)
    store = read_store(find(folder, "store.db"), faults)
    intents = set()
    for kind, serial in entries:
        if kind == "intent":
            intents.add(serial)
        elif kind == "issued" and serial not in intents:
            faults["disordered"].append(serial)
    faults["undecided"] += [s for s in store if s not in intents]
    check_told(told, store, intents, faults)
    return {kind: texts for kind, texts in faults.items() if texts}


def open_intents(folder):
    """Intents that came to neither end: killed in between. No fault."""
    entries = read_ledger(find(folder, "ledger"), collections.defaultdict(list))
    ended = {serial for kind, serial in entries if kind in ("issued", "failed")}
    return len({s for kind, s in entries if kind == "intent"} - ended)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", required=True)
    parser.add_argument("--told", required=True)
    options = parser.parse_args()
    with open(options.told, encoding="ascii") as file:
        told = [tuple(line.split()) for line in file]
    faults = check(options.dir, told)
    for kind, texts in faults.items():
        for text in texts:
            print("%s: %s" % (kind, text))
    print(json.dumps({"told": len(told), **{k: len(t) for k, t in faults.items()}}))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
