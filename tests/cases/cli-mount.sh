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

# Two processes serve a view: the daemon, and its parent, which unmounts what a dead daemon leaves.
# (By their arguments: /proc/PID/exe can't be read by an ordinary user, since they are not dumpable.)
parent_of() {
	awk '$1 == "PPid:" { print $2 }' "/proc/$1/status"
}
check "a mount whose daemon is killed" "$WARD" mount code view
mapfile -t pids < <(pgrep -f "^$WARDFS .*$SCRATCH/view\$")
equals "has a daemon and a keeper" 2 "${#pids[@]}"
daemon=${pids[0]}
if [ "$(parent_of "$daemon")" != "${pids[1]}" ]; then
	daemon=${pids[1]}
fi
check "(the daemon)" kill -9 "$daemon"
mounted() {
	grep -q "$SCRATCH/view" /proc/self/mountinfo
}
unmounted() {
	! mounted
}
PATIENCE=10 eventually "goes with it" unmounted
status "and there is nothing to unmount" 125 "$WARD" umount view

check "a mount whose two processes are killed" "$WARD" mount code view
for pid in $(pgrep -f "^$WARDFS .*$SCRATCH/view\$"); do
	kill -9 "$pid"
done
eventually "serves no more" sh -c '! test -e view/README.md'
! mounted || check "is unmounted all the same" "$WARD" umount view
refute "and is gone" mounted
