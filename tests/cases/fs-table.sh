#!/bin/bash
# The table of wardfs(8): each operation at each level, in one directory, judged to the errno; what
# is not writable is byte for byte as before.
# timeout: 120
. "$WARD_CASES/harness.sh"

levels=(none view read write)
lower=$SCRATCH/lower
mnt=$SCRATCH/mnt
uid=$(id -u)
gid=$(id -g)

# Operation, then what is expected at none, view, read and write. @F is a file, @D an empty
# directory, @L a symbolic link, @N a new name, each of that level and used by this row alone; @W
# and @X are a writable file and a new writable name.
rows="
stat @F|ENOENT OK OK OK
lstat @L|ENOENT OK OK OK
readlink @L|ENOENT OK OK OK
list @D|ENOENT OK OK OK
chdir @D|ENOENT OK OK OK
read @F|ENOENT EACCES OK OK
open @F O_RDONLY|ENOENT EACCES OK OK
open @F O_PATH|ENOENT OK OK OK
reopen @F O_PATH O_RDONLY|ENOENT EACCES OK OK
reopen @F O_PATH O_RDWR|ENOENT EACCES EACCES OK
mmap @F O_RDONLY shared r|ENOENT EACCES OK OK
mmap @F O_RDONLY private x|ENOENT EACCES OK OK
mmap @F O_RDWR shared w|ENOENT EACCES EACCES OK
exec @F|ENOENT EACCES RAN RAN
open @F O_WRONLY|ENOENT EACCES EACCES OK
open @F O_RDWR|ENOENT EACCES EACCES OK
open @F O_ACCMODE|ENOENT EACCES EACCES OK
open @F O_RDONLY|O_TRUNC|ENOENT EACCES EACCES OK
open @F O_WRONLY|O_TRUNC|ENOENT EACCES EACCES OK
open @F O_ACCMODE|O_TRUNC|ENOENT EACCES EACCES OK
open @F O_WRONLY|O_APPEND|ENOENT EACCES EACCES OK
append @F data|ENOENT EACCES EACCES OK
truncate @F 1|ENOENT EACCES EACCES OK
fallocate @F O_WRONLY 8192|ENOENT EACCES EACCES OK
chmod @F 600|ENOENT EACCES EACCES OK
chmod @D 700|ENOENT EACCES EACCES OK
chown @F $uid $gid|ENOENT EACCES EACCES OK
utimens @F 1000|ENOENT EACCES EACCES OK
utimens @D 1000|ENOENT EACCES EACCES OK
copy-range @F @W|ENOENT EACCES OK OK
copy-range @W @F|ENOENT EACCES EACCES OK
clone @W @F|ENOENT EACCES EACCES EOPNOTSUPP
setflags @F|ENOENT EACCES ENOTTY ENOTTY
open @F O_WRONLY|O_CREAT|EACCES EACCES EACCES OK
open @F O_WRONLY|O_CREAT|O_EXCL|EACCES EEXIST EEXIST EEXIST
open @N O_WRONLY|O_CREAT|EACCES EACCES EACCES OK
open @N O_WRONLY|O_CREAT|O_EXCL|EACCES EACCES EACCES OK
open @N O_ACCMODE|O_CREAT|EACCES EACCES EACCES OK
creat @N|EACCES EACCES EACCES OK
mkdir @N|EACCES EACCES EACCES OK
mkdir @D|EACCES EEXIST EEXIST EEXIST
mkdir @F|EACCES EEXIST EEXIST EEXIST
mknod @N file|EACCES EACCES EACCES OK
mknod @N fifo|EACCES EACCES EACCES OK
mknod @N socket|EACCES EACCES EACCES OK
mknod @F fifo|EACCES EEXIST EEXIST EEXIST
symlink target @N|EACCES EACCES EACCES OK
symlink target @F|EACCES EEXIST EEXIST EEXIST
unlink @F|ENOENT EACCES EACCES OK
unlink @L|ENOENT EACCES EACCES OK
unlink @N|ENOENT ENOENT ENOENT ENOENT
rmdir @D|ENOENT EACCES EACCES OK
rename @F @X|ENOENT EACCES EACCES OK
rename @D @X|ENOENT EACCES EACCES OK
rename @L @X|ENOENT EACCES EACCES OK
rename @W @F|EACCES EACCES EACCES OK
rename @W @N|EACCES EACCES EACCES OK
rename-noreplace @W @N|EACCES EACCES EACCES OK
rename-noreplace @W @F|EACCES EEXIST EEXIST EEXIST
rename-noreplace @F @X|ENOENT EACCES EACCES OK
rename-exchange @W @F|ENOENT EACCES EACCES OK
rename-exchange @F @W|ENOENT EACCES EACCES OK
link @F @X|ENOENT EACCES EACCES OK
link @W @N|EACCES EACCES EACCES OK
link @W @F|EACCES EEXIST EEXIST EEXIST
statfs @F|ENOENT OK OK OK
"

