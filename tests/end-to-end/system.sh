#!/bin/sh
# usage: system.sh
#
# The package as an administrator meets it: builds it twice, in different
# places, and compares; asks lintian; makes a fresh Debian, boots that with
# systemd in a container, and there installs, uses, upgrades and purges the
# package (system/inside.py).  It takes some 800 MB below $TMPDIR.

set -eu

skip()
{
	echo "system.sh: skipped: $*"
	exit 77
}

# Likewise; but what was to be installed may not lack.
lacks()
{
	case ${INSTALLED-} in *all*) fail "$@" ;; esac
	skip "$@"
}

fail()
{
	echo "system.sh: $*"
	exit 1
}

[ "${NODE-}" != no ] || skip 'end-to-end tests are off (NODE=no)'
[ -z "${SANITIZERS-}" ] || skip 'a package is built without sanitizers'
PATH=$PATH:/usr/sbin:/sbin
for tool in mmdebstrap systemd-nspawn dpkg-buildpackage dh lintian \
    "${NODE:-node}"; do
	command -v "$tool" >/dev/null || lacks "there is no $tool"
done

# Who makes and boots the container: root, sudo if it asks for nothing, or the
# user who runs this as the root of a namespace, who needs a cgroup for it.
if [ "$(id -u)" = 0 ]; then
	way=root
elif sudo -n true 2>/dev/null; then
	way=sudo
else
	way=namespace
	command -v newuidmap >/dev/null || lacks 'there is no newuidmap'
fi

delegate='systemd-run --user --scope --quiet -p Delegate=yes'
cgroup=$(sed -n 's/^0:://p' /proc/self/cgroup)

as_root()
{
	case $way in
	root)	"$@" ;;
	sudo)	sudo -n "$@" ;;
	namespace)
		# systemd-nspawn has files of its own in /run.
		$delegate unshare --user --map-root-user --map-auto --mount \
		    --pid --fork sh -ec 'mount -t proc proc /proc
			[ "$1" != systemd-nspawn ] || mount -t tmpfs tmpfs /run
			exec "$@"' sh "$@" ;;
	esac
}

# In a chroot there are no user namespaces, which the daemon's unit asks for,
# and no root folder that systemd-nspawn could make private.  A process that
# enters its own mount namespace is at the root of that, outside of the chroot,
# and can put the folder of the chroot in the place of that root.
out_of_chroot()
{
	as_root sh -c 'exec "$@" 3</' sh \
	    unshare --mount --propagation unchanged \
	    nsenter --mount=/proc/self/ns/mnt /bin/sh -ec '
		root=$(readlink /proc/self/fd/3)
		exec 3<&-
		mount --make-rslave /
		[ -e "$root/sys/fs/cgroup" ] || mount --rbind /sys "$root/sys"
		mount --rbind "$root" "$root"
		cd "$root"
		mount --move . /
		exec chroot . "$@"' sh "$@"
}

boot=as_root
if [ $way != namespace ]; then
	as_root unshare --user true 2>/dev/null || boot=out_of_chroot
	$boot unshare --user --mount --pid --net --fork true 2>/dev/null ||
	    skip 'root may not make the namespaces of a container here'
elif ! $delegate true 2>/dev/null; then
	delegate=
	[ -w "/sys/fs/cgroup$cgroup" ] ||
	    [ -w "/sys/fs/cgroup/unified$cgroup" ] ||
	    skip 'this user is not root, has no sudo without a password, and' \
	    'no cgroup to boot a container in'
fi
as_root true 2>/dev/null ||
    skip 'this user is not root, has no sudo without a password, and no user' \
    'namespace with subordinate ids'

# Debian's own, by its usual names or by others.
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
sources=$(grep -lsw "$codename" /etc/apt/sources.list \
    /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list.d/* |
    head -n 1)
[ -n "$sources" ] || skip 'there is no list of package sources'

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
work=$(cd "$work" && pwd -P)
trap 'as_root rm -rf "$work"' EXIT
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
	quietly build env -C "$work/$1/buddyshopping" -u MAKEFLAGS -u MAKELEVEL \
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

# What the container gets to see as /test.
mkdir "$work/test"
cp "$work/first/"buddyshopping_*.deb "$work/test/package.deb"
cp "$here"/system/* "$work/test"
"${NODE:-node}" "$here/lib/print-blocks.mjs" container \
    >"$work/test/blocks.json"
for place in copy postgres; do
	"${NODE:-node}" "$here/lib/print-blocks.mjs" $place \
	    >"$work/test/$place.json"
done

cat >"$work/test.service" <<-END
	[Unit]
	After=multi-user.target
	[Service]
	Type=oneshot
	WorkingDirectory=/test
	ExecStart=/usr/bin/python3 -u inside.py
	ExecStopPost=/usr/bin/systemctl poweroff --no-block
	StandardOutput=file:/test/output
	StandardError=inherit
	TimeoutStartSec=300
	[Install]
	WantedBy=multi-user.target
END

# All web servers would listen on port 80: inside.py starts one at a time.
servers='nginx lighttpd apache2 haproxy caddy postgresql'
packages=systemd,systemd-sysv,dbus,nginx-light,lighttpd,apache2,haproxy,caddy
packages=$packages,curl,python3-websockets,jq,sqlite3,openssl,ca-certificates
packages=$packages,postgresql,libnss-systemd,sudo
depends=$(dpkg-deb -f "$work/test/package.deb" Depends |
    sed -e 's/([^)]*)//g' -e 's/ //g')
unit=/etc/systemd/system/test.service
quietly root as_root mmdebstrap --mode=root --quiet --variant=apt \
    --include="$packages,$depends" \
    --customize-hook="upload '$work/test.service' $unit" \
    --customize-hook="chroot \"\$1\" systemctl disable $servers" \
    --customize-hook='chroot "$1" systemctl enable test.service' \
    "$codename" "$work/root" "$sources"

$boot systemd-nspawn --quiet --register=no --keep-unit --link-journal=no \
    --private-network --boot --directory="$work/root" --bind="$work/test:/test" \
    >"$work/boot.log" 2>&1 </dev/null || {
	tail -n 40 "$work/boot.log"
	fail 'the container did not end well'
}
cat "$work/test/output"
tail -n 1 "$work/test/output" | grep -qx 'all is well' ||
    fail 'see above'
