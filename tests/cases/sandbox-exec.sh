#!/bin/bash
# Commands in a sandbox: exit statuses, signals, time-outs, streams, big requests, several at once.
# users: root user
# timeout: 180
. "$WARD_CASES/harness.sh"

probe=$WARD_BUILD/tests/cases/sandbox-probe
make_tree tree
inside() {
	"$probe" -C tree -- "$@"
}

# --- Exit statuses --------------------------------------------------------------------------------

for code in 0 1 7 124 125 126 127 255; do
	status "exit $code is told" "$code" inside sh -c "exit $code"
done
status "death by SIGKILL" 137 inside sh -c 'kill -KILL $$'
status "death by SIGTERM" 143 inside sh -c 'kill -TERM $$'
status "death by SIGSEGV" 139 inside sh -c 'kill -SEGV $$'
status "a command that is not there" 127 inside no-such-command
prints "and why" 'No such file or directory' inside no-such-command
status "a path that is not there" 127 inside ./no-such-file
status "a file that is not executable" 126 inside ./README.md
prints "and why" 'Permission denied' inside ./README.md
status "a directory" 126 inside ./src
status "an empty name" 127 inside ''
status "a script" 0 inside ./tool.sh
printf 'echo bare\n' >tree/bare && chmod 755 tree/bare
prints "a script without #! is the shell's, as execvp(3) has it" '^bare$' inside ./bare
printf '#!/no/interpreter\n' >tree/broken && chmod 755 tree/broken
status "a script whose interpreter is missing" 127 inside ./broken
prints "arguments are bytes" '^a b,,--x,[*],[\]n$' inside sh -c 'IFS=,; printf "%s\n" "$*"' sh 'a b' '' --x '*' '\n'
status "a workdir in the codebase" 0 "$probe" -C tree -w src -- test -e main.c
status "an absolute workdir" 0 "$probe" -C tree -w /tmp -- sh -c '[ "$(pwd)" = /tmp ]'
status "a workdir that is not there" 126 "$probe" -C tree -w none -- true
prints "and why" 'working directory: No such file' "$probe" -C tree -w none -- true
status "a command after others in one sandbox" 5 "$probe" -C tree -r 20 -- sh -c 'exit 5'
for mount_point in /home/ada/project /srv/a/b /tmp/deep/er "/with space"; do
	prints "mount point $mount_point" "^$mount_point\$" "$probe" -C tree -m "$mount_point" -- pwd
	prints "its files are there" 'small codebase' "$probe" -C tree -m "$mount_point" -- cat README.md
done
for mount_point in / /usr/x /etc /proc /dev /a/../b relative; do
	status "mount point $mount_point is refused" 125 "$probe" -C tree -m "$mount_point" -- true
	prints "and why" "mount point $mount_point " "$probe" -C tree -m "$mount_point" -- true
done

# --- Signals --------------------------------------------------------------------------------------

trapped='trap "echo got; exit 9" USR1 TERM; : >output/ready; while :; do sleep 0.05; done'
for signal in USR1 TERM; do
	rm -f tree/output/ready
	background "$probe" -C tree -- sh -c "$trapped" >"$SCRATCH/signalled"
	eventually "a command waits for SIG$signal" [ -e tree/output/ready ]
	kill -s $signal "$BACKGROUND"
	wait "$BACKGROUND"
	equals "SIG$signal is forwarded" "9 got" "$? $(cat "$SCRATCH/signalled")"
done
prints "the command's signals are the default's" '^SigIgn:[[:space:]]*0+$' inside cat /proc/self/status
prints "and none is blocked" '^SigBlk:[[:space:]]*0+$' inside cat /proc/self/status

# --- Time-outs ------------------------------------------------------------------------------------

begin=$SECONDS
status "a command that takes too long" 124 "$probe" -C tree -t 300 -- sleep 100
status "one that ignores signals" 124 "$probe" -C tree -t 300 -- sh -c 'trap "" TERM INT HUP; while :; do :; done'
status "one whose daemons flee" 124 "$probe" -C tree -t 500 -- sh -c \
	'for i in 1 2 3; do setsid sleep 7654$i & done; sleep 100'