# Every level's names of every row are there before the view is mounted.
prepare() {
	local row level
	mkdir -p "$lower/w"
	for ((row = 0; row < count; row++)); do
		printf '#!/bin/sh\necho RAN\n' >"$lower/w/writable.w$row"
		for level in "${levels[@]}"; do
			printf '#!/bin/sh\necho RAN\n# %s\n' "$(canary)" >"$lower/w/$level.f$row"
			chmod 755 "$lower/w/$level.f$row"
			mkdir "$lower/w/$level.d$row"
			ln -s target "$lower/w/$level.l$row"
		done
	done
}

# What no row may change: the lower files of the levels below write.
fixed() {
	snapshot "$lower" "$SCRATCH/all"
	grep -E '(^|/)(none|view|read)\.' "$SCRATCH/all"
}

judge() {
	local row=$1 line=$2 operation expected level i
	# The flags have bars of their own: the last one ends the operation.
	operation=${line%|*}
	read -ra expected <<<"${line##*|}"
	for i in 0 1 2 3; do
		level=${levels[i]}
		read -ra words <<<"$operation"
		words=("${words[@]//@F/$mnt/w/$level.f$row}")
		words=("${words[@]//@D/$mnt/w/$level.d$row}")
		words=("${words[@]//@L/$mnt/w/$level.l$row}")
		words=("${words[@]//@N/$mnt/w/$level.n$row}")
		words=("${words[@]//@W/$mnt/w/writable.w$row}")
		words=("${words[@]//@X/$mnt/w/new.$level.$row}")
		errno "$level: $operation" "${expected[i]}" "${words[@]}"
	done
}

mapfile -t lines < <(printf '%s\n' "$rows" | grep .)
count=${#lines[@]}
prepare
fixed >"$SCRATCH/before"
mount_view "$lower" "$mnt" --rule 'write:**' --rule 'none:/w/none.*/**' --rule 'view:/w/view.*/**' \
	--rule 'read:/w/read.*/**'
for ((row = 0; row < count; row++)); do
	judge "$row" "${lines[row]}"
done

prints 'the view shows what is not hidden' 'read\.f0' ls "$mnt/w"
silent_on 'a listing has nothing hidden' 'none\.' ls -a "$mnt/w"
prints 'a view file has no permission bits' 'mode=100000 ' "$FSOP" stat "$mnt/w/view.f0"
prints 'a read file has no w' 'mode=100555 ' "$FSOP" stat "$mnt/w/read.f0"
prints 'a write file has its mode' 'mode=100755 ' "$FSOP" stat "$mnt/w/write.f0"
prints 'a read directory has no w' 'mode=040555 ' "$FSOP" stat "$mnt/w/read.d0"
if $AS_ROOT; then
	errno 'no device at a writable name' EPERM mknod "$mnt/w/write.dev" char
	errno 'no device at a hidden name, whichever it is' EACCES mknod "$mnt/w/none.dev" char
else
	errno 'no device' EPERM mknod "$mnt/w/write.dev" char
	for level in "${levels[@]}"; do
		for mode in r w x; do
			case $level$mode in
			none?) answer=ENOENT ;;
			writer | writew | writex | readr | readx) answer=OK ;;
			*) answer=EACCES ;;
			esac
			errno "access $mode agrees: $level" "$answer" access "$mnt/w/$level.f1" "$mode"
		done
	done
fi
refute 'no whiteout' "$FSOP" rename-whiteout "$mnt/w/write.f0" "$mnt/w/new.whiteout"
errno 'no unnamed files' EOPNOTSUPP tmpfile "$mnt/w"
fixed >"$SCRATCH/after"
check 'what is not writable is unchanged' diff "$SCRATCH/before" "$SCRATCH/after"
no_canary 'no listing shows a secret' find "$mnt" -name 'none*'
unmount_view "$mnt"
