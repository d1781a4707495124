# shellcheck shell=bash
# Sourced by ./quickstart and ./run-tests: makes sure that what tests/packages lists is there.

# wanted_packages LIST PART…: the names in these parts of the list.
wanted_packages() {
	local list=$1
	shift
	awk -v parts=" $* " '
		/^\[/ { wanted = index(parts, " " substr($0, 2, length($0) - 2) " ") }
		/^[a-z0-9]/ && wanted { print $1 }
	' "$list"
}

# ensure_packages LIST PART…: root installs what is missing, anybody else is told the command.
ensure_packages() {
	local package log missing=()
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		echo "this is no Debian: the packages in ${1#"$PWD"/} are yours to find" >&2
		return 0
	fi
	while IFS= read -r package; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' ||
			missing+=("$package")
	done < <(wanted_packages "$@")
	[ ${#missing[@]} != 0 ] || return 0
	if [ "$(id -u)" != 0 ]; then
		echo "Some packages are missing. Install them, then come back:" >&2
		echo "    sudo apt install ${missing[*]}" >&2
		return 1
	fi
	echo "installing ${missing[*]}"
	log=$(mktemp) || return 1
	export DEBIAN_FRONTEND=noninteractive
	if ! { apt-get -qq update && apt-get -qq install -y --no-install-recommends "${missing[@]}"; } \
		</dev/null >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		echo "apt-get install failed" >&2
		return 1
	fi
	rm -f "$log"
}
