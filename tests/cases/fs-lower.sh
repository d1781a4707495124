#!/bin/bash
# A codebase that makes trouble: full, moved, deleted, mounted over, with special files, odd names,
# a root that is hidden itself, other names of the policy file; and renames that fail half-way.
# timeout: 120
. "$WARD_CASES/harness.sh"

lower=$SCRATCH/lower
mnt=$SCRATCH/mnt

# --- Special files: shown, never opened -----------------------------------------------------------
mkdir -p "$lower/special"
mkfifo "$lower/special/fifo"
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$lower/special/socket"
! $AS_ROOT || mknod "$lower/special/device" c 1 3
background sh -c "echo woken >'$lower/special/fifo'; echo woken >'$SCRATCH/woken'"
mount_view "$lower" "$mnt" --xattr --rule 'write:**'
prints 'a fifo is shown as one' '^p' ls -l "$mnt/special/fifo"
prints 'a socket, too' '^s' ls -l "$mnt/special/socket"
errno 'the mode of a fifo can be changed' OK chmod "$mnt/special/fifo" 600
equals '… on the host' 600 "$(stat -c %a "$lower/special/fifo")"
errno 'and its times' OK utimens "$mnt/special/fifo" 1000
errno 'it cannot be truncated' EINVAL truncate "$mnt/special/fifo" 0
errno 'it has no extended attributes' OK listxattr "$mnt/special/fifo"
errno 'it can be opened: it is the view'"'"'s own' OK open "$mnt/special/fifo" 'O_RDONLY|O_NONBLOCK'
refute 'none of this has opened the one on the host' test -e "$SCRATCH/woken"
errno 'a socket cannot be opened' ENXIO open "$mnt/special/socket" O_RDWR
if $AS_ROOT; then
	errno 'a device cannot be opened' EACCES open "$mnt/special/device" O_RDWR
	prints 'nor is it told which one it is' 'rdev=0 ' "$FSOP" stat "$mnt/special/device"
	errno 'its mode can be changed' OK chmod "$mnt/special/device" 600
fi
errno 'a fifo can be renamed' OK rename "$mnt/special/fifo" "$mnt/special/pipe"
errno 'and removed' OK unlink "$mnt/special/pipe"
unmount_view "$mnt"
kill "$BACKGROUND" 2>/dev/null

# --- Names ----------------------------------------------------------------------------------------
# How often a listing has a name.
listed() {
	local found count=0
	while IFS= read -r -d '' found; do
		[ "$found" != "$2" ] || count=$((count + 1))
	done < <(find "$1" -mindepth 1 -printf '%P\0')
	echo "$count"
}
long=$(printf '%0255d' 0)
newline=$'two\nlines'
bytes=$'\xff\xfe\x01'
mkdir -p "$lower/names"
mount_view "$lower" "$mnt" --rule 'write:**' --rule $'none:names/hid*en\nname'
for name in "$long" "$newline" "$bytes" '*' "[a" "\\" "{a,b}" '-rf'; do
	errno "a file can be created: ${name@Q}" OK put "$mnt/names/$name" "$name"
	equals '… and is so on the host' "$name" "$(cat "$lower/names/$name")"
	equals '… and in listings' 1 "$(listed "$mnt/names" "$name")"
done
errno 'a name of 256 bytes' ENAMETOOLONG creat "$mnt/names/${long}0"
errno 'a hidden name with a newline' EACCES creat "$mnt/names/"$'hidden\nname'
unmount_view "$mnt"

# --- A root that is hidden itself, with passages --------------------------------------------------
mkdir -p "$lower/deep/er/open" "$lower/other"
plant "$lower/other/secret"
plant "$lower/deep/secret"
printf 'shown\n' >"$lower/deep/er/open/file"
before=$(host_hash "$lower")
printf 'version: 1\nrules:\n  - {pattern: "deep/er/open/**", permission: write}\n' >"$SCRATCH/open.yaml"
mount_view "$lower" "$mnt" -p "$SCRATCH/open.yaml"
equals 'only the way to what is open shows' 'deep' "$(ls -A "$mnt")"
equals '… at each step' 'er' "$(ls -A "$mnt/deep")"
errno 'the root can be listed and passed' OK access "$mnt" rx
$AS_ROOT || errno 'not written to' EACCES access "$mnt" w
errno 'its mode is not to be changed' EACCES chmod "$mnt" 700
errno 'nor its times' EACCES utimens "$mnt" 1
errno 'nothing can be made in it' EACCES mkdir "$mnt/new"
errno 'nor where something hidden is' EACCES mkdir "$mnt/other"
errno 'a passage cannot be removed' EACCES rmdir "$mnt/deep"
errno 'nor renamed' EACCES rename "$mnt/deep" "$mnt/deeper"
errno 'nor have its mode changed' EACCES chmod "$mnt/deep" 777
equals 'nothing changed on the host' "$before" "$(host_hash "$lower")"
errno 'what is open can be written' OK put "$mnt/deep/er/open/file" data
no_canary 'no secret shows' grep -r . "$mnt"
unmount_view "$mnt"

