#!/bin/bash
# A view that root opens to others: what each makes is theirs, with their umask and groups, also
# where many make things at once; no thread keeps the ids of whom it served before.
# users: root
. "$WARD_CASES/harness.sh"

lower=$SCRATCH/lower
mnt=$SCRATCH/mnt
mkdir -p "$lower"/{open,sgid,group,closed}
chmod 777 "$lower/open"
chown 0:4242 "$lower/sgid" "$lower/group"
chmod 2777 "$lower/sgid"
chmod 2770 "$lower/group"
chmod 700 "$lower/closed"
printf 'of 4242\n' >"$lower/open/group-file"
chown 0:4242 "$lower/open/group-file"
chmod 660 "$lower/open/group-file"
printf 'private\n' >"$lower/open/private"
chmod 600 "$lower/open/private"
chmod 755 "$SCRATCH"
mount_view "$lower" "$mnt" --allow-other --rule 'write:**' --rule 'none:**/.env'

# as UID:GID[,GROUP…] CMD…
as() {
	local uid=${1%%:*} gids=${1#*:}
	shift
	setpriv --reuid="$uid" --regid="${gids%%,*}" --groups="$gids" "$@"
}
owner() { stat -c '%u:%g %a' "$1"; }

as 5001:5101 sh -c "umask 027; cd '$mnt/open' && : >a && mkdir b && mkfifo c && ln -s x d"
equals 'a new file is its maker'\''s' '5001:5101 640' "$(owner "$lower/open/a")"
equals 'a new directory' '5001:5101 750' "$(owner "$lower/open/b")"
equals 'a new fifo' '5001:5101 640' "$(owner "$lower/open/c")"
equals 'a new symlink' '5001:5101 777' "$(owner "$lower/open/d")"
equals 'and the view says so' '5001:5101 640' "$(owner "$mnt/open/a")"
as 5001:5101 sh -c "umask 0; : >'$mnt/open/wide'"
equals 'the umask is each one'\''s own' '5001:5101 666' "$(owner "$lower/open/wide")"
as 5002:5102 sh -c "umask 022; cd '$mnt/sgid' && : >a && mkdir b"
equals 'below a set-group-ID directory the group is inherited' '5002:4242 644' "$(owner "$lower/sgid/a")"
equals 'and by a directory the bit, too' '5002:4242 2755' "$(owner "$lower/sgid/b")"
check 'supplementary groups count' as 5003:5103,4242 sh -c "umask 022; : >'$mnt/group/a' && mkdir '$mnt/group/b'"
equals 'and what they made is theirs' '5003:4242 644' "$(owner "$lower/group/a")"
equals 'a member sets the bit' '5003:4242 2775' \
	"$(as 5003:5103,4242 chmod 2775 "$mnt/group/b" && owner "$lower/group/b")"
refute 'who is no member does not give a file to a group' as 5001:5101 chgrp 4242 "$mnt/open/a"
check 'a member does' as 5001:5101,4242 chgrp 4242 "$mnt/open/a"
equals 'and it is the group'\''s' '5001:4242 640' "$(owner "$lower/open/a")"
check 'a member of the group writes what the group may' as 5003:5103,4242 sh -c "echo x >>'$mnt/open/group-file'"
refute 'who is none does not' as 5003:5103 sh -c "echo x >>'$mnt/open/group-file'"
refute 'nor makes anything there' as 5003:5103 touch "$mnt/group/x"
refute 'nor gives a file away' as 5001:5101 chown 5002 "$mnt/open/a"
refute 'nor reads what is private' as 5001:5101 cat "$mnt/open/private"
refute 'nor looks into a closed directory' as 5001:5101 ls "$mnt/closed"
refute 'nor removes there' as 5001:5101 rm -f "$mnt/closed/x" "$mnt/group/a"
check 'root does' sh -c "cat '$mnt/open/private' && ls '$mnt/closed'"
refute 'a hidden name is made by nobody' touch "$mnt/open/.env"

cat >"$SCRATCH/many.py" <<-'END'
	# Each of 12 users makes 150 files, directories and links; afterwards all must be theirs.
	import os, sys
	base = sys.argv[1]
	pids = []
	for k in range(12):
	    pid = os.fork()
	    if pid:
	        pids.append(pid)
	        continue
	    uid = 6000 + k if k else 0
	    if uid:
	        os.setgroups([4242] if k % 2 else [])
	        os.setresgid(uid + 1000, uid + 1000, uid + 1000)
	        os.setresuid(uid, uid, uid)
	    mask = [0o022, 0o077, 0o002, 0o027][k % 4]
	    os.umask(mask)
	    gid = uid + 1000 if uid else 0
	    bad = 0
	    for i in range(150):
	        for name, make in ((f"f{k}.{i}", lambda n: os.close(os.open(n, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))),
	                           (f"d{k}.{i}", lambda n: os.mkdir(n, 0o777)), (f"l{k}.{i}", lambda n: os.symlink("x", n))):
	            path = f"{base}/{name}"
	            make(path)
	            st = os.lstat(path)
	            mode = 0o777 if name[0] == "l" else (0o666 if name[0] == "f" else 0o777) & ~mask
	            if (st.st_uid, st.st_gid, st.st_mode & 0o7777) != (uid, gid, mode):
	                bad += 1
	                print("wrong", path, st)
	            if name[0] == "f" and i % 3 == 0:
	                os.truncate(path, 10)
	                os.chmod(path, 0o600)
	                os.utime(path, (1, 1))
	            # What only others may do stays refused, whoever was served before.
	            if uid:
	                for refused in (lambda: os.open(f"{base}/private", os.O_RDONLY), lambda: os.listdir(f"{base}/../closed")):
	                    try:
	                        refused()
	                        bad += 1
	                        print("allowed", uid)
	                    except PermissionError:
	                        pass
	    os._exit(bad != 0)
	sys.exit(any([os.waitpid(p, 0)[1] for p in pids]))
END
check 'many at once: everything is its maker'\''s' python3 "$SCRATCH/many.py" "$mnt/open"
makers() { (cd "$lower/open" && stat -c '%n %u' [fdl]*.* | sed 's/^.//; s/\.[0-9]* / /' | sort | uniq -c); }
equals 'on the host, too' "450 0 0$(for k in 1 10 11 2 3 4 5 6 7 8 9; do echo; printf '450 %s %s' $k $((6000 + k)); done)" \
	"$(makers | sed 's/^ *//')"
for pid in $(view_pids "$mnt"); do
	equals "no thread of $pid keeps foreign ids" '0 0 0 0' \
		"$(cat /proc/"$pid"/task/*/status | awk '/^[UG]id/ {print $2, $3, $4, $5}' | sort -u)"
done
unmount_view "$mnt"
