#!/bin/bash
# Sandboxes that live: created, started, entered, stopped and destroyed by different commands, with
# records that tell the truth whatever happens to the processes.
# users: root user
# timeout: 240
. "$WARD_CASES/harness.sh"

make_tree tree
$AS_ROOT && records=/var/lib/ward/sandboxes || records=$HOME/.local/state/ward/sandboxes
unset XDG_STATE_HOME
nap=8$$ # a number that no other run of this case has
made=()
forget() { "$WARD" destroy --force "${made[@]}" 2>/dev/null; }
at_exit forget

create() { # ARG...: sets id
	id=$("$WARD" create "$@") || harness_fail "create $*" "$id"
	made+=("$id")
}
field() { # ID KEY
	"$WARD" inspect "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$2"
}
state() { field "$1" state; }
gone() { ! pgrep -f "$1"; }
inside() { "$WARD" exec "$@"; }

# --- States and names -----------------------------------------------------------------------------

name=life-$$
create --name "$name" --write '/output/**' -e 'GREETING=hello world' tree
check "an id is twelve hexadecimal digits" expr "$id" : '^[0-9a-f]\{12\}$'
equals "what was created is pending" pending "$(state "$id")"
equals "its codebase is on record" "$SCRATCH/tree" "$(field "$id" codebase)"
equals "and its rules" "[{'pattern': '/output/**', 'permission': 'write'}]" "$(field "$id" rules)"
equals "of variables, the names" "['GREETING']" "$(field "$id" env)"
equals "the record is the user's alone" 600 "$(stat -c %a "$records/$id.json")"
equals "and so is the directory" 700 "$(stat -c %a "$records")"
status "nothing runs in it" 125 inside "$id" true
prints "and why" "the sandbox $name does not run; ward start $name" inside "$id" true
status "the name is taken" 125 "$WARD" create --name "$name" tree
status "that is no name" 125 "$WARD" create --name ../x tree
status "no codebase, no sandbox" 125 "$WARD" create no-such-directory
check "it starts" "$WARD" start "$name"
equals "it runs" running "$(state "$name")"
status "it runs already" 125 "$WARD" start "$name"
prints "and is listed" "^$id +$name +running " "$WARD" ps
prints "also in JSON" "\"id\": \"$id\"" "$WARD" ps --json
prints "the beginning of the id will do" '^# A small' inside "${id:0:9}" cat README.md
status "no such sandbox" 125 inside no-such-sandbox true
status "a running one is not destroyed" 125 "$WARD" destroy "$name"
refute "its secrets are hidden" inside "$name" cat .env
prints "its variables are there" '^hello world$' inside "$name" sh -c 'echo "$GREETING"'
prints "a command has its own, too" '^hi hello world$' inside -e X=hi "$name" -- sh -c 'echo "$X $GREETING"'
check "what is written" inside "$name" sh -c 'echo made >output/made; echo here >/tmp/here'
equals "is on the host" made "$(cat tree/output/made)"
prints "and what is in memory stays from command to command" '^here$' inside "$name" cat /tmp/here
check "it stops" "$WARD" stop "$name"
equals "it is stopped" stopped "$(state "$name")"
check "stopping it again changes nothing" "$WARD" stop "$name"
silent_on "ps leaves it out" "^$id" "$WARD" ps
prints "ps --all does not" "^$id" "$WARD" ps --all
check "it starts again" "$WARD" start "$name"
refute "with new memory" inside "$name" cat /tmp/here
prints "the log has its life" ' stopped$' "$WARD" log "$name"
prints "and what was denied" 'denied .*\.env|denied .*README' sh -c \
	"'$WARD' exec '$name' sh -c 'echo x >README.md' 2>/dev/null; sleep 0.2; '$WARD' log '$name'"
check "it is destroyed with force" "$WARD" destroy --force "$name"
status "and unknown" 125 "$WARD" inspect "$name"
refute "nothing is left on disk" sh -c "ls '$records' | grep '$id'"

# --- Two over one codebase ------------------------------------------------------------------------

