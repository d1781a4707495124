#!/bin/bash
# Denials as events: a line of JSON each with what, where and why; a hostile loop is counted, not
# written; nobody who reads too slowly or not at all harms the view.
. "$WARD_CASES/harness.sh"

lower=$SCRATCH/lower
mnt=$SCRATCH/mnt
serve=$WARD_BUILD/tests/cases/serve
mkdir -p "$lower/dir" "$mnt"
for name in view read write; do
	printf 'data\n' >"$lower/$name"
done
plant "$lower/hidden"

# served CMD…: with the events on descriptor 9
served() {
	local space=(unshare --mount)
	$AS_ROOT || space=(unshare --user --map-root-user --mount)
	"${space[@]}" "$serve" "$WARDFS" "$lower" "$mnt" 0:0 'write:**' 'none:hidden*/**' 'view:view' \
		'read:read' -- "$@"
}

cat >"$SCRATCH/deny.py" <<-'END'
	import os, sys
	mnt = sys.argv[1]
	def refused(operation, *arguments):
	    try:
	        operation(*arguments)
	    except OSError:
	        return
	    sys.exit(f"{operation} {arguments}: allowed")
	print(os.getpid(), flush=True)
	refused(os.stat, f"{mnt}/hidden")
	refused(os.mkdir, f"{mnt}/hidden")
	refused(os.unlink, f"{mnt}/read")
	refused(os.chmod, f"{mnt}/view", 0o777)
	refused(os.rename, f"{mnt}/read", f"{mnt}/other")
	refused(os.link, f"{mnt}/view", f"{mnt}/dir/other")
	os.stat(f"{mnt}/write")
	refused(os.stat, f"{mnt}/missing")
END
cat >"$SCRATCH/judge.py" <<-'END'
	# Prints each event as "operation path level required errno rule:line", in order.
	import json, sys, time
	keys = {"event", "time_ms", "pid", "operation", "path", "level", "required", "errno", "rule"}
	for line in open(sys.argv[1]):
	    e = json.loads(line)
	    assert set(e) - {"left_out"} == keys and e["event"] == "denied", e
	    assert set(e["rule"]) == {"pattern", "permission", "file", "line"}, e
	    assert abs(e["time_ms"] - time.time() * 1000) < 120000, e
	    assert e["pid"] == int(sys.argv[2]), (e, sys.argv[2])
	    print(e["operation"], e["path"], e["level"], e["required"], e["errno"],
	          f"{e['rule']['permission']}:{e['rule']['pattern']}@{e['rule']['file']}:{e['rule']['line']}")
END
served python3 "$SCRATCH/deny.py" "$mnt" 9>"$SCRATCH/events" >"$SCRATCH/pid"
equals 'a view with events serves' 0 $?
python3 "$SCRATCH/judge.py" "$SCRATCH/events" "$(cat "$SCRATCH/pid")" >"$SCRATCH/judged"
equals 'each line is JSON with its fields' 0 $?
# One call may make the kernel look a name up more than once.
equals 'each denial is told, and nothing else' 'lookup hidden none view ENOENT none:hidden*/**@serve:2
mkdir hidden none write EACCES none:hidden*/**@serve:2
unlink read read write EACCES read:read@serve:4
setattr view view write EACCES view:view@serve:3
rename read read write EACCES read:read@serve:4
link view view write EACCES view:view@serve:3' "$(uniq "$SCRATCH/judged")"
refute 'no event has content' grep -q canary "$SCRATCH/events"

# Names with any bytes are still one line of JSON.
served sh -c "! cat '$mnt/hidden
two' '$mnt/hidden\"quote\\' \"\$(printf '$mnt/hidden\377')\"" 9>"$SCRATCH/odd" 2>/dev/null
equals 'odd names: three lines' 3 "$(wc -l <"$SCRATCH/odd")"
check 'which are JSON' python3 -c 'import json,sys; [json.loads(l) for l in open(sys.argv[1])]' "$SCRATCH/odd"

cat >"$SCRATCH/flood.py" <<-'END'
	import os, sys, time
	for i in range(100000):
	    try:
	        os.stat(f"{sys.argv[1]}/hidden{i}")
	        sys.exit("seen")
	    except FileNotFoundError:
	        pass
	time.sleep(0.5)
	os.path.exists(f"{sys.argv[1]}/hidden-last")
END
started=$(date +%s)
served python3 "$SCRATCH/flood.py" "$mnt" 9>"$SCRATCH/flood"
equals 'the view outlives 100,000 denials' 0 $?
seconds=$(($(date +%s) - started + 1))
lines=$(wc -l <"$SCRATCH/flood")
check "few of them are written ($lines in $seconds s)" test "$lines" -le $((200 + 20 * seconds + 20)) -a "$lines" -ge 200
equals 'and all are counted' 100001 "$(python3 -c 'import json,sys
print(sum(1 + json.loads(l).get("left_out", 0) for l in open(sys.argv[1])))' "$SCRATCH/flood")"

# A reader that has gone, and one that never reads.
mkfifo "$SCRATCH/pipe"
exec 8<>"$SCRATCH/pipe"
served sh -c "cat '$mnt/hidden'; cat '$mnt/write'" 9>"$SCRATCH/pipe" 8<&- >"$SCRATCH/out" 2>/dev/null
equals 'a pipe takes them' data "$(cat "$SCRATCH/out")"
timeout 1 cat <&8 >"$SCRATCH/piped"
prints 'whole' '^\{"event":"denied".*\}$' cat "$SCRATCH/piped"
served python3 "$SCRATCH/flood.py" "$mnt" 9>"$SCRATCH/pipe" 8<&-
equals 'nobody reading does not stop the view' 0 $?
exec 8<&-
{ served sh -c "sleep 0.3; cat '$mnt/hidden'; cat '$mnt/write'" 9>&1 >"$SCRATCH/out" 2>/dev/null; echo $? >"$SCRATCH/code"; } |
	true
equals 'a closed reader does not end it' '0 data' "$(cat "$SCRATCH/code" "$SCRATCH/out" | paste -sd' ')"
served cat "$mnt/write" 9>/dev/full >"$SCRATCH/out"
equals 'nor does a full disk' data "$(cat "$SCRATCH/out")"
served sh -c "! cat '$mnt/hidden'" 9>/dev/full 2>/dev/null
equals 'with a denial, too' 0 $?