# --- The policy file under another name -----------------------------------------------------------
mkdir -p "$lower/project/sub"
printf 'version: 1\nrules:\n  - {pattern: "**", permission: write}\n' >"$lower/project/ward.yaml"
ln "$lower/project/ward.yaml" "$lower/project/sub/alias"
printf 'plain\n' >"$lower/project/plain"
ln "$lower/project/plain" "$lower/project/sub/plain"
mount_view "$lower/project" "$mnt"
for name in ward.yaml sub/alias; do
	errno "$name: opening it to write" EACCES open "$mnt/$name" O_RDWR
	errno "$name: truncating it" EACCES truncate "$mnt/$name" 0
	errno "$name: its mode" EACCES chmod "$mnt/$name" 666
	errno "$name: another name for it" EACCES link "$mnt/$name" "$mnt/another"
	errno "$name: reading it" OK open "$mnt/$name" O_RDONLY
done
errno 'it cannot be replaced' EACCES rename "$mnt/plain" "$mnt/ward.yaml"
errno 'nor removed' EACCES unlink "$mnt/ward.yaml"
errno 'nor exchanged' EACCES rename-exchange "$mnt/plain" "$mnt/ward.yaml"
errno 'nor by its directory: it has none but the root' OK rename "$mnt/sub" "$mnt/sub2"
errno 'the alias is still no way to write' EACCES open "$mnt/sub2/alias" O_RDWR
errno 'another file with two names can be written' OK put "$mnt/sub2/plain" changed
equals '… under both' changed "$(cat "$mnt/plain")"
unmount_view "$mnt"

# --- Renames that fail half-way -------------------------------------------------------------------
mkdir -p "$lower/half/from/a/b" "$lower/half/from/stuck" "$lower/half/to"
plant "$lower/half/from/a/b/k.secret"
printf '1\n' >"$lower/half/from/1"
printf '2\n' >"$lower/half/from/a/2"
printf '3\n' >"$lower/half/from/a/b/3"
mount_view "$lower/half" "$mnt" --rule 'write:**' --rule 'none:**/*.secret/**'
if $AS_ROOT && chattr +i "$lower/half/from/a/b/3" 2>/dev/null; then
	before=$(find "$lower/half" -printf '%p %y %m %i\n' | LC_ALL=C sort)
	errno 'a rename meets a file that cannot move' EPERM rename "$mnt/from" "$mnt/to"
	errno 'also to a new name' EPERM rename "$mnt/from" "$mnt/new"
	chattr -i "$lower/half/from/a/b/3"
	equals 'everything is where it was' '1 a stuck' "$(cd "$mnt/from" && echo *)"
	equals '… on the host, and nothing at the new names' "$before" \
		"$(find "$lower/half" -printf '%p %y %m %i\n' | LC_ALL=C sort)"
fi
errno 'without such a file it moves' OK rename "$mnt/from" "$mnt/new"
equals '… whole' 3 "$(cat "$mnt/new/a/b/3")"
equals 'what is hidden stays' 'from/a/b/k.secret' "$(cd "$lower/half" && find . -name '*.secret' -printf '%P\n')"
unmount_view "$mnt"

