#!/bin/bash
# Standard input, output and error pass exactly, whatever they are, and the exit status too.
# users: root user
# timeout: 120
. "$WARD_CASES/harness.sh"

make_tree code
printf "version: 1\nextends: full-access\n" >code/ward.yaml
cd code || exit 1

run() {
	"$WARD" run "$@"
}

# --- Exit status ----------------------------------------------------------------------------------

status "0" 0 run true
status "3" 3 run sh -c 'exit 3'
status "124: timed out" 124 run -t 0.5 sleep 60
status "125 of the command itself" 125 run sh -c 'exit 125'
status "126: not executable" 126 run ./README.md
status "127: not found" 127 run no-such-command
prints "and says which" "^ward: no-such-command: " run no-such-command
status "128+N: killed" 137 run sh -c 'kill -9 $$'
status "128+N: terminated" 143 run sh -c 'kill -15 $$'

# --- Bytes ----------------------------------------------------------------------------------------

head -c 100000000 /dev/urandom >"$SCRATCH/big"
wanted=$(sha256sum <"$SCRATCH/big")
equals "a file as input" "$wanted" "$(run sha256sum <"$SCRATCH/big")"
equals "a pipe as input and output" "$wanted" "$(head -c 100000000 "$SCRATCH/big" | run cat | sha256sum)"
run cat <"$SCRATCH/big" >"$SCRATCH/copy"
check "a file as output" cmp "$SCRATCH/big" "$SCRATCH/copy"
run sh -c 'cat >&2' <"$SCRATCH/big" 2>"$SCRATCH/copy"
check "a file as standard error" cmp "$SCRATCH/big" "$SCRATCH/copy"
echo first >"$SCRATCH/log"
run echo second >>"$SCRATCH/log"
equals "a file that is appended to" "first second" "$(xargs <"$SCRATCH/log")"
{
	run echo one
	run echo two
} >"$SCRATCH/log"
equals "an output file's offset is shared" "one two" "$(xargs <"$SCRATCH/log")"
run sh -c 'for i in 1 2 3; do echo o$i; echo e$i >&2; done' >"$SCRATCH/log" 2>&1
equals "output and error in one file keep their order" "o1 e1 o2 e2 o3 e3" "$(xargs <"$SCRATCH/log")"
run sh -c 'echo out; echo err >&2' 2>"$SCRATCH/err" >"$SCRATCH/out"
equals "output and error stay apart" "out err" "$(cat "$SCRATCH/out" "$SCRATCH/err" | xargs)"

# --- What is left of the input --------------------------------------------------------------------

seq 100000 >"$SCRATCH/seq"
exec 3<"$SCRATCH/seq"
run true <&3
read -r line <&3
equals "a command that reads nothing leaves all of it" 1 "$line"
run head -c 8 <&3 >/dev/null
read -r line <&3
equals "no more is consumed than was read" 6 "$line"
# shellcheck disable=SC2002 # a reader of its own, behind a pipe, is what is tested
run cat <&3 | tail -n 1 >"$SCRATCH/last"
equals "the rest" 100000 "$(cat "$SCRATCH/last")"
refute "and then nothing" read -r line <&3
exec 3<&-
equals "input that nobody reads does not hang" ok "$(run sh -c "echo ok" <"$SCRATCH/big")"
equals "endless input does not hang" y "$(yes | run head -n 1)"
equals "a device as input" 4 "$(run head -c 4 </dev/zero | wc -c)"
equals "/dev/null as input" "" "$(run cat </dev/null)"

# --- Ends -----------------------------------------------------------------------------------------

equals "a reader that goes ends the writer" y "$(run yes | head -n 1)"
equals "output is complete at the end, and what is left behind is killed" now \
	"$(run sh -c '(sleep 20; echo late) & echo now')"
status "a full disk is told" 125 sh -c '"$0" run echo x >/dev/full' "$WARD"
prints "by its name" "standard output failed: No space left on device" \
	sh -c '"$0" run echo x >/dev/full' "$WARD"
status "a directory as input is refused" 125 sh -c '"$0" run cat </' "$WARD"
prints "with one line" "^ward: standard input is a directory" sh -c '"$0" run cat </' "$WARD"
equals "a closed input" "closed" "$(run sh -c 'cat 2>/dev/null || echo closed' <&-)"
status "a closed output" 1 sh -c '"$0" run sh -c "echo x 2>/dev/null || exit 1" >&-' "$WARD"

# --- Nothing but streams --------------------------------------------------------------------------

# A file given as input can't be written through what the command gets.
echo original >"$SCRATCH/precious"
run sh -c 'echo overwritten >/proc/self/fd/0; echo overwritten >/dev/stdin; true' \
	<"$SCRATCH/precious" 2>/dev/null
equals "an input file is not writable from inside" original "$(cat "$SCRATCH/precious")"
echo before >"$SCRATCH/precious"
equals "an output file is not readable from inside" "" \
	"$(run sh -c 'timeout 1 cat </proc/self/fd/1 >&2' 2>&1 >>"$SCRATCH/precious" | grep before)"
equals "no other descriptor is passed" "0 1 2 3" \
	"$(run sh -c 'ls /proc/self/fd' 7<"$SCRATCH/precious" 8</ | xargs)"
