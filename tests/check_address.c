#include "suite.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

#include "config/address.h"

const char suite_name[] = "address";

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct address
address(const char *text)
{
	struct address address = { .is_known = false };

	if (strcmp(text, "unix") != 0)
		ck_assert_int_eq(address_parse(text, &address), 0);
	return address;
}

static const struct {
	const char *text;
	const char *formatted;	/* NULL: it is no address */
} texts[] = {
	{ "192.0.2.1", "192.0.2.1" },
	{ "0.0.0.0", "0.0.0.0" },
	{ "255.255.255.255", "255.255.255.255" },
	{ "::ffff:192.0.2.1", "192.0.2.1" },
	{ "::ffff:c000:201", "192.0.2.1" },
	{ "[::ffff:192.0.2.1]", "192.0.2.1" },
	{ "2001:DB8:0::1", "2001:db8::1" },
	{ "[2001:db8::1]", "2001:db8::1" },
	{ "::", "::" },
	{ "::1", "::1" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "", NULL },
	{ "unix", NULL },
	{ "192.0.2", NULL },
	{ "192.0.2.256", NULL },
	{ "192.0.2.1.", NULL },
	{ "192.0.2.01", NULL },
	{ "0x7f.0.0.1", NULL },
	{ "192.0.2.1:80", NULL },
	{ "192.0.2.1/32", NULL },
	{ " 192.0.2.1", NULL },
	{ "[192.0.2.1]", NULL },
	{ "[::1", NULL },
	{ "::1]", NULL },
	{ "[]", NULL },
	{ "[", NULL },
	{ "[[::1]]", NULL },
	{ "fe80::1%lo", NULL },
	{ "1:2:3:4:5:6:7:8:9", NULL },
	{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:00", NULL },
	{ "localhost", NULL },
};

START_TEST(address_is_read_and_written)
{
	char out[ADDRESS_TEXT_MAX + 1];
	struct address parsed;

	if (texts[_i].formatted == NULL) {
		ck_assert_msg(address_parse(texts[_i].text, &parsed) == -1,
		    "%s", texts[_i].text);
		return;
	}
	ck_assert_int_eq(address_parse(texts[_i].text, &parsed), 0);
	address_format(&parsed, out);
	ck_assert_str_eq(out, texts[_i].formatted);
}
END_TEST

START_TEST(address_comes_from_a_sockaddr)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct address expected4 = address("192.0.2.1");
	struct address expected6 = address("2001:db8::1"), got4, got6;

	inet_pton(AF_INET, "192.0.2.1", &in.sin_addr);
	inet_pton(AF_INET6, "2001:db8::1", &in6.sin6_addr);
	got4 = address_from_sockaddr((struct sockaddr *)&in);
	got6 = address_from_sockaddr((struct sockaddr *)&in6);

	ck_assert(got4.is_known && got6.is_known);
	ck_assert_mem_eq(got4.bytes, expected4.bytes, sizeof(got4.bytes));
	ck_assert_mem_eq(got6.bytes, expected6.bytes, sizeof(got6.bytes));
}
END_TEST

START_TEST(unix_domain_peer_has_no_address)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct address none = address_from_sockaddr((struct sockaddr *)&un);
	char out[ADDRESS_TEXT_MAX + 1] = "x";

	address_format(&none, out);

	ck_assert(!none.is_known);
	ck_assert_str_eq(out, "");
}
END_TEST

static const struct {
	const char *text;
	bool	 is_loopback;
} loopbacks[] = {
	{ "127.0.0.1", true },
	{ "127.255.255.254", true },
	{ "::ffff:127.0.0.1", true },
	{ "::1", true },
	{ "126.0.0.1", false },
	{ "128.0.0.1", false },
	{ "::", false },
	{ "::2", false },
	{ "1::1", false },
	{ "unix", false },
};

START_TEST(loopback_is_recognised)
{
	struct address it = address(loopbacks[_i].text);

	ck_assert_msg(address_is_loopback(&it) == loopbacks[_i].is_loopback,
	    "%s", loopbacks[_i].text);
}
END_TEST

static const char *const no_prefixes[] = {
	"", "/8", "unix/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
	"10.0.0.0/8x", "10.0.0.0/ 8", "10.0.0.0/8/8", "10.0.0/8", "::/129",
	"::/0x10", "::/9999", "2001:db8::/32 ", "host/8",
};

