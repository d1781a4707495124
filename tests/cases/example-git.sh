#!/bin/bash
# The preset development: everyday git works inside as on the host, also on branches whose names
# look like secrets; what git, editors and agents outside would obey can be neither changed nor made.
# users: root user
# timeout: 180
. "$WARD_CASES/harness.sh"

code=$SCRATCH/code
git_host() {
	git -c safe.directory='*' -C "$code" "$@"
}
guarded() {
	"$WARD" run -p development -C "$code" -- "$@"
}

make_tree "$code"
printf '.env\n.env.local\n*.key\n*.pem\nid_rsa\nsecrets/\noutput/\n' >"$code/.gitignore"
mkdir -p "$code/.vscode" "$code/lib"
printf '{}\n' >"$code/.vscode/settings.json"
(
	cd "$code" || exit 1
	git init -q -b main .
	git config user.name dev
	git config user.email dev@example.org
	git add -A
	git commit -qm first
	git init -q -b main "$SCRATCH/module"
	cd "$SCRATCH/module" || exit 1
	printf 'module\n' >file
	git add file
	git -c user.name=dev -c user.email=dev@example.org commit -qm module
	cd "$code" || exit 1
	git -c protocol.file.allow=always submodule --quiet add "$SCRATCH/module" lib/module
	git commit -qm 'add a module'
) || harness_fail "the repository is made"
[ -z "$(git_host status --porcelain)" ] || harness_fail "the repository is clean" "$(git_host status --porcelain)"
cp -a "$code/.git/config" "$SCRATCH/config"

# --- What a developer does --------------------------------------------------------------------------

prints "git status is as on the host" '^nothing to commit, working tree clean$' guarded git status
check "commit" guarded sh -c 'echo more >>README.md && git commit -qam second'
check "branch, switch, merge" guarded sh -ec '
	git switch -qc topic; echo a >topic.txt; git add topic.txt; git commit -qm topic
	git switch -q main; git merge -q --no-ff -m merge topic; git branch -d topic'
check "rebase" guarded sh -ec '
	git switch -qc left HEAD~1; echo l >left.txt; git add left.txt; git commit -qm left
	git rebase -q main; git switch -q main; git merge -q --ff-only left'
check "stash, reset, tag, cherry-pick" guarded sh -ec '
	echo x >>README.md; git stash -q; git stash pop -q; git checkout -q README.md
	git tag -m v1 v1; git tag light; git reset -q --hard HEAD~1; git cherry-pick v1 >/dev/null'
check "log, blame, grep, diff, show, archive" guarded sh -ec '
	git log --stat >/dev/null; git blame README.md >/dev/null; git grep -q int; git diff v1 HEAD
	git show HEAD >/dev/null; git archive HEAD >/dev/null'
check "amend, mv, rm, clean" guarded sh -ec '
	git commit -q --amend -m amended; git mv README.md READ.md; git commit -qm mv
	git rm -q READ.md; git commit -qm rm; touch junk; git clean -fq; ! test -e junk'
check "gc and fsck" guarded sh -ec 'git gc -q; git fsck --strict 2>&1'
check "commit in a submodule" guarded sh -ec '
	cd lib/module; echo y >>file; git -c user.name=dev -c user.email=dev@example.org commit -qam inside'
for branch in fix/credentials secrets/rotate topic/x.pem config hooks/x id_rsa; do
	check "a branch called $branch" guarded sh -ec '
		git switch -qc "$1"; echo "$1" >branch.txt; git add branch.txt; git commit -qm "$1"
		git switch -q main; git switch -q "$1"; git switch -q main' sh "$branch"
	check "the host has $branch" git_host rev-parse -q --verify "refs/heads/$branch"
done
check "the host's repository is sound" git_host fsck --strict
equals "the host's tree is clean" "" "$(git_host status --porcelain --ignore-submodules)"

# --- What would have the host run something -----------------------------------------------------------

for attempt in \
	'git config core.fsmonitor ./x' \
	'git config --file .git/config.worktree core.fsmonitor ./x' \
	'git remote add evil ext::sh' \
	'git -C lib/module config core.fsmonitor ./x' \
	'git init -q sub' \
	'git clone -q . sub2' \
	'git worktree add -q ../tree' \
	'git worktree add -q tree' \
	'echo x >.git/hooks/pre-commit' \
	'rm -f .git/hooks/pre-commit.sample' \
	'chmod +x .git/hooks/pre-commit.sample' \
	'mv .git/hooks .git/old' \
	'rmdir .git/hooks' \
	'ln -s /tmp .git/hooks/x' \
	'mv .git/config .git/old' \
	'mv -T .git/HEAD .git/config' \
	'ln -f .git/HEAD .git/config' \
	'rm .git/config' \
	'echo .. >.git/commondir' \
	'echo x >.git/info/attributes' \
	'mkdir .git/objects/info; echo / >.git/objects/info/alternates' \
	'mkdir .git/branches/x' \
	'mkdir -p .git/remotes' \
	'mv .git .git2' \
	'mv .git output/git' \
	'mkdir evil; mv -T evil .git' \
	'echo gitdir: evil >src/.git' \
	'mkdir src/.git' \
	'mkdir evil2; mv -T evil2 src/.git' \
	'ln -s evil src/.git' \
	'echo x >>lib/module/.git' \
	'rm lib/module/.git' \
	'mv lib/module lib/other' \
	'mv lib other' \
	'echo x >.git/modules/lib/module/hooks/pre-commit' \
	'echo x >>.git/modules/lib/module/config' \
	'mkdir .git/modules/new && echo x >.git/modules/new/config' \
	'mkdir -p evil3; echo x >evil3/config; mv -T evil3 .git/modules/new3' \
	'mkdir -p evil4/h; echo x >evil4/h/pre-commit; mv -T evil4/h .git/modules/lib/hooks' \
	'mkdir evil5; echo x >evil5/launch.json; mv -T evil5 docs/.vscode' \
	'echo x >.gitconfig' \
	'mkdir .husky' \
	'echo x >.pre-commit-config.yaml' \
	'echo x >>.vscode/settings.json' \
	'echo x >.vscode/tasks.json' \
	'mv .vscode .vs' \
	'mkdir docs/.idea' \
	'mkdir -p .claude && echo x >.claude/settings.json' \
	'echo x >.mcp.json' \
	'echo "version: 1" >ward.yaml' \
	'mkdir ward.yaml'; do
	refute "refused: $attempt" guarded sh -c "$attempt"
done
check "git's configuration is as it was" cmp "$SCRATCH/config" "$code/.git/config"
equals "nothing of it is there" "" "$(cd "$code" && find . \( -name '.husky' -o -name '.idea' -o -name '.mcp.json' \
	-o -name '.gitconfig' -o -name tasks.json -o -path './docs/.vscode' -o -name settings.json -path './.claude/*' -o -path './src/.git' \
	-o -name ward.yaml -o -path './.git/hooks/pre-commit' -o -name alternates -o -name commondir \))"
no_canary "no secret can be found" guarded sh -c 'grep -ra . . ; git log -p --all; git stash list -p'
