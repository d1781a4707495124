#!/bin/bash
# Files of other users in an ordinary user's view: they can be used as far as the codebase itself
# lets that user, by owner, by a second group or by nothing; access(2), the mode and the operation
# agree on that for every one of them.
. "$WARD_CASES/harness.sh"

lower=$SCRATCH/lower
mnt=$SCRATCH/mnt
serve=$WARD_BUILD/tests/cases/serve
mkdir -p "$lower" "$mnt"

cat >"$SCRATCH/agree.py" <<-'END'
	# For each name below LOWER and MNT: what may be done in both is the same, and access(2) agrees.
	import os, stat, sys
	lower, mnt = sys.argv[1:]
	seen = wrong = 0
	def allowed(call):
	    try:
	        call()
	        return True
	    except OSError as e:
	        if e.errno not in (1, 13):
	            print("unexpected", e)
	        return False
	def opened(path, flags):
	    os.close(os.open(path, flags | os.O_NONBLOCK))
	def listed(path):
	    for name in os.listdir(path):
	        os.lstat(f"{path}/{name}")
	        break
	def made(path):
	    os.close(os.open(f"{path}/.made", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
	    os.unlink(f"{path}/.made")
	def can(path, is_directory):
	    may = {m: os.access(path, m, effective_ids=True) for m in (os.R_OK, os.W_OK, os.X_OK)}
	    if is_directory:
	        does = {os.R_OK: allowed(lambda: os.listdir(path)), os.W_OK: None,
	                os.X_OK: allowed(lambda: os.stat(f"{path}/."))}
	        if may[os.X_OK] and may[os.W_OK] and "--write" in os.environ.get("AGREE", ""):
	            does[os.W_OK] = allowed(lambda: made(path))
	    else:
	        does = {os.R_OK: allowed(lambda: opened(path, os.O_RDONLY)),
	                os.W_OK: allowed(lambda: opened(path, os.O_WRONLY)), os.X_OK: None}
	    return may, does
	def judge(a, b):
	    global seen, wrong
	    try:
	        st = os.lstat(a)
	    except PermissionError:
	        if allowed(lambda: os.lstat(b)):
	            wrong += 1
	            print("shown", b)
	        return
	    if not (stat.S_ISREG(st.st_mode) or stat.S_ISDIR(st.st_mode)):
	        return
	    x, y = can(a, stat.S_ISDIR(st.st_mode)), can(b, stat.S_ISDIR(st.st_mode))
	    seen += 1
	    agree = all(d is None or d == m for m, d in zip(y[0].values(), y[1].values()))
	    if x != y or not agree or os.lstat(b).st_size != st.st_size and not stat.S_ISDIR(st.st_mode):
	        wrong += 1
	        print("differs", a, oct(st.st_mode), st.st_uid, st.st_gid, x, y, oct(os.lstat(b).st_mode))
	for directory, names, files in os.walk(lower):
	    for name in names + files:
	        path = os.path.join(directory, name)
	        judge(path, mnt + path[len(lower):])
	print("seen", seen, "wrong", wrong)
	sys.exit(wrong != 0 or seen < 100)
END

if $AS_ROOT; then
	# Each owner, group and mode: the user is 5001, of the groups 5101 and 4242.
	for uid in 5001 0 5002; do
		for gid in 5101 4242 0; do
			for mode in 000 004 040 044 400 444 600 604 640 644 664 666 060 006 222 751 510 111; do
				printf 'data\n' >"$lower/f.$uid.$gid.$mode"
				mkdir "$lower/d.$uid.$gid.$mode"
				printf 'data\n' >"$lower/d.$uid.$gid.$mode/file"
				chown "$uid:$gid" "$lower/"{f,d}."$uid.$gid.$mode"
				chmod "$mode" "$lower/"{f,d}."$uid.$gid.$mode"
			done
		done
	done
	chmod 755 "$SCRATCH"
	for groups in 5101 5101,4242; do
		export AGREE=--write
		check "user 5001 of $groups may do what the codebase allows" unshare --mount "$serve" "$WARDFS" \
			"$lower" "$mnt" "5001:$groups" 'write:**' -- python3 "$SCRATCH/agree.py" "$lower" "$mnt"
	done
	check 'with a level of read no more than that' unshare --mount "$serve" "$WARDFS" "$lower" "$mnt" \
		5001:5101,4242 'read:**' -- sh -c "! find '$mnt' -mindepth 1 -writable | grep . &&
			cat '$mnt/f.5002.4242.640' && ! cat '$mnt/f.5002.0.640'"
	exit
fi

# The machine's own configuration: root's, with some of it secret.
mount_view /etc "$mnt" --rule 'write:**'
check 'files of root: what is allowed is the same' python3 "$SCRATCH/agree.py" /etc "$mnt"
refute 'the codebase protects its own' cat "$mnt/shadow"
check 'and shows what it shows' cmp /etc/passwd "$mnt/passwd"
refute 'nothing is written' touch "$mnt/passwd"
unmount_view "$mnt"

# The same in a user namespace that has the user alone.
check 'in a namespace with one id: the same' unshare --user --map-root-user --mount "$serve" "$WARDFS" \
	/etc "$mnt" 0:0 'write:**' -- setpriv --bounding-set=-all --inh-caps=-all --securebits=+noroot,+no_setuid_fixup \
	python3 "$SCRATCH/agree.py" /etc "$mnt"

# A file stays usable by who has it open when a directory above is closed.
mkdir -p "$lower/closing/in"
printf 'data\n' >"$lower/closing/in/file"
mount_view "$lower" "$mnt" --rule 'write:**'
exec 7<>"$mnt/closing/in/file"
chmod 000 "$mnt/closing"
sleep 0.2
errno 'its name is not reached' EACCES read "$mnt/closing/in/file"
equals 'the open file is read' data "$(cat <&7)"
equals 'and asked' 5 "$(stat -L -c %s /proc/self/fd/7)"
check 'and changed' sh -c 'echo more >&7 && chmod 600 /proc/self/fd/7'
exec 7>&-
chmod 700 "$mnt/closing"
equals 'all of it arrived' 'data more 600' "$(paste -sd' ' "$lower/closing/in/file") $(stat -c %a "$lower/closing/in/file")"
unmount_view "$mnt"
