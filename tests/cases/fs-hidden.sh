#!/bin/bash
# Noninterference: two codebases that differ only in hidden content give the same answer to every
# step of a long list, and nothing hidden is touched: removing, making again and renaming
# directories in which something hidden is, creating at hidden names.
# timeout: 120
. "$WARD_CASES/harness.sh"

rules=(--rule 'write:**' --rule 'none:**/*.secret/**' --rule 'none:**/secrets/**'
	--rule 'read:**/fixed/**' --rule 'view:**/*.list')

# Two trees with the same visible content; the first has hidden content, too.
make_pair() {
	local tree
	for tree in with without; do
		mkdir -p "$SCRATCH/$tree"/{empty,full/deep/deeper,mixed/fixed,p/q/r,plain/sub,target,m1/x,m2/x,ex1,ex2}
		mkdir -p "$SCRATCH/$tree"/{nested/a/b,ro/inner,listed,wide/a,wide/b,noread}
		printf 'one\n' >"$SCRATCH/$tree/full/one"
		printf 'two\n' >"$SCRATCH/$tree/full/deep/two"
		printf 'three\n' >"$SCRATCH/$tree/full/deep/deeper/three"
		printf 'fixed\n' >"$SCRATCH/$tree/mixed/fixed/f"
		printf 'plain\n' >"$SCRATCH/$tree/plain/sub/f"
		printf 'm1\n' >"$SCRATCH/$tree/m1/x/f"
		printf 'a\n' >"$SCRATCH/$tree/nested/a/f"
		printf 'inner\n' >"$SCRATCH/$tree/ro/inner/f"
		printf 'l\n' >"$SCRATCH/$tree/listed/f.list"
		printf 'w\n' >"$SCRATCH/$tree/wide/a/f"
		ln "$SCRATCH/$tree/full/one" "$SCRATCH/$tree/one-too"
	done
	for secret in k.secret empty/k.secret full/deep/k.secret full/secrets/key full/deep/deeper/k.secret \
		p/q/r/k.secret target/k.secret m2/x/k.secret ex1/k.secret nested/a/b/k.secret ro/k.secret \
		ro/inner/k.secret wide/a/k.secret wide/b/k.secret noread/k.secret; do
		plant "$SCRATCH/with/$secret"
	done
	ln "$SCRATCH/with/plain/sub/f" "$SCRATCH/with/linked.secret"
	# Times of directories are the clock's, which noninterference leaves out.
	find "$SCRATCH/with" "$SCRATCH/without" -exec touch -h -d @1000000000 {} +
}

# What a process sees of a view: names, types, modes, link counts, sizes, offsets, contents.
seen() {
	(cd "$1" && find . -printf '%P %y %m %n %s %b\n' | LC_ALL=C sort &&
		find . -type f -readable -exec cat {} + && find . -type d -readable -exec "$FSOP" list {} \; |
		awk '{print $1, $3, $4}')
}

# expecting ERRNO OPERATION…: in both views; @ is the view.
expecting() {
	local expect=$1 with without
	shift
	with=$("$FSOP" "${@//@/$SCRATCH/mnt-with}" 2>&1)
	without=$("$FSOP" "${@//@/$SCRATCH/mnt-without}" 2>&1)
	with=${with%%[!A-Z0-9_]*}
	without=${without%%[!A-Z0-9_]*}
	equals "the same answer to: $* ($without)" "$without" "$with"
	equals "  … and it is $expect" "$expect" "$with"
	equals "the same view after: $*" "$(seen "$SCRATCH/mnt-without")" "$(seen "$SCRATCH/mnt-with")"
}

secrets() {
	find "$SCRATCH/with" -name '*.secret' -exec sha256sum {} + | LC_ALL=C sort
	find "$SCRATCH/with" -path '*/secrets/*' -type f -exec sha256sum {} + | LC_ALL=C sort
	find "$SCRATCH/with" \( -name '*.secret' -o -path '*/secrets' -o -path '*/secrets/*' \) \
		-printf '%P %y %m %U %T@\n' | LC_ALL=C sort
}

