# shellcheck shell=bash
# What every lint sources. A lint is run as `tests/lint/NAME [TREE]`, TREE being by default the
# source tree it lies in; it prints one line per complaint, FILE:LINE: what, and exits 0 without
# any, 1 with some, and 77 where a tool it needs is missing (with CI=true that is a failure too).

set -u

tree=${1:-$(dirname "$0")/../..}
cd "$tree" || exit 2
complaints=0

# Every file of ours, NUL-terminated, from the top of the tree: nothing that was built, here or in a
# build directory below.
all_files() {
	find . -mindepth 1 \( -name .git -o -name '*~' -o -name autom4te.cache -o -name build-aux -o -path './build*' \
		-o -path './ward-[0-9]*' -o -path ./configure -o -path ./aclocal.m4 \
		-o -path './config.*' -o -path ./Makefile -o -path ./Makefile.in \
		-o -path './_build' -o -path './_inst' \
		-o -type d -exec test -e '{}/config.status' \; \) -prune \
		-o -type f "$@" -printf '%P\0' | LC_ALL=C sort -z
}

c_files() {
	all_files \( -name '*.c' -o -name '*.h' \) ! -path ./config.h
}

# By name or by first line.
shell_files() {
	local file first
	while IFS= read -r -d '' file; do
		case $file in
		*.sh) printf '%s\0' "$file" ;;
		*.*) ;;
		*)
			first=
			IFS= read -r first 2>/dev/null <"$file"
			[[ $first =~ ^#!.*/(env\ )?(ba|da)?sh ]] && printf '%s\0' "$file"
			;;
		esac
	done < <(all_files ! -name '*.o' ! -name '*.a')
}

complain() {
	complaints=$((complaints + 1))
	printf '%s\n' "$*"
}

# Takes complaints from the standard input, a line each.
complain_lines() {
	local line
	while IFS= read -r line; do
		complain "$line"
	done
}

need() {
	command -v "$1" >/dev/null && return
	echo "$1 is missing: nothing checked"
	[ "${CI-}" != true ] || exit 1
	exit 77
}

finish() {
	[ "$complaints" = 0 ] || echo "$(basename "$0"): $complaints complaints"
	[ "$complaints" = 0 ]
	exit
}
