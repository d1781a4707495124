#!/bin/bash
# A terminal: the command has one of its own, and the user's is as it was afterwards.
# users: root user
# timeout: 120
. "$WARD_CASES/harness.sh"

make_tree code
printf "version: 1\nextends: full-access\n" >code/ward.yaml
cd code || exit 1
unset TMUX
export TERM=screen PS1='$ ' WARD HISTFILE=
export PATIENCE=10

terminal() {
	tmux -f /dev/null -S "$SCRATCH/tmux" "$@"
}

# Ends the server and waits until it is gone.
close_terminal() {
	local pid
	pid=$(terminal display-message -p '#{pid}' 2>/dev/null) || return 0
	terminal kill-server
	timeout 10 tail --pid="$pid" -f /dev/null
}
at_exit close_terminal

# type KEY…: as tmux names them.
type() {
	terminal send-keys "$@"
}

# A fresh screen with a prompt. Keys typed before the shell reads them may be mangled.
screens=0
fresh() {
	screens=$((screens + 1))
	type "clear; echo screen $screens" Enter
	shows "screen $screens" "^screen $screens\$"
	shows "a prompt" '^\$ $'
}

screen_has() {
	terminal capture-pane -p | sed 's/^\$$/$ /' | grep -Eq -- "$1"
}

shows() {
	eventually "$1" screen_has "$2"
}

modes() {
	stty -a <"$tty" | sed 's/speed [0-9]* baud//'
}

terminal new-session -d -x 100 -y 30 bash --norc --noprofile
tty=$(terminal display-message -p '#{pane_tty}')
shows "a shell in a terminal" '^\$ $'

fresh
type '"$WARD" run sh -c "test -t 0 && test -t 1 && test -t 2 && echo yes; stty size; cat"' Enter
shows "inside is a terminal" '^yes$'
shows "of the same size" '^30 100$'
type hello Enter
sleep 0.5
equals "keys are echoed once and read" 2 "$(terminal capture-pane -p | grep -c '^hello$')"
check "the user's terminal is raw meanwhile" sh -c 'stty -a <"$0" | grep -q -- "-icanon"' "$tty"
terminal resize-window -x 90 -y 25
type C-c
shows "Ctrl-C ends it" '^\^C\$ ?$'
type 'echo "status $?"' Enter
shows "with its status" '^status 130$'

fresh
type '"$WARD" run bash -c "trap '\''stty size'\'' WINCH; echo ready; while :; do sleep 0.1; done"' Enter
shows "a command that watches its size" '^ready$'
terminal resize-window -x 81 -y 21
shows "sees it change" '^21 81$'
type C-c
shows "and can be interrupted" '^\^C\$ ?$'
terminal resize-window -x 100 -y 30

fresh
type '"$WARD" run sh -c "echo ready; sleep 1000"; echo "status $?"; stty -a | grep -o -- "-*icanon"' Enter
shows "a command runs" '^ready$'
pkill -TERM -x ward -t "${tty#/dev/}"
shows "a signal from elsewhere ends it" '^status 143$'
shows "and the terminal is as before" '^icanon$'

fresh
type '"$WARD" run sh -c "echo ready; sleep 1000"' Enter
shows "a command runs again" '^ready$'
type C-z
shows "the suspend key stops ward" 'Stopped'
type 'stty -a | grep -o -- "-*icanon"' Enter
shows "and gives the terminal back" '^icanon$'
type 'fg' Enter
sleep 0.5
check "fg takes it again" sh -c 'stty -a <"$0" | grep -q -- "-icanon"' "$tty"
type C-c
shows "Ctrl-C ends it" '^\^C\$ ?$'
type 'echo "status $?"' Enter
shows "and the command can be interrupted" '^status 130$'

fresh
type 'PS1="in> " "$WARD" shell -e PS1' Enter
shows "a shell inside" '^in>'
type 'sleep 1000' Enter
sleep 1
type C-z
shows "has job control of its own" 'Stopped +sleep 1000'
type 'kill %1; wait; jobs; echo end' Enter
shows "and lives on" '^end$'
type 'exit 7' Enter
shows "until it exits" '^\$ $'
type 'echo "status $?"' Enter
shows "with its status" '^status 7$'

fresh
type 'seq 500 | "$WARD" run cat | cat -A | tail -n 1' Enter
shows "no terminal in a pipeline" '^500\$$'
fresh
type '"$WARD" run cat | cat' Enter
sleep 1
type 'a line' Enter
eventually "lines reach a command whose output goes elsewhere" \
	sh -c 'test "$(tmux -S "$0" capture-pane -p | grep -c "^a line$")" = 2' "$SCRATCH/tmux"
type C-d
shows "and so does their end" '^\$ $'
fresh
type '"$WARD" run seq 500 | less' Enter
shows "a pager in the pipeline" '^:$'
sleep 0.3
type G
shows "has its keys" '^500$'
type q
shows "and ends" '^\$ $'

fresh
type 'seq 3 | "$WARD" run sh -c "cat; test -t 1 && echo terminal"' Enter
shows "a pipe in and a terminal out" '^terminal$'
fresh
type '"$WARD" run cat &' Enter
sleep 1
type 'echo free' Enter
shows "in the background it leaves the terminal alone" '^free$'
type 'fg' Enter
sleep 0.5
type 'typed' Enter
eventually "in the foreground it takes it" \
	sh -c 'test "$(tmux -S "$0" capture-pane -p | grep -c "^typed$")" = 2' "$SCRATCH/tmux"
type C-d
shows "until the end" '^\$ $'

fresh
type 'NO_COLOR=1 "$WARD" presets | cat -A; "$WARD" presets' Enter
shows "presets on a terminal" '^agent-safe'
