#include "suite.h"

#include "config/address.h"
#include "config/address_scope.h"

/* Which addresses are public. */

const char suite_name[] = "address_scope";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
text_is_public(const char *text)
{
	struct address address;

	ck_assert_msg(address_parse(text, &address) == 0, "%s", text);
	return address_is_public(&address);
}

/* The first and the last of each range that is not, and their neighbours. */
static const char *const private[] = {
	"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255",
	"100.64.0.0", "100.127.255.255", "127.0.0.1", "127.255.255.255",
	"169.254.0.0", "169.254.169.254", "169.254.255.255", "172.16.0.0",
	"172.31.255.255", "192.0.0.0", "192.0.0.255", "192.0.2.1",
	"192.88.99.1", "192.168.0.0", "192.168.255.255", "198.18.0.0",
	"198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1",
	"239.255.255.255", "240.0.0.0", "255.255.255.255",
	"::ffff:127.0.0.1", "::ffff:10.1.2.3", "::", "::1", "::127.0.0.1",
	"::8.8.8.8", "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1",
	"64:ff9b:1::8.8.8.8", "100::1", "2001::1", "2001:1ff::1",
	"2001:db8::1", "2001:db8:ffff::1", "2002:7f00:1::1",
	"2002:a00:1::1", "2002:c0a8:101::1", "3fff::1", "3fff:fff::1",
	"5f00::1", "fc00::1", "fd12:3456:789a::1", "fdff::1", "fe80::1",
	"febf::1", "fec0::1", "feff::1", "ff02::1", "ffff::1",
};

static const char *const public[] = {
	"1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255",
	"100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255",
	"169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0",
	"192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
	"198.20.0.0", "223.255.255.255", "::ffff:8.8.8.8",
	"64:ff9b::8.8.8.8", "2001:200::1", "2001:db7::1", "2001:db9::1",
	"2002:808:808::1", "2606:4700::1111", "2a00:1450::1", "3ffe::1",
	"5eff::1", "5f01::1", "fbff::1",
};

START_TEST(special_addresses_are_not_public)
{
	ck_assert_msg(!text_is_public(private[_i]), "%s", private[_i]);
}
END_TEST

START_TEST(all_others_are)
{
	ck_assert_msg(text_is_public(public[_i]), "%s", public[_i]);
}
END_TEST

START_TEST(nobody_is_not_public)
{
	const struct address unix_peer = { .is_known = false };

	ck_assert(!address_is_public(&unix_peer));
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, special_addresses_are_not_public, 0,
	    COUNT(private));
	tcase_add_loop_test(tc, all_others_are, 0, COUNT(public));
	tcase_add_test(tc, nobody_is_not_public);
}