check "not much longer than allowed" [ $((SECONDS - begin)) -le 10 ]
refute "nothing is left of them" pgrep -f 'sleep 7654'
# In one sandbox: the second command shows that it outlived the first one's time-out, 125 that not.
again() { "$probe" -C tree -r 2 -t "$@"; }
status "the sandbox outlives a time-out" 124 again 200 -- sleep 100
status "the time-out reaches what fled" 124 again 500 -- sh -c \
	'for i in 1 2 3; do (setsid sh -c "sleep 7655$i & sleep 7655$i" &); done; sleep 100'
status "and what was stopped" 124 again 500 -- sh -c 'sh -c "kill -STOP \$\$; sleep 76554"'
cat >fleeing.c <<'C'
#include <unistd.h>
int main(void)
{
	for (int i = 0; i < 20; i++)
		if (fork() == 0)
			for (;;)
				if (fork())
					_exit(0);
	for (;;)
		pause();
}
C
cc -o tree/fleeing fleeing.c
status "and processes that flee by forking" 124 again 300 -- ./fleeing
refute "nothing is left of them" pgrep -f 'sleep 7655|fleeing'
status "what a command left behind stays, and ends with the sandbox" 0 "$probe" -C tree -r 2 -- sh -c \
	'if [ -e output/pid ]; then kill -0 "$(cat output/pid)"; else setsid sleep 76561 >/dev/null 2>&1 & echo $! >output/pid; fi'
refute "nothing is left of it" pgrep -f 'sleep 76561'
status "a command that is in time" 3 "$probe" -C tree -t 30000 -- sh -c 'exit 3'

# --- Streams --------------------------------------------------------------------------------------

size=$((100 << 20))
sum=$(head -c "$size" /dev/zero | tr '\0' x | sha256sum)
equals "100 MB through stdin and stdout" "$sum" \
	"$(head -c "$size" /dev/zero | tr '\0' x | "$probe" -C tree -- cat | sha256sum)"
equals "stdout and stderr stay apart" "out" "$(inside sh -c 'echo out; echo err >&2' 2>"$SCRATCH/err")"
equals "each goes where it should" "err" "$(cat "$SCRATCH/err")"
equals "a reader that stops ends the writer" 141 \
	"$(inside yes 2>/dev/null | head -n 1 >/dev/null; echo "${PIPESTATUS[0]}")"

# --- Big requests ---------------------------------------------------------------------------------

cat >big.py <<'P'
import subprocess, sys
probe, kind = sys.argv[1], sys.argv[2]
argument = "x" * 100000
if kind == "argv":
    command = [probe, "-C", "tree", "--", "sh", "-c", "echo $#"] + ["sh"] + [argument] * 10
elif kind == "env":
    command = [probe, "-C", "tree"]
    for n in range(10):
        command += ["-x", f"V{n}={argument}"]
    command += ["--", "sh", "-c", 'echo "${#V0} ${#V9}"']
else:
    command = [probe, "-C", "tree", "--", "sh", "-c", "echo $#"] + ["sh"] + ["y"] * 20000
sys.exit(subprocess.call(command))
P
prints "a megabyte of arguments" '^10$' python3 big.py "$probe" argv
prints "a megabyte of environment" '^100000 100000$' python3 big.py "$probe" env
prints "twenty thousand arguments" '^20000$' python3 big.py "$probe" many

# --- Several at once ------------------------------------------------------------------------------

for i in 1 2 3 4 5 6; do
	"$probe" -C tree -- sh -c "sleep 0.2; echo $i >output/at-once-$i; exit $i" &
	eval "at_once_$i=$!"
done
for i in 1 2 3 4 5 6; do
	eval "wait \$at_once_$i"
	equals "sandbox $i of six at once" "$i $i" "$? $(cat "tree/output/at-once-$i")"
done
