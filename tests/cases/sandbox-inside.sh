#!/bin/bash
# What a process inside a sandbox has, sees and can do; and what it is from outside.
# users: root user
# timeout: 120
. "$WARD_CASES/harness.sh"

probe=$WARD_BUILD/tests/cases/sandbox-probe
make_tree tree
inside() {
	"$probe" -C tree -- "$@"
}
sh_inside() {
	"$probe" -C tree -- sh -c "$1"
}
python_inside() {
	"$probe" -C tree -- python3 -c "$1"
}

# --- The sandbox lives: what it must be able to do ------------------------------------------------

prints "the codebase is the working directory" '^/workspace$' inside pwd
prints "its files are there" '^# A small codebase' inside cat README.md
prints "the system's programs run" '^3$' inside python3 -c 'print(1 + 2)'
prints "names of users are known" '^[a-z0-9_-]+$' inside id -un
prints "and of groups" '^[a-z0-9_-]+$' inside id -gn
check "/tmp is writable" sh_inside 'echo x >/tmp/f && cat /tmp/f'
check "so is the home" sh_inside 'echo x >"$HOME/f" && cat "$HOME/f"'
check "and /dev/shm" sh_inside 'echo x >/dev/shm/f'
check "and /var/tmp" sh_inside 'echo x >/var/tmp/f'
check "processes are seen" sh_inside '[ -r /proc/self/status ]'
prints "localhost answers" '^ok$' python_inside '
import socket, threading
s = socket.create_server(("127.0.0.1", 0))
c = socket.create_connection(s.getsockname()); s.accept(); print("ok")'
prints "the host is called ward" '^ward$' inside uname -n

# --- Row 31: privileges ---------------------------------------------------------------------------

for set in CapInh CapPrm CapEff CapBnd CapAmb; do
	prints "no capabilities: $set" "^$set:[[:space:]]*0000000000000000$" inside cat /proc/self/status
done
prints "no new privileges" '^NoNewPrivs:[[:space:]]*1$' inside cat /proc/self/status
prints "a system call filter" '^Seccomp:[[:space:]]*2$' inside cat /proc/self/status

# From outside, where the ids are the host's.
background "$probe" -C tree -- sleep 54321
outside_status() {
	local status
	for status in /proc/[0-9]*/cmdline; do
		if [ "$(tr '\0' ' ' <"$status" 2>/dev/null)" = "sleep 54321 " ]; then
			cat "${status%cmdline}status"
			return
		fi
	done
	return 1
}
eventually "the sandboxed process is seen from outside" outside_status
silent_on "its host uid is not 0 in any form" '^Uid:.*\b0\b' outside_status
silent_on "nor its gid" '^Gid:.*\b0\b' outside_status
silent_on "nor a supplementary group" '^Groups:.*\b0\b' outside_status
prints "it is in pid namespaces of its own" '^NSpid:([[:space:]]+[0-9]+){3}' outside_status
kill "$BACKGROUND"

# --- Row 32: the kernel's settings ----------------------------------------------------------------

for file in /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname /proc/sys/vm/overcommit_memory \
	/proc/sys/user/max_user_namespaces /proc/sys/net/ipv4/ip_forward /proc/sysrq-trigger; do
	refute "$file can't be written" sh_inside "[ -e $file ] && echo 1 >$file"
done
refute "nothing below /proc/sys looks writable" sh_inside \
	'find /proc/sys -type f -writable 2>/dev/null | grep .'
refute "/sys is not there" inside ls /sys

# --- Row 33: descriptors --------------------------------------------------------------------------

exec 7</etc/passwd 8>"$SCRATCH/leak"
equals "only 0, 1 and 2 are open" "0 1 2 " \
	"$(inside python3 -c '
import os
for n in range(1024):
    try: os.fstat(n); print(n, end=" ")
    except OSError: pass' 2>&1)"
exec 7<&- 8>&-

# --- Row 34: the environment ----------------------------------------------------------------------

export WARD_TEST_API_KEY
WARD_TEST_API_KEY=$(canary)
no_canary "the caller's environment is not inside" sh_inside 'env; cat /proc/*/environ | tr "\0" "\n"'
equals "only the plain variables are" "HOME LANG LOGNAME PATH SHELL TERM USER " \
	"$(inside python3 -c 'import os; print(*sorted(k for k in os.environ if k != "LC_CTYPE"), end=" ")')"