create --none 'docs/' tree && first=$id
create --none 'src/' tree && second=$id
check "two over one codebase start" "$WARD" start "$first" "$second"
equals "the codebase has one id" "$(field "$first" codebase_id)" "$(field "$second" codebase_id)"
refute "each has its own rules" inside "$first" test -e docs
check "not the other's" inside "$first" test -e src
refute "the second, too" inside "$second" test -e src
check "and not the first's" inside "$second" test -e docs

# --- Commands -------------------------------------------------------------------------------------

status "exit status" 42 inside "$first" sh -c 'exit 42'
status "not found" 127 inside "$first" no-such-command
status "not executable" 126 inside "$first" ./README.md
status "a shell's text" 7 inside -c 'cd /tmp && exit 7' "$first"
status "neither command nor text" 125 inside "$first"
status "options go before the sandbox" 125 inside "$first" -c true
status "no terminal" 125 inside -t "$first" true
prints "a directory" '^/workspace/data$' inside -w data "$first" pwd
equals "stdin, stdout" "in" "$(echo in | inside "$first" cat)"
head -c 3000000 /dev/urandom >bytes
inside "$first" cat <bytes >copied 2>&1
check "files are carried exactly" cmp bytes copied
echo x | inside "$first" sh -c "sleep 300 >/dev/null 2>&1 & sleep ${nap}1 & echo out" >left-behind
equals "a daemon that keeps the output open keeps nobody waiting" out "$(cat left-behind)"
check "and lives on" pgrep -f "sleep ${nap}1"
status "a command may take too long" 124 inside --timeout 0.3 "$first" -- sh -c "setsid sleep ${nap}2 & sleep 100"
refute "and takes along what it started" pgrep -f "sleep ${nap}2"
check "but not what others started" pgrep -f "sleep ${nap}1"
background "$WARD" exec "$first" -- sh -c "setsid sleep ${nap}3 & echo >/tmp/up; sleep 100"
eventually "a command waits" inside "$first" test -e /tmp/up
kill -9 "$BACKGROUND"
eventually "when its ward is killed, so is it, with what it started" gone "sleep ${nap}3"
background "$WARD" exec "$first" -- sh -c 'trap "echo got; exit 9" TERM; echo >/tmp/trap; while :; do sleep 0.02; done' >signalled
eventually "a command waits" inside "$first" test -e /tmp/trap
kill -TERM "$BACKGROUND"
wait "$BACKGROUND"
equals "signals are forwarded" "9 got" "$? $(cat signalled)"

cat >exact.py <<'P'
import json, re, subprocess, sys
ward, sandbox = sys.argv[1:]
text = r'printf "caf\303\251 \377\200\0 x"; printf "\364\217\276\200" >&2; exit 5'
run = subprocess.run([ward, "exec", "--json", "-c", text, sandbox], stdout=subprocess.PIPE, check=False)
got = json.loads(run.stdout)
def exact(text):
    return b"".join(bytes([ord(c) - 0x10ff00]) if ord(c) >= 0x10ff80 else c.encode() for c in text)
assert run.returncode == 5 == got["exit_code"], got
assert got["stdout"].startswith("caf\u00e9 "), got
assert exact(got["stdout"]) == b"caf\xc3\xa9 \xff\x80\0 x", got
assert exact(got["stderr"]) == b"\xf4\x8f\xbe\x80", got
assert not got["timed_out"] and not got["oom_killed"] and got["duration_ms"] < 5000, got
run = subprocess.run([ward, "exec", "--json", "--timeout", "0.2", sandbox, "sleep", "9"],
                     stdout=subprocess.PIPE, check=False)
got = json.loads(run.stdout)
assert run.returncode == 124 and got["timed_out"], got
P
check "--json is exact" python3 exact.py "$WARD" "$first"
equals "--json takes input" '  "stdout": "3000000\n",' "$(inside --json "$first" -- wc -c <bytes | grep stdout)"
status "--json is bounded" 125 inside --json "$first" -- head -c 99999999 /dev/zero

# --- Many, and floods -----------------------------------------------------------------------------

for i in {1..100}; do
	inside "$second" -- sh -c "sleep 0.3; echo $i; exit $((i % 50))" >"many.$i" &
	eval "many_$i=$!"