START_TEST(malformed_prefix_is_refused)
{
	struct address_prefix prefix;

	ck_assert_msg(address_prefix_parse(no_prefixes[_i], &prefix) == -1,
	    "%s", no_prefixes[_i]);
}
END_TEST

static const struct {
	const char *prefix;
	const char *address;
	bool	 is_inside;
} prefixes[] = {
	{ "10.0.0.0/8", "10.255.0.1", true },
	{ "10.0.0.0/8", "11.0.0.0", false },
	{ "10.0.0.0/8", "::ffff:10.1.2.3", true },
	{ "10.0.0.0/8", "a00::", false },
	{ "10.1.2.3", "10.1.2.3", true },
	{ "10.1.2.3", "10.1.2.2", false },
	{ "10.1.2.3/32", "10.1.2.2", false },
	{ "10.1.2.3/31", "10.1.2.2", true },
	{ "192.0.2.128/25", "192.0.2.127", false },
	{ "192.0.2.128/25", "192.0.2.255", true },
	{ "0.0.0.0/0", "203.0.113.9", true },
	{ "0.0.0.0/0", "2001:db8::1", false },
	{ "0.0.0.0/0", "unix", false },
	{ "::/0", "2001:db8::1", true },
	{ "::/0", "203.0.113.9", true },
	{ "::/0", "unix", false },
	{ "::ffff:10.0.0.0/104", "10.9.9.9", true },
	{ "::ffff:10.0.0.0/104", "11.9.9.9", false },
	{ "2001:db8::/33", "2001:db8:7fff::1", true },
	{ "2001:db8::/33", "2001:db8:8000::1", false },
	{ "[2001:db8::]/32", "2001:db8:1::", true },
	{ "2001:db8::1/128", "2001:db8::1", true },
	{ "2001:db8::1/128", "2001:db8::", false },
	{ "unix", "unix", true },
	{ "unix", "127.0.0.1", false },
};

START_TEST(prefix_covers_its_addresses)
{
	struct address it = address(prefixes[_i].address);
	struct address_prefix prefix;

	ck_assert_int_eq(address_prefix_parse(prefixes[_i].prefix, &prefix),
	    0);

	ck_assert_msg(address_is_trusted(&prefix, 1, &it) ==
	    prefixes[_i].is_inside, "%s in %s", prefixes[_i].address,
	    prefixes[_i].prefix);
	ck_assert(!address_is_trusted(&prefix, 0, &it));
}
END_TEST

