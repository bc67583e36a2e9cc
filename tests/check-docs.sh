#!/bin/sh
# What the programs say about themselves, the manual pages and the sample file
# must agree.  Environment: srcdir, the source tree; BUDDYSHOPPING and
# BUDDYSHOPPINGCTL, the programs; MANDOC.

srcdir=${srcdir:-.}
program=${BUDDYSHOPPING:-src/buddyshopping}
tool=${BUDDYSHOPPINGCTL:-src/buddyshoppingctl}
mandoc=${MANDOC:-mandoc}
pages=$srcdir/man
sample=$srcdir/contrib/buddyshopping.conf
failures=0

complain()
{
	echo "check-docs: $*" >&2
	failures=$((failures + 1))
}

# KEY=DEFAULT of each setting in the help.
settings()
{
	sed -n 's/^  \([a-z][a-z-]*=[^ ]*\) .*/\1/p' "$work/help"
}

# KEY=DEFAULT of each setting in the page, with nothing for none and empty.
page_defaults()
{
	awk '
		$1 == ".It" { key = $2 == "Ic" && NF == 3 ? $3 : "" }
		key != "" && /^The default is / {
			value = $4
			if (value ~ /.[.,:]$/)
				value = substr(value, 1, length(value) - 1)
			if (value == "none" || value == "empty")
				value = ""
			print key "=" value
			key = ""
		}' "$pages/buddyshopping.conf.5"
}

# The same of the sample file, as -o takes it.
sample_defaults()
{
	sed -n 's/^#\([a-z][a-z-]*\) = /\1=/p' "$sample" | tr -d '{}" '
}

# check_default FILE DEFAULTS KEY=VALUE: it is among the defaults of the file.
check_default()
{
	case $2 in
	*" $3 "*) ;;
	*" ${3%%=*}="*) complain "$1: ${3%%=*} is not ${3#*=}" ;;
	*) complain "$1: no default of ${3%%=*}" ;;
	esac
}

# Keys that the page or the sample has and the program has not.
check_strangers()
{
	for key in $(sed -n 's/^\.It Ic \([a-z][a-z-]*\)$/\1/p' \
	    "$pages/buddyshopping.conf.5") \
	    $(sed -n 's/^#\([a-z][a-z-]*\) = .*/\1/p' "$sample"); do
		case $all in
		*" $key="*) ;;
		*) complain "$key is documented, and no setting" ;;
		esac
	done
}

