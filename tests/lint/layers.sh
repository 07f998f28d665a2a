#!/usr/bin/env bash
# The layer lint: every #include of the code against layers.txt.
set -u
cd "$(dirname "$0")/../.." || exit 1
rules=tests/lint/layers.txt
faults=0

# The longest folder in layers.txt that path is below.
layer_of() {
	local path=$1
	while [ "$path" != . ]; do
		path=$(dirname "$path")
		grep -q "^$path:" "$rules" && { echo "$path"; return; }
	done
}

fault() {
	echo "$1"
	faults=$((faults + 1))
}

check_own() { # file line header
	local from to allowed
	from=$(layer_of "$1")
	to=$(layer_of "$3")
	[ -n "$from" ] || { fault "$1: is in no layer of $rules"; return; }
	[ -n "$to" ] || { fault "$1:$2: \"$3\" is in no layer"; return; }
	[ "$from" = "$to" ] && return
	allowed=$(sed -n "s|^$from:||p" "$rules")
	case " $allowed " in
	*" $to "*) ;;
	*) fault "$1:$2: $from may not include $to ($3)" ;;
	esac
}

check_library() { # file line <header>
	local allowed place
	allowed=$(awk -v h="$3" '$1 == h { $1 = ""; print }' "$rules")
	[ -n "$allowed" ] || return
	for place in $allowed; do
		case $1 in "$place"*) return ;; esac
	done
	fault "$1:$2: $3 belongs to$allowed alone"
}

while IFS=: read -r file line text; do
	header=$(echo "$text" | sed -E 's/.*#[[:space:]]*include[[:space:]]*(["<][^">]*[">]).*/\1/')
	case $header in
	'"'*/*'"') check_own "$file" "$line" "$(echo "$header" | cut -d'"' -f2)" ;;
	'<'*) check_library "$file" "$line" "${header%%>*}>" ;;
	esac
done < <(git ls-files -co --exclude-standard 'ca/*.[ch]' 'topics/*.[ch]' 'service/*.[ch]' 'mosquitto/*.[ch]' |
	xargs grep -nE '^#[[:space:]]*include' /dev/null)

[ "$faults" = 0 ] || { echo "$faults faults against $rules"; exit 1; }
echo "layers: every include keeps to $rules"
