#!/bin/bash
# The main job on a big codebase: what a developer does works in the sandbox as on the host; what is
# hidden cannot be read, listed or guessed; nothing outside is there; the host's files stay as they
# were but for what the policy lets be written.
# users: root user
# timeout: 300
. "$WARD_CASES/harness.sh"

code=$SCRATCH/code

# --- A git repository of 4,000 files and more, from what any Debian machine has ---------------------

copy_from() {
	local from=$1 to=$2
	mkdir -p "$to"
	(cd "$from" && find . -type f -readable -size -60k ! -name '*.pyc' ! -name '*[ .]env*' \
		! -iname '*secret*' ! -iname '*credential*' -print0 | sort -z | head -z -n 1500 |
		tar --null -T - -cf -) 2>/dev/null | tar -C "$to" --no-same-owner --no-same-permissions -xf -
}

make_sources() {
	local i
	mkdir -p src/part output app
	for i in $(seq 1 60); do
		printf '#include "all.h"\n\nint part_%d(int x)\n{\n\treturn x + %d;\n}\n' "$i" "$i" >"src/part/$i.c"
		printf 'int part_%d(int x);\n' "$i"
	done >src/all.h
	{
		printf '#include <stdio.h>\n\n#include "all.h"\n\nint main(void)\n{\n\tint x = 0;\n\n'
		for i in $(seq 1 60); do printf '\tx = part_%d(x);\n' "$i"; done
		printf '\tprintf("sum %%d\\n", x);\n\treturn 0;\n}\n'
	} >src/main.c
	printf 'output/sum: $(wildcard src/*.c src/part/*.c)\n\tcc -O1 -Isrc -o $@ $^\n' >Makefile
	printf 'def total(paths):\n    return sum(len(open(p, "rb").read()) for p in paths)\n' >app/count.py
	cat >app/main.py <<-'PYTHON'
		import glob, json, sys
		from count import total
		paths = sorted(glob.glob("src/**/*.c", recursive=True))
		json.dump({"files": len(paths), "bytes": total(paths)}, sys.stdout)
	PYTHON
}

git_() {
	git -c user.name=dev -c user.email=dev@example.org -c safe.directory='*' "$@"
}

make_codebase() {
	local more
	mkdir "$code" && cd "$code" || exit 1
	copy_from /usr/include include
	copy_from "$(python3 -c 'import os; print(os.path.dirname(os.__file__))')" python
	copy_from /usr/share/doc doc
	make_sources
	for more in $(seq 1 $((4200 - $(find . -type f | wc -l)))); do
		mkdir -p "more/$((more % 97))" && echo "file $more" >"more/$((more % 97))/$more.txt"
	done
	ln -s ../src/main.c app/link.c
	cat >.gitignore <<-'IGNORE'
		.env*
		*.pem
		*.key
		id_*
		/secrets/
		/vault/
		/data/
		/output/
		secrets/
	IGNORE
	cat >ward.yaml <<-'POLICY'
		version: 1
		extends: development
		rules:
		  - {pattern: /include/, permission: read}
		  - {pattern: /data/, permission: view}
		  - {pattern: /vault/, permission: none}
	POLICY
	git_ init -q -b main . && git_ add -A && git_ commit -qm 'First: everything'
	echo '# Notes' >NOTES.md
	git_ add -A && git_ commit -qm 'Second: notes'
}

# Contents and names alike are secret in what is hidden; below data/ the names may be seen.
plant_secrets() {
	local file
	for file in .env .env.production deploy/server.key deploy/tls.pem keys/id_rsa keys/id_ed25519 \
		secrets/token.txt secrets/deep/er/db.txt services/api/.env services/api/secrets/key.txt \
		vault/ledger.txt app/.env.local include/secrets/inner.txt; do
		plant "$file"
	done
	plant "secrets/$(canary)"
	plant "vault/$(canary)/x"
	ln -s .env peek
	ln -s ../secrets/token.txt app/peek
	plant data/customers.csv
	plant data/2023/more.csv
	plant "$SCRATCH/outside/file.txt"
	plant "$HOME/.ssh/id_rsa"
	# What the view-only directory is called and what lies in it is no secret.
	touch -d '2020-01-01' data/customers.csv
	(cd "$code" && git_ status --porcelain) >/dev/null
}

make_codebase
check "the codebase has at least 4,000 files" [ "$(find "$code" -path "$code/.git" -prune -o -type f -print | wc -l)" -ge 4000 ]
plant_secrets
git_ add -A 2>/dev/null
git_ commit -qm 'Third: links that lead to secrets'
cd "$SCRATCH" || exit 1
secret_token=$(canary)
export API_KEY=$secret_token PYTHONDONTWRITEBYTECODE=1