# Keys that a reload does not change, by the help and by the page.
check_restarts()
{
	helped=$(sed -n 's/^  \([a-z][a-z-]*\)=.* \[restart\]$/\1/p' \
	    "$work/help")
	told=$(awk '$1 == ".It" && $2 == "Ic" { key = $3 }
	    /^A change takes a restart\.$/ { print key }' \
	    "$pages/buddyshopping.conf.5")
	[ "$helped" = "$told" ] ||
	    complain "buddyshopping.conf.5: a restart take $told, not $helped"
}

# Keys that may stand in a section of a shop, by the help and by the page.
check_shops()
{
	helped=$(sed -n 's/^  \([a-z][a-z-]*\)=.* \[shop\]$/\1/p' \
	    "$work/help" | sort)
	told=$(awk '$1 == ".Ss" { here = $2 == "Shops" }
	    here && $1 == ".It" && $2 == "Cm"' "$pages/buddyshopping.conf.5" |
	    sed 's/^\.It Cm //; s/ , /\n/g' | sort)
	[ "$helped" = "$told" ] ||
	    complain "buddyshopping.conf.5: in sections are $told, not $helped"
}

check_settings()
{
	set -f
	all=" $(settings | tr '\n' ' ')"
	told=" $(page_defaults | tr '\n' ' ')"
	shown=" $(sample_defaults | tr '\n' ' ')"
	[ -n "${all# }" ] || complain "$program -h lists no settings"
	for setting in $all; do
		check_default buddyshopping.conf.5 "$told" "$setting"
		check_default "$sample" "$shown" "$setting"
	done
	set +f
	check_strangers
	check_restarts
	check_shops
}

# The sample must be valid as it is, and with every line in effect.
check_sample()
{
	active=$(mktemp) || exit 1
	sed 's/^#\([a-z][a-z-]* = \)/\1/' "$sample" >"$active"
	"$program" -t -c "$sample" >/dev/null || complain "$sample is wrong"
	"$program" -t -c "$active" >/dev/null ||
	    complain "$sample is wrong without its comment signs"
	rm -f "$active"
}

# Names in a table of message.c whose rows begin with [PREFIX_...] = { "name".
names()
{
	sed -n "s/^[[:space:]]*\\[$1_[A-Z_]*\\] = { \"\\([A-Za-z]*\\)\".*/\\1/p" \
	    "$srcdir/src/wire/message.c" | grep -v '^none$'
}

check_names()
{
	list=$(names "$1")
	[ -n "$list" ] || complain "message.c: no table of $1"
	for name in $list; do
		grep -Eq "^\.It .*\<$name\>" \
		    "$pages/buddyshopping-protocol.7" ||
		    complain "buddyshopping-protocol.7: no entry of $name"
	done
}

# The status of each refusal over HTTP, and entries that are none.
check_statuses()
{
	page=$pages/buddyshopping-protocol.7
	row='^[[:space:]]*\[REFUSAL_[A-Z_]*\] = { "\([A-Za-z]*\)", \([0-9]*\),.*'
	rows=$(sed -n "s/$row/\1=\2/p" "$srcdir/src/wire/message.c" |
	    grep -v '^none=')
	[ -n "$rows" ] || complain "message.c: no statuses of refusals"
	for row in $rows; do
		grep -qx "\.It Li ${row%=*} Pq ${row#*=}" "$page" ||
		    complain "$page: ${row%=*} is not said to have ${row#*=}"
	done
	for told in $(sed -n 's/^\.It Li \([A-Za-z]*\) Pq \([0-9]*\)$/\1=\2/p' \
	    "$page"); do
		echo "$rows" | grep -qx "$told" ||
		    complain "$page: $told is not in message.c"
	done
}

# The lines that follow a key in the list of limits begin with its default.
check_limits()
{
	told=$(awk '$1 == ".Ss" { here = $2 == "Limits" }
	    here && $1 == ".It" && $2 == "Ic" { key = $3; next }
	    key != "" { print key "=" $1; key = "" }' \
	    "$pages/buddyshopping-protocol.7")
	[ -n "$told" ] || complain "buddyshopping-protocol.7: no limits"
	for setting in $told; do
		case $all in
		*" $setting "*) ;;
		*) complain "buddyshopping-protocol.7: $setting is no default" ;;
		esac
	done
}

# check_constant HEADER NAME WORDS: the page says WORDS, with the value of NAME
# for N.
check_constant()
{
	value=$(sed -n "s/.*\\<$2 = \([0-9]*\).*/\1/p" \
	    "$srcdir/src/$1")
	[ -n "$value" ] || complain "$1: no $2"
	words=$(echo "$3" | sed "s/\<N\>/${value:-N}/g")
	grep -q "$words" "$pages/buddyshopping-protocol.7" ||
	    complain "buddyshopping-protocol.7: $2 is $value"
}

check_constants()
{
	check_constant wire/message.h MESSAGE_NAME_CHARS '^1 to N characters'
	check_constant wire/message.h MESSAGE_REQUEST_MIN '^N to [0-9]* of the'
	check_constant wire/message.h MESSAGE_REQUEST_MAX '^[0-9]* to N of the'
	check_constant wire/message.h MESSAGE_WAIT_S 'has passed: N seconds'
	check_constant wire/message.h MESSAGE_WAIT_MAX_S \
	    '\<N seconds at the most'
	check_constant wire/message.h MESSAGE_NESTING '^N levels'
	check_constant wire/ticket.h TICKET_BYTES_MAX 'has N bytes at the most'
	check_constant wire/ticket.h TICKET_LEEWAY_S '^N seconds, as clocks'
	check_constant wire/ticket.h TICKET_ACCOUNT_CHARS '1 to N characters'
	check_constant wire/json_scan.h JSON_MEMBERS_MAX \
	    '^N in a message and N in its payload'
	check_constant net/http_head.h HTTP_HEAD_BYTES '^N bytes, and'
}

check_options()
{
	for letter in $(sed -n 's/^  -\(.\), --.*/\1/p' "$work/help"); do
		grep -q "^\.It Fl $letter\>" "$pages/buddyshopping.8" ||
		    complain "buddyshopping.8: no option -$letter"
	done
}

# "audit show --follow" for each option that the tool has, "audit show" for
# the command itself.
tool_says()
{
	sed -n '/^Commands:$/,$s/^  //p' "$work/tool" |
	    sed 's/  .*//; s/ [^a-z].*//' | while read -r command; do
		echo "$command"
		# shellcheck disable=SC2086 # a command is several words
		"$tool" $command -h >"$work/tool $command"
		sed -n "s/^  \(--[a-z-]*\).*/$command \1/p" \
		    "$work/tool $command"
	done
}

