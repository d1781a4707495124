#!/bin/bash
# Signals reach the command; what is killed leaves nothing.
# users: root user
. "$WARD_CASES/harness.sh"

make_tree code
printf "version: 1\nextends: full-access\n" >code/ward.yaml
cd code || exit 1

marker=marker-$$-$RANDOM

# The processes inside, by a word on their command lines. (The one that looks has it, too.)
inside() {
	pgrep -f "$1" | grep -vx "$$"
}

# Starts a command that reports each signal, and waits until it runs.
start() {
	: >"$SCRATCH/log"
	background "$WARD" run bash -c '
		for signal in INT HUP QUIT USR1 USR2; do
			trap "echo $signal" "$signal"
		done
		trap "echo END; exit 9" TERM
		echo ready
		while :; do sleep 0.05; done' "$marker" >"$SCRATCH/log"
	eventually "the command runs" grep -q ready "$SCRATCH/log"
}

start
for signal in INT HUP QUIT USR1 USR2; do
	kill -"$signal" "$BACKGROUND"
	eventually "SIG$signal is forwarded" grep -qx "$signal" "$SCRATCH/log"
done
kill -TERM "$BACKGROUND"
wait "$BACKGROUND"
equals "and its own end is the command's" 9 $?
check "which had the time to say so" grep -qx END "$SCRATCH/log"

: >"$SCRATCH/log"
background "$WARD" run sh -c 'echo ready; sleep 60; true' >"$SCRATCH/log"
eventually "a command without handlers runs" grep -q ready "$SCRATCH/log"
kill -TERM "$BACKGROUND"
wait "$BACKGROUND"
equals "it dies of the signal" 143 $?

gone() {
	! kill -0 "$1" 2>/dev/null
}

start
pids=$(inside "$marker")
check "the command is there" test -n "$pids"
kill -KILL "$BACKGROUND"
for pid in $pids; do
	PATIENCE=10 eventually "process $pid dies with ward" gone "$pid"
done
check "and the next ward runs" "$WARD" run true
