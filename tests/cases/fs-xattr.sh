#!/bin/bash
# Extended attributes: none without --xattr; with it user.* as the level allows, and never those that
# mean something to the kernel.
. "$WARD_CASES/harness.sh"

lower=$SCRATCH/lower
mnt=$SCRATCH/mnt
mkdir -p "$lower"
for level in none view read write; do
	printf 'data\n' >"$lower/$level"
	mkdir "$lower/$level.d"
	for name in "$lower/$level" "$lower/$level.d"; do
		"$FSOP" setxattr "$name" user.kept "value of $level" >/dev/null || skip 'no extended attributes here'
	done
done
ln -s write "$lower/write.link"
if $AS_ROOT; then
	for name in read write; do
		"$FSOP" setxattr "$lower/$name" trusted.kept secret >/dev/null
		"$FSOP" setxattr "$lower/$name" security.kept secret >/dev/null
	done
fi
rules=(--rule 'write:**' --rule 'none:none*/**' --rule 'view:view*/**' --rule 'read:read*/**')
attributes() { (cd "$lower" && python3 -c '
import os
for n in sorted(os.listdir(".")):
    print(n, [(a, os.getxattr(n, a, follow_symlinks=False)) for a in sorted(os.listxattr(n, follow_symlinks=False))])'); }

# judge DESC OPERATION… : one errno for none, view, read, write
judge() {
	local expected=$1 level i=0 answers
	shift
	read -ra answers <<<"$expected"
	for level in none view read write; do
		errno "$level: ${*//@/$level}" "${answers[i]}" "${@//@/$mnt/$level}"
		i=$((i + 1))
	done
}

attributes >"$SCRATCH/before"
mount_view "$lower" "$mnt" "${rules[@]}"
# For others than root the kernel answers some of it by itself.
if $AS_ROOT; then
	judge 'ENOENT EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP' getxattr @ user.kept
	judge 'ENOENT EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP' getxattr @ trusted.kept
else
	judge 'ENOENT EACCES EOPNOTSUPP EOPNOTSUPP' getxattr @ user.kept
	judge 'ENOENT ENODATA ENODATA ENODATA' getxattr @ trusted.kept
fi
judge 'ENOENT EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP' getxattr @ security.kept
errno 'nothing is set' EOPNOTSUPP setxattr "$mnt/write" user.new x
errno 'nor removed' EOPNOTSUPP removexattr "$mnt/write" user.kept
silent_on 'nor listed' 'kept' "$FSOP" listxattr "$mnt/write"
unmount_view "$mnt"
attributes >"$SCRATCH/after"
check 'without --xattr nothing changes' diff "$SCRATCH/before" "$SCRATCH/after"

mount_view "$lower" "$mnt" --xattr "${rules[@]}"
for suffix in '' .d; do
	judge 'ENOENT EACCES OK OK' getxattr "@$suffix" user.kept
	judge 'ENOENT EACCES OK OK' listxattr "@$suffix"
	judge 'ENOENT EACCES EACCES OK' setxattr "@$suffix" user.new value
	judge 'ENOENT EACCES EACCES OK' removexattr "@$suffix" user.kept
done
prints 'what is set is there' 'value' "$FSOP" getxattr "$mnt/write" user.new
prints 'on the host, too' 'value' "$FSOP" getxattr "$lower/write" user.new
prints 'a read name lists its own' 'user\.kept' "$FSOP" listxattr "$mnt/read"
silent_on 'but nothing that is not user.*' 'trusted|security' "$FSOP" listxattr "$mnt/read"
for name in security.capability security.selinux security.kept trusted.kept trusted.overlay.opaque \
	system.posix_acl_access; do
	for level in read write write.d; do
		refute "$level: $name is not set" "$FSOP" setxattr "$mnt/$level" "$name" x
		refute "$level: $name is not removed" "$FSOP" removexattr "$mnt/$level" "$name"
		refute "$level: $name is not read" "$FSOP" getxattr "$mnt/$level" "$name"
	done
done
refute 'a symlink has none' "$FSOP" setxattr "$mnt/write.link" user.a x
errno 'a name that is not there' ENODATA getxattr "$mnt/write" user.missing
unmount_view "$mnt"
attributes >"$SCRATCH/after"
grep -v '^write' "$SCRATCH/before" >"$SCRATCH/expected"
check 'what is not writable keeps its own' sh -c \
	"grep -v '^write' '$SCRATCH/after' | diff '$SCRATCH/expected' -"
if $AS_ROOT; then
	prints 'and what the kernel obeys stays everywhere' 'secret' "$FSOP" getxattr "$lower/write" trusted.kept
fi
