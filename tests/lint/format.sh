#!/usr/bin/env bash
# .clang-format decides form: fails with the files that differ from it.
set -u
cd "$(dirname "$0")/../.." || exit 1
git ls-files -co --exclude-standard '*.c' '*.h' | while read -r f; do
	[ -f "$f" ] && echo "$f"
done | xargs clang-format --dry-run --Werror
