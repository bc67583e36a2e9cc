#!/bin/sh
# What contrib/quickstart says where it cannot do what it is told: the cause in a
# line, and what to do.  It runs in a folder of its own, with commands that are
# not the machine's.

srcdir=${srcdir:-.}
work=$(mktemp -d) || exit 1
daemon=
trap '[ -z "$daemon" ] || kill "$daemon"; rm -rf "$work"' EXIT
failures=0
mkdir -p "$work/checkout/contrib" "$work/bin"
cp "$srcdir/contrib/quickstart" "$work/checkout/contrib"

# command_is NAME [SCRIPT]: what is found by that name; the machine's own without.
command_is()
{
	rm -f "$work/bin/$1"
	if [ $# = 1 ]; then
		ln -s "$(command -v "$1")" "$work/bin/$1"
		return
	fi
	printf '#!/bin/sh\n%s\n' "$2" >"$work/bin/$1"
	chmod +x "$work/bin/$1"
}

# says PATTERN ARGUMENT...: with status 1, and nothing behind it.
says()
{
	pattern=$1
	shift
	PATH=$work/bin "$work/checkout/contrib/quickstart" "$@" \
	    >"$work/said" 2>&1 </dev/null
	status=$?
	if [ $status != 1 ] || ! tail -n 1 "$work/said" | grep -q "$pattern"
	then
		echo "check-quickstart: quickstart $*: $status, not $pattern:"
		cat "$work/said"
		failures=$((failures + 1))
	fi
}

for tool in awk bash cat dirname env find grep id ls make mkdir nproc sed sh \
    sort stat tail tee tr wc; do
	command_is $tool
done
# Nothing is installed, and there is room.
command_is dpkg-query 'exit 1'
command_is df 'printf "head\n- - - 9999\n"'

says 'no port: say one from 1 to 65535' run 65536
says 'no port: say one from 1 to 65535' run www
says 'no apt-get here\. Install what your system calls gcc .*README' run 1

command_is apt-get 'exit 100'
command_is id 'case $1 in -u) echo 1000 ;; *) echo ada ;; esac'
says 'no sudo for ada here\. As root, say: apt-get update && apt-get' run 1
command_is sudo 'exit 1'
says 'no sudo for ada here\. As root, say: apt-get update && apt-get' run 1
command_is sudo '[ "$1" = true ] || exec "$@"'
command_is apt-get 'echo "Temporary failure resolving a.example"; exit 100'
says 'there is no network here' run 1
command_is apt-get 'echo "write error - No space left on device"; exit 100'
says 'the disk is full' run 1
command_is apt-get 'echo "it is Friday"; exit 100'
says 'failed: sudo apt-get .* update' run 1
grep -q '^it is Friday' "$work/said" || {
	echo 'check-quickstart: the reason is not shown'
	failures=$((failures + 1))
}
command_is df 'printf "head\n- - - 1\n"'
says 'the disk is full: 1 MB are free, a build takes' run 1
command_is df 'printf "head\n- - - 9999\n"'

command_is find 'echo ./build/config.log'
command_is stat 'echo eve'
says './build/config.log was made by eve.*chown -R ada' run 1
command_is find

# A port that is taken, by the daemon of this folder or by another one.
mkdir -p "$work/checkout/build/src"
mkfifo "$work/log"
src/buddyshopping -d "$work/shop.db" 0 2>"$work/log" &
daemon=$!
port=$(sed -n '/listening on/{s/.*://p;q;}' "$work/log")
says "another program listens on port $port. Port [0-9]* is free" run "$port"
printf '#!/bin/sh\nexit 0\n' >"$work/checkout/build/src/buddyshoppingctl"
chmod +x "$work/checkout/build/src/buddyshoppingctl"
says "runs already: http://localhost:$port/ .* run [0-9]" run "$port"

[ "$failures" = 0 ]
