#!/bin/bash
# examples/docs-writer.yaml: documents are written, code is read.
# users: root user
. "$WARD_CASES/harness.sh"
. "$WARD_CASES/examples.bash"

code=$SCRATCH/code
view=$SCRATCH/view
make_codebase "$code" docs-writer
fill "$code"/{src/main.c,src/lib/README.md,README.md,CHANGELOG.md,docs/guide.md,docs/legal/terms.md} \
	"$code"/{docs/legal/README.md,vendor/x/README.md}
plant "$code/docs/internal/plan.md"
plant "$code/docs/next.draft.md"
plant "$code/src/.env"

mount_view "$code" "$view"
see_levels "$view" <<-LEVELS
	write docs/guide.md
	new docs/new.md
	write README.md
	write src/lib/README.md
	new src/README.md
	write CHANGELOG.md
	read src/main.c
	fixed src/new.c
	read docs/legal/terms.md
	read docs/legal/README.md
	read vendor/x/README.md
	none docs/internal
	none docs/next.draft.md
	none src/.env
	read ward.yaml
LEVELS
unmount_view "$view"
rm -f "$code/docs/new.md" "$code/src/README.md"

check "a page is written from the code" "$WARD" run -C "$code" -- sh -c '
	mkdir docs/api && { echo "# API"; cat src/main.c; } >docs/api/index.md && echo "- docs" >>CHANGELOG.md'
check "the host has the page" grep -q 'text of main.c' "$code/docs/api/index.md"
refute "the code is not changed" "$WARD" run -C "$code" -- sh -c 'echo x >>src/main.c'
no_canary "plans and secrets are not found" "$WARD" run -C "$code" -- sh -c 'grep -ra . . ; cat docs/internal/*'
silent_on "nor are their names" 'internal|draft|\.env' "$WARD" run -C "$code" -- find . -path ./ward.yaml -prune -o -print
