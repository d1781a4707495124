# shellcheck shell=bash
# What every case sources, first thing:
#
#     #!/bin/bash
#     # What this case proves, in a sentence.
#     # users: root user          (who runs it: root, user, or both; default both)
#     # timeout: 60               (seconds; default 60)
#     . "$WARD_CASES/harness.sh"
#
# A case runs under tests/cases/run, in an empty directory of its own ($SCRATCH, also the working
# directory), with TMPDIR, HOME and (for the ordinary user) XDG_RUNTIME_DIR below it. It passes when
# every check held, at least one was made, and nothing is left: no mount, no process, no runtime
# directory, nothing in TMPDIR, no sanitizer report in its log. What it put into $SCRATCH itself is
# the runner's to remove.
#
# Given:
#     WARD WARDFS MONITOR INIT FSOP   the programs under test, absolute paths
#     SOURCE                          a readable copy of the source tree (examples/, tests/, …)
#     SCRATCH                         the case's own directory
#     AS_ROOT                         true or false
#
# Checks, each of which prints "ok" or "FAILED" and goes on:
#     check DESC CMD…                 CMD exits 0
#     refute DESC CMD…                CMD exits otherwise
#     status DESC N CMD…              CMD exits N
#     prints DESC REGEX CMD…          CMD's output (both streams) has a line that matches REGEX
#     silent_on DESC REGEX CMD…       … has no such line
#     equals DESC EXPECTED ACTUAL     two strings are the same
#     errno DESC EXPECTED OP ARG…     `fsop OP ARG…` gives that errno, or OK (see `fsop help`)
#     eventually DESC CMD…            CMD exits 0 within $PATIENCE seconds (default 5)
#     unchanged DESC DIR LISTING      DIR is as it was when `snapshot DIR LISTING` was called
#     no_canary DESC CMD…             CMD's output has none of the secrets planted so far
#     no_canary_in DESC FILE…         nor have these files or trees
#     skip REASON                     ends the case: it cannot run here (a failure in CI)
#
# Making things:
#     canary                          prints a new random secret and remembers it
#     plant FILE                      writes a file that holds a new secret, with its directories
#     make_tree DIR                   a small codebase with planted secrets: see below
#     mount_view CODEBASE MNT [OPT…]  wardfs by itself, OPTs before CODEBASE; a failed check if not
#     unmount_view MNT                and its daemon is gone
#     snapshot DIR LISTING            names, types, modes, owners, sizes, times, contents of a tree
#     host_hash DIR                   the same as one line
#     background CMD…                 runs CMD; sets BACKGROUND to its pid; ended with the case
#     at_exit CMD…                    runs when the case ends, latest first
#
# Everything mounted by mount_view or started by background is gone when the case ends, however it
# ends; nothing else is touched.

set -u

: "${WARD_BUILD:?cases are run by tests/cases/run}" "${WARD_SOURCE:?}" "${SCRATCH:?}"

SOURCE=$WARD_SOURCE
WARD=$WARD_BUILD/launcher/ward
WARDFS=$WARD_BUILD/fs/wardfs
MONITOR=$WARD_BUILD/runtime/ward-monitor
INIT=$WARD_BUILD/runtime/init/ward-init
FSOP=$WARD_BUILD/tests/cases/fsop
export SOURCE WARD WARDFS MONITOR INIT FSOP
if [ "$(id -u)" = 0 ]; then AS_ROOT=true; else AS_ROOT=false; fi
PATIENCE=5
BACKGROUND=

harness_dir=$SCRATCH/.harness
harness_passed=0
harness_failed=0
harness_mounts=()
harness_background=()
harness_at_exit=()
mkdir -p "$harness_dir"
: >>"$harness_dir/canaries"

# --- Reporting ------------------------------------------------------------------------------------

harness_ok() {
	harness_passed=$((harness_passed + 1))
	printf 'ok      %s\n' "$1"
}

# harness_fail DESC [DETAIL]: the detail, indented, behind it.
harness_fail() {
	harness_failed=$((harness_failed + 1))
	printf 'FAILED  %s\n' "$1"
	[ -z "${2-}" ] || printf '%s\n' "$2" | head -n 60 | sed 's/^/        | /'
}

# Runs a command with no input; its output is in $harness_output, its status is returned.
harness_run() {
	local h_code
	"$@" </dev/null >"$harness_dir/output" 2>&1
	h_code=$?
	harness_output=$(tr -d '\0' <"$harness_dir/output")
	return "$h_code"
}

skip() {
	printf 'SKIPPED %s\n' "$*"
	exit 77
}

# --- Checks ---------------------------------------------------------------------------------------
#
# Their variables begin with h_: the functions that a case hands in run below them and see them.

check() {
	local h_description=$1 h_code
	shift
	harness_run "$@"
	h_code=$?
	if [ "$h_code" = 0 ]; then
		harness_ok "$h_description"
	else
		harness_fail "$h_description" "$* -> $h_code
$harness_output"
	fi
}