/* 10.0.0.0/8, 2001:db8::/32 and UNIX-domain peers are trusted. */
static const struct {
	const char *peer;
	const char *forwarded_for;
	const char *client;
} chains[] = {
	{ "198.51.100.1", NULL, "198.51.100.1" },
	{ "198.51.100.1", "203.0.113.9", "198.51.100.1" },
	{ "10.0.0.1", NULL, "10.0.0.1" },
	{ "10.0.0.1", "", "10.0.0.1" },
	{ "10.0.0.1", " , ,", "10.0.0.1" },
	{ "10.0.0.1", "203.0.113.9", "203.0.113.9" },
	{ "::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9" },
	{ "unix", "203.0.113.9", "203.0.113.9" },
	{ "10.0.0.1", "192.0.2.6, 203.0.113.9", "203.0.113.9" },
	{ "10.0.0.1", "192.0.2.6,203.0.113.9,10.0.0.2", "203.0.113.9" },
	{ "10.0.0.1", "203.0.113.9 ,\t10.0.0.2 , 10.0.0.3 ", "203.0.113.9" },
	{ "10.0.0.1", "203.0.113.9,,10.0.0.2,", "203.0.113.9" },
	{ "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3" },
	{ "10.0.0.1", "203.0.113.9:4711", "203.0.113.9" },
	{ "10.0.0.1", "[2001:db9::1]:4711", "2001:db9::1" },
	{ "10.0.0.1", "[2001:db9::1]", "2001:db9::1" },
	{ "10.0.0.1", "2001:db9::1", "2001:db9::1" },
	{ "10.0.0.1", "203.0.113.9, [2001:db8::7]:1", "203.0.113.9" },
	{ "10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9" },
	{ "10.0.0.1", "203.0.113.9, ::ffff:10.9.9.9", "203.0.113.9" },
	{ "10.0.0.1", "fe80::1%eth0", "fe80::1" },
	{ "10.0.0.1", "[fe80::1%25eth0]:4711", "fe80::1" },
	{ "10.0.0.1", "[2001:db9::1%0]", "2001:db9::1" },
	{ "10.0.0.1", "\"[2001:db9::1]:4711\"", "2001:db9::1" },
	{ "10.0.0.1", "\"203.0.113.9\"", "203.0.113.9" },
	{ "10.0.0.1", "unknown", "unknown" },
	{ "unix", "unknown", "unknown" },
	{ "198.51.100.1", "unknown", "198.51.100.1" },
	{ "10.0.0.1", "unknown, 203.0.113.9", "203.0.113.9" },
	{ "10.0.0.1", "203.0.113.9, unknown, 10.0.0.2", "unknown" },
	{ "10.0.0.1", "203.0.113.9, _hidden", "unknown" },
	{ "10.0.0.1", "203.0.113.9:80x", "unknown" },
	{ "10.0.0.1", "203.0.113.9 10.0.0.2", "unknown" },
	{ "10.0.0.1", "[203.0.113.9]:80", "unknown" },
	{ "10.0.0.1", "203.0.113.9%eth0", "unknown" },
	{ "10.0.0.1", "[fe80::1%eth0", "unknown" },
	{ "10.0.0.1", "[2001:db9::1]x:80", "unknown" },
	{ "10.0.0.1", "for=203.0.113.9", "unknown" },
	{ "10.0.0.1", "\"", "unknown" },
	{ "10.0.0.1", "\"\"", "unknown" },
	{ "10.0.0.1", "%", "unknown" },
	{ "10.0.0.1", "203.0.113.9, 1111111111111111111111111111111111111111"
	    "1111111111111111111111111111", "unknown" },
};

START_TEST(client_is_the_rightmost_untrusted_address)
{
	struct address peer = address(chains[_i].peer), client;
	struct address_prefix trusted[3];
	char got[ADDRESS_TEXT_MAX + 1];

	ck_assert_int_eq(address_prefix_parse("10.0.0.0/8", &trusted[0]), 0);
	ck_assert_int_eq(address_prefix_parse("2001:db8::/32", &trusted[1]), 0);
	ck_assert_int_eq(address_prefix_parse("unix", &trusted[2]), 0);
	client = address_from_forwarded(trusted, COUNT(trusted), &peer,
	    chains[_i].forwarded_for);

	address_format(&client, got);
	ck_assert_str_eq(got, chains[_i].client);
}
END_TEST