# The same of its manual.
tool_page_says()
{
	awk '
	$1 == ".Sh" || $1 == ".Ss" { command = "" }
	$1 == ".It" && $2 == "Ic" {
		command = $3
		for (i = 4; i <= NF && $i ~ /^[a-z]+$/; i++)
			command = command " " $i
		print command
	}
	$1 == ".It" && $2 == "Fl" && $3 ~ /^-/ && command != "" {
		print command " -" $3
	}' "$pages/buddyshoppingctl.8"
}

check_tool()
{
	tool_says >"$work/tool_says"
	said=$(LC_ALL=C sort "$work/tool_says")
	told=$(tool_page_says | LC_ALL=C sort)
	[ -n "$said" ] || complain "$tool -h lists no commands"
	[ "$said" = "$told" ] || {
		complain "$tool -h (-) and buddyshoppingctl.8 (+) differ:"
		echo "$said" >"$work/said"
		echo "$told" | diff -u "$work/said" - | grep '^[-+][a-z]' >&2
	}
	for letter in $(sed -n 's/^  -\(.\), --.*/\1/p' "$work/tool"); do
		grep -q "^\.It Fl $letter\>" "$pages/buddyshoppingctl.8" ||
		    complain "buddyshoppingctl.8: no option -$letter"
	done
}

# What bash completes where the words end.
completed()
{
	name=$1
	shift
	bash -c '. "$1" && COMP_WORDS=("${@:3}") && COMP_CWORD=$(($# - 3)) &&
	    "$2" && printf "%s\n" "${COMPREPLY[@]}"' bash \
	    "$srcdir/contrib/completion/bash/$name" "_$name" "$@" |
	    LC_ALL=C sort
}

check_completed()
{
	words=$1
	shift
	wanted=$(echo "$words" | sed '/^$/d' | LC_ALL=C sort -u)
	found=$(completed "$@")
	[ "$wanted" = "$found" ] ||
	    complain "completion of $*: $found, not $wanted"
}

# Options that help in files lists, short ones and all.
helped_options()
{
	sed -n 's/^  \(-.\), \(--[a-z]*\).*/\1\n\2/p
	    s/^  \(--[a-z-]*=\{0,1\}\).*/\1/p' "$@"
}

check_completion()
{
	command -v bash >/dev/null || return
	check_completed "$(settings | sed 's/=.*/=/')" buddyshopping \
	    "$program" -o ''
	check_completed "$(helped_options "$work/help")" buddyshopping \
	    "$program" -
	check_completed "$(printf 'yes\nno')" buddyshopping "$program" -o \
	    require-tokens = ''
	check_completed "$(printf 'no\nstart\nyes')" buddyshopping \
	    "$program" -o require-tickets = ''
	check_completed "$(printf 'error\nwarning\ninfo\ndebug')" \
	    buddyshopping "$program" -o log-level = ''
	check_completed "$(sed 's/ .*//' "$work/tool_says")" buddyshoppingctl \
	    "$tool" ''
	grep -v ' --' "$work/tool_says" >"$work/commands"
	while read -r command; do
		# shellcheck disable=SC2086 # a command is several words
		check_completed "$(helped_options "$work/tool" \
		    "$work/tool $command")" buddyshoppingctl \
		    "$tool" $command -
	done <"$work/commands"
	command -v zsh >/dev/null || return
	for file in "$srcdir"/contrib/completion/zsh/*; do
		zsh -n "$file" || complain "$file: see above"
	done
}

# The tool's statuses and those of its page.
check_tool_statuses()
{
	has=$(sed -n 's/^	CTL_[A-Z_]* = \([0-9]*\).*/\1/p' \
	    "$srcdir/src/ctl/ctl.h" | tr '\n' ' ')
	told=$(awk '$1 == ".Sh" { here = $2 " " $3 == "EXIT STATUS" }
	    here && $1 == ".It" { printf "%s ", $2 }' \
	    "$pages/buddyshoppingctl.8")
	[ "$has" = "$told" ] ||
	    complain "ctl.h has the statuses $has, buddyshoppingctl.8 $told"
}

# check_numbers VIEW HEADER NAMES: the view of audit.sql has exactly the
# numbers and names that NAMES (lines of CONSTANT=NAME) and the header's
# enum (lines of CONSTANT = NUMBER) make.
check_numbers()
{
	wanted=$(echo "$3" | while IFS== read -r constant name; do
		sed -n "s/^	$constant = \([0-9]*\).*/\1=$name/p" \
		    "$srcdir/src/$2"
	done | sort)
	has=$(sed -n "/TEMP VIEW $1 /,/;/p" "$srcdir/sql/audit.sql" |
	    grep -o "([0-9]*, '[A-Za-z]*')" |
	    sed "s/(\([0-9]*\), '\(.*\)')/\1=\2/" | sort)
	[ "$wanted" = "$has" ] || complain "audit.sql: $1 differs from $2"
}

# CONSTANT=NAME of the rows of a table in message.c.
message_names()
{
	sed -n "s/^	\[\($1_[A-Z_]*\)\] = { \"\([A-Za-z]*\)\".*/\1=\2/p" \
	    "$srcdir/src/wire/message.c"
}

# CONSTANT=NAME of the cases of a switch in event_name.c.
event_names()
{
	awk -v prefix="$1" '$1 == "case" && $2 ~ "^" prefix "_" {
		constant = substr($2, 1, length($2) - 1)
	}
	$1 == "return" && constant != "" {
		split($2, part, "\"")
		print constant "=" part[2]
		constant = ""
	}' "$srcdir/src/ctl/event_name.c"
}