# --- A full disk ----------------------------------------------------------------------------------
if $AS_ROOT; then
	mkdir -p "$lower/full"
	mount -t tmpfs -o size=256k,nr_inodes=24 none "$lower/full"
	at_exit umount -l "$lower/full"
	mkdir -p "$lower/full/from/a/b"
	plant "$lower/full/from/a/b/k.secret"
	printf 'x\n' >"$lower/full/from/a/b/x"
	mount_view "$lower/full" "$mnt" --rule 'write:**' --rule 'none:**/*.secret/**'
	refute 'a full disk is told of' sh -c "head -c 1M /dev/zero >'$mnt/big'"
	equals 'what was written is there' "$(stat -c %s "$lower/full/big")" "$(stat -c %s "$mnt/big")"
	errno 'room can be made' OK unlink "$mnt/big"
	errno 'and used' OK put "$mnt/small" data
	for i in {1..30}; do : 2>/dev/null >"$mnt/$i"; done
	errno 'no inode is left' ENOSPC mkdir "$mnt/dir"
	before=$(host_hash "$lower/full")
	errno 'a rename that needs new directories fails' ENOSPC rename "$mnt/from" "$mnt/to"
	check 'and leaves everything' test -f "$mnt/from/a/b/x"
	refute '… and nothing' test -e "$lower/full/to"
	rm "$mnt"/[0-9]*
	errno 'with room it succeeds' OK rename "$mnt/from" "$mnt/to"
	unmount_view "$mnt"
fi

# --- Mounted over, moved, deleted -----------------------------------------------------------------
mkdir -p "$lower/code/data" "$lower/away"
printf 'mine\n' >"$lower/code/file"
printf 'under\n' >"$lower/code/data/under"
mount_view "$lower/code" "$mnt" --rule 'write:**' --rule 'none:data/*.secret'
if $AS_ROOT; then
	equals 'a directory is there' under "$(ls "$mnt/data")"
	mount -t tmpfs none "$lower/code/data"
	at_exit sh -c "umount -l '$lower/away/code/data' 2>/dev/null || umount -l '$lower/code/data'"
	plant "$lower/code/data/k.secret"
	printf 'over\n' >"$lower/code/data/over"
	eventually 'what the host mounts over it shows' test -e "$mnt/data/over"
	refute 'by the same rules' test -e "$mnt/data/k.secret"
	refute 'nothing moves from one mount to the other by itself' "$FSOP" rename "$mnt/file" "$mnt/data/file"
	check '… but mv moves it' mv "$mnt/file" "$mnt/data/file"
	check '… and back' mv "$mnt/data/file" "$mnt/file"
	# Over an empty directory, as mount points mostly are, and over a file.
	mkdir "$lower/code/empty" "$lower/code/dir"
	: >"$lower/code/single"
	mount --bind "$lower/other" "$lower/code/empty"
	at_exit sh -c "umount -l '$lower/away/code/empty' 2>/dev/null || umount -l '$lower/code/empty'"
	mount --bind "$lower/names/-rf" "$lower/code/single"
	at_exit sh -c "umount -l '$lower/away/code/single' 2>/dev/null || umount -l '$lower/code/single'"
	eventually 'more mounts show' test -e "$mnt/empty/secret" -a -s "$mnt/single"
	errno 'a mount point cannot be removed' EBUSY rmdir "$mnt/empty"
	errno 'nor renamed' EBUSY rename "$mnt/empty" "$mnt/data2"
	errno 'nor replaced' EBUSY rename "$mnt/dir" "$mnt/empty"
	errno 'nor exchanged' EBUSY rename-exchange "$mnt/dir" "$mnt/empty"
	errno 'nor one that is a file' EBUSY unlink "$mnt/single"
	errno 'which cannot be replaced either' EBUSY rename "$mnt/file" "$mnt/single"
	check "the host's mounts are still there" mountpoint -q "$lower/code/empty"
	check '… with what is in them' test -e "$lower/code/empty/secret" -a -s "$lower/code/single"
fi
mv "$lower/code" "$lower/away/code"
mkdir "$lower/code"
plant "$lower/code/file"
equals 'a codebase that is moved is the same one' mine "$(cat "$mnt/file")"
errno '… and can be written' OK put "$mnt/new" data
check '… there' test -f "$lower/away/code/new"
unmount_view "$mnt"
mkdir -p "$lower/short/dir"
printf 'data\n' >"$lower/short/file"
mount_view "$lower/short" "$mnt" --rule 'write:**'
check 'a codebase is there' test -e "$mnt/file"
rm -r "$lower/short"
eventually 'deleted, it shows nothing' test -z "$(ls -A "$mnt" 2>/dev/null)"
refute 'nothing can be made in it' touch "$mnt/new"
unmount_view "$mnt"
