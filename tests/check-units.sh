#!/bin/sh
# usage: check-units.sh
#
# Fails when a systemd unit says something that systemd does not understand, or
# lets the daemon see more of the machine than it did: the exposure that
# systemd-analyze computes may be 1.1 at most, and 0.4 with local.conf.

set -eu

command -v systemd-analyze >/dev/null || {
	echo 'check-units.sh: skipped: there is no systemd-analyze'
	# It was to be there.
	case ${INSTALLED-} in *all*) exit 1 ;; esac
	exit 77
}

srcdir=${srcdir:-.}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
units=$work/usr/lib/systemd/system
mkdir -p "$units" "$work/etc/buddyshopping"

# The programs that the units name exist on every machine in their place.
for template in "$srcdir"/contrib/systemd/*.in; do
	sed -e 's|@sbindir@/buddyshopping |/bin/true |' \
	    -e 's|@bindir@/buddyshoppingctl |/bin/true |' \
	    -e 's|@sbindir@|/usr/sbin|g' -e 's|@bindir@|/usr/bin|g' \
	    -e 's|@confdir@|/etc/buddyshopping|g' "$template" \
	    >"$units/$(basename "$template" .in)"
done

failed=0
fail()
{
	echo "check-units.sh: $*"
	failed=1
}

# verify FILE: what is said of other units, or of manuals to come, is not ours.
verify()
{
	systemd-analyze verify --man=no "$1" 2>&1 |
	    grep -F "$(basename "$1")" >"$work/said" || true
	[ ! -s "$work/said" ] || fail "$(cat "$work/said")"
}

# exposure TENTHS NAME: of the service as it is in $units now.
exposure()
{
	systemd-analyze security --offline=true --threshold="$1" \
	    "$units/buddyshopping.service" >"$work/exposure" ||
	    fail "$2: $(tail -n 1 "$work/exposure")"
}

for unit in "$units"/*.socket "$units"/*.service; do
	verify "$unit"
done
exposure 11 'standing alone'
# A drop-in counts as if it stood at the end.
cat "$srcdir/contrib/systemd/remote-postgresql.conf" \
    >>"$units/buddyshopping.service"
verify "$units/buddyshopping.service"
exposure 11 'with remote-postgresql.conf'
sed -n '/^\[Service\]/,$p' "$srcdir/contrib/systemd/local.conf" \
    >>"$units/buddyshopping.service"
exposure 4 'with local.conf'
exit $failed