prints "the policy's variables come" '^a=b$' "$probe" -C tree -e V=a=b -- sh -c 'echo "$V"'
prints "a command's win" '^c$' "$probe" -C tree -e V=a=b -x V=c -- sh -c 'echo "$V"'
prints "LD_PRELOAD of a policy concerns only the inside" 'cannot be preloaded' \
	"$probe" -C tree -e LD_PRELOAD=/workspace/none.so -- true

# --- Rows 35 and 37: terminals, namespaces --------------------------------------------------------

prints "TIOCSTI is denied" '^EPERM EPERM$' python_inside '
import ctypes, errno
c = ctypes.CDLL(None, use_errno=True)
def ioctl(request):
    c.ioctl(0, ctypes.c_ulong(request), b"x")
    return errno.errorcode[ctypes.get_errno()]
print(ioctl(0x5412), ioctl(0xdeadbeef00005412))'
refute "no nested user namespace" inside unshare --user true
refute "no nested mount namespace" inside unshare --mount true
refute "no mount" inside mount -t tmpfs none /tmp
refute "/usr is read-only" inside touch /usr/x
refute "so is the root" inside mkdir /x
refute "and /etc" inside touch /etc/x
refute "and /dev" inside touch /dev/x

# --- Row 36: other processes ----------------------------------------------------------------------

prints "PID 1 is ward-init" '^ward-init$' inside cat /proc/1/comm
refute "its memory can't be read" inside cat /proc/1/maps
refute "nor its descriptors" inside ls /proc/1/fd/
refute "nor its environment" inside cat /proc/1/environ
prints "it can't be traced" '^EPERM$' python_inside '
import ctypes, errno
c = ctypes.CDLL(None, use_errno=True)
c.ptrace(16, 1, 0, 0)
print(errno.errorcode[ctypes.get_errno()])'
prints "it can't be killed" '^alive$' sh_inside 'kill -9 1; kill -TERM 1; sleep 0.1; echo alive'
prints "kill(-1) reaches only the inside" '^3 ' python_inside '
import os, signal, subprocess
p = subprocess.Popen(["sleep", "100"]); signal.signal(15, signal.SIG_IGN)
os.kill(-1, 15); p.wait(); print(3, p.returncode)'
silent_on "the host's processes are not seen" 'sandbox-probe|ward-monitor|wardfs|bwrap' \
	sh_inside 'cat /proc/[0-9]*/cmdline | tr "\0" " "'

# --- Row 38: sockets and devices ------------------------------------------------------------------

for path in /dev/fuse /dev/kvm /dev/mem /dev/vda /var/run/docker.sock /run/docker.sock \
	/run/dbus/system_bus_socket /run/systemd /run/ward/view /root /mnt /srv /boot "$HOME" "$SCRATCH" \
	/etc/shadow /etc/sudoers /etc/ssh /etc/ssl/private /var/lib /var/log; do
	refute "$path is not inside" inside ls -d "$path"
done
cat >abstract.py <<'P'
import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind("\0ward-test"); s.listen(); open(sys.argv[1], "w").close()
time.sleep(100)
P
background python3 abstract.py "$SCRATCH/bound"
eventually "the host listens on an abstract socket" [ -e "$SCRATCH/bound" ]
connect='import socket; socket.socket(socket.AF_UNIX).connect("\0ward-test"); print("connected")'
prints "the host reaches it" '^connected$' python3 -c "$connect"
refute "the inside does not" inside python3 -c "$connect"
listen='import socket; s = socket.socket(socket.AF_UNIX); s.bind("\0in"); s.listen()
socket.socket(socket.AF_UNIX).connect("\0in"); print("connected")'
prints "it has its own" '^connected$' inside python3 -c "$listen"
refute "there is no network" inside python3 -c '
import socket; socket.create_connection(("1.1.1.1", 53), 2)'

# --- Row 40: what outlives its command ------------------------------------------------------------

sh_inside 'setsid sh -c "trap : TERM HUP; sleep 65432 & wait" >/dev/null 2>&1 & sleep 0.2' </dev/null
refute "a daemon does not outlive the sandbox" pgrep -f 'sleep 6543[2]'

# --- What it wrote --------------------------------------------------------------------------------

owner=$(stat -c %u:%g tree)
sh_inside 'echo x >output/made; mkdir output/dir'
equals "the host has what the inside wrote" x "$(cat tree/output/made)"
equals "owned as the codebase is" "$owner $owner" "$(stat -c %u:%g tree/output/made tree/output/dir | paste -sd' ')"
