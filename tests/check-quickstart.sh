#!/bin/sh
# What contrib/quickstart says where it cannot do what it is told: the cause in a
# line, and what to do.  It runs in a folder of its own, with commands that are
# not the machine's.

srcdir=${srcdir:-.}
work=$(mktemp -d) || exit 1
daemon=
checkout=checkout
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
	PATH=$work/bin "$work/$checkout/contrib/quickstart" "$@" \
	    >"$work/said" 2>&1 </dev/null
	status=$?
	if [ $status != 1 ] || ! tail -n 1 "$work/said" | grep -q "$pattern"
	then
		echo "check-quickstart: quickstart $*: $status, not $pattern:"
		cat "$work/said"
		failures=$((failures + 1))
	fi
}

# Starts a daemon; its port is in $port.
start_daemon()
{
	mkfifo "$work/log"
	src/buddyshopping -d "$work/shop.db" 0 2>"$work/log" &
	daemon=$!
	port=$(sed -n '/listening on/{s/.*://p;q;}' "$work/log")
	rm "$work/log"
}

for tool in awk bash cat dirname env find flock grep id ls make mkdir nproc sed \
    sh sort stat tail tee tr wc; do
	command_is $tool
done
# A port that nobody has any more.
start_daemon
free=$port
kill "$daemon"
wait "$daemon"
# Nothing is installed, and there is room.
command_is dpkg-query 'exit 1'
command_is df 'printf "Avail\n 9999\n"'

says 'no port: say one from 1 to 65535' run 65536
says 'no port: say one from 1 to 65535' run www
says 'no apt-get here\. Install what your system calls gcc .*README' run "$free"

command_is apt-get 'exit 100'
command_is id 'case $1 in -u) echo 1000 ;; *) echo ada ;; esac'
says 'no sudo for ada here\. As root, say: apt-get update && apt-get' run "$free"
says 'only root may listen on port 9' run 9
command_is sudo 'exit 1'
says 'no sudo for ada here\. As root, say: apt-get update && apt-get' run "$free"
command_is sudo '[ "$1" = true ] || exec "$@"'
command_is apt-get 'echo "Temporary failure resolving a.example"; exit 100'
says 'there is no network here' run "$free"
command_is apt-get 'echo "write error - No space left on device"; exit 100'
says 'the disk is full' run "$free"
command_is apt-get 'echo "You don'"'"'t have enough free space in /var/."; exit 100'
says 'the disk is full' run "$free"
command_is apt-get 'echo "Could not get lock /var/lib/apt/lists/lock."; exit 100'
says 'another program installs packages' run "$free"
command_is apt-get 'echo "it is Friday"; exit 100'
says 'failed: sudo apt-get .* update' run "$free"
grep -q '^it is Friday' "$work/said" || {
	echo 'check-quickstart: the reason is not shown'
	failures=$((failures + 1))
}
command_is df 'printf "Avail\n    1\n"'
says 'the disk is full: 1 MB are free, a build takes' run "$free"
command_is df 'printf "Avail\n 9999\n"'

command_is find 'echo ./build/config.log'
command_is stat 'echo eve'
says './build/config.log cannot be written by ada, it is eve.s.*chown -R ada' run "$free"
command_is find

# As a package that was built leaves some.
ln -s nowhere "$work/checkout/build/link"
exec 8<"$work/checkout/build"
flock 8
says 'another quickstart is at work in' run "$free"
exec 8<&-
cp -R "$work/checkout" "$work/R&D"
checkout='R&D'
says 'make builds in no folder with such a name' run "$free"
checkout=checkout

# A port that is taken, by the daemon of this folder or by another one.
mkdir -p "$work/checkout/build/src"
start_daemon
says "another program listens on port $port. Port [0-9]* is free" run "$port"
printf '#!/bin/sh\nexit 0\n' >"$work/checkout/build/src/buddyshoppingctl"
chmod +x "$work/checkout/build/src/buddyshoppingctl"
says "runs already: http://localhost:$port/ .* run [0-9]" run "$port"

[ "$failures" = 0 ]