refute() {
	local h_description=$1
	shift
	if harness_run "$@"; then
		harness_fail "$h_description" "$* -> 0
$harness_output"
	else
		harness_ok "$h_description"
	fi
}

status() {
	local h_description=$1 h_expected=$2 h_code
	shift 2
	harness_run "$@"
	h_code=$?
	if [ "$h_code" = "$h_expected" ]; then
		harness_ok "$h_description"
	else
		harness_fail "$h_description" "$* -> $h_code, not $h_expected
$harness_output"
	fi
}

prints() {
	local h_description=$1 h_regex=$2
	shift 2
	harness_run "$@"
	if printf '%s\n' "$harness_output" | grep -Eq -- "$h_regex"; then
		harness_ok "$h_description"
	else
		harness_fail "$h_description" "no line matches '$h_regex' in
$harness_output"
	fi
}

silent_on() {
	local h_description=$1 h_regex=$2
	shift 2
	harness_run "$@"
	if printf '%s\n' "$harness_output" | grep -Eq -- "$h_regex"; then
		harness_fail "$h_description" "a line matches '$h_regex' in
$harness_output"
	else
		harness_ok "$h_description"
	fi
}

equals() {
	if [ "$2" = "$3" ]; then
		harness_ok "$1"
	else
		harness_fail "$1" "expected: $2
actual:   $3"
	fi
}

errno() {
	local h_description=$1 h_expected=$2 h_actual
	shift 2
	harness_run "$FSOP" "$@"
	h_actual=${harness_output%%[!A-Z0-9_]*}
	if [ "$h_actual" = "$h_expected" ]; then
		harness_ok "$h_description"
	else
		harness_fail "$h_description" "fsop $* -> $harness_output, not $h_expected"
	fi
}

eventually() {
	local h_description=$1 h_deadline=$((SECONDS + PATIENCE))
	shift
	until harness_run "$@"; do
		if [ "$SECONDS" -ge "$h_deadline" ]; then
			harness_fail "$h_description" "still not after $PATIENCE s: $*
$harness_output"
			return
		fi
		sleep 0.05
	done
	harness_ok "$h_description"
}

no_canary() {
	local h_description=$1
	shift
	harness_run "$@"
	no_canary_in "$h_description" "$harness_dir/output"
}

no_canary_in() {
	local h_description=$1 h_found
	shift
	if ! [ -s "$harness_dir/canaries" ]; then
		harness_fail "$h_description" "no secret was planted before: the check could not fail"
		return
	fi
	h_found=$(grep -raoFf "$harness_dir/canaries" -- "$@" 2>/dev/null | head -n 5)
	if [ -n "$h_found" ]; then
		harness_fail "$h_description" "a secret shows: $h_found"
	else
		harness_ok "$h_description"
	fi
}

unchanged() {
	local h_difference
	snapshot "$2" "$harness_dir/listing"
	if h_difference=$(diff "$3" "$harness_dir/listing"); then
		harness_ok "$1"
	else
		harness_fail "$1" "$h_difference"
	fi
}

# --- Trees and secrets ----------------------------------------------------------------------------

canary() {
	local secret
	secret=canary-$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
	printf '%s\n' "$secret" >>"$harness_dir/canaries"
	printf '%s\n' "$secret"
}

plant() {
	mkdir -p "$(dirname "$1")"
	printf 'token: %s\n' "$(canary)" >"$1"
}

# A small codebase. Hidden by the presets' list of secrets, each with a canary of its own:
#     .env .env.local config/prod.key keys/server.pem keys/id_rsa secrets/token.txt
#     secrets/deep/db.txt services/api/.env services/api/secrets/key.txt
# Plain, without canaries:
#     README.md Makefile .env.example tool.sh (executable) script.py config/app.yaml src/main.c
#     src/lib/util.[ch] docs/guide.md data/rows.csv data/deep/more.csv services/api/app.py output/
#     empty/ "name with space" link -> src/main.c, twin-a and twin-b (one file, two names)
# Symlinks that lead astray: to-secret -> .env, to-host -> /etc/hostname, up -> ../..
make_tree() {
	local tree=$1 secret
	mkdir -p "$tree"/{src/lib,docs,data/deep,config,keys,services/api,output,empty}
	for secret in .env .env.local config/prod.key keys/server.pem keys/id_rsa secrets/token.txt \
		secrets/deep/db.txt services/api/.env services/api/secrets/key.txt; do
		plant "$tree/$secret"
	done
	printf '# A small codebase\n' >"$tree/README.md"
	printf 'TOKEN=\n' >"$tree/.env.example"
	printf 'name: demo\nport: 8080\n' >"$tree/config/app.yaml"
	printf '#!/bin/sh\necho "tool $*"\n' >"$tree/tool.sh"
	chmod 755 "$tree/tool.sh"
	printf 'print("hello")\n' >"$tree/script.py"
	printf '#include "lib/util.h"\nint main(void)\n{\n\treturn util(1) - 2;\n}\n' >"$tree/src/main.c"
	printf 'int util(int x);\n' >"$tree/src/lib/util.h"
	printf '#include "util.h"\nint util(int x)\n{\n\treturn x + 1;\n}\n' >"$tree/src/lib/util.c"
	printf 'main: src/main.c src/lib/util.c\n\tcc -o $@ $^\n' >"$tree/Makefile"
	printf '# Guide\n' >"$tree/docs/guide.md"
	printf 'a,b\n1,2\n' >"$tree/data/rows.csv"
	printf 'c,d\n3,4\n' >"$tree/data/deep/more.csv"
	printf 'print("api")\n' >"$tree/services/api/app.py"
	printf 'spaced\n' >"$tree/name with space"
	printf 'twin\n' >"$tree/twin-a"
	ln -f "$tree/twin-a" "$tree/twin-b"
	ln -sfn src/main.c "$tree/link"
	ln -sfn .env "$tree/to-secret"
	ln -sfn /etc/hostname "$tree/to-host"
	ln -sfn ../.. "$tree/up"
}

