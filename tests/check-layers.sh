#!/bin/sh
# usage: check-layers.sh [--tree DIR | --self-test]
#
# Fails when the house is not in order:
# - an include against the order of the layers, or not by its path from src/;
# - modules of a layer that include each other in a circle;
# - input, output, time, randomness or threads in a pure layer;
# - a library outside the place that is there to hide it;
# - a column of a database that is read unchecked;
# - an engine of storage that others know by name;
# - a header that does not compile alone, of which the build tells if it comes
#   first in the .c of its name;
# - a file that stands in no layer, or that Makefile.am does not name;
# - a file of more than 700 lines.
# Without arguments it looks at this tree and then, in another, plants each of
# these, to see that it would be found.

# shellcheck disable=SC2086 # names of files and flags are words
set -eu

layers='base session wire config hub storage audit net admin api daemon ctl'
pure_layers='session wire hub'
lines_max=700
# Each word: a library's header, and the place where alone it may be included,
# the beginning of a path as a pattern.
hidden_libraries='sqlite3.h=(storage/sqlite|audit)/
    libpq-fe.h=storage/postgres/
    json-c/=wire/(message|multicart)\.c
    microhttpd.h=net/http
    uthash.h=base/hash_table\.h
    uv.h=(config|net|admin|api|daemon|ctl)/
    systemd/=(config|daemon)/
    confuse.h=config/
    curl/=api/webhook
    zlib.h=(wire/(gzip|ws_deflate)\.c|config/)'
impure_headers='^(sys/(epoll|eventfd|file|ioctl|mman|poll|random|resource'\
'|select|signalfd|socket|stat|statvfs|time|un|wait)\.h'\
'|(arpa|linux|netinet|systemd)/.*|net/if.*|base/std_fds\.h'\
'|(fcntl|grp|netdb|poll|pthread|pwd|signal|spawn|sqlite3|stdatomic|threads'\
'|time|unistd|uv)\.h)$'
impure_calls='time|gettimeofday|clock|clock_[a-z_]+|getrandom|getentropy|rand'\
'|random|id_key_random|open|openat|fopen|close|read|readv|pread|write'\
'|writev|pwrite|rename|unlink|socket|accept4?|bind|connect|listen|send'\
'|send(to|msg)|recv|recv(from|msg)|poll|ioctl|printf|puts|perror|system'\
'|popen|fork|sleep|usleep|nanosleep|getenv|std_fds_[a-z_]+'\
'|pthread_[a-z_]+|thrd_[a-z_]+|uv_[a-z0-9_]+|sqlite3_[a-z0-9_]+'
column_calls='sqlite3_(column|value)_[a-z0-9_]+'
# Folders of a layer, and the files outside of them that may know what is there.
engines='storage/(sqlite|postgres)'
engine_users='storage/(engines|atomic_file)\.c|audit/(backup|restore)'

# The files of a tree's src/ but for what make writes there.
list_files()
{
	made=$(sed -n 's/^[a-z_]*_header = src\///p' "$1/Makefile.am")
	files=$(cd "$1/src" && find . -name '*.[ch]' -printf '%P\n' | sort |
	    grep -vxF "$made") || test -z "$files"
}

