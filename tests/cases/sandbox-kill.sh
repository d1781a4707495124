#!/bin/bash
# kill -9 of any process of a sandbox, at any time, leaves no process, no mount, and nothing on disk
# that the next ward command does not reap.
# users: root user
# timeout: 240
. "$WARD_CASES/harness.sh"

probe=$WARD_BUILD/tests/cases/sandbox-probe
make_tree tree
$AS_ROOT && base=/run/ward || base=$XDG_RUNTIME_DIR/ward

child_of() { # PARENT NAME: the pid of the child with that name
	local pid pids
	{ read -ra pids <"/proc/$1/task/$1/children"; } 2>/dev/null
	for pid in "${pids[@]}"; do
		if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ]; then
			echo "$pid"
			return
		fi
	done
}

# Sets ward, monitor, wardfs, bwrap, init as far as they exist.
find_processes() {
	ward=$1
	monitor=$(child_of "$ward" ward-monitor)
	wardfs=$(child_of "${monitor:-0}" wardfs)
	bwrap=$(child_of "${monitor:-0}" bwrap)
	init=$(child_of "${bwrap:-0}" ward-init)
}

all_gone() {
	local pid
	for pid in "$@"; do
		[ -z "$pid" ] || [ ! -e "/proc/$pid/stat" ] ||
			[ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -c1)" = Z ] || return 1
	done
}

reaped() {
	"$probe" -C tree -- true && [ -z "$(ls -A "$base")" ]
}

started() {
	find_processes "$1"
	[ -n "$init" ] && [ -e tree/output/started ]
}

# Once while a command reads, writes and forks in the view, and with an orphan that fled its session.
busy='setsid sh -c "while :; do cat f; sleep 0.02; done" >/dev/null 2>&1 &
	echo > output/started
	while :; do grep -r util . >/dev/null; echo x >>output/log; done'

for round in 1 2; do
	for victim in ward monitor wardfs bwrap init; do
		rm -f tree/output/started
		background "$probe" -C tree -- sh -c "$busy" 2>"$SCRATCH/noise"
		PATIENCE=10 eventually "round $round: a busy sandbox before its $victim is killed" started \
			"$BACKGROUND"
		inside=$(cat "/proc/$init/task/$init/children" 2>/dev/null)
		kill -9 "${!victim}"
		# shellcheck disable=SC2086 # pids
		PATIENCE=10 eventually "kill -9 of $victim ends all of it" all_gone \
			"$ward" "$monitor" "$wardfs" "$bwrap" "$init" $inside
		check "what is left on disk is reaped" reaped
		silent_on "nothing of it is mounted here" "^ward ${base}[ /]" cat /proc/self/mounts
	done
done

# While it starts: after 0 to 36 ms something exists, or nothing yet.
for delay in 000 004 008 012 016 020 024 028 032 036; do
	for victim in ward monitor wardfs bwrap init; do
		background "$probe" -C tree -- sleep 100 2>"$SCRATCH/noise"
		sleep "0.$delay"
		find_processes "$BACKGROUND"
		seen="$ward $monitor $wardfs $bwrap $init"
		kill -9 "${!victim:-$ward}"
		sleep 0.05
		find_processes "$BACKGROUND"
		[ "$victim" = ward ] || kill -9 "$BACKGROUND" 2>/dev/null
		# shellcheck disable=SC2086 # pids
		PATIENCE=10 eventually "kill -9 of $victim after $delay ms ends all of it" all_gone \
			$seen "$monitor" "$wardfs" "$bwrap" "$init"
	done
done
check "what is left on disk is reaped" reaped

# A daemon that hangs: what waits for it can't die before the connection is aborted.
rm -f tree/output/started
background "$probe" -C tree -t 500 -- sh -c "$busy"
pid=$BACKGROUND
PATIENCE=10 eventually "a busy sandbox before its wardfs hangs" started "$pid"
kill -STOP "$wardfs"
begin=$SECONDS
wait "$pid"
equals "a hung daemon does not keep a time-out from ending it" 124 $?
check "within 10 seconds" [ $((SECONDS - begin)) -le 10 ]
eventually "and all of it is gone" all_gone "$monitor" "$wardfs" "$bwrap" "$init"
