#!/bin/bash
# Links: hard links of one level are one file, across levels each name keeps its own; symlinks are
# never followed by the daemon, nor swapped in under it; policy files are protected by inode, too.
. "$WARD_CASES/harness.sh"

lower=$SCRATCH/lower
mnt=$SCRATCH/mnt
field() { "$FSOP" stat "$1" | grep -o "$2=[0-9]*"; }

mkdir -p "$lower"/{w,r,v,h}
for level in w r v h; do
	plant "$lower/$level/own"
done
printf 'shared\n' >"$lower/w/a"
ln "$lower/w/a" "$lower/w/b"
ln "$lower/w/a" "$lower/r/a"
ln "$lower/w/a" "$lower/v/a"
ln "$lower/w/a" "$lower/h/a"
printf 'alone\n' >"$lower/w/alone"
ln "$lower/w/alone" "$lower/h/alone"
ln -s ../h/own "$lower/w/to-hidden"
ln -s h "$lower/to-directory"
cat >"$lower/ward.yaml" <<-POLICY
	version: 1
	rules:
	  - {pattern: "**", permission: write}
	  - {pattern: "/r/**", permission: read}
	  - {pattern: "/v/**", permission: view}
	  - {pattern: "/h/**", permission: none}
POLICY
ln "$lower/ward.yaml" "$lower/w/policy-too"
cp -p "$lower/h/own" "$SCRATCH/own"
mount_view "$lower" "$mnt"

errno 'a writable name of a shared file is written' OK put "$mnt/w/a" changed
prints 'its twin of the same level sees that' changed cat "$mnt/w/b"
sleep 0.2
prints 'so does the name that is only read' changed cat "$mnt/r/a"
errno 'which cannot be written' EACCES open "$mnt/r/a" O_WRONLY
errno 'nor truncated' EACCES truncate "$mnt/r/a" 0
errno 'the listed name cannot be read' EACCES read "$mnt/v/a"
errno 'the hidden name is not there' ENOENT stat "$mnt/h/a"
equals 'names of one level are one inode with two links' "$(field "$mnt/w/a" ino) $(field "$mnt/w/a" nlink)" \
	"$(field "$mnt/w/b" ino) nlink=2"
equals 'a hidden link is not counted' nlink=1 "$(field "$mnt/w/alone" nlink)"
errno 'a read name is not linked to a writable one' EACCES link "$mnt/r/own" "$mnt/w/raised"
errno 'a view name neither' EACCES link "$mnt/v/own" "$mnt/w/raised"
errno 'a hidden name neither' ENOENT link "$mnt/h/own" "$mnt/w/raised"
errno 'a writable one is not linked among the read ones' EACCES link "$mnt/w/own" "$mnt/r/lowered"
errno 'a writable one is linked to a writable one' OK link "$mnt/w/alone" "$mnt/w/twin"
equals 'and counts two' nlink=2 "$(field "$mnt/w/twin" nlink)"
errno 'one is removed' OK unlink "$mnt/w/alone"
equals 'and the other counts one' nlink=1 "$(field "$mnt/w/twin" nlink)"

errno 'a symlink to a hidden file leads nowhere' ENOENT read "$mnt/w/to-hidden"
errno 'a symlink to a hidden directory leads nowhere' ENOENT list "$mnt/to-directory"
prints 'a symlink is renamed itself' OK "$FSOP" rename "$mnt/w/to-hidden" "$mnt/w/moved"
equals 'and its target stays' ../h/own "$(readlink "$lower/w/moved")"
errno 'a symlink is not made a hard link of its target' OK link "$mnt/w/moved" "$mnt/w/moved-too"
equals 'but of itself' ../h/own "$(readlink "$lower/w/moved-too")"
errno 'O_NOFOLLOW' ELOOP open "$mnt/w/moved" 'O_RDONLY|O_NOFOLLOW'
errno 'attributes through a symlink to nowhere' ENOENT chmod "$mnt/w/moved" 777

# The host swaps a directory for a symlink to where a secret is, while the view remembers it.
mkdir "$lower/w/swap"
printf 'harmless\n' >"$lower/w/swap/own"
prints 'before the swap' harmless cat "$mnt/w/swap/own"
exec 9<"$mnt/w/swap"
mv "$lower/w/swap" "$lower/w/swapped"
ln -s ../h "$lower/w/swap"
refute 'a file below a swapped directory is not read' cat /proc/self/fd/9/own
errno 'nor by its path' ENOENT read "$mnt/w/swap/own"
refute 'nor is one made there' touch /proc/self/fd/9/new
exec 9<&-
# The same for a file, between two openings.
printf 'harmless\n' >"$lower/w/file"
exec 9<"$mnt/w/file"
ln -sf ../h/own "$lower/w/file"
no_canary 'a swapped file is not reopened as another' cat /proc/self/fd/9
exec 9<&-
errno 'an open name that another was renamed over is still itself' OK \
	reopen-swapped "$mnt/w/b" "$mnt/w/own" O_RDONLY

errno 'the policy is not written' EACCES open "$mnt/ward.yaml" O_WRONLY
errno 'nor removed' EACCES unlink "$mnt/ward.yaml"
errno 'nor replaced' EACCES rename "$mnt/w/a" "$mnt/ward.yaml"
errno 'nor written under another name' EACCES open "$mnt/w/policy-too" O_RDWR
errno 'nor truncated' EACCES truncate "$mnt/w/policy-too" 0
errno 'nor its mode changed' EACCES chmod "$mnt/w/policy-too" 777
errno 'nor linked' EACCES link "$mnt/w/policy-too" "$mnt/w/policy-three"
errno 'but read' OK read "$mnt/w/policy-too"

check 'what is hidden is as it was' cmp "$SCRATCH/own" "$lower/h/own"
equals 'and where it was' 'a alone own' "$(cd "$lower/h" && echo *)"
no_canary 'no link leads to a secret' sh -c "cat '$mnt'/w/moved* '$mnt'/v/* '$mnt'/to-directory/* 2>&1"
unmount_view "$mnt"