snapshot() {
	(
		cd "$1" || exit 1
		find . -printf '%P %y %m %U %G %T@ %l\n' | LC_ALL=C sort
		find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
	) >"$2" || harness_fail "$1 can be listed"
}

host_hash() {
	snapshot "$1" "$harness_dir/hash" && sha256sum <"$harness_dir/hash"
}

# --- Views ----------------------------------------------------------------------------------------

is_mounted() {
	mountpoint -q "$1"
}

# The pids of the wardfs daemons that serve a mount point.
view_pids() {
	local directory arguments
	for directory in /proc/[0-9]*; do
		# By its arguments: where it is not dumpable, only root may ask for its executable.
		{ mapfile -d '' -t arguments <"$directory/cmdline"; } 2>/dev/null || continue
		[ "${arguments[0]-}" = "$WARDFS" ] || continue
		printf '%s\n' "${arguments[@]}" | grep -Fxq -- "$1" && echo "${directory#/proc/}"
	done
}

mount_view() {
	local codebase=$1 mount_point=$2
	shift 2
	mkdir -p "$mount_point"
	harness_mounts+=("$mount_point")
	# The daemon keeps the log as its stderr, so what a sanitizer says is found there.
	if "$WARDFS" "$@" "$codebase" "$mount_point" </dev/null && is_mounted "$mount_point"; then
		harness_ok "mount a view of ${codebase##*/}${*:+ ($*)}"
	else
		harness_fail "mount a view of ${codebase##*/}${*:+ ($*)}"
		return 1
	fi
}

harness_unmount() {
	if $AS_ROOT; then
		umount "$@"
	else
		fusermount3 -u "${@/#-l/-z}"
	fi
}

view_gone() {
	! is_mounted "$1" && [ -z "$(view_pids "$1")" ]
}

unmount_view() {
	check "unmount ${1##*/}" harness_unmount "$1"
	PATIENCE=20 eventually "its daemon is gone" view_gone "$1"
}

# --- Ending ---------------------------------------------------------------------------------------

background() {
	"$@" &
	BACKGROUND=$!
	harness_background+=("$BACKGROUND")
}

at_exit() {
	harness_at_exit+=("$(printf '%q ' "$@")")
}

harness_finish() {
	local code=$? i pid
	trap - EXIT
	cd / || exit 1
	for ((i = ${#harness_at_exit[@]} - 1; i >= 0; i--)); do
		eval "${harness_at_exit[i]}"
	done
	for pid in "${harness_background[@]}"; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	for ((i = ${#harness_mounts[@]} - 1; i >= 0; i--)); do
		! is_mounted "${harness_mounts[i]}" || harness_unmount -l "${harness_mounts[i]}"
	done
	for ((i = ${#harness_mounts[@]} - 1; i >= 0; i--)); do
		for pid in $(view_pids "${harness_mounts[i]}"); do
			timeout 10 tail --pid="$pid" -f /dev/null
		done
	done
	printf '%d checks, %d failed\n' "$((harness_passed + harness_failed))" "$harness_failed"
	case $code in
	0)
		if [ $((harness_passed + harness_failed)) = 0 ]; then
			echo "FAILED  the case checked nothing"
			exit 1
		fi
		exit $((harness_failed != 0)) # a bare exit in a trap gives the status from before it
		;;
	77) [ "$harness_failed" = 0 ] && exit 77 ;;
	*) echo "FAILED  the case ended early, with status $code" ;;
	esac
	exit 1
}
trap harness_finish EXIT
trap 'exit 143' TERM
