#!/bin/sh
# usage: system.sh
#
# The package as an administrator meets it: builds it twice, in different
# places, and compares; asks lintian; makes a fresh Debian, boots that with
# systemd in a container, and there installs, uses, upgrades and purges the
# package (system/inside.py).  Needs root and some 500 MB below $TMPDIR.

set -eu

skip()
{
	echo "system.sh: skipped: $*"
	exit 77
}

fail()
{
	echo "system.sh: $*"
	exit 1
}

[ "${NODE-}" != no ] || skip 'end-to-end tests are off (NODE=no)'
[ -z "${SANITIZERS-}" ] || skip 'a package is built without sanitizers'
[ "$(id -u)" = 0 ] || skip 'only root can boot a container'
for tool in mmdebstrap systemd-nspawn dpkg-buildpackage dh lintian \
    "${NODE:-node}"; do
	command -v "$tool" >/dev/null || skip "there is no $tool"
done
sources=
for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; do
	[ ! -s $file ] || sources=$file
done
[ -n "$sources" ] || skip 'there is no list of package sources'

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
work=$(cd "$work" && pwd -P)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# quietly NAME COMMAND...: its output is shown if it fails.
quietly()
{
	name=$1
	shift
	"$@" >"$work/$name.log" 2>&1 </dev/null && return
	tail -n 60 "$work/$name.log"
	fail "failed: $*"
}

# package FOLDER: the package, built from a copy of the release in FOLDER.
package()
{
	mkdir -p "$work/$1"
	cp -R "$work/release" "$work/$1/buddyshopping"
	ln -s contrib/debian "$work/$1/buddyshopping/debian"
	quietly "$1" env -C "$work/$1/buddyshopping" -u MAKEFLAGS -u MAKELEVEL \
	    -u MFLAGS -u srcdir -u CC DEB_BUILD_OPTIONS=nocheck \
	    dpkg-buildpackage -us -uc -b
}

quietly release make distdir distdir="$work/release" top_distdir="$work/release"
chmod -R u+w "$work/release"
package first
package second/in-a-longer-path
for file in "$work/first/"*.deb; do
	cmp "$file" "$work/second/in-a-longer-path/$(basename "$file")" ||
	    fail 'two builds differ'
done
lintian --pedantic "$work/first/"*.changes >"$work/lintian.log" 2>&1 || true
grep '^[EWIPX]: ' "$work/lintian.log" && fail 'lintian has something to say'

packages=systemd,systemd-sysv,dbus,nginx-light,curl,python3-websockets
packages=$packages,jq,sqlite3
depends=$(dpkg-deb -f "$work/first/"buddyshopping_*.deb Depends |
    sed -e 's/([^)]*)//g' -e 's/ //g')
quietly root mmdebstrap --quiet --variant=apt --include="$packages,$depends" \
    "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$work/root" "$sources"

mkdir "$work/root/test"
cp "$work/first/"buddyshopping_*.deb "$work/root/test/package.deb"
cp "$here"/system/* "$work/root/test"
"${NODE:-node}" "$here/lib/print-blocks.mjs" container \
    >"$work/root/test/blocks.json"
cat >"$work/root/etc/systemd/system/test.service" <<-END
	[Unit]
	After=multi-user.target nginx.service
	[Service]
	Type=oneshot
	WorkingDirectory=/test
	ExecStart=/usr/bin/python3 -u inside.py
	ExecStopPost=/usr/bin/systemctl poweroff --no-block
	StandardOutput=file:/test/output
	StandardError=inherit
	TimeoutStartSec=180
	[Install]
	WantedBy=multi-user.target
END
ln -s /etc/systemd/system/test.service \
    "$work/root/etc/systemd/system/multi-user.target.wants"
systemd-nspawn --quiet --register=no --keep-unit --private-network --boot \
    --directory="$work/root" >"$work/boot.log" 2>&1 </dev/null || {
	tail -n 40 "$work/boot.log"
	fail 'the container did not end well'
}
cat "$work/root/test/output"
tail -n 1 "$work/root/test/output" | grep -qx 'all is well' ||
    fail 'see above'
