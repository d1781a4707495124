#!/bin/bash
# examples/node-monorepo.yaml: the agent works in one package of many.
# users: root user
# timeout: 120
. "$WARD_CASES/harness.sh"
. "$WARD_CASES/examples.bash"

code=$SCRATCH/code
view=$SCRATCH/view
make_codebase "$code" node-monorepo
fill "$code"/packages/web/{src/index.ts,package.json,scripts/build.js,node_modules/left/index.js} \
	"$code"/packages/ui/{src/button.ts,package.json,dist/button.js} \
	"$code"/packages/billing/src/index.d.ts "$code"/{package.json,package-lock.json} \
	"$code"/node_modules/react/index.js
plant "$code/packages/billing/src/invoice.ts"
plant "$code/packages/billing/.env.production"
plant "$code/packages/web/.env"
plant "$code/.npmrc"
mkdir -p "$code/packages/web/dist"

mount_view "$code" "$view"
see_levels "$view" <<-LEVELS
	write packages/web/src/index.ts
	new packages/web/dist/index.js
	write packages/ui/dist/button.js
	read packages/ui/src/button.ts
	fixed packages/ui/src/other.ts
	read packages/web/package.json
	read packages/web/scripts/build.js
	read packages/web/node_modules/left/index.js
	read package.json
	read package-lock.json
	read node_modules/react/index.js
	view packages/billing
	view packages/billing/src/invoice.ts
	read packages/billing/src/index.d.ts
	none packages/billing/.env.production
	none packages/web/.env
	none .npmrc
	read ward.yaml
LEVELS
unmount_view "$view"
rm -f "$code/packages/web/dist/index.js"

check "a build of the package writes what it may" "$WARD" run -C "$code" -- sh -c '
	set -e
	cat packages/web/src/*.ts packages/ui/src/*.ts packages/billing/src/index.d.ts >packages/web/dist/all.js
	mkdir coverage && echo total >coverage/lcov.info
	test "$CI" = 1'
check "the host has the build" grep -q button.ts "$code/packages/web/dist/all.js"
check "and the coverage" test -s "$code/coverage/lcov.info"
refute "another package is not changed" "$WARD" run -C "$code" -- sh -c 'echo x >packages/ui/src/button.ts'
no_canary "neither secrets nor the other team's sources are found" \
	"$WARD" run -C "$code" -- sh -c 'grep -ra . . ; cat packages/billing/src/*; env'
prints "but the other team's files are named" invoice.ts "$WARD" run -C "$code" -- find packages/billing
