#!/bin/bash
# examples/data-list-only.yaml: data is listed, samples are read, patients are not there.
# users: root user
. "$WARD_CASES/harness.sh"
. "$WARD_CASES/examples.bash"

code=$SCRATCH/code
view=$SCRATCH/view
make_codebase "$code" data-list-only
fill "$code"/{pipeline/run.py,README.md,tests/t.py,data/samples/a.csv,data/2026/schema.json}
plant "$code/data/2026/visits.csv"
plant "$code/data/patients/4711/scan.txt"
plant "$code/pipeline/.env"
mkdir -p "$code/results"

mount_view "$code" "$view"
see_levels "$view" <<-LEVELS
	write pipeline/run.py
	new results/out.csv
	new pipeline/new.py
	read README.md
	fixed new.md
	view data
	view data/2026/visits.csv
	fixed data/2026/new.csv
	read data/2026/schema.json
	read data/samples/a.csv
	none data/patients
	none pipeline/.env
	read ward.yaml
LEVELS
size=$(stat -c %s "$code/data/2026/visits.csv")
prints "names and sizes are the data's" " $size .* visits.csv$" ls -l "$view/data/2026"
unmount_view "$view"
rm -f "$code/results/out.csv" "$code/pipeline/new.py"

check "the pipeline runs on the samples" "$WARD" run -C "$code" -- sh -c '
	find data -name "*.csv" -printf "%p %s\n" | sort >results/files.txt && cat "$DATA_DIR"/*.csv >results/all.csv'
equals "it lists what is there" "data/2026/visits.csv $size" \
	"$(grep visits "$code/results/files.txt")"
refute "no patient is in the list" grep -q patients "$code/results/files.txt"
refute "data is not copied" "$WARD" run -C "$code" -- cp data/2026/visits.csv results/
no_canary "no content is found" "$WARD" run -C "$code" -- sh -c 'grep -ra . . ; tar cf - . ; cat data/patients/4711/*'
no_canary_in "nor is any left in what was written" "$code/results" "$code/tests"