inside() {
	"$WARD" run -C "$code" -e PYTHONDONTWRITEBYTECODE=1 -- "$@"
}

in_shell() {
	inside bash -c "$1"
}

# Everything but git's own files, which git may refresh when it only looks, and the times of
# directories, in which things were made and removed again.
tree_of() {
	(cd "$1" && find . -path ./.git -prune -o -type d -printf '%P %y %m %U %G\n' \
		-o -printf '%P %y %m %U %G %T@ %l\n' | LC_ALL=C sort && find . -path ./.git -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
}

tree_of "$code" >before
check "the sandbox runs a command" inside true
status "and gives its status" 7 in_shell 'exit 7'

# --- What a developer does works as on the host -----------------------------------------------------

same() {
	local description=$1 command=$2 host_status inside_status
	(cd "$code" && GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*' \
		bash -c "$command") </dev/null >host.out 2>&1
	host_status=$?
	in_shell "$command" </dev/null >inside.out 2>&1
	inside_status=$?
	equals "$description: status" "$host_status" "$inside_status"
	check "$description: output" diff host.out inside.out
	[ -s host.out ] || [ "${3-}" = empty ] || harness_fail "$description printed nothing to compare"
}

same "git status" 'git status --porcelain --branch'
same "git status sees no change" 'git diff --stat; git diff --cached --stat' empty
same "git log" 'git log --stat --format="%H %an %s" | tail -n 400'
same "git show" 'git show HEAD~1'
same "git ls-files" 'git ls-files -s'
same "git grep" 'git grep -n "part_1[0-9]" -- src'
same "git blame" 'git blame -l NOTES.md'
same "grep -r" 'grep -rnI "define" include python src | LC_ALL=C sort | sha256sum'
same "find" 'find include/[a-rt-z]* python src doc -type d -printf "%p %y %T@\n" -o -printf "%p %y %s %T@ %l\n" | LC_ALL=C sort'
same "checksums" 'find python doc src -type f -print0 | LC_ALL=C sort -z | xargs -0 cat | sha256sum'
same "wc" 'find src -name "*.c" | LC_ALL=C sort | xargs wc -l'
same "tar" 'tar --sort=name --mode=0644 --owner=0 --group=0 -cf - python src | sha256sum'
same "a Python script" 'python3 app/main.py'
same "Python imports from the codebase" 'cd app && python3 -c "import count; print(count.total([\"main.py\"]))"'
same "a C compile" 'cc -Isrc -O1 -o /tmp/sum-$$ src/main.c src/part/*.c && /tmp/sum-$$; s=$?; rm -f /tmp/sum-$$; exit $s'
same "a symlink in the codebase" 'head -n 3 app/link.c; readlink app/link.c'
same "a missing file" 'cat no-such-file'
same "a failing compile" 'echo "int x = ;" | cc -xc -fsyntax-only - 2>&1 | head -n 2; exit ${PIPESTATUS[1]}'

(cd "$code" && find . -path ./.git -prune -o -print) |
	grep -vE '(^|/)(\.env(\..*)?|secrets|vault|id_rsa|id_ed25519|[^/]*\.(key|pem))(/|$)' | LC_ALL=C sort >expected
in_shell 'find . -path ./.git -prune -o -print | LC_ALL=C sort' >found 2>&1
check "find lists all but what is hidden" diff expected found

# --- What is hidden cannot be read, listed or guessed -------------------------------------------------

attacks=(
	'cat .env' 'cat ./.env' 'cat secrets/token.txt' 'cat vault/ledger.txt' 'cat peek app/peek'
	'cat /workspace/.env' 'cat /proc/self/cwd/.env' 'cat /proc/1/cwd/.env /proc/1/root/workspace/.env'
	'cat services/../.env' 'cat src/../secrets/../.env' 'cat .//.env' 'cat services/api/.env app/.env.local'
	'ls -laR . | cat' 'ls -la secrets vault keys deploy' 'find . -ls' 'find / -xdev -name "*canary*"'
	'echo .* */.* */* secrets/* vault/*' 'shopt -s dotglob globstar; echo **/*' 'compgen -G "secrets/*"'
	'grep -rn canary .' 'grep -rn token: . -a' 'git grep -n --no-index token:' 'git grep --untracked token:'
	'git status --porcelain --ignored' 'git ls-files -o' 'git clean -ndx' 'git add -f .env' 'git diff --no-index /dev/null .env'
	'git hash-object .env' 'git stash -a' 'tar -cf - .' 'tar -cf - .env secrets vault' 'cp -r . /tmp/copy; cat /tmp/copy/.env; grep -r token: /tmp/copy'
	'cp .env /tmp/x; cat /tmp/x' 'mv .env x; cat x' 'ln .env x; cat x' 'ln -s .env /tmp/y; cat /tmp/y'
	'head -c 100 data/customers.csv' 'cat data/2023/more.csv' 'cp -r data /tmp/d; grep -r . /tmp/d' 'dd if=data/customers.csv'
	'python3 -c "import mmap;f=open(\"data/customers.csv\");print(mmap.mmap(f.fileno(),0,prot=1)[:])"'
	'python3 -c "import os;[print(d,n,f) for d,n,f in os.walk(\".\")]"'
	'python3 -c "import os;print(os.listdir(\"secrets\"))"' 'python3 -c "print(open(\".env\").read())"'
	'python3 -c "import os;f=os.open(\".env\",os.O_PATH);print(open(\"/proc/self/fd/%d\"%f).read())"'
	'python3 -c "import os;d=os.open(\"secrets\",os.O_PATH);print(os.listdir(d))"'
	'cd secrets && cat token.txt' 'source .env; set' 'bash secrets/token.txt' 'cc -xc -E - <<<"#include \"../.env\""' 'cc -E -xc .env'
	'stat .env secrets' 'file .env secrets/token.txt data/customers.csv' 'diff .env NOTES.md' 'xargs -a .env echo' 'sort .env' 'python3 .env'
	'tail -n 99 /proc/*/fd/* 2>/dev/null' 'cat /proc/*/environ | tr "\0" "\n"' 'env' 'cat /proc/*/mem' 'ls -la /proc/*/fd /proc/*/cwd /proc/*/root'
	'git config core.worktree /; git status' 'GIT_DIR=.git GIT_WORK_TREE=/ git grep -r --no-index token: /tmp'
	'git archive HEAD | tar -t' 'git log -p --all -- .env secrets data' 'git cat-file --batch-all-objects --batch'
	'grep -ra token: /tmp /run /dev /etc /home /root /var /mnt /srv /opt /workspace 2>/dev/null' 'mount; cat /proc/self/mountinfo; df -a'
	'mkdir /tmp/m && mount --bind . /tmp/m' 'unshare -Ur cat .env' 'chmod 777 .env data/customers.csv; cat .env data/customers.csv'
	'rm -rf secrets; ls secrets' 'rm -f .env; echo x >.env; cat .env' 'mkdir secrets; ls secrets' 'mkdir vault; touch vault/x; ls vault'
	'mv secrets s2; ls -R s2' 'mv services s3; ls -R s3; mv s3 services' 'mv deploy d2; ls -lR d2; mv d2 deploy'
	'ln -s /workspace/secrets /tmp/s; ls -R /tmp/s/' "cat $SCRATCH/outside/file.txt" "cat $HOME/.ssh/id_rsa" 'cat ~/.ssh/id_rsa' "ls -R $SCRATCH"
	'strace -f cat .env' 'rsync -a . /tmp/r' 'cpio -o <<<.env' 'busybox cat .env' 'perl -e "open F,q(.env); print <F>"' 'awk 1 .env' 'sed -n p .env'
)

# Runs commands, each by a shell of its own, in one sandbox; what number N printed and its status are
# in the file DIR/N.
run_batch() {
	local directory=$1
	shift
	mkdir -p "$directory"
	inside bash -c 'i=0
		for command; do
			i=$((i + 1))
			printf "\n=== %d\n" "$i"
			timeout 30 bash -c "$command" </dev/null 2>&1
			printf "\nstatus %d\n" "$?"
		done' batch "$@" </dev/null 2>&1 | tr -d '\0' |
		awk -v directory="$directory" '/^=== [0-9]+$/ { file = directory "/" $2; next } file { print >file }'
}

run_batch attacked "${attacks[@]}"
for i in "${!attacks[@]}"; do
	check "it ran: ${attacks[i]}" grep -q '^status ' "attacked/$((i + 1))"
	no_canary_in "no secret from: ${attacks[i]}" "attacked/$((i + 1))"
done

# A pair of hidden names, of which one exists, cannot be told apart by any answer.
probes=(
	'cat NAME' 'stat NAME' 'ls -la NAME' 'test -e NAME' 'test -L NAME' 'echo x >NAME' 'echo x >>NAME' 'mkdir NAME'
	'ln -s a NAME' 'ln NOTES.md NAME' 'touch NAME' 'touch -c NAME' 'rm NAME' 'rm -rf NAME' 'rmdir NAME' 'mkfifo NAME'
	'cp NOTES.md NAME' 'mv -n NAME other' 'mv -T app NAME' 'cd NAME' 'chmod 600 NAME' 'cat NAME/x' 'mkdir -p NAME/x'
	'python3 -c "import os;print(os.access(\"NAME\",0))"' 'exec 3<>NAME' 'truncate -s 0 NAME' 'git check-ignore -q NAME; git add NAME'
	'for i in 1 2 3; do ls -a | grep -c NAME; done' 'python3 -c "import os;os.open(\"NAME\",os.O_CREAT|os.O_EXCL|os.O_WRONLY)"'
	'ln -s NAME l; cat l; test -e l; e=$?; rm -f l; exit $e'
)
for pair in '.env.production .env.missing' 'secrets services/secrets' 'services/api/.env services/.env'; do
	read -r there missing <<<"$pair"
	run_batch there "${probes[@]//NAME/"$there"}"
	run_batch missing "${probes[@]//NAME/"$missing"}"
	sed -i "s|$there|NAME|g" there/*
	sed -i "s|$missing|NAME|g" missing/*
	for i in "${!probes[@]}"; do
		check "$there and $missing answer alike to: ${probes[i]}" diff "there/$((i + 1))" "missing/$((i + 1))"
	done
	rm -r there missing
done

# --- Nothing of the host outside is there -------------------------------------------------------------

refute "no /etc/shadow" in_shell 'cat /etc/shadow'
silent_on "no home of others" . in_shell 'ls -A /home/* 2>/dev/null'
silent_on "an empty /root or none" '.' in_shell 'ls -A /root 2>/dev/null; exit 0'
refute "the codebase's own path is not there" inside ls "$code"
silent_on "the host's path is in no mount" "$SCRATCH" inside cat /proc/self/mountinfo
refute "/dev/fuse is not there" inside test -e /dev/fuse
refute "nothing written to /usr" in_shell 'echo x >/usr/x'
refute "nothing written to /proc/sys" in_shell 'echo x >/proc/sys/kernel/core_pattern'
equals "only the sandbox's own processes" "$(in_shell 'ls -d /proc/[0-9]* | wc -l' | awk '{ print ($1 < 8) }')" 1
refute "no uid 0 of the host" in_shell '[ "$(id -u)" = 0 ] && [ "$(awk "{ print \$2 }" /proc/self/uid_map)" = 0 ]'
prints "no capabilities" '^CapEff:[[:space:]]*0+$' inside cat /proc/self/status

# --- The host's files are as they were, but for what was written ----------------------------------------

tree_of "$code" >after
check "the tree outside .git is as before" diff before after

check "an allowed write" in_shell 'mkdir -p output/deep && echo made >output/deep/new.txt && echo more >>NOTES.md'
equals "it is on the host" made "$(cat "$code/output/deep/new.txt")"
equals "it belongs to the codebase's owner" "$(stat -c %u:%g "$code")" "$(stat -c %u:%g "$code/output/deep/new.txt")"
check "make builds in the tree" inside make
equals "what it built runs on the host" "sum 1830" "$("$code/output/sum")"
check "git commit inside" inside git -c user.name=agent -c user.email=agent@example.org commit -qam 'By the agent'
equals "the host has the commit" "By the agent" "$(git_ -C "$code" log -1 --format=%s)"
equals "the host's index is in order" "" "$(git_ -C "$code" status --porcelain)"
check "the repository is sound" git_ -C "$code" fsck --no-progress
refute "a hook is not made" in_shell 'echo evil >.git/hooks/post-commit'
refute "git's configuration is not written" inside git config core.hooksPath /workspace/output
refute "the policy is not written" in_shell 'echo "default: write" >>ward.yaml'
refute "a read-only header is not written" in_shell 'f=$(find include -type f | head -n 1); echo x >>"$f"'
check "removing the sources leaves what is hidden" in_shell 'rm -rf src app services deploy keys; ! ls -d src app services deploy keys'
check "hidden files outlived their visible neighbours" test -s "$code/app/.env.local" -a -s "$code/services/api/.env" \
	-a -s "$code/deploy/server.key" -a -s "$code/keys/id_rsa"
tree_of "$code" | grep -E ' f | d |[0-9a-f]{64}' | grep -vE '(^|[ /])(src|app|services|deploy|keys|output|NOTES.md)' >after
grep -E ' f | d |[0-9a-f]{64}' before | grep -vE '(^|[ /])(src|app|services|deploy|keys|output|NOTES.md)' >before.rest
check "and nothing else changed" diff <(grep -v '^ d ' before.rest) <(grep -v '^ d ' after)