problems_in_text()
{
	(cd "$1/src" && awk -v layers="$layers" -v pure_layers="$pure_layers" \
	    -v hidden_libraries="$hidden_libraries" \
	    -v impure_headers="$impure_headers" \
	    -v impure_calls="$impure_calls" -v column_calls="$column_calls" \
	    -v engines="$engines" -v engine_users="$engine_users" \
	    -v lines_max="$lines_max" '
	BEGIN {
		for (i = split(layers, list); i > 0; i--)
			rank[list[i]] = i
		for (i = split(pure_layers, list); i > 0; i--)
			is_pure[list[i]] = 1
		for (i = split(hidden_libraries, list); i > 0; i--)
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
		if (FILENAME !~ "^" engines "/" &&
		    FILENAME !~ "^(" engine_users ")" &&
		    path ~ "^" engines "/")
			problem("only for " engine_users ": " path)
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
		if (FILENAME !~ "^([a-z]+|" engines ")/[^/]+$" ||
		    !(layer in rank))
			problem("stands in no layer")
	}
	FNR == lines_max + 1 {
		problem("more than " lines_max " lines")
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
		if (FILENAME != "storage/sqlite/sqlite_row.c" && match(text, column_call))
			problem("only for storage/sqlite/sqlite_row.c: " \
			    substr(text, RSTART, RLENGTH) ")")
	}
	' $files </dev/null)
}

# Modules that include each other.  A module is a .c and its .h; what a layer
# further down includes cannot lead back, or it is a problem in the text.
problems_of_cycles()
{
	(cd "$1/src" && awk '
	function folder(path)
	{
		sub(/[^\/]*$/, "", path)
		return path
	}
	function module(path)
	{
		sub(/\.[ch]$/, "", path)
		return path
	}
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		split($0, part, "\"")
		if (part[2] !~ /\//)
			part[2] = folder(FILENAME) part[2]
		if (module(part[2]) != module(FILENAME))
			print module(FILENAME), module(part[2])
	}
	' $files </dev/null) | tsort 2>&1 >/dev/null |
	    sed 's/^tsort: /src: cycle: /'
}

# The headers that do not come first in the .c of their name.
list_other_headers()
{
	(cd "$1/src" && awk '
	FNR == 1 {
		is_head = 1
	}
	is_head && /^[^ \t*\/]/ {
		name = substr(FILENAME, 1, length(FILENAME) - 2)
		sub(/.*\//, "", name)
		if (FILENAME ~ /\.c$/ && $0 == "#include \"" name ".h\"")
			is_built[substr(FILENAME, 1, length(FILENAME) - 1) "h"]
		is_head = 0
	}
	END {
		for (i = 1; i < ARGC; i++)
			if (ARGV[i] ~ /\.h$/ && !(ARGV[i] in is_built))
				print ARGV[i]
	}
	' $files </dev/null)
}

problems_of_headers()
{
	for header in $(list_other_headers "$1"); do
		printf '#include "%s"\n' "$header" |
		    ${CC:-cc} -std=c11 -D_GNU_SOURCE ${DEPENDENCY_CFLAGS:-} \
		    -Wall -Werror -I"$1/src" -fsyntax-only -x c - \
		    >"$work/compiler" 2>&1 && continue
		echo "src/$header: does not compile alone"
		sed 's/^/    /' "$work/compiler"
	done
}

# A file that is not built is tested nowhere, and lacks in a release.
problems_of_build()
{
	words=" $(tr -s '[:space:]\134' ' ' <"$1/Makefile.am") "
	for file in $files; do
		case $words in
		*" src/$file "*)	;;
		*)	echo "src/$file: not named in Makefile.am" ;;
		esac
	done
}

problems_of()
{
	list_files "$1"
	problems_in_text "$1"
	problems_of_cycles "$1"
	problems_of_headers "$1"
	problems_of_build "$1"
}

check_tree()
{
	problems_of "$1" >"$work/problems"
	cat "$work/problems"
	test -n "$files" && test ! -s "$work/problems"
}

clear_planted()
{
	rm -rf "$planted"
	mkdir -p "$planted/src"
	: >"$planted/Makefile.am"
}

# plant FILE LINE...: a file of src/ with these lines, which is built.
plant()
{
	file=$planted/src/$1
	echo "	src/$1 \\" >>"$planted/Makefile.am"
	shift
	test -d "${file%/*}" || mkdir -p "${file%/*}"
	printf '%s\n' "$@" >"$file"
}

# found PROBLEM [N]: what was planted has that problem, N times, and no other;
# it is gone then.
found()
{
	problems_of "$planted" >"$work/found"
	if [ "$1" = none ]; then
		test ! -s "$work/found"
	else
		test "$(grep -cF "$1" "$work/found")" = "${2:-1}" &&
		    ! grep -vF "$1" "$work/found" | grep -q '^src/'
	fi || {
		echo "check-layers.sh: expected \"$1\", ${2:-1} times, in"
		(cd "$planted/src" && find . -type f -exec head -n 50 {} +)
		echo 'and found:'
		cat "$work/found"
		failed=1
	}
	clear_planted
}

# Every layer may include those before it, and none behind.
test_order()
{
	below='' pairs=0
	for layer in $layers; do
		for other in $below; do
			plant "$layer/$other.c" "#include \"$other/x.h\""
		done
		below="$below $layer"
	done
	found none
	below=''
	for layer in $layers; do
		for other in $below; do
			plant "$other/$layer.c" " # include \"$layer/x.h\""
			pairs=$((pairs + 1))
		done
		below="$below $layer"
	done
	found 'includes upwards' $pairs
	plant wire/x.c '#include "../base/buf.h"' '#include "nowhere/buf.h"'
	found 'not a path from src/' 2
}

test_pure()
{
	for layer in $pure_layers; do
		plant "$layer/x.c" '#include <string.h>' '#include "base/buf.h"' \
		    '/* read(fd), as' ' * in write(fd) */' \
		    'x("send(fd) \" open(f)");' 'int already(void);' \
		    "peer->ops->send('\"'); /* recv(fd) */" \
		    'y = peer.read(peer); // time(NULL)' 'int (*send)(int);'
	done
	found none
	for layer in $pure_layers; do
		plant "$layer/x.c" '#include <sys/socket.h>' \
		    '#include <sys/random.h>' '#include <sys/time.h>' \
		    '#include <time.h>' '#include <netinet/in.h>' \
		    '#include <unistd.h>' '#include <fcntl.h>' \
		    '#include <pthread.h>' '#include <threads.h>' \
		    '#include <poll.h>' '#include "base/std_fds.h"'
		plant "$layer/y.c" 'x = time(y);' 'clock_gettime(y);' \
		    '(void)getrandom (y);' 'if (open(y))' '	read(y);' \
		    'write(y);' 'send(y);' 'recv(y);' 'printf(y);' \
		    'pthread_create(y);' '/* a */ uv_now(y);' \
		    'sqlite3_step(y);' 'clock_now(y);' 'id_key_random(y);'
	done
	found 'not for a pure layer' 75 # 25 in each
}

test_libraries()
{
	plant net/x.c '#include <sqlite3.h>'
	found 'only for (storage/sqlite|audit)/'
	plant wire/x.c '#include <json-c/json.h>'
	found 'only for wire/(message|multicart)'
	for layer in storage audit; do
		plant $layer/x.c '#include "storage/sqlite/wal.h"'
	done
	found 'only for storage/(engines|atomic_file)' 2
	plant storage/sqlite/x.c '#include "storage/sqlite/wal.h"'
	plant storage/engines.c '#include "storage/sqlite/sqlite_engine.h"'
	found none
	plant net/x.c '#include <microhttpd.h>'
	found 'only for net/http'
	plant hub/x.c '#include <uthash.h>'
	found 'only for base/hash_table'
	plant storage/x.c '#include <uv.h>'
	found 'only for (config|net|'
	plant net/x.c '#include <systemd/sd-daemon.h>'
	found 'only for (config|daemon)/'
	plant ctl/x.c '#include <confuse.h>'
	found 'only for config/'
	plant api/x.c '#include <curl/curl.h>'
	found 'only for api/webhook'
	plant net/x.c '#include <zlib.h>'
	found 'only for (wire/(gzip|ws_deflate'
	for layer in storage audit; do
		plant $layer/x.c 'x = sqlite3_column_int64(row, 0);' \
		    'x = sqlite3_column_text (row, 0);' \
		    'x = sqlite3_value_bytes(row);'
	done
	found 'only for storage/sqlite/sqlite_row.c' 6 # 3 in each
	plant audit/x.c '/* sqlite3_column_int(row, 0) */'
	found none
}

test_files()
{
	for layer in $layers; do
		plant "$layer/x.h" "#include \"$layer/y.h\""
		plant "$layer/x.c" '#include "x.h"'
		plant "$layer/y.h" '#include "z.h"'
		plant "$layer/y.c" '#include "y.h"'
		plant "$layer/z.h" ''
		plant "$layer/z.c" '#include "z.h"' "#include \"$layer/x.h\""
	done
	found 'cycle: ' 48 # three modules in each, and a line above them
	for header in alone behind second; do
		plant base/$header.h 'void x(size_t n);'
	done
	plant base/behind.c '/*' ' * What it is for.' ' */' \
	    '#include <stddef.h>' '#include "behind.h"'
	plant base/second.c '#include "alone.h"' '#include "second.h"'
	found 'does not compile alone' 3
	for file in x.c elsewhere/x.c net/deeper/x.c; do
		plant $file ''
	done
	found 'stands in no layer' 3
	# shellcheck disable=SC2046 # a line each
	plant net/x.c $(seq $lines_max)
	found none
	# shellcheck disable=SC2046
	plant net/x.c $(seq $((lines_max + 1)))
	found "more than $lines_max lines"
	plant net/x.c ''
	: >"$planted/src/net/x.h"
	echo '	src/net/x.html src/net/x_h' >>"$planted/Makefile.am"
	found 'not named in Makefile.am'
	plant net/x.h 'x'
	echo 'x_header = src/net/x.h' >"$planted/Makefile.am"
	found none
}

# In a tree of its own, a breach of each kind.
self_test()
{
	planted=$work/planted
	failed=0
	clear_planted
	test_order
	test_pure
	test_libraries
	test_files
	return $failed
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")/.." && pwd)

case ${1-} in
'')		check_tree "$here" && self_test ;;
--tree)		check_tree "$(cd "$2" && pwd)" ;;
--self-test)	self_test ;;
*)		sed -n 's/^# usage/usage/p' "$0" >&2; exit 2 ;;
esac
