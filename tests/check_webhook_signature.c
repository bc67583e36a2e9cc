#include "suite.h"

#include <string.h>

#include "api/webhook_signature.h"

/* Signatures of webhooks. */

const char suite_name[] = "webhook_signature";

/* The specification's own example (its library for JavaScript). */
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define OTHER "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define TIMESTAMP "1614265330"
#define BODY "{\"test\": 2432232314}"
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
/* Of OTHER, by openssl dgst -sha256 -hmac. */
#define OTHER_SIGNATURE "v1,O4Gjv1HqPqsMrjmczoggs/sWA8gZD0VyHG+fLh4+ktI="

static void
sign(const char *first, const char *second,
    char out[WEBHOOK_SIGNATURE_CHARS + 1])
{
	struct webhook_secrets secrets = { .count = second == NULL ? 1 : 2 };

	ck_assert_int_eq(webhook_secret_parse(first, strlen(first),
	    &secrets.list[0]), 0);
	if (second != NULL)
		ck_assert_int_eq(webhook_secret_parse(second, strlen(second),
		    &secrets.list[1]), 0);
	webhook_signature_format(&secrets, ID, TIMESTAMP, BODY, strlen(BODY),
	    out);
}

START_TEST(the_example_of_the_specification_comes_out)
{
	char out[WEBHOOK_SIGNATURE_CHARS + 1];

	sign(SECRET, NULL, out);
	ck_assert_str_eq(out, SIGNATURE);
}
END_TEST

START_TEST(two_secrets_make_two_signatures)
{
	char out[WEBHOOK_SIGNATURE_CHARS + 1];

	sign(SECRET, OTHER, out);
	ck_assert_str_eq(out, SIGNATURE " " OTHER_SIGNATURE);
	sign(OTHER, SECRET, out);
	ck_assert_str_eq(out, OTHER_SIGNATURE " " SIGNATURE);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, the_example_of_the_specification_comes_out);
	tcase_add_test(tc, two_secrets_make_two_signatures);
}