done
wrong=
for i in {1..100}; do
	eval "wait \$many_$i"
	[ "$? $(cat "many.$i")" = "$((i % 50)) $i" ] || wrong+=" $i"
done
equals "a hundred commands at once" "" "$wrong"
mkfifo stuck
sleep 60 <>stuck &
holder=$!
background "$WARD" exec "$second" -- sh -c 'yes' >stuck
flood=$BACKGROUND
background "$WARD" exec "$second" -- sleep 50 <bytes
unread=$BACKGROUND
sleep 0.2
check "a flood that nobody reads stops nobody else" timeout 5 "$WARD" exec "$second" true
check "nor does input that nobody reads" kill -0 "$unread"
kill "$flood" "$unread" "$holder"
wait "$flood" "$unread" "$holder" 2>/dev/null

# --- Stopping -------------------------------------------------------------------------------------

background "$WARD" exec "$second" -- sh -c 'trap "sleep 0.2; echo tidy >output/tidy; exit 3" TERM
	echo >/tmp/up; while :; do sleep 0.02; done'
eventually "a command waits" inside "$second" test -e /tmp/up
check "a stop is graceful" "$WARD" stop "$second"
wait "$BACKGROUND"
equals "the command tidied up" "3 tidy" "$? $(cat tree/output/tidy)"
check "it starts again" "$WARD" start "$second"
background "$WARD" exec "$second" -- sh -c 'trap "" TERM; echo >/tmp/up; while :; do sleep 0.02; done' 2>noise
eventually "a command deaf to SIGTERM waits" inside "$second" test -e /tmp/up
begin=$SECONDS
check "it is given its time" "$WARD" stop --grace 1 "$second"
wait "$BACKGROUND"
equals "and killed" 125 $?
check "in time" [ $((SECONDS - begin)) -le 5 ]
equals "that is no error" stopped "$(state "$second")"

# --- Truth ----------------------------------------------------------------------------------------

# The records may be shared with who sees another runtime directory, or none.
if $AS_ROOT; then
	check "who can't see the runtime directory" unshare -m sh -c \
		"mount -t tmpfs none /run/ward && '$WARD' ps | grep '^$first .*running'"
	check "judges nothing dead" sh -c "'$WARD' ps | grep '^$first .*running'"
fi
kill -9 "$(field "$first" monitor_pid)"
eventually "kill -9 of the monitor is told" sh -c "'$WARD' ps | grep '^$first .*error .*ward-monitor was killed'"
refute "nothing is left of it" pgrep -f "sleep ${nap}1"
check "it starts again" "$WARD" start "$first"
kill -9 "$(field "$first" monitor_pid)"
sed -i 's/"boot_id":"[^"]*"/"boot_id":"another"/' "$records/$first.json"
eventually "a restart of the machine is told" sh -c "'$WARD' ps --all | grep '^$first .*stopped .*machine was restarted'"

cp -r tree policy-tree
printf 'version: 1\nextends: read-only\n' >policy-tree/ward.yaml
create policy-tree && third=$id
check "a sandbox with a policy of its codebase starts" "$WARD" start "$third"
check "and stops" "$WARD" stop "$third"
printf 'version: 1\nextnds: read-only\n' >policy-tree/ward.yaml
status "not with a broken one" 125 "$WARD" start "$third"
equals "its state is error" error "$(state "$third")"
prints "with the reason" 'ward.yaml:2:1: ' "$WARD" ps
printf 'version: 1\nextends: read-only\nrules: [{none: /docs/}]\n' >policy-tree/ward.yaml
check "with a mended one it starts" "$WARD" start "$third"
refute "by the policy as it is now" inside "$third" test -e docs
check "and is stopped" "$WARD" stop "$third"

for round in 1 2 3; do
	for i in 1 2 3 4; do
		"$WARD" start "$third" 2>/dev/null &
		eval "start_$i=$!"
	done
	started=0
	for i in 1 2 3 4; do
		eval "wait \$start_$i" && started=$((started + 1))
	done
	equals "round $round: of four starts at once one succeeds" "1 running" "$started $(state "$third")"
	check "and can be stopped" "$WARD" stop "$third"
done
check "all are destroyed" "$WARD" destroy --force "$first" "$second" "$third"
made=()