check_views()
{
	check_numbers audit_event_name session/record.h \
	    "$(event_names RECORD | grep -v '^RECORD_CALL_')"
	check_numbers audit_call_name session/record.h \
	    "$(event_names RECORD_CALL)"
	check_numbers audit_transport_name session/record.h \
	    "$(event_names TRANSPORT)"
	check_numbers audit_refusal_name session/refusal.h \
	    "$(message_names REFUSAL)"
	check_numbers audit_message_name wire/message.h \
	    "MESSAGE_NONE=
$(message_names MESSAGE)"
	for view in $(sed -n 's/^CREATE TEMP VIEW \([a-z_]*\) AS$/\1/p' \
	    "$srcdir/sql/audit.sql"); do
		grep -qx "\.It Li $view" "$pages/buddyshoppingctl.8" ||
		    complain "buddyshoppingctl.8: no entry of $view"
	done
}

# A quotation that begins in another one, as a macro that quotes to the end of
# its line makes it (".Dq a No or Dq b"), and macros that are shown as words.
check_rendered()
{
	open=$(printf '\001')
	close=$(printf '\002')
	macros='[ABDPQS]q|Ql|Li|Ic|Fl|Ar|Xr|Pa|Ns|Dv|Ev|Cm|Sx|Nm|Op'
	"$mandoc" -T html -O fragment "$1" | tr '\n' ' ' |
	    sed "s/<[^>]*>//g; s/&#x201C;/$open/g; s/&#x201D;/$close/g" \
	    >"$work/rendered"
	grep -o "$open[^$close]*$open[^$close]*" "$work/rendered" |
	    tr "$open$close" '""' >"$work/wrong"
	grep -oE "(^|[ (])($macros)[ ,.)]" "$work/rendered" >>"$work/wrong"
	while read -r wrong; do
		complain "$1: is shown as: $wrong"
	done <"$work/wrong"
}

# Where HACKING says that something is, it is: a file of src/ and a function.
check_places()
{
	sed -n 's/^|.*| `\([a-z_0-9/]*\.c\)` | `\([a-z_0-9]*\)` |$/\1 \2/p' \
	    "$srcdir/contrib/HACKING.md" >"$work/places"
	[ -s "$work/places" ] || complain 'HACKING.md: no places'
	while read -r file function; do
		grep -q "^$function(" "$srcdir/src/$file" ||
			complain "HACKING.md: $function() is not in src/$file"
	done <"$work/places"
}

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

if ! command -v "$mandoc" >/dev/null; then
	echo 'check-docs: skipped: mandoc was not found'
	# It was to be there.
	[ -n "${INSTALLED-}" ] && exit 1
	exit 77
fi
"$program" -h >"$work/help"
"$tool" -h >"$work/tool"
for page in "$pages"/*.[1-9]; do
	"$mandoc" -T lint -W warning "$page" || complain "$page: see above"
	check_rendered "$page"
done
check_settings
check_sample
check_names REFUSAL
check_names MESSAGE
check_statuses
check_limits
check_constants
check_options
check_tool
check_completion
check_tool_statuses
check_views
check_places
[ "$failures" -eq 0 ]
