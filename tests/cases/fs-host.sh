#!/bin/bash
# What the host changes under a view is seen within the second that wardfs(8) promises:
# files made, replaced, truncated, grown, removed, changed in place, whole directories moved; files
# that are open meanwhile stay what they are.
. "$WARD_CASES/harness.sh"

lower=$SCRATCH/lower
mnt=$SCRATCH/mnt
mkdir -p "$lower"/{dir/sub,other,hidden}
for name in replaced truncated grown removed edited mode dir/sub/file; do
	printf 'first content\n' >"$lower/$name"
done
plant "$lower/hidden/key"
mount_view "$lower" "$mnt" --rule 'write:**' --rule 'none:/hidden/**' --rule 'view:/other/listed'
settle() { sleep 1.1; } # wardfs(8) promises a second

# All of it is known to the kernel before.
errno 'a name that is not there' ENOENT stat "$mnt/made"
equals 'everything is as it is' 6 "$(cat "$mnt"/{replaced,truncated,grown,removed,edited,mode} | grep -c first)"
exec 3<"$mnt/replaced" 4<"$mnt/removed" 5<"$mnt/grown" 6<>"$mnt/truncated"

printf 'new\n' >"$lower/made"
printf 'second content, longer\n' >"$lower/.replaced" && mv "$lower/.replaced" "$lower/replaced"
: >"$lower/truncated"
printf 'more\n' >>"$lower/grown"
rm "$lower/removed"
printf 'First' | dd of="$lower/edited" conv=notrunc status=none
chmod 640 "$lower/mode"
touch -d '2001-02-03' "$lower/mode"
settle
equals 'made' new "$(cat "$mnt/made")"
equals 'replaced' 'second content, longer' "$(cat "$mnt/replaced")"
equals 'truncated' 0 "$(stat -c %s "$mnt/truncated")"
equals 'and read so' '' "$(cat "$mnt/truncated")"
equals 'grown' 'first content more' "$(paste -sd' ' "$mnt/grown")"
errno 'removed' ENOENT stat "$mnt/removed"
equals 'edited in place' 'First content' "$(cat "$mnt/edited")"
equals 'mode and time' '640 2001-02-03' "$(stat -c '%a %y' "$mnt/mode" | cut -c1-14)"
equals 'a listing has all of it' 'dir edited grown made mode other replaced truncated' "$(cd "$mnt" && echo *)"
equals 'what is open and was replaced stays' 'first content' "$(cat <&3)"
equals 'what is open and was removed stays' 'first content' "$(cat <&4)"
equals 'what is open and has grown grew' 'first content more' "$(paste -sd' ' <&5)"
equals 'what is open and was truncated is short' '' "$(cat <&6)"
printf 'written through\n' >&6
equals 'and can be written' 'written through' "$(cat "$lower/truncated")"
exec 3<&- 4<&- 5<&- 6<&-

# Directories: a process stands in one that is moved.
(
	cd "$mnt/dir/sub" || exit
	cat file >/dev/null
	mv "$lower/dir" "$lower/moved"
	settle
	cat file 2>&1
	echo made >new 2>/dev/null || echo 'nothing is made'
) >"$SCRATCH/inside"
errno 'a moved directory is gone from its place' ENOENT stat "$mnt/dir/sub/file"
equals 'and is at the other' 'first content' "$(cat "$mnt/moved/sub/file")"
refute 'nothing appeared at the old place' test -e "$lower/dir"
prints 'who stands in it is told' 'Stale|first content' cat "$SCRATCH/inside"

# The host moves what was visible to where it is not, and the reverse: the place decides.
cat "$mnt/moved/sub/file" >/dev/null
exec 7<"$mnt/moved/sub"
mv "$lower/moved" "$lower/hidden/moved"
settle
errno 'moved where it is hidden, it is gone' ENOENT stat "$mnt/moved/sub/file"
refute 'also for who has the directory open' cat /proc/self/fd/7/file
exec 7<&-
plant "$lower/visible-now"
rm "$lower/visible-now"
mkdir "$lower/back"
mv "$lower/hidden/moved" "$lower/back/moved"
settle
equals 'and back, it is there' 'first content' "$(cat "$mnt/back/moved/sub/file")"
mv "$lower/back/moved/sub/file" "$lower/other/listed"
settle
errno 'moved to a name of a lower level it has that' EACCES read "$mnt/other/listed"

# A directory replaced by a file and the reverse.
rm -r "$lower/back" && printf 'a file now\n' >"$lower/back"
rm "$lower/edited" && mkdir "$lower/edited" && printf 'below\n' >"$lower/edited/x"
settle
equals 'a directory that became a file' 'a file now' "$(cat "$mnt/back")"
equals 'a file that became a directory' below "$(cat "$mnt/edited/x")"
rm -r "$lower/edited" && ln -s ../hidden/key "$lower/edited"
settle
errno 'and a symlink to what is hidden' ENOENT read "$mnt/edited"
no_canary 'nothing hidden was shown' grep -r . "$mnt"
unmount_view "$mnt"
