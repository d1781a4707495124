#!/bin/bash
# Many files with few descriptors: 20,000 files are walked, read and removed by a daemon that may
# have 256 open; what the kernel forgets is given back.
# timeout: 180
. "$WARD_CASES/harness.sh"

lower=$SCRATCH/lower
mnt=$SCRATCH/mnt
mkdir -p "$lower"
(
	cd "$lower" || exit
	for d in {1..200}; do
		mkdir "d$d"
		printf '%s\n' "d$d"/{1..100} | xargs touch
	done
)
plant "$lower/d7/.env"
ulimit -n 256
mount_view "$lower" "$mnt" --rule 'write:**' --rule 'none:**/.env'
for pid in $(view_pids "$mnt"); do
	! daemon=$(pgrep -P "$pid") || break
done
memory() { awk '/^VmRSS/ {print $2}' "/proc/$1/status"; }
descriptors() { find "/proc/$1/fd" -mindepth 1 2>/dev/null | wc -l; }

equals 'every file is found' 20000 "$(find "$mnt" -type f | wc -l)"
check 'and opened' sh -c "find '$mnt' -type f -print0 | xargs -0 cat"
if $AS_ROOT; then
	check 'the daemon holds no descriptor for them' test "$(descriptors "$daemon")" -lt 64
fi
walked=$(memory "$daemon")
check "its memory is bounded ($walked KiB)" test "$walked" -lt 200000
check 'half of them are removed' sh -c "find '$mnt' -type f -name '*[02468]' -delete"
equals 'and the others are there' 10000 "$(find "$mnt" -type f | wc -l)"

# Open files are the limit, and an errno tells of it; the view lives on.
cat >"$SCRATCH/hog.py" <<-'HOG'
	import errno, os, resource, sys
	resource.setrlimit(resource.RLIMIT_NOFILE, resource.getrlimit(resource.RLIMIT_NOFILE))
	held, failed = [], 0
	for i in range(1, 240):
	    try:
	        held.append(os.open(f"{sys.argv[1]}/d{i % 200 + 1}/1", os.O_RDONLY))
	    except OSError as e:
	        failed = e.errno
	print("held", len(held), errno.errorcode.get(failed))
HOG
prints 'a process holds many files open' 'held 2[0-9][0-9]' python3 "$SCRATCH/hog.py" "$mnt"
prints 'two of them meet a limit as an errno' 'held' sh -c \
	"python3 '$SCRATCH/hog.py' '$mnt' & python3 '$SCRATCH/hog.py' '$mnt'; wait"
# What open directories hold is limited for all of them together.
mkdir "$lower/wide"
python3 -c '
import sys
for i in range(20000):
    open("%s/%0200d" % (sys.argv[1], i), "w").close()' "$lower/wide"
cat >"$SCRATCH/wide.py" <<-'END'
	import errno, os, sys
	held, failed = [], set()
	for i in range(100):
	    held.append(os.scandir(sys.argv[1]))
	    try:
	        next(held[-1])
	    except OSError as e:
	        failed.add(errno.errorcode[e.errno])
	print("failed with", *failed)
	held = None
	print("listed", len(os.listdir(sys.argv[1])))
END
python3 "$SCRATCH/wide.py" "$mnt/wide" >"$SCRATCH/wide"
prints 'many open listings of a wide directory meet a limit' '^failed with ENFILE$' cat "$SCRATCH/wide"
prints 'and once they are closed, none' '^listed 20000$' cat "$SCRATCH/wide"
walked=$(awk '/^VmHWM/ {print $2}' "/proc/$daemon/status")
most=500000
! $WARD_SANITIZED || most=1000000 # AddressSanitizer keeps 256 MiB of what was freed
check "the daemon's memory is bounded ($walked KiB)" test "$walked" -lt $most
rm -r "$lower/wide"
equals 'and the view lives on' 10000 "$(find "$mnt" -type f | wc -l)"
unmount_view "$mnt"
