#!/bin/bash
# Many threads rename, make, remove, open and list in a view while the host renames and swaps
# symlinks underneath: nothing hidden shows, moves or changes, and the daemon lives on.
# timeout: 120
. "$WARD_CASES/harness.sh"

lower=$SCRATCH/lower
mnt=$SCRATCH/mnt
storm=$WARD_BUILD/tests/cases/fsstorm
mkdir -p "$lower"/{host/a,a/b/c,b/a,c/d/a,d,fixed/a}
for secret in k.secret secrets/token a/k.secret a/b/k.secret a/b/c/k.secret b/k.secret b/secrets/key \
	c/d/a/k.secret fixed/k.secret; do
	plant "$lower/$secret"
done
printf 'fixed\n' >"$lower/fixed/a/b"
printf 'list\n' >"$lower/x.list"

hidden() {
	find "$lower" \( -path '*secret*' \) -printf '%P %y %m %U %G %i %T@ %C@\n' | LC_ALL=C sort
	find "$lower" -path '*secret*' -type f -exec sha256sum {} + | LC_ALL=C sort
}

# What is no directory, as PATH and type: directories may have left the view.
files() {
	(cd "$1" && find . -not -path '*secret*' -not -type d -printf '%P %y\n' | LC_ALL=C sort)
}

hidden >"$SCRATCH/before"
# The host works below host, which therefore stays where it is.
mount_view "$lower" "$mnt" --rule 'write:**' --rule 'none:**/*.secret/**' --rule 'none:**/secrets/**' \
	--rule 'read:host' --rule 'read:**/fixed/**' --rule 'view:**/*.list/**'
for seed in 1 2 3; do
	prints "a storm, seed $seed" '^OK view=[0-9]{3,} host=[0-9]{3,}$' \
		timeout 60 "$storm" "$mnt" "$lower" 4 "$seed"
done
check 'the view lives on' ls "$mnt/fixed"
hidden >"$SCRATCH/after"
check 'what is hidden is where it was, as it was' diff "$SCRATCH/before" "$SCRATCH/after"
sleep 1.2
equals 'the view shows the files that the host has' "$(files "$lower")" "$(files "$mnt")"
no_canary 'and no secret in them' find "$mnt" -type f -exec cat {} +
unmount_view "$mnt"