make_pair
secrets >"$SCRATCH/before"
mount_view "$SCRATCH/with" "$SCRATCH/mnt-with" "${rules[@]}"
mount_view "$SCRATCH/without" "$SCRATCH/mnt-without" "${rules[@]}"
equals 'the same view at first' "$(seen "$SCRATCH/mnt-without")" "$(seen "$SCRATCH/mnt-with")"

# Creating at hidden names.
expecting EACCES creat @/k.secret
expecting EACCES mkdir @/k.secret
expecting EACCES symlink target @/k.secret
expecting EACCES mknod @/k.secret fifo
expecting EACCES open @/k.secret 'O_WRONLY|O_CREAT|O_EXCL'
expecting EACCES rename @/one-too @/k.secret
expecting EACCES link @/one-too @/k.secret
expecting EACCES rename-noreplace @/one-too @/k.secret
expecting ENOENT rename-exchange @/one-too @/k.secret
expecting ENOENT unlink @/k.secret
expecting ENOENT rmdir @/full/secrets
expecting EACCES mkdir @/full/secrets

# Removing and making again.
expecting ENOTEMPTY rmdir @/full
expecting OK rmdir @/empty
expecting ENOENT stat @/empty
expecting ENOENT rmdir @/empty
expecting OK mkdir @/empty
expecting OK creat @/empty/new
expecting ENOTEMPTY rmdir @/empty
expecting OK unlink @/empty/new
expecting OK rmdir @/empty
expecting OK rmdir @/p/q/r
expecting OK rmdir @/p/q
expecting OK rmdir @/p
expecting OK mkdir @/p
expecting ENOENT stat @/p/q
expecting OK mkdir @/p/q
expecting ENOENT stat @/p/q/r
expecting OK rmdir @/p/q
expecting OK rmdir @/p
expecting OK chmod @/noread 000
expecting OK rmdir @/noread

# Renaming.
expecting OK rename @/full @/moved
expecting ENOENT stat @/full
expecting OK read @/moved/deep/deeper/three
expecting OK creat @/moved/deep/fresh
expecting EACCES creat @/moved/deep/k.secret
expecting OK rename @/moved @/full
expecting ENOENT stat @/moved
expecting OK rename @/full/deep @/shallow
expecting OK rename @/shallow @/full/deep
expecting EACCES rename @/mixed @/elsewhere
expecting EACCES rename @/plain @/mixed/fixed/plain
expecting EACCES rename @/plain @/plain.list
expecting EACCES rename @/plain @/plain.secret
expecting EACCES rename @/listed @/unlisted
expecting OK rename @/plain @/target
expecting OK read @/target/sub/f
expecting OK rename @/m1 @/m1-too
expecting ENOTEMPTY rename @/m1-too @/m2
expecting OK rmdir @/m2/x
expecting OK rename @/m1-too @/m2
expecting OK read @/m2/x/f
expecting EEXIST rename-noreplace @/m2 @/target
expecting EACCES rename-exchange @/ex1 @/ex2
expecting EACCES rename-exchange @/ex1 @/one-too
expecting OK rename-exchange @/one-too @/target/sub/f
expecting OK chmod @/nested 555
expecting OK rename @/nested @/nested-too
expecting OK chmod @/ro/inner 555
expecting OK rename @/ro @/rw
expecting OK read @/rw/inner/f
expecting EINVAL rename @/wide @/wide/b/c
expecting OK rename @/wide/a @/wide/b/a
expecting OK rmdir @/ex1
expecting OK rename @/wide @/ex1
expecting OK read @/ex1/b/a/f

chmod 755 "$SCRATCH/with/noread"
secrets >"$SCRATCH/after"
check 'what is hidden is where it was, as it was' diff "$SCRATCH/before" "$SCRATCH/after"
no_canary_in 'nothing visible was given a secret' "$SCRATCH/mnt-with"

# What the host puts into a directory that had left the view brings it back.
expecting OK mkdir @/again
plant "$SCRATCH/with/again/k.secret"
expecting OK rmdir @/again
mkdir -p "$SCRATCH/with/again" "$SCRATCH/without/again"
printf 'host\n' | tee "$SCRATCH/with/again/visible" >"$SCRATCH/without/again/visible"
sleep 1.2
expecting OK read @/again/visible

unmount_view "$SCRATCH/mnt-with"
unmount_view "$SCRATCH/mnt-without"
