#!/bin/bash
# examples/reviewer.yaml: all is read but what is nobody's business; only the report is written.
# users: root user
# timeout: 120
. "$WARD_CASES/harness.sh"
. "$WARD_CASES/examples.bash"

code=$SCRATCH/code
view=$SCRATCH/view
make_codebase "$code" reviewer
fill "$code"/{src/app.py,vendor/lib/x.py,src/api_pb2.py,web/app.min.js,web/app.js}
printf 'def f():\n    return 1\n' >"$code/src/review_me.py"
plant "$code/hr/salaries.csv"
plant "$code/hr/chart.min.js"
plant "$code/src/id_rsa"
(
	cd "$code" || exit 1
	git init -q -b main .
	git -c user.name=dev -c user.email=dev@example.org commit -q --allow-empty -m first
) || harness_fail "the repository is made"

mount_view "$code" "$view"
see_levels "$view" <<-LEVELS
	read src/app.py
	fixed src/new.py
	read web/app.js
	view vendor
	view vendor/lib/x.py
	view src/api_pb2.py
	view web/app.min.js
	none hr
	none src/id_rsa
	read .git/config
	read ward.yaml
LEVELS
unmount_view "$view"

check "the report is written" "$WARD" run -C "$code" -- sh -c '
	mkdir review && { git log --format=%s; wc -l src/app.py; } >review/report.md'
prints "the host has the report" '^first$' cat "$code/review/report.md"
check "python leaves its cache" "$WARD" run -C "$code" -- \
	env PYTHONPATH=src python3 -c 'import review_me'
check "on the host, too" test -d "$code/src/__pycache__"
refute "the code is not changed" "$WARD" run -C "$code" -- sh -c 'echo x >>src/app.py'
refute "nor the history" "$WARD" run -C "$code" -- git commit -q --allow-empty -m second
no_canary "what is nobody's business is not found" \
	"$WARD" run -C "$code" -- sh -c 'grep -ra . . ; find . -ls; cat hr/*'
silent_on "nor named" 'hr/|salaries|id_rsa' "$WARD" run -C "$code" -- find .
