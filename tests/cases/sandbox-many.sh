#!/bin/bash
# Many sandboxes at once: each does what it should, takes little memory, and leaves nothing behind.
# $WARD_MANY is how many (20).
# users: root user
# timeout: 600
. "$WARD_CASES/harness.sh"

many=${WARD_MANY:-20}
memory_max=6144 # KiB of Ward's own, unshared, for each
make_tree tree
unset XDG_STATE_HOME
$AS_ROOT && records=/var/lib/ward/sandboxes || records=$HOME/.local/state/ward/sandboxes
$AS_ROOT && runtime=/run/ward || runtime=$XDG_RUNTIME_DIR/ward
host_hash tree >before
ids=()
forget() { "$WARD" destroy --force "${ids[@]}" 2>/dev/null; }
at_exit forget

for ((i = 0; i < many; i++)); do
	ids+=("$("$WARD" create -p read-only --none "docs/" -e "NUMBER=$i" tree)")
done
equals "as many ids as sandboxes" "$many" "$(printf '%s\n' "${ids[@]}" | sort -u | grep -c .)"
check "all start" "$WARD" start "${ids[@]}"

listed() { "$WARD" ps | grep -Ff <(printf '%s\n' "${ids[@]}") | grep -c ' running '; }
equals "all run" "$many" "$(listed)"

wrong=
for ((i = 0; i < many; i++)); do
	got=$("$WARD" exec "${ids[i]}" -- sh -c 'cat script.py; echo "$NUMBER"; ls docs 2>/dev/null')
	[ "$got" = "print(\"hello\")
$i" ] || wrong+=" $i"
done
equals "each has its own view and variables" "" "$wrong"

below() { # PID: it and all its descendants
	local pid pids
	echo "$1"
	read -ra pids < <(cat "/proc/$1/task/"*/children 2>/dev/null | tr -d '\n')
	for pid in "${pids[@]}"; do
		below "$pid"
	done
}
unshared() { # PID…: KiB
	local pid
	for pid in "$@"; do
		cat "/proc/$pid/smaps_rollup"
	done | awk '/^Private_/ { sum += $2 } END { print sum + 0 }'
}
monitors=$("$WARD" ps --json | python3 -c '
import json, sys
for s in json.load(sys.stdin):
    if s["id"] in sys.argv[1:]: print(s["monitor_pid"])' "${ids[@]}")
processes=()
for pid in $monitors; do
	mapfile -t -O "${#processes[@]}" processes < <(below "$pid")
done
equals "four processes each" $((4 * many)) "${#processes[@]}"
if $AS_ROOT; then # only root may look into all of them
	total=$(unshared "${processes[@]}")
	echo "unshared memory of Ward's processes: $((total / many)) KiB a sandbox"
	# A sanitizer's own memory is no measure.
	$WARD_SANITIZED || check "they take little memory" [ $((total / many)) -le $memory_max ]
	check "but some" [ "$total" -gt "$many" ]
fi

check "all stop" "$WARD" stop --grace 2 "${ids[@]}"
equals "none runs" 0 "$(listed)"
running() { for pid in "${processes[@]}"; do [ ! -e "/proc/$pid" ] || return 0; done; return 1; }
none_runs() { ! running; }
eventually "no process is left" none_runs
check "all are destroyed" "$WARD" destroy "${ids[@]}"
left() { find "$records" "$runtime" -mindepth 1 -maxdepth 1 | grep -F "$(printf '%s\n' "${ids[@]}")"; }
refute "nothing is left on disk" left
host_hash tree >after
check "the codebase is as it was" cmp before after
