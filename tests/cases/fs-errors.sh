#!/bin/bash
# What cannot be mounted is said in one line, with status 125, and nothing is left mounted; a
# daemon that dies leaves nothing either.
. "$WARD_CASES/harness.sh"

lower=$SCRATCH/lower
mnt=$SCRATCH/mnt
mkdir -p "$lower/inside" "$mnt" "$SCRATCH/outer/code"
printf 'data\n' >"$lower/file"
: >"$SCRATCH/plain"

# refused DESC REGEX ARG…
refused() {
	local description=$1 regex=$2
	shift 2
	status "$description: status 125" 125 "$WARDFS" "$@"
	prints "$description: said so" "$regex" "$WARDFS" "$@"
	equals "$description: in one line" 1 "$("$WARDFS" "$@" 2>&1 | wc -l)"
	refute "$description: nothing mounted" mountpoint -q "$mnt"
}

refused 'no codebase' '^wardfs: codebase .*No such file' "$SCRATCH/missing" "$mnt"
refused 'no mount point' '^wardfs: mount point .*No such file' "$lower" "$SCRATCH/missing"
refused 'a codebase that is a file' 'not a directory' "$SCRATCH/plain" "$mnt"
refused 'a mount point that is a file' 'not a directory' "$lower" "$SCRATCH/plain"
refused 'a mount point inside the codebase' 'inside the codebase' "$lower" "$lower/inside"
refused 'the codebase itself' 'inside the codebase' "$lower" "$lower"
refused 'a codebase inside the mount point' 'inside the mount point' "$SCRATCH/outer/code" "$SCRATCH/outer"
refused 'an unknown option' 'option' --bogus "$lower" "$mnt"
refused 'a bad rule' "'rad' is no level" --rule rad:x "$lower" "$mnt"
refused 'a bad pattern' 'a\*\*b' --rule 'read:a**b' "$lower" "$mnt"
refused 'an unknown preset' 'agent-saf' -p agent-saf "$lower" "$mnt"
printf 'version: 1\nrules:\n  - {pattern: "x", permission: reed}\n' >"$lower/ward.yaml"
refused 'a broken policy' 'ward.yaml:3:' "$lower" "$mnt"
rm "$lower/ward.yaml"
status 'help' 0 "$WARDFS" --help
prints 'version' '^wardfs [0-9]' "$WARDFS" --version

# Of the two processes of a mount, the keeper is the parent of the daemon.
daemon() {
	local pid
	for pid in $(view_pids "$mnt"); do
		pgrep -P "$pid"
	done
}
keeper() { view_pids "$mnt" | grep -vx "$(daemon)"; }

mount_view "$lower" "$mnt" -p read-only
prints 'it shows the codebase' data cat "$mnt/file"
kill -9 "$(daemon)"
eventually 'a killed daemon leaves no mount' sh -c "! grep -q ' $mnt ' /proc/self/mounts"
mount_view "$lower" "$mnt" -p read-only
kill "$(keeper)"
eventually 'nor does one that is told to end' sh -c "! grep -q ' $mnt ' /proc/self/mounts"
mount_view "$lower" "$mnt" -p read-only
kill -9 "$(keeper)"
prints 'without its keeper the view lives on' data cat "$mnt/file"
if $AS_ROOT; then
	pid=$(view_pids "$mnt" | head -n 1)
	equals 'the daemon cannot get new privileges' 1 "$(awk '/^NoNewPrivs/ {print $2}' "/proc/$pid/status")"
	equals 'nor capabilities' 0000000000000000 "$(awk '/^CapBnd/ {print $2}' "/proc/$pid/status")"
fi
unmount_view "$mnt"
