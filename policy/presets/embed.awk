# Makes presets.c of the preset files given. Each one's name is its file's, its summary what follows
# "# NAME: " in the first line.

function literal(line) {
	gsub(/\\/, "&&", line)
	gsub(/"/, "\\\\&", line)
	return "\"" line "\\n\""
}

function close_preset() {
	if (name != "")
		print "\t},"
}

BEGIN {
	print "/* Made by policy/presets/embed.awk; the sources are policy/presets/NAME.yaml. */"
	print "#include \"policy/project.h\"\n"
	print "const struct preset presets[] = {"
}

FNR == 1 {
	close_preset()
	name = FILENAME
	sub(/^.*\//, "", name)
	sub(/\.yaml$/, "", name)
	summary = $0
	if (index(summary, "# " name ": ") != 1) {
		print FILENAME ": the first line is not \"# " name ": SUMMARY\"" > "/dev/stderr"
		failed = 1
		exit 1
	}
	summary = substr(summary, length("# " name ": ") + 1)
	printf "\t{\n\t\t.name = \"%s\",\n\t\t.summary = \"%s\",\n\t\t.text =\n", name, summary
}

{
	print "\t\t\t" literal($0)
}

END {
	if (failed)
		exit 1
	close_preset()
	print "\t{.name = NULL},\n};"
}
