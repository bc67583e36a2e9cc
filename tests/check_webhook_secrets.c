#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/webhook_secrets.h"

/* The file with the secrets of webhooks. */

const char suite_name[] = "webhook_secrets";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* 24 bytes, 32 and 64. */
#define SHORTEST "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define USUAL "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define LONGEST "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUm" \
	"JygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="

static char path[] = "webhook_secrets.XXXXXX";

static int
read_bytes(const char *bytes, size_t len, mode_t mode,
    struct webhook_secrets *secrets, unsigned *line,
    char fault[WEBHOOK_SECRETS_FAULT_BYTES])
{
	int fd, result;

	strcpy(path + sizeof(path) - 7, "XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	ck_assert_int_eq(close(fd), 0);
	result = webhook_secrets_read(path, secrets, line, fault);
	ck_assert_int_eq(unlink(path), 0);
	return result;
}

static int
read_text(const char *text, struct webhook_secrets *secrets, unsigned *line,
    char fault[WEBHOOK_SECRETS_FAULT_BYTES])
{
	return read_bytes(text, strlen(text), 0600, secrets, line, fault);
}

START_TEST(secrets_stand_one_a_line_between_comments)
{
	char fault[WEBHOOK_SECRETS_FAULT_BYTES] = "";
	struct webhook_secrets secrets;
	unsigned line;

	ck_assert_msg(read_text("# new\n\n " USUAL " \r\n# old\n" SHORTEST,
	    &secrets, &line, fault) == 0, "%s", fault);
	ck_assert_uint_eq(secrets.count, 2);
	ck_assert_uint_eq(secrets.list[0].len, 32);
	ck_assert_uint_eq(secrets.list[0].bytes[31], 31);
	ck_assert_uint_eq(secrets.list[1].len, 24);
	ck_assert_uint_eq(secrets.list[1].bytes[0], 0x31);
}
END_TEST

START_TEST(a_secret_has_64_bytes_at_the_most)
{
	struct webhook_secret secret;

	ck_assert_int_eq(webhook_secret_parse(LONGEST, strlen(LONGEST),
	    &secret), 0);
	ck_assert_uint_eq(secret.len, 64);
	ck_assert_uint_eq(secret.bytes[63], 63);
}
END_TEST

static const struct {
	const char *text;
	unsigned line;
	const char *fault;
} wrong[] = {
	{ "", 0, "has no secret" },
	{ "# only this\n", 0, "has no secret" },
	{ "\nsecret", 2, "not \"whsec_\"" },
	/* As many characters, none of base64 behind the prefix. */
	{ "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1, "not \"whsec_\"" },
	{ "whsec_", 1, "not \"whsec_\"" },
	/* 23 bytes and 65. */
	{ "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRY=", 1, "not \"whsec_\"" },
	{ "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygp"
	    "KissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=", 1, "not \"whsec_\"" },
	/* Padding lacks, base64url, and something behind. */
	{ "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", 1,
	    "not \"whsec_\"" },
	{ "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La-a_w", 1, "not \"whsec_\"" },
	{ USUAL " x", 1, "not \"whsec_\"" },
	{ USUAL "\n" SHORTEST "\n" USUAL, 3, "more than two" },
};

START_TEST(what_is_wrong_is_said_with_its_line)
{
	char fault[WEBHOOK_SECRETS_FAULT_BYTES] = "";
	struct webhook_secrets secrets;
	unsigned line;

	ck_assert_int_eq(read_text(wrong[_i].text, &secrets, &line, fault),
	    -1);
	ck_assert_uint_eq(line, wrong[_i].line);
	ck_assert_msg(strstr(fault, wrong[_i].fault) != NULL, "%s", fault);
	/* It is nobody's business in a log. */
	ck_assert_ptr_null(strstr(fault, "AAEC"));
}
END_TEST

START_TEST(a_file_that_others_may_read_is_refused)
{
	char fault[WEBHOOK_SECRETS_FAULT_BYTES] = "";
	struct webhook_secrets secrets;
	unsigned line;

	ck_assert_int_eq(read_bytes(USUAL, strlen(USUAL), 0644, &secrets,
	    &line, fault), -1);
	ck_assert_str_eq(fault, "is a secret that others may read: chmod o=");
	ck_assert_int_eq(read_bytes(USUAL, strlen(USUAL), 0640, &secrets,
	    &line, fault), 0);
}
END_TEST

START_TEST(what_is_no_text_is_refused)
{
	char fault[WEBHOOK_SECRETS_FAULT_BYTES] = "", large[5000];
	struct webhook_secrets secrets;
	unsigned line;

	memset(large, '#', sizeof(large));
	ck_assert_int_eq(read_bytes(large, sizeof(large), 0600, &secrets,
	    &line, fault), -1);
	ck_assert_str_eq(fault, "is too large");
	ck_assert_int_eq(read_bytes(USUAL "\n\0", strlen(USUAL) + 2, 0600,
	    &secrets, &line, fault), -1);
	ck_assert_str_eq(fault, "holds a NUL byte");
	ck_assert_int_eq(webhook_secrets_read("/dev/null", &secrets, &line,
	    fault), -1);
	ck_assert_str_eq(fault, "is not a regular file");
	ck_assert_int_eq(webhook_secrets_read("/nowhere/at/all", &secrets,
	    &line, fault), -1);
	ck_assert_str_eq(fault, "No such file or directory");
}
END_TEST

START_TEST(equal_are_the_same_in_the_same_order)
{
	char fault[WEBHOOK_SECRETS_FAULT_BYTES] = "";
	struct webhook_secrets a, b, c;
	unsigned line;

	ck_assert_int_eq(read_text(USUAL "\n" SHORTEST, &a, &line, fault), 0);
	ck_assert_int_eq(read_text(SHORTEST "\n" USUAL, &b, &line, fault), 0);
	ck_assert_int_eq(read_text(USUAL, &c, &line, fault), 0);
	ck_assert(webhook_secrets_are_equal(&a, &a));
	ck_assert(!webhook_secrets_are_equal(&a, &b));
	ck_assert(!webhook_secrets_are_equal(&a, &c));
	ck_assert(!webhook_secrets_are_equal(&a, NULL));
	ck_assert(!webhook_secrets_are_equal(NULL, &a));
	ck_assert(webhook_secrets_are_equal(NULL, NULL));
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, secrets_stand_one_a_line_between_comments);
	tcase_add_test(tc, a_secret_has_64_bytes_at_the_most);
	tcase_add_loop_test(tc, what_is_wrong_is_said_with_its_line, 0,
	    COUNT(wrong));
	tcase_add_test(tc, a_file_that_others_may_read_is_refused);
	tcase_add_test(tc, what_is_no_text_is_refused);
	tcase_add_test(tc, equal_are_the_same_in_the_same_order);
}
