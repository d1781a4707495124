#!/bin/bash
# What is no longer as the kernel or the daemon knew it: names of directories that left the view,
# negative entries below a renamed directory, files that the host replaced or removed, files without
# a name, and limits that belong to the daemon rather than to the process inside.
. "$WARD_CASES/harness.sh"

lower=$SCRATCH/lower
mnt=$SCRATCH/mnt
mkdir -p "$lower"/{gone,moving,pass/in,umask/sub,many,kept}
for secret in gone/k.secret umask/k.secret umask/sub/k.secret kept/k.secret; do
	plant "$lower/$secret"
done
printf 'file\n' >"$lower/file"
printf 'first\n' >"$lower/replaced"
printf 'first\n' >"$lower/removed"
printf 'data\n' >"$lower/umask/sub/data"
printf 'many\n' >"$lower/many/file"
ulimit -Sn 64
mount_view "$lower" "$mnt" --rule 'write:**' --rule 'none:**/*.secret/**' --rule 'none:moving/x/**'

# The name of a directory that left the view: nothing but a directory can be made there, and every
# call says so alike.
errno 'a directory with nothing but hidden entries can be removed' OK rmdir "$mnt/gone"
errno 'creating a file in its place' EACCES creat "$mnt/gone"
errno 'opening one with O_CREAT' EACCES put "$mnt/gone" data
errno 'making a fifo' EACCES mknod "$mnt/gone" fifo
errno 'making a symlink' EACCES symlink file "$mnt/gone"
errno 'making a link' EACCES link "$mnt/file" "$mnt/gone"
errno 'renaming a file to it' EACCES rename "$mnt/file" "$mnt/gone"
errno 'where nothing was, a file can be created' OK creat "$mnt/new"
errno 'and it can be made again' OK mkdir "$mnt/gone"

if $AS_ROOT; then
	chmod 1777 "$lower"
	mkdir "$lower/theirs" "$SCRATCH/shared"
	plant "$lower/theirs/k.secret"
	mount_view "$lower" "$SCRATCH/shared" --allow-other --rule 'write:**' --rule 'none:**/*.secret/**'
	errno 'root removes a directory' OK rmdir "$SCRATCH/shared/theirs"
	check 'another user makes it again' setpriv --reuid 12345 --regid 12345 --clear-groups \
		mkdir "$SCRATCH/shared/theirs"
	equals 'and owns it' '12345 12345' "$(stat -c '%u %g' "$SCRATCH/shared/theirs")"
	unmount_view "$SCRATCH/shared"
fi

# A process in a directory that is removed from under it.
in_removed() (
	mkdir -p "$mnt/$1" && cd "$mnt/$1" && rmdir "$mnt/$1" || exit 1
	! touch x || echo 'something was made in it'
	! cat k.secret || echo 'something hidden is read'
	ls -A .
	mkdir "$mnt/$1" && : >"$mnt/$1/new" || exit 1
	ls -A .
	! test -e new || echo 'it is another one'
	cd "$mnt/kept" && echo 'left it'
)
equals 'in a removed directory nothing is' 'left it' "$(in_removed none 2>/dev/null)"
equals 'nor in one that left the view' 'left it' "$(in_removed gone 2>/dev/null)"

# The kernel's negative entries move with a directory; what they say of hidden names does not.
errno 'a hidden name is not there' ENOENT stat "$mnt/moving/x"
mv "$mnt/moving" "$mnt/moved"
printf 'visible\n' >"$lower/moved/x"
eventually 'but where it is visible it is' grep -q visible "$mnt/moved/x"

# Open files that the host replaces or removes.
exec 5<>"$mnt/replaced"
printf 'second\n' >"$SCRATCH/second"
mv "$SCRATCH/second" "$lower/replaced"
equals 'what the host put in place of an open file is what opening gives' second "$(cat "$mnt/replaced")"
equals 'and the open one still is what it was' first "$(cat <&5)"
equals 'also opened once more' first "$(cat /proc/self/fd/5)"
exec 5>&-
exec 5<>"$mnt/removed"
rm "$lower/removed"
errno 'what the host removed is gone, though open' ENOENT open "$mnt/removed" O_RDONLY
equals 'the open one is still there' first "$(cat <&5)"
equals 'and opens once more' first "$(cat /proc/self/fd/5)"
exec 5>&-

# What the kernel knows of a file is checked when it is opened: all that the host wrote is read.
stale=0
for i in {1..20}; do
	printf '%0*d\n' "$i" 0 >"$lower/file"
	stat "$mnt/file" >"$SCRATCH/stat"
	printf '%0*d\n' "$((i * 3))" 0 >"$lower/file"
	[ "$(cat "$mnt/file")" = "$(cat "$lower/file")" ] || stale=$((stale + 1))
done
equals 'what the host wrote since a file was looked at is read whole' 0 "$stale"

# A file that lost its name in the view.
cat >"$SCRATCH/unnamed.py" <<-'END'
	import os, sys
	path = sys.argv[1]
	fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
	os.write(fd, b"0123456789")
	os.unlink(path)
	assert os.fstat(fd).st_nlink == 0, os.fstat(fd)
	os.fchmod(fd, 0o600)
	os.ftruncate(fd, 4)
	os.utime(fd, (1, 2))
	st = os.fstat(fd)
	assert (st.st_size, st.st_mode & 0o777, st.st_mtime) == (4, 0o600, 2), st
	again = os.open(f"/proc/self/fd/{fd}", os.O_RDWR)
	os.pwrite(again, b"x", 0)
	assert os.pread(fd, 10, 0) == b"x123"
	os.posix_fallocate(fd, 0, 100)
	assert os.fstat(fd).st_size == 100
	print("as it should be")
END
prints 'a file without a name can be used' 'as it should be' python3 "$SCRATCH/unnamed.py" "$mnt/unnamed"
equals 'as on the host' 'as it should be' "$(python3 "$SCRATCH/unnamed.py" "$SCRATCH/unnamed")"

# The umask of one process is not that of another one's rename.
(
	umask 777
	for i in {1..64}; do : >"$mnt/many/$i"; done
) 2>/dev/null
errno 'a rename that takes a directory apart succeeds whatever umask others have' OK \
	rename "$mnt/umask" "$mnt/umask-too"
equals 'and moves what is visible' data "$(cat "$mnt/umask-too/sub/data")"

# The daemon's own limit of open files is not that of what it serves.
cat >"$SCRATCH/hold.py" <<-'END'
	import os, resource, sys
	hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
	resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
	held = [os.open(sys.argv[1], os.O_RDONLY) for _ in range(300)]
	print("held", len(held))
END
prints 'a process opens as many files as its own limit allows' 'held 300' \
	python3 "$SCRATCH/hold.py" "$mnt/many/file"
unmount_view "$mnt"
