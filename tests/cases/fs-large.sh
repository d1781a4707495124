#!/bin/bash
# Large things: offsets above 4 GiB, and a directory of 100,000 entries that is listed while others
# come and go: each that stays is listed exactly once.
# timeout: 90
. "$WARD_CASES/harness.sh"

lower=$SCRATCH/lower
mnt=$SCRATCH/mnt
mkdir -p "$lower/many"
plant "$lower/many/hidden.secret"
python3 -c '
import os, sys
os.chdir(sys.argv[1])
for i in range(100000):
    os.mknod(f"stays{i}", 0o644)' "$lower/many"
mount_view "$lower" "$mnt" --rule 'write:**' --rule 'none:**/*.secret'

cat >"$SCRATCH/far.py" <<-'END'
	import os, sys
	mnt, lower = sys.argv[1:]
	G = 1 << 30
	fd = os.open(f"{mnt}/far", os.O_RDWR | os.O_CREAT, 0o644)
	places = {0: b"begin", 2 * G - 3: b"across 2G", 4 * G - 3: b"across 4G", 5 * G + 7: b"beyond", 900 * G: b"far"}
	for at, data in places.items():
	    assert os.pwrite(fd, data, at) == len(data), at
	for path in (mnt, lower):
	    with open(f"{path}/far", "rb") as f:
	        for at, data in places.items():
	            f.seek(at)
	            assert f.read(len(data)) == data, (path, at)
	            f.seek(at + len(data))
	            assert f.read(1) in (b"\0", b""), (path, at)
	        assert os.stat(f"{path}/far").st_size == 900 * G + 3
	assert os.stat(f"{mnt}/far").st_blocks == os.stat(f"{lower}/far").st_blocks < 1000
	for offset, whence in ((5, os.SEEK_DATA), (4 * G + 5000, os.SEEK_DATA), (4 * G, os.SEEK_HOLE), (899 * G, os.SEEK_DATA)):
	    with open(f"{lower}/far", "rb") as f:
	        assert os.lseek(fd, offset, whence) == os.lseek(f.fileno(), offset, whence), (offset, whence)
	os.ftruncate(fd, 4 * G + 1)
	assert os.stat(f"{lower}/far").st_size == 4 * G + 1
	assert os.pread(fd, 10, 4 * G) == b"o"
	os.truncate(f"{mnt}/far", 6 * G)
	assert os.pread(fd, 3, 5 * G + 7) == b"\0\0\0"
	src = os.open(f"{mnt}/far", os.O_RDONLY)
	assert os.copy_file_range(src, fd, 9, 4 * G - 3, 5 * G) == 9
	assert os.pread(fd, 4, 5 * G) == b"acro"
	print("as it should be")
END
prints 'offsets above 4 GiB' 'as it should be' python3 "$SCRATCH/far.py" "$mnt" "$lower"

cat >"$SCRATCH/listing.py" <<-'END'
	import collections, os, sys
	directory = sys.argv[1]
	pid = os.fork()
	if pid == 0:
	    i = 0
	    while not os.path.exists(sys.argv[2]):
	        os.close(os.open(f"{directory}/goes{i % 500}", os.O_WRONLY | os.O_CREAT, 0o644))
	        os.unlink(f"{directory}/goes{i % 500}")
	        i += 1
	    os._exit(0)
	bad = 0
	for turn in range(2):
	    seen = collections.Counter(e.name for e in os.scandir(directory))
	    stays = {n: c for n, c in seen.items() if n.startswith("stays")}
	    if len(stays) != 100000 or set(seen.values()) != {1} or any("secret" in n for n in seen):
	        bad += 1
	        print("turn", turn, len(stays), seen.most_common(3))
	open(sys.argv[2], "w").close()
	os.waitpid(pid, 0)
	print("wrong", bad)
	sys.exit(bad)
END
check 'each of 100,000 entries is listed once while others come and go' \
	python3 "$SCRATCH/listing.py" "$mnt/many" "$SCRATCH/enough"
equals 'in the order of their names' 0 "$("$FSOP" list "$mnt/many" | sed 1,3d | cut -d' ' -f4 | LC_ALL=C sort -c 2>&1 | wc -l)"
unmount_view "$mnt"
