# shellcheck shell=bash
# What the cases of the example policies share; sourced after the harness.

# Judges paths of the view at $1 by lines "LEVEL PATH" on standard input. Paths of a level exist in
# the codebase; those said to be "new" do not and can be made, those said to be "fixed" can't.
see_levels() {
	local view=$1 level path
	while read -r level path; do
		case $level in
		none)
			errno "$path is not there" ENOENT lstat "$view/$path"
			errno "$path cannot be made" EACCES mkdir "$view/$path"
			;;
		view)
			errno "$path is listed" OK lstat "$view/$path"
			if [ -d "$view/$path" ]; then
				errno "$path can be listed" OK list "$view/$path"
				errno "$path cannot be removed" EACCES rmdir "$view/$path"
			else
				errno "$path is not readable" EACCES read "$view/$path"
				errno "$path cannot be removed" EACCES unlink "$view/$path"
			fi
			;;
		read)
			errno "$path is readable" OK open "$view/$path" O_RDONLY
			errno "$path is not writable" EACCES open "$view/$path" O_WRONLY
			errno "$path cannot be removed" EACCES unlink "$view/$path"
			;;
		write)
			errno "$path is readable" OK open "$view/$path" O_RDONLY
			errno "$path is writable" OK open "$view/$path" O_WRONLY
			;;
		new) errno "$path can be made" OK creat "$view/$path" ;;
		fixed) errno "$path cannot be made" EACCES creat "$view/$path" ;;
		*) harness_fail "$level is a level" ;;
		esac
	done
}

# Makes a codebase at $1 with the example $2 as its policy.
make_codebase() {
	mkdir -p "$1"
	cp "$SOURCE/examples/$2.yaml" "$1/ward.yaml"
}

# Writes a line of text to each file.
fill() {
	local file
	for file; do
		mkdir -p "$(dirname "$file")"
		printf 'text of %s\n' "${file##*/}" >"$file"
	done
}
