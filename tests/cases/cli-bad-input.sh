#!/bin/bash
# Whatever is wrong beforehand: one clear line, status 125, nothing run, nothing left.
# users: root user
. "$WARD_CASES/harness.sh"

make_tree code
cd code || exit 1

# bad DESC REGEX CMD…: CMD says exactly one line that matches, exits 125, and has run nothing.
bad() {
	local description=$1 regex=$2
	shift 2
	status "$description: status 125" 125 "$@"
	prints "$description: says so" "^ward: $regex" "$@"
	equals "$description: in one line" 1 "$("$@" 2>&1 </dev/null | grep -c .)"
	check "$description: nothing was run" test ! -e output/ran
}

run() {
	"$WARD" run "$@" -- touch output/ran
}

check "the twin: without a mistake it runs" run
check "and does what it should" rm output/ran

bad "no command" "run: something is missing" "$WARD" run
bad "an unknown command" "rum is no command; did you mean ward run\?" "$WARD" rum
bad "an unknown option" "run: unknown option --raed; did you mean --read\?" "$WARD" run --raed x ls
bad "an option without its value" "run: option -p needs a value" "$WARD" run -p
bad "too much" "umount: b is too much" "$WARD" umount a b

bad "a missing codebase" "the codebase nowhere can't be opened: No such file or directory" run -C nowhere
bad "a codebase that is a file" "the codebase README.md can't be opened: Not a directory" run -C README.md
bad "the root as codebase" "the root directory can't be a codebase" run -C /
bad "a missing policy" ".*nowhere.yaml" run -p ./nowhere.yaml
bad "a misspelt preset" ".*did you mean.*read-only" run -p raed-only
bad "a bad pattern" "<command line>: .*" run --none 'a**b'
bad "a bad network" "--net bridge is no network" run --net bridge
bad "a bad time" "-t soon is no time" run -t soon
bad "a relative mount point" "--mount-point here is not absolute" run --mount-point here
bad "a bad variable" "-e =x names no variable" run -e =x

printf 'version: 1\nruels: []\n' >ward.yaml
bad "an unknown key" ".*/ward.yaml:2:1: .*rules" run
printf 'version: 1\nrules:\n  - {read: "a**b"}\n' >ward.yaml
bad "a bad pattern in the policy" ".*/ward.yaml:3:[0-9]+: .*" run
printf 'version: 1\nrules: [\n' >ward.yaml
bad "broken YAML" ".*/ward.yaml:[0-9]+:[0-9]+: .*" run
printf 'version: 1\nsandbox: {network: host}\n' >ward.yaml
bad "a project that wants the host's network" ".*/ward.yaml:2:[0-9]+: .*" run
printf 'version: 1\nsandbox: {runtime: docker}\n' >ward.yaml
bad "a runtime that is not there" "the policy asks for the runtime docker" run
rm ward.yaml
ln -s nowhere ward.yaml
bad "a policy that leads nowhere" ".*ward.yaml" run
rm ward.yaml

# What only root can take away, in a mount namespace of its own.
without_bwrap() {
	unshare -m sh -c 'mount --bind /dev/null "$(command -v bwrap)" && exec "$@"' sh "$@"
}
without_fuse() {
	unshare -m sh -c '
		mount -t tmpfs none /dev
		mknod -m 666 /dev/null c 1 3
		mknod -m 666 /dev/zero c 1 5
		mknod -m 666 /dev/urandom c 1 9
		exec "$@"' sh "$@"
}
if $AS_ROOT; then
	bad "a missing bwrap" "bubblewrap \(bwrap\) is not installed; apt install bubblewrap" without_bwrap "$WARD" run touch output/ran
	bad "a missing /dev/fuse" ".*/dev/fuse" without_fuse "$WARD" run touch output/ran
fi

cd "$SCRATCH" || exit 1
mkdir view
bad "a mount point inside the codebase" "the mount point .*/code/empty lies inside the codebase .*/code" \
	"$WARD" mount code code/empty
bad "the codebase as its mount point" "the mount point .*/code lies inside the codebase" \
	"$WARD" mount code code
bad "a codebase inside the mount point" "the codebase .*/code lies inside the mount point" \
	"$WARD" mount code .
bad "a missing mount point" "the mount point nowhere can't be used: No such file" \
	"$WARD" mount code nowhere
bad "a mount point that is a file" "the mount point .*/README.md is not a directory" \
	"$WARD" mount view code/README.md
bad "a policy that is none" ".*nothing.yaml" "$WARD" mount -p ./nothing.yaml code view
bad "unmounting what is not mounted" "view is no mount of Ward's" "$WARD" umount view
bad "unmounting another mount" "/proc is no mount of Ward's" "$WARD" umount /proc
bad "unmounting nothing" "the mount point nowhere/at/all can't be looked up" "$WARD" umount nowhere/at/all
check "nothing is mounted" sh -c "! grep -F '$SCRATCH' /proc/self/mountinfo"
