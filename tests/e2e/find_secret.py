#!/usr/bin/env python3
"""Looks for secrets where they should not be.

usage: find_secret.py PID|FILE… <PATTERNS

PATTERNS: one a line, in hex. Searches the memory of processes (root) and files
and folders; says where each was found, never what. 0: something was found;
1: nothing.
"""
import os
import sys


def memory(pid):
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            fields = line.split()
            if "r" not in fields[1] or fields[-1] in ("[vvar]", "[vsyscall]"):
                continue
            start, end = (int(x, 16) for x in fields[0].split("-"))
            try:
                mem.seek(start)
                yield f"{pid} {line.strip()}", mem.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue  # gone meanwhile, or not readable at all


def files(path):
    names = [path]
    if os.path.isdir(path):
        names = [os.path.join(d, f) for d, _, fs in os.walk(path) for f in fs]
    for name in names:
        with open(name, "rb") as f:
            yield name, f.read()


def main():
    patterns = [bytes.fromhex(line) for line in sys.stdin if line.strip()]
    if len(sys.argv) < 2 or not patterns or min(map(len, patterns)) < 8:
        sys.exit("find_secret.py: what, and where? Patterns have 8 bytes or more")
    found = False
    for where in sys.argv[1:]:
        for place, content in memory(where) if where.isdigit() else files(where):
            for n, pattern in enumerate(patterns):
                at = content.find(pattern)
                if at >= 0:
                    found = True
                    print(f"pattern {n} at {at:#x} of {place}")
    sys.exit(0 if found else 1)


main()
