#!/bin/bash
# Names and listings: bytes of any kind, the longest names, paths beyond PATH_MAX, dense offsets
# that tell of nothing hidden, listings that stay stable while entries come and go.
. "$WARD_CASES/harness.sh"

lower=$SCRATCH/lower
mnt=$SCRATCH/mnt
long=$(printf 'n%.0s' {1..255})
mkdir -p "$lower/odd" "$lower/list" "$lower/deep"
for i in {1..50}; do
	: >"$lower/list/v$i"
	plant "$lower/list/h$i"
done
plant "$lower/odd/.ENV"
plant "$lower/odd/.env"
plant "$lower/odd/caf"$'\xc3\xa9'
printf 'decomposed\n' >"$lower/odd/cafe"$'\xcc\x81'
mount_view "$lower" "$mnt" --rule 'write:**' --rule 'none:/list/h*' --rule 'none:**/.env' \
	--rule $'none:**/caf\xc3\xa9' --rule 'none:**/[[]x]'

for name in 'a b' $'new\nline' '*' '?' '[a]' $'\xff\xfe' $'\x01' '-rf' '~' "$long" '...' ' ' \\; do
	errno "make $(printf %q "${name:0:20}")" OK creat "$mnt/odd/$name"
	check '  it is there, byte for byte' test -e "$lower/odd/$name"
	errno '  write it' OK append "$mnt/odd/$name" data
	errno '  rename it' OK rename "$mnt/odd/$name" "$mnt/odd/other"
	errno '  and back' OK rename "$mnt/odd/other" "$mnt/odd/$name"
	errno '  remove it' OK unlink "$mnt/odd/$name"
done
errno 'a name that is too long' ENAMETOOLONG creat "$mnt/odd/${long}n"
errno 'a hidden name' ENOENT read "$mnt/odd/.env"
errno 'another spelling is another name' OK read "$mnt/odd/.ENV"
errno 'a composed name is hidden' ENOENT read "$mnt/odd/caf"$'\xc3\xa9'
errno 'its decomposed twin is not' OK read "$mnt/odd/cafe"$'\xcc\x81'
errno 'a quoted bracket' EACCES creat "$mnt/odd/[x]"

# Offsets 1, 2, 3 … whatever is left out.
"$FSOP" list "$mnt/list" >"$SCRATCH/listing"
equals 'offsets are dense' "$(seq 1 52 | tr '\n' ' ')" \
	"$(sed 1d "$SCRATCH/listing" | cut -d' ' -f1 | tr '\n' ' ')"
equals 'only what is visible is listed' 52 "$(($(wc -l <"$SCRATCH/listing") - 1))"
check 'a listing is sorted' sh -c "sed '1,3d' '$SCRATCH/listing' | cut -d' ' -f4 | LC_ALL=C sort -c"
equals 'd_ino is st_ino' "$(stat -c %i "$mnt/list/v7")" \
	"$(grep ' v7$' "$SCRATCH/listing" | cut -d' ' -f2)"
equals 'the inode number is the lower one' "$(stat -c %i "$lower/list/v7")" "$(stat -c %i "$mnt/list/v7")"
prints 'an offset in the middle' '^OK v' "$FSOP" seekdir "$mnt/list" 20
prints 'an offset past the end' '^OK $' "$FSOP" seekdir "$mnt/list" 5000
prints 'an absurd offset' '^OK $|^E' "$FSOP" seekdir "$mnt/list" 9223372036854775807
no_canary 'no listing shows a secret' ls -la "$mnt/list"

# Removing while listing misses nothing.
for i in {1..3000}; do
	: >"$lower/deep/f$i"
done
check 'a large directory is removed as it is listed' rm -rf "$mnt/deep"
refute 'and gone' test -e "$lower/deep"

# A path of more than PATH_MAX bytes, in steps.
(
	cd "$mnt" || exit
	for i in {1..40}; do
		mkdir "$long" && cd "$long" || exit
	done
	echo bottom >file && cat file && mv file moved && ls -la && cat moved
) >"$SCRATCH/deep" 2>&1
equals 'a file at the end of a path of 10,000 bytes' 2 "$(grep -c '^bottom$' "$SCRATCH/deep")"
(cd "$mnt" && rm -rf "$long")
refute 'and removed' test -e "$lower/$long"
unmount_view "$mnt"
