#!/bin/bash
# 64 processes that read, write, append, list and rename at once: each finds what it must, nothing is
# lost, nothing hidden shows.
# timeout: 90
. "$WARD_CASES/harness.sh"

lower=$SCRATCH/lower
mnt=$SCRATCH/mnt
mkdir -p "$lower"/{static,busy}
for i in {1..40}; do
	printf 'static %s\n' "$i" >"$lower/static/s$i"
	plant "$lower/static/h$i.secret"
done
cat >"$SCRATCH/crowd.py" <<-'END'
	import os, sys
	mnt, lower = sys.argv[1:]
	PROCESSES, ROUNDS = 64, 25
	names = sorted(f"s{i}" for i in range(1, 41))
	def expect(what, value, wanted):
	    if value != wanted:
	        raise SystemExit(f"{what}: {value!r}, not {wanted!r}")
	def work(k):
	    log = os.open(f"{mnt}/busy/log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
	    own = f"{mnt}/busy/own{k}"
	    data = b""
	    for i in range(ROUNDS):
	        record = b"%03d %03d " % (k, i) + b"x" * 55 + b"\n"
	        expect("append", os.write(log, record), 64)
	        piece = os.urandom(1 + (k * 131 + i * 977) % 9000)
	        with open(own, "ab" if i % 2 else "r+b" if i else "wb") as f:
	            if not i % 2:
	                f.seek(0, 2)
	            f.write(piece)
	        data += piece
	        with open(own, "rb") as f:
	            expect("own data", f.read() == data, True)
	        expect("size", os.stat(own).st_size, len(data))
	        n = 1 + (k + i) % 40
	        with open(f"{mnt}/static/s{n}") as f:
	            expect("static data", f.read(), f"static {n}\n")
	        if i % 5 == 0:
	            expect("listing", sorted(os.listdir(f"{mnt}/static")), names)
	        os.mkdir(f"{mnt}/busy/d{k}")
	        os.rename(own, f"{mnt}/busy/d{k}/f")
	        os.link(f"{mnt}/busy/d{k}/f", own)
	        os.unlink(f"{mnt}/busy/d{k}/f")
	        os.rename(f"{mnt}/busy/d{k}", f"{mnt}/busy/e{k}")
	        os.rmdir(f"{mnt}/busy/e{k}")
	    with open(f"{lower}/busy/own{k}", "rb") as f:
	        expect("lower data", f.read() == data, True)
	pids = []
	for k in range(PROCESSES):
	    pid = os.fork()
	    if pid == 0:
	        try:
	            work(k)
	        except BaseException as e:
	            print(k, repr(e), flush=True)
	            os._exit(1)
	        os._exit(0)
	    pids.append(pid)
	failed = sum(os.waitpid(p, 0)[1] != 0 for p in pids)
	records = open(f"{lower}/busy/log").read().splitlines()
	expect("records", len(records), PROCESSES * ROUNDS)
	expect("whole records", len({r[:8] for r in records if len(r) == 63}), PROCESSES * ROUNDS)
	expect("what is left", sorted(os.listdir(f"{mnt}/busy")), sorted(["log"] + [f"own{k}" for k in range(PROCESSES)]))
	expect("the same on the host", sorted(os.listdir(f"{lower}/busy")), sorted(os.listdir(f"{mnt}/busy")))
	sys.exit(failed != 0)
END
mount_view "$lower" "$mnt" --rule 'write:**' --rule 'none:**/*.secret' --rule 'read:/static/s*'
check '64 processes at once' python3 "$SCRATCH/crowd.py" "$mnt" "$lower"
equals 'no hidden thing is lost' 40 "$(find "$lower/static" -name '*.secret' | wc -l)"
unmount_view "$mnt"