static const struct {
	const char *text;
	const char *prefix;
} written[] = {
	{ "192.0.2.255", "192.0.2.0/24" },
	{ "::ffff:10.1.2.3", "10.1.2.0/24" },
	{ "2001:db8:1:2:3:4:5:6", "2001:db8:1::/48" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff::/48" },
	{ "::1", "::/48" },
	{ "unix", "" },
};

START_TEST(address_is_written_down_with_less_detail)
{
	struct address it = address(written[_i].text);
	char full[ADDRESS_TEXT_MAX + 1], out[ADDRESS_TEXT_MAX + 1];

	address_format(&it, full);
	address_format_detail(&it, ADDRESS_FULL, out);
	ck_assert_str_eq(out, full);
	address_format_detail(&it, ADDRESS_PREFIX, out);
	ck_assert_str_eq(out, written[_i].prefix);
	address_format_detail(&it, ADDRESS_NONE, out);
	ck_assert_str_eq(out, "");
}
END_TEST

static const struct {
	const char *one;
	const char *other;
	bool	 is_same;
} limited[] = {
	{ "192.0.2.1", "192.0.2.1", true },
	{ "192.0.2.1", "192.0.2.2", false },
	{ "192.0.2.1", "::ffff:192.0.2.1", true },
	{ "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true },
	{ "2001:db8::1", "2001:db8:0:1::1", false },
};

START_TEST(limits_count_an_ipv6_network_as_one)
{
	struct address one = address(limited[_i].one);
	struct address other = address(limited[_i].other);
	uint8_t a[16], b[16];

	ck_assert(address_limit_key(&one, a));
	ck_assert(address_limit_key(&other, b));

	ck_assert_int_eq(memcmp(a, b, sizeof(a)) == 0, limited[_i].is_same);
}
END_TEST

/* The client of a trusted loopback proxy that says this. */
static struct address
client_of_proxy(const char *forwarded_for)
{
	struct address_prefix trusted;
	struct address peer = address("127.0.0.1");

	ck_assert_int_eq(address_prefix_parse("127.0.0.1", &trusted), 0);
	return address_from_forwarded(&trusted, 1, &peer, forwarded_for);
}

START_TEST(limits_count_all_that_is_unreadable_as_one)
{
	struct address one = client_of_proxy("unknown");
	struct address other = client_of_proxy("192.0.2.1, what, 127.0.0.1");
	struct address local = client_of_proxy("127.0.0.1");
	char out[ADDRESS_TEXT_MAX + 1];
	uint8_t a[16], b[16];

	ck_assert(address_limit_key(&one, a));
	ck_assert(address_limit_key(&other, b));
	ck_assert_mem_eq(a, b, sizeof(a));
	ck_assert(!address_limit_key(&local, a));
	address_format_detail(&one, ADDRESS_PREFIX, out);
	ck_assert_str_eq(out, "unknown");
	address_format_detail(&one, ADDRESS_NONE, out);
	ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(limits_skip_local_peers)
{
	static const char *const local[] = { "unix", "127.0.0.1", "::1" };
	uint8_t key[16];
	size_t i;

	for (i = 0; i < COUNT(local); i++) {
		struct address it = address(local[i]);

		ck_assert(!address_limit_key(&it, key));
	}
}
END_TEST

static const char *const local_hosts[] = {
	"localhost", "LocalHost", "localhost.", "localhost:8081", "localhost:",
	"127.0.0.1", "127.0.0.1:8081", "127.255.255.254", "[::1]",
	"[::1]:8081", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]:1",
};

static const char *const other_hosts[] = {
	"", ":8081", "localhos", "localhosts", "localhost..", ".localhost",
	"localhost.evil.example", "evil.example", "evil.example:8081",
	"127.0.0.1.evil.example", "127.0.0.1.", "127.1", "2130706433",
	"0x7f.0.0.1", "128.0.0.1", "0.0.0.0", "192.0.2.1:8081", "[::]",
	"[::2]:8081", "::1", "[127.0.0.1]",
	"a1.b2.c3.d4.e5.f6.g7.h8.i9.j0.k1.l2.m3.n4.o5.p6.q7.r8",
};

START_TEST(a_loopback_name_is_of_this_machine)
{
	size_t i;

	for (i = 0; i < COUNT(local_hosts); i++)
		ck_assert_msg(address_host_is_loopback(local_hosts[i],
		    strlen(local_hosts[i])), "%s", local_hosts[i]);
	for (i = 0; i < COUNT(other_hosts); i++)
		ck_assert_msg(!address_host_is_loopback(other_hosts[i],
		    strlen(other_hosts[i])), "%s", other_hosts[i]);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, address_is_read_and_written, 0, COUNT(texts));
	tcase_add_test(tc, address_comes_from_a_sockaddr);
	tcase_add_test(tc, unix_domain_peer_has_no_address);
	tcase_add_loop_test(tc, loopback_is_recognised, 0, COUNT(loopbacks));
	tcase_add_loop_test(tc, malformed_prefix_is_refused, 0,
	    COUNT(no_prefixes));
	tcase_add_loop_test(tc, prefix_covers_its_addresses, 0,
	    COUNT(prefixes));
	tcase_add_loop_test(tc, client_is_the_rightmost_untrusted_address, 0,
	    COUNT(chains));
	tcase_add_loop_test(tc, address_is_written_down_with_less_detail, 0,
	    COUNT(written));
	tcase_add_loop_test(tc, limits_count_an_ipv6_network_as_one, 0,
	    COUNT(limited));
	tcase_add_test(tc, limits_count_all_that_is_unreadable_as_one);
	tcase_add_test(tc, limits_skip_local_peers);
	tcase_add_test(tc, a_loopback_name_is_of_this_machine);
}
