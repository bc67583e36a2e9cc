#!/bin/sh
# usage: check-layers.sh [--tree DIR | --self-test]
#
# Fails when an arrow of the architecture points the wrong way: an include
# against the order of the layers, a cycle inside a layer, input, output, time,
# randomness or threads in a pure layer, a library outside the module that is
# there to hide it, a column of a database that is read unchecked, a header that
# does not compile alone.  Without arguments it
# looks at this tree and then plants one violation of each kind in a copy, to
# see that it would be found.

# shellcheck disable=SC2035 # every path begins with a layer
set -eu

layers='base session wire config hub storage audit net admin daemon ctl'
pure_layers='session wire hub'
# Each word: a library's header, and the place where alone it may be included,
# the beginning of a path as a pattern.
hidden_libraries='sqlite3.h=(storage|audit)/ json-c/=wire/(message|multicart).c
    microhttpd.h=net/http uthash.h=base/hash_table.h'
impure_headers='^(sys/(epoll|file|mman|poll|random|select|socket|stat|time|un'\
'|wait)\.h|(arpa|net|netinet|systemd)/.*|(fcntl|netdb|poll|pthread|signal'\
'|sqlite3|stdatomic|threads|time|unistd|uv)\.h)$'
impure_calls='time|gettimeofday|clock|clock_[a-z_]+|getrandom|getentropy|rand'\
'|random|id_key_random|open|openat|fopen|close|read|readv|pread|write'\
'|writev|pwrite|socket|accept4?|bind|connect|listen|send'\
'|send(to|msg)|recv|recv(from|msg)|sleep|usleep|nanosleep|getenv'\
'|pthread_[a-z_]+|thrd_[a-z_]+|uv_[a-z0-9_]+|sqlite3_[a-z0-9_]+'

column_calls='sqlite3_(column|value)_[a-z0-9_]+'

