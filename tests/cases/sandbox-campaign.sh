#!/bin/bash
# kill -9 of a random process of random sandboxes, at random moments: no mount, no process, no file
# is left, no file of the codebase changes, and the records tell the truth. $WARD_KILLS is how many
# kills (25).
# users: root user
# timeout: 900
. "$WARD_CASES/harness.sh"

kills=${WARD_KILLS:-25}
make_tree tree
unset XDG_STATE_HOME
$AS_ROOT && runtime=/run/ward || runtime=$XDG_RUNTIME_DIR/ward
ids=()
forget() { "$WARD" destroy --force "${ids[@]}" 2>/dev/null; }
at_exit forget
ids+=("$("$WARD" create -p read-only tree)" "$("$WARD" create -p read-only tree)")
ids+=("$("$WARD" create -p read-only tree)")
host_hash tree >before

nap=9$$ # a number that no other run of this case has
below() {
	local pid pids
	echo "$1"
	read -ra pids < <(cat "/proc/$1/task/"*/children 2>/dev/null | tr -d '\n')
	for pid in "${pids[@]}"; do
		below "$pid"
	done
}
field() {
	"$WARD" inspect "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$2"
}
alive() {
	local pid
	for pid in "$@"; do
		[ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -c1)" ] &&
			[ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -c1)" != Z ] && return 0
	done
	return 1
}
gone() { ! alive "$@"; }
truthful() { # ID: it runs, and a command in it does; or it does not, and nothing of it is there
	case $(field "$1" state) in
	running) "$WARD" exec "$1" true ;;
	error) [ ! -e "$runtime/$1" ] ;;
	*) false ;;
	esac
}

died=0
for ((round = 0; round < kills; round++)); do
	id=${ids[round % 3]}
	[ "$(field "$id" state)" = running ] || "$WARD" start "$id" ||
		harness_fail "round $round: it starts again"
	"$WARD" exec "$id" -- sh -c "setsid sleep $nap & while :; do grep -r util . >/dev/null; done" \
		>noise 2>&1 &
	command=$!
	sleep "0.0$((RANDOM % 10))"
	mapfile -t processes < <(below "$(field "$id" monitor_pid)")
	victim=${processes[RANDOM % ${#processes[@]}]}
	kill -9 "$victim" 2>/dev/null
	sleep 0.05
	kill -9 $command 2>/dev/null
	wait $command 2>/dev/null
	PATIENCE=10 eventually "round $round: the record tells the truth" truthful "$id"
	if [ "$(field "$id" state)" != running ]; then
		died=$((died + 1))
		PATIENCE=10 eventually "round $round: nothing of it is left" gone "${processes[@]}"
	fi
done
echo "$died of $kills kills ended a sandbox"
check "some did" [ "$died" -gt 0 ]
check "all are destroyed" "$WARD" destroy --force "${ids[@]}"
none_left() { ! pgrep -f "sleep $nap"; }
eventually "no command is left" none_left
silent_on "nothing of them is mounted" "$runtime/(${ids[0]}|${ids[1]}|${ids[2]})" cat /proc/self/mounts
left() { find "$runtime" -mindepth 1 -maxdepth 1 | grep -F "$(printf '%s\n' "${ids[@]}")"; }
refute "nothing is left on disk" left
host_hash tree >after
check "the codebase is as it was" cmp before after
