#!/bin/sh
# usage: by-hand.sh
#
# Builds, tests, installs, starts and measures by hand what README.md,
# contrib/HACKING.md and tests/bench/README.md say, in a fresh Debian that has
# the sources alone: the lines as printed, but for words in capitals and the
# sizes of benchmarks, which would take an hour.  Run in the top folder of a
# checkout.  Needs root, the network, node and some 1.5 GB below $TMPDIR.

set -eu

[ "$(id -u)" = 0 ] || {
	echo 'by-hand.sh: skipped: only root can start a container'
	echo '0 passed, 0 failed, 1 skipped'
	exit 0
}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
root=$work/root

# quietly NAME COMMAND...: its output is shown if it fails.
quietly()
{
	name=$1
	shift
	"$@" >"$work/$name.log" 2>&1 </dev/null && return
	tail -n 60 "$work/$name.log"
	echo "by-hand.sh: failed: $*"
	exit 1
}

# printed DOCUMENT: its commands.
printed()
{
	"${NODE:-node}" "$here/lib/print-blocks.mjs" by-hand "$1"
}

# inside NAME FOLDER OPTION...: what is on standard input, line by line until one
# fails, in a container with these options.
inside()
{
	step=$1
	{
		echo "set -ex; cd '$2'"
		cat
	} >"$root/script"
	shift 2
	quietly "$step" systemd-nspawn --quiet --pipe --register=no --keep-unit \
	    --directory="$root" --setenv=MAKEFLAGS="-j$(nproc)" "$@" \
	    bash /script
}

codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
sources=$(grep -lsw "$codename" /etc/apt/sources.list \
    /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list.d/* |
    head -n 1)
# What building by hand does not ask for: a system that boots, and what
# HACKING.md and the benchmark want.
packages=systemd,systemd-sysv,dbus,ca-certificates,gdb,nodejs
quietly root mmdebstrap --quiet --variant=apt --include="$packages" \
    "$codename" "$root" "$sources"
echo 'APT::Get::Assume-Yes "true";' >"$root/etc/apt/apt.conf.d/by-hand"
mkdir "$root/checkout"
git ls-files | tar -cT - | tar -xC "$root/checkout"

# systemctl wants a system that is booted; "make check" is what .ci/run does.
printed README.md >"$work/readme"
sed '/^systemctl /d; /^make check$/d' "$work/readme" |
    inside build /checkout --resolv-conf=copy-host

# npm asks whom this machine asks.
npm='npm install --prefix . --no-save ws'
npm="$npm; $(printed tests/bench/README.md | sed -n '/^npm /s|SOURCE|..|p')"
quietly npm env -C "$root/checkout/build" sh -c "$npm"

printed contrib/HACKING.md | sed -E '/^make check( STORAGE=[a-z]+)?  /d' |
    inside hacking /checkout/build --private-network

# The benchmark's own figures are for a machine that does nothing else: that they
# are not reached (1) is no fault here.
shorter='s%src/buddyshopping$%& || [ $? = 1 ]%
    s|compare |&--runs 1 --seconds 1 |; s|1 --fanout|1 --only small --fanout|
    s|bench/beside |&-s 1 |; s|950000|1000|; s|SOURCE|..|
    s|fanout --url [^\\]*|& --duration 1 |; /^npm /d
    s|bench/stranger |&--only pings --seconds 1 |'

# The daemon that the benchmark's README has running.
daemon='src/buddyshopping -d bench.db -o message-rate=0 -o new-session-rate=0 \
    -o session-write-rate=0 -o session-write-day=0 \
    8080 2>log & PID=$!; tail --pid=$PID -F log | grep -m 1 listening'
{
	echo "$daemon"
	printed tests/bench/README.md | sed "s|PID|\$PID|; $shorter"
} | inside bench /checkout/build --private-network

cat >"$root/etc/systemd/system/test.service" <<-END
	[Unit]
	After=multi-user.target
	[Service]
	Type=oneshot
	ExecStart=/bin/sh -exc "$(sed -n '/^systemctl /p' "$work/readme"); \\
	    systemctl is-active buddyshopping; \\
	    buddyshoppingctl status; touch /works"
	ExecStopPost=/usr/bin/systemctl poweroff --no-block
	[Install]
	WantedBy=multi-user.target
END
ln -s /etc/systemd/system/test.service \
    "$root/etc/systemd/system/multi-user.target.wants"
quietly boot systemd-nspawn --quiet --register=no --keep-unit \
    --private-network --boot --directory="$root"
[ -e "$root/works" ] || {
	cat "$work/boot.log"
	echo 'by-hand.sh: the installed daemon does not run'
	exit 1
}
echo '1 passed, 0 failed, 0 skipped'
