#!/bin/bash
# Limits: what they bound, how their excess is told, who may set them, and that nothing of them stays.
# users: root user
# timeout: 150
. "$WARD_CASES/harness.sh"

make_tree tree
inside() { # OPTION… -- CMD…
	"$WARD" run -C tree "$@"
}

# The groups of sandboxes, wherever they are.
groups() {
	find /sys/fs/cgroup -type d -name 'ward-[0-9a-f]*' 2>/dev/null
}
before=$(groups)
own_groups() {
	comm -13 <(sort <<<"$before") <(groups | sort) | grep .
}
nothing_left() {
	! own_groups
}

hog='import sys
data = bytearray(400 << 20)
for i in range(0, len(data), 4096): data[i] = 1
print("filled")'

# --- Who may -------------------------------------------------------------------------------------

can_limit_memory=true
inside -m 64M -- true 2>refusal || can_limit_memory=false
if $AS_ROOT; then
	check "root may limit memory" $can_limit_memory
elif ! $can_limit_memory; then
	for limit in "-m 64M:memory" "--cpus 1:processor time" "--cpu-shares 512:processor time"; do
		read -ra option <<<"${limit%%:*}"
		status "$limit is refused" 125 inside "${option[@]}" -- touch output/ran
		prints "with what, why and what to do" \
			"^ward: (the )?${limit#*:} can't be limited: .*(version 1|delegated).*; .*(root|systemd-run).*none" \
			inside "${option[@]}" -- true
		equals "in one line" 1 "$(inside "${option[@]}" -- true 2>&1 | wc -l)"
	done
	printf 'version: 1\nextends: full-access\nsandbox: {resources: {memory: 64M}}\n' >tree/ward.yaml
	status "a limit of the policy, too" 125 inside -- touch output/ran
	refute "nothing was run" [ -e tree/output/ran ]
	check "it can be left out" inside -m none -- true
	rm tree/ward.yaml
fi

# --- Memory --------------------------------------------------------------------------------------

if $can_limit_memory; then
	check "a hog without a limit" inside -- python3 -c "$hog"
	check "a hog below its limit" inside -m 600M -- python3 -c "$hog"
	status "a hog above it is killed" 137 inside -m 64M -- python3 -c "$hog"
	prints "and it is said" '^ward: python3: killed: memory limit of 64M$' \
		inside -m 64M -- python3 -c "$hog"
	silent_on "it did not get its memory" filled inside -m 64M -- python3 -c "$hog"
	prints "so is what a child met" '^ward: sh: a process of it was killed: memory limit of 64M$' \
		inside -m 64M -- sh -c 'python3 -c "$1"; exit 3' sh "$hog"
	silent_on "not of a command that went well" 'memory limit' \
		inside -m 64M -- sh -c 'python3 -c "$1"; exit 0' sh "$hog"
	silent_on "nor of one that was killed otherwise" 'memory limit' inside -m 64M -- sh -c 'kill -9 $$'
	check "the sandbox outlives the hog" inside -m 64M -- sh -c 'python3 -c "$1"; echo x >output/after' sh "$hog"
	check "indeed" [ -e tree/output/after ]
	prints "/tmp is bounded below the limit" 'No space left' \
		inside -m 64M -- dd if=/dev/zero of=/tmp/x bs=1M
	status "all of them together, too" 0 inside -m 64M -- sh -c \
		'for d in /tmp /dev/shm "$HOME"; do dd if=/dev/zero of="$d/x" bs=1M 2>/dev/null; done; echo done'
	prints "processes are counted together" '^killed [3-8]$' inside -m 96M -- python3 -c '
import os, time
children = []
for i in range(8):
    pid = os.fork()
    if pid == 0:
        data = b"x" * (30 << 20)
        time.sleep(3)
        os._exit(0)
    children.append(pid)
print("killed", sum(os.waitpid(pid, 0)[1] == 9 for pid in children))'
	printf 'version: 1\nextends: full-access\nsandbox: {resources: {memory: 64M}}\n' >tree/ward.yaml
	status "a policy's limit holds" 137 inside -- python3 -c "$hog"
	check "the command line wins" inside -m 600M -- python3 -c "$hog"
	check "also to take it away" inside --memory=none -- python3 -c "$hog"
	rm tree/ward.yaml
	eventually "nothing is left of the groups" nothing_left
fi

