#!/bin/bash
# Which codebase, which policy, and what the command line says on top.
# users: root user
. "$WARD_CASES/harness.sh"

make_tree code
cd code || exit 1

run() {
	"$WARD" run "$@"
}

# --- The codebase ---------------------------------------------------------------------------------

equals "without any marker it is the current directory" /workspace "$(run pwd)"
equals "a subdirectory without any marker too" main.c "$(cd src && run ls | head -n 2 | tail -n 1)"
mkdir .git
equals "with .git, a subdirectory is the same inside" /workspace/src/lib "$(cd src/lib && run pwd)"
equals "and all of the codebase is there" README.md "$(cd src/lib && run ls ../../README.md | xargs basename)"
rmdir .git
printf 'version: 1\nextends: read-only\n' >ward.yaml
equals "with ward.yaml as well" /workspace/src "$(cd src && run pwd)"
rm ward.yaml
equals "-C names it" /workspace "$(cd / && run -C "$SCRATCH/code/src" pwd)"
equals "and is not searched upwards" "lib main.c" "$(cd / && run -C "$SCRATCH/code/src" ls | xargs)"
equals "-w starts elsewhere" /workspace/docs "$(run -w docs pwd)"
equals "an absolute -w too" /tmp "$(run -w /tmp pwd)"
equals "--mount-point moves the view" /code/src "$(run --mount-point /code -w src pwd)"

# --- The policy -----------------------------------------------------------------------------------

equals "agent-safe is the default: what is plain can be read" "# A small codebase" "$(run cat README.md)"
refute "secrets are hidden" run cat .env
refute "nothing is writable" run touch src/new
check "but output/" run touch output/new
check "-p names a preset" run -p development touch src/new
refute "read-only writes nothing" run -p read-only touch output/other
echo 'version: 1
rules: [{read: /README.md}]' >"$SCRATCH/own.yaml"
equals "-p names a file" "README.md" "$(run -p "$SCRATCH/own.yaml" ls | xargs)"
printf 'version: 1\nextends: full-access\n' >"agent-safe"
refute "a file can't pass for a preset" run -p agent-safe cat .env
check "unless it is called a file" run -p ./agent-safe cat .env
rm agent-safe
printf 'version: 1\nrules: [{view: "**"}]\n' >ward.yaml
refute "the codebase's own policy holds" run cat README.md
check "and lists" run ls README.md
refute "and can't be changed from inside" run --write '**' sh -c 'echo >>ward.yaml'
check "its twin can" run --write '**' sh -c 'echo >>README.md'

# --- Trust ----------------------------------------------------------------------------------------

printf 'version: 1\nextends: read-only\nsandbox: {network: host}\n' >open.yaml
status "a policy in the codebase may not open the network" 125 run -p open.yaml true
cp open.yaml "$SCRATCH/open.yaml"
check "the user's own may" run -p "$SCRATCH/open.yaml" true
rm open.yaml ward.yaml

# --- Rules on the command line --------------------------------------------------------------------

refute "--none hides" run --none README.md cat README.md
check "--view lists" run --view README.md ls README.md
refute "and does not read" run --view README.md cat README.md
check "--read reads what the policy hides" run --read .env cat .env
check "--write writes" run --write /src/ touch src/newer
refute "--none wins over --write" run --write /src/ --none src/main.c cat src/main.c
check "its twin" run --write /src/ cat src/main.c

# --- The environment ------------------------------------------------------------------------------

export SECRET_TOKEN=host-value
equals "nothing is passed unasked" "" "$(run printenv SECRET_TOKEN)"
equals "-e NAME passes the host's" host-value "$(run -e SECRET_TOKEN printenv SECRET_TOKEN)"
equals "-e NAME=VALUE sets" "a=b c" "$(run -e 'V=a=b c' printenv V)"
equals "-e of what is not set passes nothing" "" "$(run -e NOT_SET_AT_ALL printenv NOT_SET_AT_ALL)"
printf 'version: 1\nextends: read-only\nsandbox: {env: {V: policy}}\n' >ward.yaml
equals "the policy sets" policy "$(run printenv V)"
equals "the command line wins" mine "$(run -e V=mine printenv V)"
rm ward.yaml

# --- The network ----------------------------------------------------------------------------------

interfaces() {
	run "$@" sh -c 'tail -n +3 /proc/net/dev | cut -d: -f1 | xargs'
}
equals "there is none" lo "$(interfaces)"
equals "--net none" lo "$(interfaces --net none)"
equals "--net host is the host's" "$(tail -n +3 /proc/net/dev | cut -d: -f1 | xargs)" "$(interfaces --net host)"
