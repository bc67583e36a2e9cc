#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "config/options.h"
#include "config/options_read.h"
#include "config/reload.h"
#include "config/webhook_secrets.h"
#include "config/webhook_url.h"

/* What the settings of webhooks say together. */

const char suite_name[] = "webhook_options";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* The way from / to where this runs. */
#define SECRET_PATH "/proc/self/cwd/check_webhook_options.secret"
#define OLD "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"
#define NEW "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"

static void
write_secret(const char *text)
{
	FILE *file = fopen(SECRET_PATH, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ne(fputs(text, file), EOF);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(SECRET_PATH, 0600), 0);
}

static void
setup(void)
{
	write_secret(OLD);
}

static void
teardown(void)
{
	ck_assert_int_eq(unlink(SECRET_PATH), 0);
}

/* The lines of what is wrong with three settings; NULL is not said. */
static const char *
faults(const char *url, const char *secret, const char *private)
{
	static char text[1024];
	char options_of[3][256];
	char name[] = "x", o[] = "-o";
	char *argv[] = { name, o, options_of[0], o, options_of[1], o,
		options_of[2], NULL };
	struct options options;
	struct buf lines;

	(void)snprintf(options_of[0], 256, "webhook-url=%s", url);
	(void)snprintf(options_of[1], 256, "webhook-secret=%s", secret);
	(void)snprintf(options_of[2], 256, "webhook-allow-private=%s",
	    private);
	buf_init(&lines, sizeof(text) - 1);
	log_set_level(0);	/* the lines are looked at instead */
	if (options_read_again(7, argv, &options, &lines) == 0)
		options_clear(&options);
	memcpy(text, lines.len == 0 ? "" : buf_data(&lines), lines.len);
	text[lines.len] = '\0';
	buf_clear(&lines);
	return text;
}

static const char *const valid[] = {
	"", "https://shop.example", "https://shop.example/",
	"https://shop.example:8443/hook?a=b&c=%20", "http://127.0.0.1:1",
	"https://[2001:db8::1]/x", "https://[2001:db8::1]:65535",
	"https://shop.example/a@b:c", "https://h?@",
};

static const char *const invalid[] = {
	"shop.example", "ftp://shop.example", "file:///etc/passwd",
	"HTTPS://shop.example", "https:/shop.example", "https://",
	"https:///x", "https://:80", "https://user@shop.example",
	"https://user:password@shop.example", "https://shop.example/#x",
	"https://shop.example/a b", "https://shop.example/\n",
	"https://shop.example/\x7f", "https://shop.example/\xc3\xa4",
	"https://shop.example:0", "https://shop.example:65536",
	"https://shop.example:", "https://shop.example:80:80",
	"https://[::1", "https://::1", "https://[::1]x", "https://a\\b",
};

START_TEST(urls_of_web_servers_are_valid)
{
	ck_assert_msg(webhook_url_is_valid(valid[_i]), "%s", valid[_i]);
}
END_TEST

START_TEST(others_are_not)
{
	ck_assert_msg(!webhook_url_is_valid(invalid[_i]), "%s", invalid[_i]);
}
END_TEST

START_TEST(a_url_has_2048_bytes_at_the_most)
{
	char url[2050] = "https://h/";

	memset(url + 10, 'x', 2038);
	ck_assert(webhook_url_is_valid(url));
	url[2048] = 'x';
	ck_assert(!webhook_url_is_valid(url));
}
END_TEST

#ifdef HAVE_LIBCURL
START_TEST(a_url_needs_a_secret)
{
	ck_assert_str_eq(faults("https://h", SECRET_PATH, "no"), "");
	ck_assert_str_eq(faults("https://h", "", "no"), "webhook-url: nothing "
	    "to sign with: webhook-secret has to name a file\n");
	write_secret("x\n");
	ck_assert_str_eq(faults("https://h", SECRET_PATH, "no"),
	    SECRET_PATH ":1: webhook-secret: not \"whsec_\" with 24 to 64 "
	    "bytes in base64 behind it\n");
}
END_TEST

START_TEST(what_is_not_encrypted_stays_in_private_networks)
{
	ck_assert_str_eq(faults("http://h", SECRET_PATH, "no"), "webhook-url: "
	    "http:// needs webhook-allow-private, others take https://\n");
	ck_assert_str_eq(faults("http://h", SECRET_PATH, "yes"), "");
}
END_TEST
#else
START_TEST(without_libcurl_there_are_no_webhooks)
{
	ck_assert_ptr_nonnull(strstr(faults("https://h", SECRET_PATH, "no"),
	    "webhook-url: this program was built without libcurl"));
}
END_TEST
#endif

static void
count_change(void *ctx, const char *key, enum reload_change change)
{
	unsigned *count = ctx;

	ck_assert_str_eq(key, "webhook-secret");
	ck_assert_int_eq(change, RELOAD_ADOPTED);
	++*count;
}

START_TEST(a_reload_adopts_another_secret_in_the_same_file)
{
	char name[] = "x", o[] = "-o", option[] = "webhook-secret="
	    SECRET_PATH;
	char *argv[] = { name, o, option, NULL };
	struct options options, fresh;
	struct buf lines;
	unsigned count = 0;

	buf_init(&lines, 1024);
	ck_assert_int_eq(options_read_again(3, argv, &options, &lines), 0);
	write_secret(NEW OLD);
	ck_assert_int_eq(options_read_again(3, argv, &fresh, &lines), 0);
	reload_adopt(&options, &fresh, count_change, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(options.webhook_secrets->count, 2);
	ck_assert_uint_eq(options.webhook_secrets->list[0].len, 32);
	options_clear(&fresh);
	ck_assert_int_eq(options_read_again(3, argv, &fresh, &lines), 0);
	reload_adopt(&options, &fresh, count_change, &count);
	ck_assert_uint_eq(count, 1);
	options_clear(&fresh);
	options_clear(&options);
	buf_clear(&lines);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, urls_of_web_servers_are_valid, 0,
	    COUNT(valid));
	tcase_add_loop_test(tc, others_are_not, 0, COUNT(invalid));
	tcase_add_test(tc, a_url_has_2048_bytes_at_the_most);
#ifdef HAVE_LIBCURL
	tcase_add_test(tc, a_url_needs_a_secret);
	tcase_add_test(tc, what_is_not_encrypted_stays_in_private_networks);
#else
	tcase_add_test(tc, without_libcurl_there_are_no_webhooks);
#endif
	tcase_add_test(tc, a_reload_adopts_another_secret_in_the_same_file);
}