# --- Processor time ------------------------------------------------------------------------------

if $can_limit_memory; then
	spin='import time
end = time.monotonic() + 2
while time.monotonic() < end: pass
print(int(time.process_time() * 1000))'
	used=$(inside --cpus 0.2 -- python3 -c "$spin")
	echo "used $used ms of 2000 with 0.2 processors"
	check "a quota bounds the processor time" [ "${used:-9999}" -lt 1000 ]
	used=$(inside --cpus 0.2 -- sh -c 'python3 -c "$1" & python3 -c "$1" & wait' sh "$spin" |
		awk '{ sum += $1 } END { print sum }')
	echo "two at once used $used ms"
	check "of all processes together" [ "${used:-9999}" -lt 1200 ]
	check "a weight is taken" inside --cpu-shares 100 -- true
fi

# --- Processes -----------------------------------------------------------------------------------

if $AS_ROOT || inside --pids 16 -- true 2>refusal; then
	count='import os, time
made = 0
try:
    for i in range(200):
        if os.fork() == 0: time.sleep(20); os._exit(0)
        made += 1
except OSError: pass
print("made", made)'
	prints "without a limit there is none" '^made 200$' inside -- python3 -c "$count"
	prints "the limit leaves what was asked for" '^made 1[0-9]$' inside --pids 16 -- python3 -c "$count"
	prints "threads count" "can't start new thread" inside --pids 16 -- python3 -c '
import threading, time
for i in range(100): threading.Thread(target=time.sleep, args=(1,), daemon=True).start()'
	bomb='bomb() { bomb | bomb & }; bomb; sleep 1; echo survived >output/survived'
	background "$WARD" run -C tree --pids 64 -t 6 -- bash -c "$bomb" 2>noise
	sleep 1
	check "the host forks while a bomb is tamed" sh -c 'for i in 1 2 3 4 5 6 7 8; do (true); done'
	check "so does another sandbox" inside --pids 64 -- sh -c 'for i in 1 2 3 4; do (true); done'
	wait "$BACKGROUND"
	refute "none of it is left" pgrep -f 'bomb() '
	check "a limit that is met is no error of Ward's" inside --pids 4 -- true
	$AS_ROOT || refute "it can't be raised inside" inside --pids 16 -- prlimit --nproc=1000 true
else
	prints "the number of processes is refused" "number of processes can't be limited" cat refusal
fi

# --- No way out ----------------------------------------------------------------------------------

if $can_limit_memory; then
	refute "no control groups are seen" inside -m 64M --pids 32 -- ls /sys/fs/cgroup
	silent_on "nor mounted" cgroup inside -m 64M --pids 32 -- cat /proc/self/mounts
	silent_on "nor named" 'ward-|process_api' inside -m 64M --pids 32 -- cat /proc/self/cgroup
	refute "nor can be mounted" inside -m 64M -- sh -c 'mkdir /tmp/c && mount -t cgroup -o memory none /tmp/c'
fi
if $AS_ROOT; then
	background "$WARD" run -C tree -m 64M --cpus 1 --pids 32 -- sh -c 'echo >output/started; sleep 100'
	eventually "a sandbox runs with limits" [ -e tree/output/started ]
	inside_pids=$(for group in $(own_groups); do cat "$group/cgroup.procs" 2>/dev/null; done | sort -un)
	names=$(for pid in $inside_pids; do cat "/proc/$pid/comm"; done | sort | paste -sd' ')
	prints "its processes are in the groups" 'bwrap.*sh.*sleep.*ward-init' echo "$names"
	silent_on "but not monitor and view" 'ward-monitor|wardfs' echo "$names"
	kill "$BACKGROUND"
	wait "$BACKGROUND"
	eventually "the groups go with it" nothing_left

	# kill -9 of the monitor: the next command removes them.
	rm tree/output/started
	background "$WARD" run -C tree -m 64M --cpus 1 --pids 32 -- sh -c 'echo >output/started; sleep 100' 2>noise
	eventually "another one" [ -e tree/output/started ]
	monitor=$(pgrep -P "$BACKGROUND" ward-monitor)
	check "it has groups" own_groups
	kill -9 "$monitor"
	wait "$BACKGROUND"
	reaped() {
		"$WARD" version && nothing_left
	}
	eventually "the groups of a killed monitor are removed by the next command" reaped
fi
eventually "nothing is left" nothing_left
