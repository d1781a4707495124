#!/bin/bash
# Where a sandbox cannot be had: one clear line, status 125, nothing run, nothing left.
# users: root user
# timeout: 60
. "$WARD_CASES/harness.sh"

probe=$WARD_BUILD/tests/cases/sandbox-probe
make_tree tree

# refused DESC REGEX CMD…
refused() {
	local description=$1 regex=$2
	shift 2
	status "$description: status 125" 125 "$@"
	prints "$description: says why" "$regex" "$@"
	equals "$description: in one line" 1 "$("$@" 2>&1 | wc -l)"
	refute "$description: nothing was run" [ -e tree/output/ran ]
}
run=("$probe" -C tree -- sh -c ': >output/ran')

if $AS_ROOT; then
	# A namespace of this case's own, in which things can be taken away.
	hide='mount --bind /dev/null "$0" && exec "$@"'
	without_fuse='mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && exec "$@"'
	refused "no bwrap" 'bubblewrap \(bwrap\) is not installed; apt install bubblewrap' \
		unshare --mount sh -c "chmod 755 .; $hide" "$(command -v bwrap)" "${run[@]}"
	refused "no /dev/fuse" '/dev/fuse: No such file or directory; .*modprobe fuse' \
		unshare --mount sh -c "$without_fuse" sh "${run[@]}"
	refused "no rights, though root" 'started by root.*CAP_SYS_ADMIN' \
		setpriv --bounding-set -sys_admin "${run[@]}"
	cp -r tree user-tree && chown -R 65533:65533 user-tree
	cat >limited.py <<'P'
import ctypes, os, sys
# A user namespace in which no further one may be made.
libc = ctypes.CDLL(None)
ready, go = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    libc.unshare(0x10000000); os.write(ready[1], b"x"); os.read(go[0], 1)
    open("/proc/sys/user/max_user_namespaces", "w").write("0")
    os.setresgid(65533, 65533, 65533); os.setresuid(65533, 65533, 65533)
    os.execv(sys.argv[1], sys.argv[1:])
os.read(ready[0], 1)
for name in "uid_map", "gid_map":
    open(f"/proc/{child}/{name}", "w").write("0 0 65535")
os.write(go[1], b"x")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
P
	chmod 711 "$SCRATCH" && mkdir -m 777 run-of-user
	refused "no user namespaces" 'user.max_user_namespaces = 0; sudo sysctl' \
		env XDG_RUNTIME_DIR="$SCRATCH/run-of-user" TMPDIR=/tmp \
		python3 limited.py "$probe" -C user-tree -- true
else
	mkdir bad && ln -s /tmp bad/ward
	refused "a runtime directory that leads elsewhere" 'bad/ward as runtime directory' \
		env XDG_RUNTIME_DIR="$SCRATCH/bad" "${run[@]}"
fi

check "and where nothing is amiss it runs" "${run[@]}"
check "indeed" [ -e tree/output/ran ]
