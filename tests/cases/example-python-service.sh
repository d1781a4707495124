#!/bin/bash
# examples/python-service.yaml: the agent edits, tests and commits; production is out of its reach.
# users: root user
# timeout: 120
. "$WARD_CASES/harness.sh"
. "$WARD_CASES/examples.bash"

code=$SCRATCH/code
view=$SCRATCH/view
make_codebase "$code" python-service
fill "$code"/{deploy/run.sh,.github/ci.yml,Dockerfile,requirements.lock,migrations/0001.py} \
	"$code"/{config/dev.ini,tests/fixtures/jwt-test.key,requirements.txt,.env.example}
plant "$code/.env"
plant "$code/config/production.ini"
plant "$code/config/me.local.ini"
plant "$code/dumps/2026/customers.csv"
plant "$code/tests/fixtures/other.key"
mkdir -p "$code/app" "$code/migrations/draft"
printf 'def add(a, b):\n    return a - b\n' >"$code/app/calc.py"
printf 'import unittest\nfrom app.calc import add\n\nclass Test(unittest.TestCase):\n    def test(self):\n        self.assertEqual(add(2, 3), 5)\n' \
	>"$code/tests/test_calc.py"
(
	cd "$code" || exit 1
	printf '.env\n*.key\n*.ini\ndumps/\n' >.gitignore
	git init -q -b main .
	git config user.name dev
	git config user.email dev@example.org
	git add -A
	git commit -qm first
) || harness_fail "the repository is made"

mount_view "$code" "$view"
see_levels "$view" <<-LEVELS
	write app/calc.py
	write requirements.txt
	write .env.example
	write config/dev.ini
	read ward.yaml
	read deploy/run.sh
	read .github/ci.yml
	read Dockerfile
	read requirements.lock
	read migrations/0001.py
	new migrations/draft/0002.py
	fixed migrations/0002.py
	view dumps
	view dumps/2026/customers.csv
	none .env
	none config/production.ini
	none config/me.local.ini
	read tests/fixtures/jwt-test.key
	none tests/fixtures/other.key
	read .git/config
	fixed .git/hooks/pre-commit
	fixed .git/config.worktree
	fixed app/.git
LEVELS
unmount_view "$view"
rm -f "$code/migrations/draft/0002.py"

refute "the tests fail before the work" "$WARD" run -C "$code" -- python3 -m unittest -q tests.test_calc
check "the bug is mended" "$WARD" run -C "$code" -- sed -i 's/a - b/a + b/' app/calc.py
check "the tests pass after it" "$WARD" run -C "$code" -- python3 -m unittest -q tests.test_calc
check "the agent commits" "$WARD" run -C "$code" -- git commit -qam 'mend add'
equals "the host sees the commit" "mend add" "$(git -c safe.directory='*' -C "$code" log -1 --format=%s)"
equals "and nothing else is changed" "" "$(git -c safe.directory='*' -C "$code" status --porcelain)"
refute "the agent can't set git up to run something" "$WARD" run -C "$code" -- git config core.fsmonitor x
no_canary "no secret can be found" "$WARD" run -C "$code" -- sh -c 'grep -ra . . ; find . -ls; env'
