#!/bin/bash
# A view that may write everything is an ordinary directory: the same long random sequence of
# operations has the same outcome in both. WARD_PARITY_SEED repeats a run, WARD_PARITY_OPERATIONS
# makes it longer.
# timeout: 120
. "$WARD_CASES/harness.sh"

operations=${WARD_PARITY_OPERATIONS:-20000}
parity=$WARD_BUILD/tests/cases/parity

# compare NAME [XATTR] OPERATIONS OPTION…
compare() {
	local name=$1 xattr=$2 count=$3 seed
	shift 3
	seed=${WARD_PARITY_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
	mkdir -p "$SCRATCH/$name".{plain,lower}
	mount_view "$SCRATCH/$name.lower" "$SCRATCH/$name.view" --rule 'write:**' "$@"
	check "$name: $count operations, seed $seed" "$parity" "$SCRATCH/$name.plain" "$SCRATCH/$name.view" \
		"$SCRATCH/$name.lower" "$seed" "$count" ${xattr:+"$xattr"}
	unmount_view "$SCRATCH/$name.view"
}

compare all '' "$operations"
compare xattr xattr $((operations / 4)) --xattr
