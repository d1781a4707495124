#!/bin/bash
# `ward check`, `presets`, `version` and `help` on real files.
# users: root user
. "$WARD_CASES/harness.sh"

make_tree code
cd code || exit 1
git init -q .
git add -f .env README.md src

check_policy() {
	printf 'version: 1\n%s\n' "$1" >ward.yaml
}

check_policy 'extends: agent-safe'
status "agent-safe is clean" 0 "$WARD" check
prints "and says so" "ward.yaml: nothing to mend" "$WARD" check
status "every preset can be checked" 0 "$WARD" check read-only -C docs

check_policy 'rules: [{read: "**"}, {none: "*.key"}, {none: /.git/}]'
status "findings are status 1" 1 "$WARD" check
prints "a pattern for the top only" "ward.yaml:2:[0-9]+: top-only: \*\.key matches only at the top" "$WARD" check
prints "a rule that matches nothing" "ward.yaml:2:[0-9]+: no-match: \*\.key matches nothing" "$WARD" check

check_policy 'rules:
  - {none: "**/*.key", priority: 1}
  - {read: "/config/**", priority: 2}'
prints "an uncovered rule, with an example" \
	"ward.yaml:4:[0-9]+: uncovered: config/.*\.key is to be hidden by \*\*/\*\.key" "$WARD" check

check_policy 'rules:
  - {read: "**", priority: 1}
  - {write: /src/}'
prints "a rule that never wins" "ward.yaml:4:[0-9]+: dead-rule: /src/ never decides anything" "$WARD" check

check_policy 'extends: development'
prints "tracked files that are hidden" "git-deleted: \.env is tracked by git but hidden" "$WARD" check
prints "and that .git still holds" "git-content: \.env can't be read, but \.git can" "$WARD" check
check "as JSON too" python3 -c '
import json, subprocess, sys
out = subprocess.run([sys.argv[1], "check", "--json"], stdout=subprocess.PIPE)
assert out.returncode == 1
report = json.loads(out.stdout)
kinds = {f["kind"]: f for f in report["findings"]}
assert kinds["git-content"]["path"] == ".env", kinds
assert report["policy"].endswith("/ward.yaml")' "$WARD"
git rm -q --cached .env
silent_on "and none when git does not track it" "git-" "$WARD" check

printf 'version: 1\nrules: [{raed: x}]\n' >ward.yaml
status "a broken policy can't be checked" 125 "$WARD" check
prints "and its place is told" "ward.yaml:2:[0-9]+: .*" "$WARD" check
rm ward.yaml

prints "presets are listed" "^agent-safe " "$WARD" presets
for preset in $("$WARD" presets | cut -d' ' -f1); do
	"$WARD" presets show "$preset" >"$SCRATCH/$preset.yaml"
	refute "the text of $preset is a policy" grep -q "^ward:" "$SCRATCH/$preset.yaml"
	"$WARD" check "$SCRATCH/$preset.yaml" >"$SCRATCH/log" 2>&1
	refute "which loads" test $? = 125
done
status "there is no other" 125 "$WARD" presets show agent-saef
prints "but one like it" "did you mean agent-safe\?" "$WARD" presets show agent-saef
check "presets as JSON" python3 -c '
import json, subprocess, sys
names = [p["name"] for p in json.loads(subprocess.check_output([sys.argv[1], "presets", "--json"]))]
assert "agent-safe" in names, names
shown = json.loads(subprocess.check_output([sys.argv[1], "presets", "--json", "show", "agent-safe"]))
assert "version: 1" in shown["text"]' "$WARD"

prints "version" "^ward [0-9]+\.[0-9]+" "$WARD" version
prints "of bwrap" "^bwrap [0-9]" "$WARD" --version
check "as JSON" python3 -c '
import json, subprocess, sys
assert json.loads(subprocess.check_output([sys.argv[1], "version", "--json"]))["kernel"]' "$WARD"
prints "help lists the commands" "^  umount " "$WARD" --help
prints "help explains one" "^usage: ward run " "$WARD" help run
prints "so does --help" "--mount-point PATH" "$WARD" run --help
status "no command at all" 125 "$WARD"
silent_on "no colour where there is no terminal" $'\033' "$WARD" help
status "standard output that can't be written is told" 125 sh -c '"$0" presets >/dev/full' "$WARD"