problems_in_text()
{
	(cd "$1/src" && awk -v layers="$layers" -v pure_layers="$pure_layers" \
	    -v hidden_libraries="$hidden_libraries" \
	    -v impure_headers="$impure_headers" \
	    -v impure_calls="$impure_calls" -v column_calls="$column_calls" '
	BEGIN {
		for (i = split(layers, list, /[ \n]+/); i > 0; i--)
			rank[list[i]] = i
		for (i = split(pure_layers, list, /[ \n]+/); i > 0; i--)
			is_pure[list[i]] = 1
		for (i = split(hidden_libraries, list, /[ \n]+/); i > 0; i--)
			home[substr(list[i], 1, index(list[i], "=") - 1)] = \
			    substr(list[i], index(list[i], "=") + 1)
		call = "(^|[^A-Za-z0-9_.>])(" impure_calls ")[ \t]*\\("
		column_call = column_calls "[ \t]*\\("
	}
	function problem(text)
	{
		print "src/" FILENAME ":" FNR ": " text
	}
	function check_project_include(path,	to)
	{
		if (path !~ /\//)
			return
		to = substr(path, 1, index(path, "/") - 1)
		if (path ~ /^\.\.?\// || !(to in rank))
			problem("not a path from src/: " path)
		else if (rank[to] > rank[layer])
			problem("includes upwards: " path)
	}
	function check_include(path,	library)
	{
		if (layer in is_pure && path ~ impure_headers)
			problem("not for a pure layer: " path)
		for (library in home)
			if (index(path, library) == 1 &&
			    FILENAME !~ "^" home[library])
				problem("only for " home[library] ": " path)
	}
	# The line without comments and strings.
	function code(line,	out, at)
	{
		gsub(/\\./, "", line)
		out = ""
		while (line != "") {
			if (in_comment) {
				if ((at = index(line, "*/")) == 0)
					return out
				line = substr(line, at + 2)
				in_comment = 0
			}
			if (!match(line, /"[^"]*"|\047[^\047]*\047|\/\*|\/\//))
				return out line
			out = out substr(line, 1, RSTART - 1) " "
			at = substr(line, RSTART, RLENGTH)
			line = substr(line, RSTART + RLENGTH)
			if (at == "//")
				return out
			if (at == "/*")
				in_comment = 1
		}
		return out
	}
	FNR == 1 {
		in_comment = 0
		layer = substr(FILENAME, 1, index(FILENAME, "/") - 1)
		if (!(layer in rank))
			problem("not a layer: " layer)
	}
	/^[ \t]*#[ \t]*include[ \t]*["<]/ {
		match($0, /["<][^">]*/)
		path = substr($0, RSTART + 1, RLENGTH - 1)
		if (substr($0, RSTART, 1) == "\"")
			check_project_include(path)
		check_include(path)
		next
	}
	{
		text = code($0)
		if (layer in is_pure && match(text, call))
			problem("not for a pure layer: " \
			    substr(text, RSTART, RLENGTH) ")")
		if (FILENAME != "storage/column.c" && match(text, column_call))
			problem("only for storage/column.c: " \
			    substr(text, RSTART, RLENGTH) ")")
	}
	' */*.[ch])
}

# Modules that include each other.  A module is a .c and its .h; what a layer
# further down includes cannot lead back, or it is a problem in the text.
problems_of_cycles()
{
	(cd "$1/src" && awk '
	function module(path)
	{
		sub(/\.[ch]$/, "", path)
		return path
	}
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		split($0, part, "\"")
		if (part[2] !~ /\//)
			part[2] = substr(FILENAME, 1, index(FILENAME, "/")) \
			    part[2]
		if (module(part[2]) != module(FILENAME))
			print module(FILENAME), module(part[2])
	}
	' */*.[ch]) | tsort 2>&1 >/dev/null | sed 's/^tsort: /src: cycle: /'
}

problems_of_headers()
{
	for header in $(cd "$1/src" && ls */*.h); do
		# shellcheck disable=SC2086 # flags are several words
		printf '#include "%s"\n' "$header" |
		    ${CC:-cc} -std=c11 -D_GNU_SOURCE ${DEPENDENCY_CFLAGS:-} \
		    -Wall -Werror -I"$1/src" -fsyntax-only -x c - \
		    >"$work/compiler" 2>&1 && continue
		echo "src/$header: does not compile alone"
		sed 's/^/    /' "$work/compiler"
	done
}

check_tree()
{
	{
		problems_in_text "$1"
		problems_of_cycles "$1"
		problems_of_headers "$1"
	} >"$work/problems"
	cat "$work/problems"
	test ! -s "$work/problems"
}

# expect PROBLEM FILE LINE...: FILE with these lines has exactly that problem.
expect()
{
	wanted=$1 file=$2
	shift 2
	printf '%s\n' "$@" >"$copy/src/$file"
	{
		problems_in_text "$copy"
		problems_of_cycles "$copy"
	} | grep planted >"$work/found" || true
	case $wanted in
	none)	test ! -s "$work/found" ;;
	*)	grep -q "$wanted" "$work/found" ;;
	esac || {
		echo "check-layers.sh: expected \"$wanted\" in src/$file:"
		printf '    %s\n' "$@"
		echo 'and found:'
		cat "$work/found"
		failed=1
	}
	rm "$copy/src/$file"
}

self_test()
{
	copy=$work/copy
	failed=0
	mkdir "$copy"
	cp -r "$1/src" "$copy"
	chmod -R u+w "$copy"

	expect none hub/planted.c '#include <string.h>' '#include "base/buf.h"' \
	    '/* read(fd), as' ' * in write(fd) */' 'x("send(fd) \" open(f)");' \
	    "peer->ops->send('\"'); /* recv(fd) */" 'int already(void);' \
	    'y = peer.read(peer); // time(NULL)' 'int (*send)(int);'
	expect 'includes upwards' base/planted.c '#include "session/session.h"'
	expect 'includes upwards' storage/planted.h '# include "net/ws.h"'
	expect 'not a path' wire/planted.c '#include "../base/buf.h"'
	expect 'not a path' wire/planted.c '#include "elsewhere/buf.h"'
	for header in sys/socket.h sys/random.h sys/time.h time.h netinet/in.h \
	    unistd.h fcntl.h pthread.h threads.h uv.h sqlite3.h; do
		expect 'not for a pure' session/planted.c "#include <$header>"
	done
	for name in time clock_gettime getrandom open read write send recv \
	    pthread_create uv_now sqlite3_step clock_now id_key_random; do
		expect 'not for a pure' wire/planted.c "	x = $name(y);"
		expect 'not for a pure' hub/planted.c "/* a */ $name (y);"
	done
	expect 'only for (storage|audit)' net/planted.c '#include <sqlite3.h>'
	expect 'only for wire/(message|multicart).c' wire/planted.c \
	    '#include <json-c/json.h>'
	expect 'only for net/http' net/planted.c '#include <microhttpd.h>'
	expect 'only for base/hash_table.h' hub/planted.c '#include <uthash.h>'
	for name in column_int64 column_text value_bytes; do
		expect 'only for storage/column.c' storage/planted.c \
		    "	x = sqlite3_$name(row, 0);"
	done
	expect none storage/planted.c '/* sqlite3_column_int(row, 0) */'

	echo '#include "planted.h"' >"$copy/src/net/planted_too.h"
	expect cycle net/planted.h '#include "net/planted_too.h"'
	expect none net/planted.h '#include "base/buf.h"'

	rm -r "$copy/src"
	mkdir -p "$copy/src/base"
	echo 'void planted(size_t n);' >"$copy/src/base/planted.h"
	problems_of_headers "$copy" | grep -q 'planted.h: does not compile' || {
		echo 'check-layers.sh: a header without its includes passed'
		failed=1
	}
	return $failed
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")/.." && pwd)

case ${1-} in
'')		check_tree "$here" && self_test "$here" ;;
--tree)		check_tree "$2" ;;
--self-test)	self_test "$here" ;;
*)		sed -n 's/^# usage/usage/p' "$0" >&2; exit 2 ;;
esac
