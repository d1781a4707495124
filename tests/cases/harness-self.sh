#!/bin/bash
# The harness and its runner notice what they are there to notice: every case made here has one
# flaw and must fail for it; its twin without the flaw passes.
# users: root user
# timeout: 120
. "$WARD_CASES/harness.sh"

inner=$SCRATCH/inner/tests/cases
mkdir -p "$inner"
cp "$WARD_CASES/harness.sh" "$WARD_CASES/run" "$inner/"

# new_case NAME: a case from the standard input, behind the usual first line.
new_case() {
	{
		printf '#!/bin/bash\n'
		cat
	} >"$inner/$1.sh"
}

body() {
	new_case "$1" <<<'. "$WARD_CASES/harness.sh"
check "something holds" true
'"$2"
}

# Flaws that a check finds.
body good 'true'
body good-checks 'refute r false; status s 3 bash -c "exit 3"; prints p "^b$" printf "a\nb\n"
silent_on n "^c$" echo b; equals e a a; errno o OK stat .; errno o ENOENT stat nothing
plant secret; no_canary c echo nothing; mkdir d; echo x >d/f; snapshot d s; unchanged u d s
eventually e test -d d'
body bad-check 'check c false'
body bad-check-early 'check c false; check d true; check e true'
body bad-refute 'refute r true'
body bad-status 'status s 3 bash -c "exit 4"'
body bad-prints 'prints p "^c$" echo b'
body bad-silent 'silent_on p "b" echo b'
body bad-equals 'equals e a b'
body bad-errno 'errno e EACCES stat nothing'
body bad-errno-ok 'errno e EACCES stat .'
body bad-eventually 'PATIENCE=1; eventually e false'
body bad-canary 'plant secret; no_canary c cat secret'
body bad-canary-file 'plant secret; no_canary_in c .'
body bad-no-canary 'no_canary "nothing was planted" echo x'
body bad-content 'mkdir d; echo x >d/f; snapshot d s; echo y >d/f; unchanged u d s'
body bad-mode 'mkdir d; echo x >d/f; snapshot d s; chmod 600 d/f; unchanged u d s'
body bad-time 'mkdir d; echo x >d/f; snapshot d s; touch -d @1 d/f; unchanged u d s'

# Flaws of the case itself.
new_case bad-empty <<<'. "$WARD_CASES/harness.sh"'
body bad-variable 'echo "$no_such_variable"'
body bad-exit 'exit 3'
new_case bad-time-out <<<'# timeout: 1
. "$WARD_CASES/harness.sh"
check c true
trap "" TERM
while :; do sleep 100; done'

# What is left behind.
body bad-process '(setsid sleep 1000 &)'
body good-process 'background sleep 1000; check c kill -0 $BACKGROUND'
body bad-file 'touch "$TMPDIR/x"'
body good-file 'touch "$TMPDIR/x"; at_exit rm "$TMPDIR/x"'
body bad-crash '(setsid bash -c "ulimit -c 0; kill -SEGV \$\$" &) 2>/dev/null; sleep 0.2'
body bad-sanitizer '(setsid bash -c "exit 99" &) 2>/dev/null; sleep 0.2'
body bad-report 'echo "==1==ERROR: AddressSanitizer: heap-use-after-free"'
body skipped 'skip "no reason"'
expected_good=4
expected_bad=25
if $AS_ROOT; then
	body bad-mount 'mkdir m; mount -t tmpfs x m'
	body good-mount 'mkdir m; mount -t tmpfs x m; at_exit umount "$PWD/m"'
	body bad-runtime 'mkdir /run/ward/x'
	expected_good=5
	expected_bad=27
fi

as=user
! $AS_ROOT || as=root
CI='' "$inner/run" --build "$WARD_BUILD" --as "$as" >log 2>&1
equals "the runner fails when cases fail" 1 $?
equals "the last line counts them" "$expected_good passed, $expected_bad failed, 1 skipped" \
	"$(tail -n 1 log)"
equals "no good case failed" "" "$(grep -E '^FAIL +[a-z]+ +good' log)"
equals "no bad case passed" "" "$(grep -E '^pass +[a-z]+ +bad' log)"
prints "a time-out is said" 'bad-time-out .*timed out after 1 s' cat log
prints "a process left is named" 'bad-process .*left a process: [0-9]+ sleep 1000' cat log
prints "a file left is named" 'bad-file .*left .*/tmp/x' cat log
prints "a crash is named" 'bad-crash .*crashed with signal 11' cat log
prints "a sanitizer's end is named" 'bad-sanitizer .*ended by its sanitizer' cat log
if $AS_ROOT; then
	prints "a mount left is named" 'bad-mount .*left a mount: .*/m' cat log
	prints "a runtime directory left is named" 'bad-runtime .*left /run/ward/x' cat log
fi
prints "a skip gives its reason" '^skip .*skipped: no reason' cat log

CI='' "$inner/run" --build "$WARD_BUILD" --as "$as" 'good*' skipped >log 2>&1
equals "the runner succeeds when nothing failed" 0 $?
CI=true "$inner/run" --build "$WARD_BUILD" --as "$as" skipped >log 2>&1
equals "in CI a skip is a failure" 1 $?
equals "and counted as one" "0 passed, 1 failed, 0 skipped" "$(tail -n 1 log)"
status "an unknown case is refused" 2 "$inner/run" --build "$WARD_BUILD" --as "$as" no-such-case

# This verdict must not hang on what is under test here.
# shellcheck disable=SC2154 # it is the harness's
[ "$harness_failed" = 0 ] || exit 1
