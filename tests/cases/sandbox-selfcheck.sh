#!/bin/bash
# `ward doctor --inside`: in a sandbox every promise is kept; where one is not, it is found. And
# `ward doctor`: what the machine lacks.
# users: root user
# timeout: 120
. "$WARD_CASES/harness.sh"

make_tree tree
promises='descriptors environment capabilities no-new-privileges host-uid core-dumps filter abis terminals
	mounts user-namespaces handles keyrings kernel-interfaces machine socket-families kernel-settings
	system host-files devices control-groups memory-file-systems processes init path-sockets
	abstract-sockets'

inside() { # OPTION…
	"$WARD" run -C tree "$@" -- ward doctor --inside
}

# finds STATE PROMISE CMD…: the line of that promise begins with that state
finds() {
	local state=$1 promise=$2
	shift 2
	prints "$promise: $state" "^$state +$promise " "$@"
}

# --- In a sandbox ----------------------------------------------------------------------------------

check "every promise is kept" inside
for promise in $promises; do
	finds ok "$promise" inside
done
equals "there is a line for each" "$(wc -w <<<"$promises")" "$(inside -t 60 | wc -l)"
check "they are kept with the host's network" inside --net host
check "with other descriptors, variables and directories" env API_TOKEN=x bash -c \
	'exec 7</etc/passwd; cd tree/src && exec "$@"' bash "$WARD" run -- ward doctor --inside
! $AS_ROOT || check "with limits" inside -m 256M --cpus 1 --pids 64
prints "JSON" '"state": "ok"' "$WARD" run -C tree -- ward doctor --inside --json
check "it is JSON" sh -c '"$1" run -C tree -- ward doctor --inside --json | python3 -m json.tool' sh "$WARD"

# --- Where a promise is not kept, it is found ------------------------------------------------------

status "outside, promises are broken" 1 "$WARD" doctor --inside
for promise in no-new-privileges filter abis terminals mounts user-namespaces handles keyrings \
	kernel-interfaces machine core-dumps system control-groups memory-file-systems processes; do
	ulimit -c unlimited 2>/dev/null
	finds BROKEN "$promise" "$WARD" doctor --inside
done
if $AS_ROOT; then
	for promise in capabilities host-uid kernel-settings host-files devices socket-families; do
		finds BROKEN "$promise" "$WARD" doctor --inside
	done
	prints "the host's user 0 is found behind another number" '^BROKEN +host-uid ' \
		bwrap --unshare-user --uid 1000 --gid 1000 --cap-drop ALL --ro-bind / / --proc /proc \
		--ro-bind /proc/sys /proc/sys "$WARD" doctor --inside
fi
finds BROKEN descriptors sh -c 'exec 7</etc/passwd; exec "$1" doctor --inside' sh "$WARD"
finds BROKEN environment env OPENAI_API_KEY=x "$WARD" doctor --inside
prints "in a sandbox, too" '^BROKEN +environment ' inside -e OPENAI_API_KEY=x
finds BROKEN init bwrap --unshare-user --unshare-pid --as-pid-1 --bind / / --proc /proc \
	sh -c '"$1" doctor --inside; exit' sh "$WARD"

cat >listen.py <<'P'
import os, socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1].replace("@", "\0")); s.listen(); open(sys.argv[2], "w").close()
time.sleep(100)
P
background python3 listen.py "@ward-selfcheck-$$" "$SCRATCH/abstract"
eventually "somebody listens on an abstract socket" [ -e "$SCRATCH/abstract" ]
finds BROKEN abstract-sockets "$WARD" doctor --inside
finds ok abstract-sockets inside
finds ok abstract-sockets inside --net host
mkdir run
background python3 listen.py "$SCRATCH/run/docker.sock" "$SCRATCH/path"
eventually "and on one with a path" [ -e "$SCRATCH/path" ]
chmod 755 run && chmod 777 run/docker.sock
finds BROKEN path-sockets bwrap --unshare-user --bind / / --dev /dev --tmpfs /run --bind "$SCRATCH/run" /run/x \
	"$WARD" doctor --inside

# Like a sandbox of ours, but for one thing.
almost() { # BWRAP-OPTION…
	bwrap --unshare-user --unshare-pid --unshare-net --unshare-cgroup-try --cap-drop ALL --ro-bind /usr /usr \
		--symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc \
		--dev /dev --tmpfs /tmp --tmpfs /run --ro-bind "$WARD" /run/ward "$@" /run/ward doctor --inside
}
for promise in filter abis terminals keyrings; do
	finds BROKEN "$promise" almost
done
for promise in host-files control-groups capabilities; do
	finds ok "$promise" almost
done
finds BROKEN host-files almost --ro-bind /etc /etc --dir /root --dir /mnt/x
finds BROKEN control-groups almost --ro-bind /sys /sys
finds BROKEN memory-file-systems almost

# --- The machine -----------------------------------------------------------------------------------

check "the machine that runs this can run sandboxes" "$WARD" doctor
silent_on "nothing is missing" '^missing' "$WARD" doctor
for name in kernel openat2 seccomp namespaces fuse-device fuse-mount bwrap bwrap-run; do
	finds ok "$name" "$WARD" doctor
done
check "JSON, too" sh -c '"$1" doctor --json | python3 -m json.tool' sh "$WARD"
status "it takes no operand" 125 "$WARD" doctor everything
if $AS_ROOT; then
	chmod 755 .
	without() { # FILE
		unshare --mount sh -c 'mount --bind /dev/null "$0" && shift && exec "$@"' "$1" sh "$WARD" doctor
	}
	finds missing bwrap without "$(command -v bwrap)"
	prints "with its mend" 'apt install bubblewrap' without "$(command -v bwrap)"
	status "that is status 1" 1 without "$(command -v bwrap)"
	prints "no /dev/fuse" '^missing +fuse-device .*modprobe fuse' \
		unshare --mount sh -c 'mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && exec "$1" doctor' sh "$WARD"
	prints "no rights" '^missing +namespaces .*CAP_SYS_ADMIN' \
		setpriv --bounding-set -sys_admin "$WARD" doctor
else
	if ! "$WARD" run -C tree -m 64M -- true; then
		prints "limits that can't be had are optional" '^optional +memory-limit .*root' "$WARD" doctor
	fi
fi
