#!/bin/bash
# `ward mount` and `ward umount`, as root and, through fusermount3, as an ordinary user.
# users: root user
. "$WARD_CASES/harness.sh"

make_tree code
mkdir view
harness_mounts+=("$SCRATCH/view")

check "mount" "$WARD" mount code view
check "it is there" is_mounted "$SCRATCH/view"
check "and shows" cmp code/README.md view/README.md
refute "but no secrets" test -e view/.env
check "unmount" "$WARD" umount view
eventually "the daemon is gone" view_gone "$SCRATCH/view"

check "with rules of the command line" "$WARD" mount -p read-only --none README.md --write=/docs/ code view
refute "--none hides" test -e view/README.md
check "--write writes" touch view/docs/new
refute "nothing else is writable" touch view/src/new
check "by an absolute path with a slash" "$WARD" umount "$SCRATCH/view/"
eventually "the daemon is gone again" view_gone "$SCRATCH/view"

check "a mount that is in use" "$WARD" mount code view
exec 3<view/README.md
status "is not unmounted" 125 "$WARD" umount view
prints "and why is told" "^ward: .*/view is busy: .*--lazy" "$WARD" umount view
check "--lazy detaches it" "$WARD" umount --lazy view
refute "now" is_mounted "$SCRATCH/view"
equals "what is open can still be read" "# A small codebase" "$(cat <&3)"
exec 3<&-
eventually "and with the last user the daemon goes" view_gone "$SCRATCH/view"

check "a mount through a symlink" ln -s view alias
check "is mounted where it leads" "$WARD" mount code alias
check "and unmounted there" "$WARD" umount alias
refute "for good" is_mounted "$SCRATCH/view"
eventually "with its daemon" view_gone "$SCRATCH/view"

# (Its /proc/PID/exe can't be read by an ordinary user: it is not dumpable.)
check "a mount whose daemon is killed" "$WARD" mount code view
pids=$(pgrep -f "^$WARDFS .*$SCRATCH/view\$")
check "has one" test -n "$pids"
for pid in $pids; do
	kill -9 "$pid"
done
eventually "serves no more" sh -c '! test -e view/README.md'
mounted() {
	grep -q "$SCRATCH/view" /proc/self/mountinfo
}
# fusermount3 unmounts for root at once; what it leaves to an ordinary user answers ENOTCONN.
if $AS_ROOT; then
	PATIENCE=10 eventually "goes with it" sh -c "! grep -q '$SCRATCH/view' /proc/self/mountinfo"
	status "and there is nothing to unmount" 125 "$WARD" umount view
else
	! mounted || check "is unmounted all the same" "$WARD" umount view
fi
refute "and is gone" mounted
