#!/usr/bin/env bash
# No file and no function past its bound (500 and 50 lines; a header 150): what
# is longer has more than one subject. Tables are exempt by name.
set -u
cd "$(dirname "$0")/../.." || exit 1
exempt=service/config/settings.c
git ls-files -co --exclude-standard 'ca/*.[ch]' 'topics/*.[ch]' 'service/*.[ch]' 'mosquitto/*.[ch]' |
	grep -vxF "$exempt" | while read -r f; do [ -f "$f" ] && echo "$f"; done |
	xargs awk '
	FNR == 1 { start = 0 }
	FNR == 501 && FILENAME ~ /\.c$/ { print FILENAME ": over 500 lines"; bad = 1 }
	FNR == 201 && FILENAME ~ /\.h$/ { print FILENAME ": over 200 lines"; bad = 1 }
	/^{/ { start = FNR }
	/^}/ { if (start && FILENAME ~ /\.c$/ && FNR - start > 51) {
		printf "%s:%d: a function of %d lines\n", FILENAME, start, FNR - start - 1
		bad = 1 }
		start = 0 }
	END { exit bad }'
