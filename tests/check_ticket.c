#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hex.h"
#include "session/record.h"
#include "ticket_maker.h"
#include "wire/ticket.h"
#include "wire/ticket_key.h"

const char suite_name[] = "ticket";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW 1800000000
#define HS "{'alg':'HS256','kid':'hs'}"
#define ES "{'alg':'ES256','kid':'es'}"
#define ED "{'alg':'EdDSA','kid':'ed'}"
#define EXP "'exp':1800000300"

static const char *const headers[] = {
	[TICKET_HS256] = HS,
	[TICKET_ES256] = ES,
	[TICKET_EDDSA] = ED,
};

static struct ticket_keys *keys;
static struct payload *name;
static struct payload *account;		/* of the ticket judged last */
static struct ticket_use use;

static void
setup(void)
{
	keys = ticket_maker_keys();
	name = payload_new("Zo\xc3\xab", 4);
	use = (struct ticket_use){
		.session = "picnic",
		.name = name,
		.audience = "",
		.now_s = NOW,
	};
}

static void
teardown(void)
{
	ticket_keys_free(keys);
	payload_unref(name);
	payload_unref(account);
}

static enum ticket_fault
judge_by(const struct ticket_keys *some, const struct payload *ticket)
{
	enum ticket_fault fault;

	payload_unref(account);
	fault = ticket_judge(some, ticket, &use, &account);
	ck_assert(fault == TICKET_GOOD || account == NULL);
	return fault;
}

static enum ticket_fault
judge_text(const char *text, size_t len)
{
	struct payload *ticket = payload_new(text, len);
	enum ticket_fault fault = judge_by(keys, ticket);

	payload_unref(ticket);
	return fault;
}

/* What is found in a ticket with that header and claims. */
static enum ticket_fault
judge_made(enum ticket_algorithm algorithm, const char *header,
    const char *claims)
{
	struct payload *ticket = ticket_make(algorithm, header, claims);
	enum ticket_fault fault = judge_by(keys, ticket);

	payload_unref(ticket);
	return fault;
}

static void
check_fault(enum ticket_fault found, enum ticket_fault expected,
    const char *what)
{
	ck_assert_msg(found == expected, "%s: %s, not %s", what,
	    ticket_fault_name(found), ticket_fault_name(expected));
}

/* What the RFCs give: what is signed, and the signature in hexadecimal. */
static const struct vector {
	const char *key;
	const char *text;
	const char *signature;
} vectors[] = {
	/* RFC 7515, A.1 */
	{ "hs", "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
	    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
	    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
	    "7418dfb49799e0254ffa607dd8adbbba"
	    "16d4254d69d6bff05b58055853848d79" },
	/* RFC 7515, A.3 */
	{ "es", "eyJhbGciOiJFUzI1NiJ9."
	    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
	    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
	    "0ed1215379636c483c2f7f155807d402"
	    "a3b228033af97c7e17819ac3169ea665"
	    "c50a07d38c3c70e5d8f12daf084a5480"
	    "a66590c5f293509a8f3f7f8a83a354d5" },
	/* RFC 8037, A.4 */
	{ "ed", "eyJhbGciOiJFZERTQSJ9."
	    "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
	    "860c98d2297f3060a33f42739672d61b"
	    "53cf3adefed3d3c672f320dc021b411e"
	    "9d59b8628dc351e248b88b29468e0e41"
	    "855b0fb7d83bb15be902bfccb8cd0a02" },
};

START_TEST(signatures_of_the_rfcs_are_verified)
{
	const struct vector *vector = &vectors[_i];
	const struct ticket_key *key = ticket_keys_find(keys, vector->key, 2);
	size_t len = strlen(vector->signature) / 2, i;
	uint8_t signature[64];

	ck_assert_int_eq(hex_parse(vector->signature, len, signature), 0);
	ck_assert(ticket_key_verifies(key, vector->text,
	    strlen(vector->text), signature, len));
	ck_assert(!ticket_key_verifies(key, vector->text,
	    strlen(vector->text) - 1, signature, len));
	ck_assert(!ticket_key_verifies(key, vector->text,
	    strlen(vector->text), signature, len - 1));
	for (i = 0; i < len; i++) {
		signature[i] ^= 0x10;
		ck_assert(!ticket_key_verifies(key, vector->text,
		    strlen(vector->text), signature, len));
		signature[i] ^= 0x10;
	}
}
END_TEST

/* Headers that are good, and those that are not. */
static const struct header_case {
	enum ticket_algorithm algorithm;	/* by which it is signed */
	const char *header;
	enum ticket_fault fault;
} header_cases[] = {
	{ TICKET_HS256, HS, TICKET_GOOD },
	{ TICKET_ES256, ES, TICKET_GOOD },
	{ TICKET_EDDSA, ED, TICKET_GOOD },
	{ TICKET_HS256, "{'typ':'JWT','kid':'\\u0068s','jku':'http://x',"
	    "'alg':'HS256','jwk':{'k':1,'k':2},'x5c':[null]} ", TICKET_GOOD },
	{ TICKET_HS256, "{'alg':'HS256'}", TICKET_MALFORMED },
	{ TICKET_HS256, "{'kid':'hs'}", TICKET_MALFORMED },
	{ TICKET_HS256, "{'alg':'HS256','kid':null}", TICKET_MALFORMED },
	{ TICKET_HS256, "{'alg':['HS256'],'kid':'hs'}", TICKET_MALFORMED },
	{ TICKET_HS256, "{'alg':'HS256','kid':'hs','crit':null}",
	    TICKET_MALFORMED },
	{ TICKET_HS256, "{'alg':'HS256','kid':'hs','crit':['exp']}",
	    TICKET_MALFORMED },
	{ TICKET_HS256, "{'alg':'HS256','kid':'hs','alg':'HS256'}",
	    TICKET_MALFORMED },
	{ TICKET_HS256, "{'alg':'HS256','\\u006bid':'hs'}", TICKET_MALFORMED },
	{ TICKET_HS256, "{'alg':'HS256','kid':'hs',}", TICKET_MALFORMED },
	{ TICKET_HS256, "['alg','HS256']", TICKET_MALFORMED },
	{ TICKET_HS256, "", TICKET_MALFORMED },
	{ TICKET_HS256, "{'alg':'HS256','kid':'hs\\ud800'}",
	    TICKET_MALFORMED },
	{ TICKET_HS256, "{'alg':'HS256','kid':'hsx'}", TICKET_UNKNOWN_KEY },
	{ TICKET_HS256, "{'alg':'HS256','kid':''}", TICKET_UNKNOWN_KEY },
	{ TICKET_HS256, "{'alg':'HS256','kid':'hs\\u0000'}",
	    TICKET_UNKNOWN_KEY },
	{ TICKET_HS256, "{'alg':'none','kid':'hs'}", TICKET_WRONG_ALGORITHM },
	{ TICKET_HS256, "{'alg':'hs256','kid':'hs'}", TICKET_WRONG_ALGORITHM },
	{ TICKET_HS256, "{'alg':'HS256','kid':'es'}", TICKET_WRONG_ALGORITHM },
	{ TICKET_HS256, "{'alg':'HS256','kid':'ed'}", TICKET_WRONG_ALGORITHM },
	{ TICKET_EDDSA, "{'alg':'EdDSA','kid':'es'}", TICKET_WRONG_ALGORITHM },
	{ TICKET_EDDSA, ES, TICKET_WRONG_SIGNATURE },
	{ TICKET_ES256, ED, TICKET_WRONG_SIGNATURE },
	{ TICKET_ES256, HS, TICKET_WRONG_SIGNATURE },
};

START_TEST(the_header_names_a_key_and_its_algorithm)
{
	const struct header_case *c = &header_cases[_i];

	check_fault(judge_made(c->algorithm, c->header, "{" EXP "}"),
	    c->fault, c->header);
}
END_TEST

struct claim_case {
	const char *claims;
	enum ticket_fault fault;
};

static void
check_claims(const struct claim_case *cases, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		check_fault(judge_made(TICKET_HS256, HS, cases[i].claims),
		    cases[i].fault, cases[i].claims);
}

START_TEST(claims_are_one_strict_object)
{
	static const struct claim_case cases[] = {
		{ "{" EXP "}", TICKET_GOOD },
		{ " {" EXP ",'jti':{'a':1,'a':2},'iat':null}\n", TICKET_GOOD },
		{ "{" EXP "," EXP "}", TICKET_MALFORMED },
		{ "{" EXP ",'x':1,'x':1}", TICKET_MALFORMED },
		{ "{" EXP ",'r\\u006fle':'host'}", TICKET_MALFORMED },
		{ "{" EXP "}x", TICKET_MALFORMED },
		{ "[{" EXP "}]", TICKET_MALFORMED },
		{ "{" EXP ",'x':'\xff'}", TICKET_MALFORMED },
		{ "null", TICKET_MALFORMED },
		{ "", TICKET_MALFORMED },
	};

	check_claims(cases, COUNT(cases));
}
END_TEST

START_TEST(times_have_a_minute_of_leeway)
{
	static const struct claim_case cases[] = {
		{ "{}", TICKET_MALFORMED_CLAIMS },
		{ "{'exp':1800000000}", TICKET_GOOD },
		{ "{'exp':1799999941}", TICKET_GOOD },
		{ "{'exp':1799999940}", TICKET_EXPIRED },
		{ "{'exp':1799999940.999}", TICKET_EXPIRED },
		{ "{'exp':0}", TICKET_EXPIRED },
		{ "{'exp':99999999999999999999999999999999}", TICKET_GOOD },
		{ "{'exp':18446744073709551616}", TICKET_GOOD },
		{ "{'exp':-1}", TICKET_MALFORMED_CLAIMS },
		{ "{'exp':18e8}", TICKET_MALFORMED_CLAIMS },
		{ "{'exp':1.8E+9}", TICKET_MALFORMED_CLAIMS },
		{ "{'exp':'1800000300'}", TICKET_MALFORMED_CLAIMS },
		{ "{'exp':null}", TICKET_MALFORMED_CLAIMS },
		{ "{'exp':true}", TICKET_MALFORMED_CLAIMS },
		{ "{'exp':01800000300}", TICKET_MALFORMED },
		{ "{" EXP ",'nbf':1800000060}", TICKET_GOOD },
		{ "{" EXP ",'nbf':1800000060.9}", TICKET_GOOD },
		{ "{" EXP ",'nbf':1800000061}", TICKET_TOO_EARLY },
		{ "{" EXP ",'nbf':99999999999999999999999}", TICKET_TOO_EARLY },
		{ "{" EXP ",'nbf':0}", TICKET_GOOD },
		{ "{" EXP ",'nbf':-0}", TICKET_MALFORMED_CLAIMS },
		{ "{" EXP ",'nbf':1e1}", TICKET_MALFORMED_CLAIMS },
		{ "{" EXP ",'nbf':null}", TICKET_MALFORMED_CLAIMS },
		{ "{" EXP ",'nbf':[1]}", TICKET_MALFORMED_CLAIMS },
	};

	check_claims(cases, COUNT(cases));
}
END_TEST

START_TEST(a_ticket_for_somebody_is_not_for_who_has_no_name)
{
	static const struct claim_case cases[] = {
		{ "{" EXP ",'aud':'shop'}", TICKET_WRONG_AUDIENCE },
		{ "{" EXP ",'aud':''}", TICKET_WRONG_AUDIENCE },
		{ "{" EXP ",'aud':[]}", TICKET_WRONG_AUDIENCE },
		{ "{" EXP ",'aud':null}", TICKET_WRONG_AUDIENCE },
	};

	check_claims(cases, COUNT(cases));
}
END_TEST

START_TEST(who_has_a_name_must_be_in_the_audience)
{
	static const struct claim_case cases[] = {
		{ "{" EXP ",'aud':'https://shop'}", TICKET_GOOD },
		{ "{" EXP ",'aud':'https:\\/\\/shop'}", TICKET_GOOD },
		{ "{" EXP ",'aud':['https://shop']}", TICKET_GOOD },
		{ "{" EXP ",'aud': [ '' , '\\u0068ttps://shop' , 'x' ] }",
		    TICKET_GOOD },
		{ "{" EXP "}", TICKET_WRONG_AUDIENCE },
		{ "{" EXP ",'aud':'https://shop/'}", TICKET_WRONG_AUDIENCE },
		{ "{" EXP ",'aud':'https://sho'}", TICKET_WRONG_AUDIENCE },
		{ "{" EXP ",'aud':'https://shop\\u0000'}",
		    TICKET_WRONG_AUDIENCE },
		{ "{" EXP ",'aud':''}", TICKET_WRONG_AUDIENCE },
		{ "{" EXP ",'aud':[]}", TICKET_WRONG_AUDIENCE },
		{ "{" EXP ",'aud':[ ]}", TICKET_WRONG_AUDIENCE },
		{ "{" EXP ",'aud':['x','y']}", TICKET_WRONG_AUDIENCE },
		{ "{" EXP ",'aud':['https://shop',1]}",
		    TICKET_MALFORMED_CLAIMS },
		{ "{" EXP ",'aud':['https://shop',null]}",
		    TICKET_MALFORMED_CLAIMS },
		{ "{" EXP ",'aud':[['https://shop']]}",
		    TICKET_MALFORMED_CLAIMS },
		{ "{" EXP ",'aud':['\\udc00','https://shop']}",
		    TICKET_MALFORMED_CLAIMS },
		{ "{" EXP ",'aud':{'https://shop':1}}",
		    TICKET_MALFORMED_CLAIMS },
		{ "{" EXP ",'aud':null}", TICKET_MALFORMED_CLAIMS },
	};

	use.audience = "https://shop";
	check_claims(cases, COUNT(cases));
}
END_TEST

START_TEST(name_and_session_are_those_of_the_message)
{
	static const struct claim_case cases[] = {
		{ "{" EXP ",'name':'Zo\xc3\xab'}", TICKET_GOOD },
		{ "{" EXP ",'name':'Zo\\u00EB'}", TICKET_GOOD },
		/* Looks the same, and is another code point. */
		{ "{" EXP ",'name':'Zoe\\u0308'}", TICKET_WRONG_NAME },
		{ "{" EXP ",'name':'Zo'}", TICKET_WRONG_NAME },
		{ "{" EXP ",'name':'zo\xc3\xab'}", TICKET_WRONG_NAME },
		{ "{" EXP ",'name':'Zo\\u00eb\\u0000'}", TICKET_WRONG_NAME },
		{ "{" EXP ",'name':''}", TICKET_WRONG_NAME },
		{ "{" EXP ",'name':'\\ud83d'}", TICKET_MALFORMED_CLAIMS },
		{ "{" EXP ",'name':null}", TICKET_MALFORMED_CLAIMS },
		{ "{" EXP ",'name':{}}", TICKET_MALFORMED_CLAIMS },
		{ "{" EXP ",'session':'picnic'}", TICKET_GOOD },
		{ "{" EXP ",'session':'picnic2'}", TICKET_WRONG_SESSION },
		{ "{" EXP ",'session':'Picnic'}", TICKET_WRONG_SESSION },
		{ "{" EXP ",'session':''}", TICKET_WRONG_SESSION },
		{ "{" EXP ",'session':['picnic']}", TICKET_MALFORMED_CLAIMS },
		{ "{" EXP ",'session':null}", TICKET_MALFORMED_CLAIMS },
	};

	check_claims(cases, COUNT(cases));
}
END_TEST

START_TEST(every_escape_is_decoded)
{
	struct payload *other = payload_new("\"\\/ \xc3\xa9\xe2\x82\xac"
	    "\xf0\x9f\x98\x80" "A", 14);

	use.name = other;
	check_fault(judge_made(TICKET_HS256, HS, "{" EXP ",'name':"
	    "'\\\"\\\\\\/\\u0020\\u00e9\\u20AC\\ud83D\\uDe00\\u0041'}"),
	    TICKET_GOOD, "name");
	check_fault(judge_made(TICKET_HS256, HS, "{" EXP ",'sub':"
	    "'\\b\\f\\n\\r\\t'}"), TICKET_GOOD, "sub");
	payload_unref(other);
}
END_TEST

START_TEST(a_guest_may_only_join)
{
	static const struct claim_case joins[] = {
		{ "{" EXP ",'role':'guest'}", TICKET_GOOD },
		{ "{" EXP ",'role':'host'}", TICKET_GOOD },
		{ "{" EXP ",'role':'Guest'}", TICKET_WRONG_ROLE },
		{ "{" EXP ",'role':''}", TICKET_WRONG_ROLE },
		{ "{" EXP ",'role':null}", TICKET_MALFORMED_CLAIMS },
		{ "{" EXP ",'role':['host']}", TICKET_MALFORMED_CLAIMS },
	};
	static const struct claim_case starts[] = {
		{ "{" EXP "}", TICKET_GOOD },
		{ "{" EXP ",'role':'guest'}", TICKET_WRONG_ROLE },
		{ "{" EXP ",'role':'\\u0068ost'}", TICKET_GOOD },
		{ "{" EXP ",'role':'admin'}", TICKET_WRONG_ROLE },
	};

	check_claims(joins, COUNT(joins));
	use.starts = true;
	check_claims(starts, COUNT(starts));
}
END_TEST

/* sub of n characters, each of which is character. */
static enum ticket_fault
judge_account(size_t n, const char *character)
{
	char claims[2048] = "{" EXP ",'sub':'";
	size_t i;

	for (i = 0; i < n; i++)
		strcat(claims, character);
	strcat(claims, "'}");
	return judge_made(TICKET_HS256, HS, claims);
}

START_TEST(an_account_has_1_to_255_characters)
{
	static const struct claim_case cases[] = {
		{ "{" EXP ",'sub':'a\\u0000b'}", TICKET_MALFORMED_CLAIMS },
		{ "{" EXP ",'sub':'\\udfff'}", TICKET_MALFORMED_CLAIMS },
		{ "{" EXP ",'sub':7}", TICKET_MALFORMED_CLAIMS },
		{ "{" EXP ",'sub':null}", TICKET_MALFORMED_CLAIMS },
	};

	check_claims(cases, COUNT(cases));
	ck_assert_ptr_null(account);
	check_fault(judge_made(TICKET_HS256, HS, "{" EXP "}"), TICKET_GOOD,
	    "none");
	ck_assert_ptr_null(account);
	check_fault(judge_account(0, ""), TICKET_MALFORMED_CLAIMS, "empty");
	check_fault(judge_account(1, "a"), TICKET_GOOD, "1");
	check_fault(judge_account(255, "a"), TICKET_GOOD, "255");
	check_fault(judge_account(256, "a"), TICKET_MALFORMED_CLAIMS, "256");
	check_fault(judge_account(255, "\xf0\x9f\x98\x80"), TICKET_GOOD,
	    "255 of four bytes");
	ck_assert_uint_eq(account->len, RECORD_ACCOUNT_BYTES);
	check_fault(judge_account(2, "\\u00e9"), TICKET_GOOD, "escapes");
	ck_assert_str_eq(account->data, "\xc3\xa9\xc3\xa9");
	check_fault(judge_account(256, "\xc3\xa9"), TICKET_MALFORMED_CLAIMS,
	    "256 of two bytes");
}
END_TEST

START_TEST(a_ticket_has_at_most_4096_bytes)
{
	char claims[4096];
	size_t len = 0;
	struct payload *ticket;
	int fill = 2980;

	/* Of what such a ticket has, one byte more or less is in a claim. */
	do {
		(void)snprintf(claims, sizeof(claims), "{" EXP ",'x':'%*s'}",
		    fill++, "");
		ticket = ticket_make(TICKET_HS256, HS, claims);
		check_fault(judge_by(keys, ticket),
		    ticket->len <= TICKET_BYTES_MAX ? TICKET_GOOD :
		    TICKET_MALFORMED, "length");
		if (ticket->len <= TICKET_BYTES_MAX)
			len = ticket->len;
		payload_unref(ticket);
	} while (fill < 3010);
	ck_assert_uint_ge(len, TICKET_BYTES_MAX - 1);
}
END_TEST

START_TEST(a_ticket_is_three_parts_of_base64url_in_one_spelling)
{
	struct payload *good = ticket_make(TICKET_HS256, HS, "{" EXP ",'':0}");
	size_t len = good->len, i;
	char *text = strndup(good->data, len + 8);

	text = realloc(text, len + 8);
	ck_assert_ptr_nonnull(text);
	check_fault(judge_text(text, len), TICKET_GOOD, "good");
	/* Padding, space and another part behind it. */
	memcpy(text + len, "=", 2);
	check_fault(judge_text(text, len + 1), TICKET_MALFORMED, "=");
	text[len] = '\n';
	check_fault(judge_text(text, len + 1), TICKET_MALFORMED, "newline");
	text[len] = '.';
	check_fault(judge_text(text, len + 1), TICKET_MALFORMED, "dot");
	text[len] = '\0';
	check_fault(judge_text(text, len + 1), TICKET_MALFORMED, "NUL");
	/* 43 characters of a signature have two bits that are not used. */
	for (i = 1; i < 4; i++) {
		static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "abcdefghijklmnopqrstuvwxyz0123456789-_";
		char last = good->data[len - 1];

		text[len - 1] = chars[(strchr(chars, last) - chars) ^ (int)i];
		check_fault(judge_text(text, len), TICKET_MALFORMED, "bits");
	}
	free(text);
	payload_unref(good);
}
END_TEST

START_TEST(what_is_no_ticket_is_malformed)
{
	static const char *const texts[] = {
		"", ".", "..", "...", "a", "a.b", "a.b.c", "e30", "e30.e30",
		"e30.e30.", ".e30.e30", "e30..e30", "eyJ.eyJ.x", "\xff.\xff.",
		"eyJhbGciOiJub25lIn0.e30.", "\n", "Bearer e30.e30.e30",
	};
	size_t i;

	for (i = 0; i < COUNT(texts); i++)
		check_fault(judge_text(texts[i], strlen(texts[i])),
		    TICKET_MALFORMED, texts[i]);
}
END_TEST

/* Every ticket that differs from a good one in one character. */
START_TEST(no_tampered_ticket_is_good)
{
	static const char chars[] = "A-_z9.=+/\"\n";
	struct payload *good = ticket_make((enum ticket_algorithm)_i,
	    headers[_i], "{" EXP ",'name':'Zo\\u00eb','role':'guest'}");
	char *text = strndup(good->data, good->len);
	size_t i, j, n = 0;

	check_fault(judge_text(text, good->len), TICKET_GOOD, text);
	for (i = 0; i < good->len; i++) {
		for (j = 0; j < sizeof(chars) + 6; j++) {
			text[i] = j < sizeof(chars) ? chars[j] :
			    (char)(good->data[i] ^ 1 << (j - sizeof(chars)));
			if (text[i] == good->data[i])
				continue;
			ck_assert_msg(judge_text(text, good->len) !=
			    TICKET_GOOD, "%zu: %.*s", i, (int)good->len,
			    text);
			n++;
		}
		text[i] = good->data[i];
		ck_assert(judge_text(text, i) != TICKET_GOOD);
	}
	ck_assert_uint_gt(n, 1000);
	free(text);
	payload_unref(good);
}
END_TEST

/* RFC 8725, section 2.1: the public key as the secret of an HMAC. */
START_TEST(a_public_key_is_no_secret)
{
	static const char *const kids[] = { "es", "ed" };
	static const char *const pems[] = { ticket_maker_es_pem,
		ticket_maker_ed_pem };
	struct ticket_keys *forger = ticket_keys_new();
	struct payload *text, *forged;
	char header[64];
	size_t i;

	for (i = 0; i < COUNT(kids); i++) {
		(void)snprintf(header, sizeof(header),
		    "{\"alg\":\"HS256\",\"kid\":\"%s\"}", kids[i]);
		ck_assert_ptr_null(ticket_keys_add_secret(forger, kids[i],
		    pems[i], strlen(pems[i])));
		text = ticket_maker_text(header, strlen(header),
		    "{\"exp\":1800000300}", 18);
		forged = ticket_maker_sign_with(pems[i], strlen(pems[i]),
		    text);
		/* As it is for who takes the header's word for it. */
		check_fault(judge_by(forger, forged), TICKET_GOOD,
		    kids[i]);
		check_fault(judge_by(keys, forged),
		    TICKET_WRONG_ALGORITHM, kids[i]);
		payload_unref(forged);
		payload_unref(text);
	}
	ticket_keys_free(forger);
}
END_TEST

/* Both numbers of an ES256 signature are between 0 and the curve's order. */
START_TEST(numbers_out_of_range_are_no_signature)
{
	static const char *const signatures[] = {
		/* 0 and 0; 1 and 0; the order and 1; 1 and the order */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQ",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAH"
		"_____AAAAAP__________vOb6racXnoTzucrC_GMlUQ",
	};
	struct payload *text = ticket_maker_text("{\"alg\":\"ES256\","
	    "\"kid\":\"es\"}", 26, "{\"exp\":1800000300}", 18);
	char ticket[512];
	size_t i;

	for (i = 0; i < COUNT(signatures); i++) {
		(void)snprintf(ticket, sizeof(ticket), "%s.%s", text->data,
		    signatures[i]);
		check_fault(judge_text(ticket, strlen(ticket)),
		    TICKET_WRONG_SIGNATURE, signatures[i]);
	}
	payload_unref(text);
}
END_TEST

/* What is wrong with a PEM text, or NULL. */
static const char *
fault_of_pem(const char *text)
{
	struct ticket_keys *some = ticket_keys_new();
	const char *fault = ticket_keys_add_pem(some, "a", text, strlen(text));

	ck_assert_uint_eq(ticket_keys_count(some), fault == NULL);
	ticket_keys_free(some);
	return fault;
}

START_TEST(a_public_key_is_of_p256_or_ed25519)
{
	static const char p384[] = "-----BEGIN PUBLIC KEY-----\n"
	    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEdi8Gv0wcsDxa656TlC4dig9itKIneGal\n"
	    "OxmUvWiZ1bStwTgTtm1HcMNtfJq66f+xIm+5NgRl4FRP+8eT5XB5BvMtK6axzpMy\n"
	    "HT0ZI0Vv6vZiGGhEykmg/Dodqd4q/Vkr\n"
	    "-----END PUBLIC KEY-----\n";
	char text[512];
	size_t i;

	ck_assert_ptr_null(fault_of_pem(ticket_maker_es_pem));
	ck_assert_ptr_null(fault_of_pem(ticket_maker_ed_pem));
	ck_assert_str_eq(fault_of_pem(p384), "is a public key, but none of "
	    "P-256 (not compressed) or Ed25519");
	ck_assert_str_eq(fault_of_pem(""), "is no public key in PEM");
	ck_assert_str_eq(fault_of_pem("-----BEGIN PRIVATE KEY-----\nMC4CAQ=="
	    "\n-----END PRIVATE KEY-----\n"), "has a private key, which is "
	    "the shop's alone: the public one belongs here");
	/* Another y is on no curve. */
	(void)snprintf(text, sizeof(text), "%s", ticket_maker_es_pem);
	strstr(text, "jlrQ")[1] = 'j';
	ck_assert_str_eq(fault_of_pem(text), "is no point of the curve P-256");
	/* Line ends of others are none of ours to judge; text is. */
	(void)snprintf(text, sizeof(text), "%s\r\n \n", ticket_maker_ed_pem);
	ck_assert_ptr_null(fault_of_pem(text));
	for (i = 0; i < strlen(ticket_maker_ed_pem) - 1; i++) {
		(void)snprintf(text, sizeof(text), "%.*s", (int)i,
		    ticket_maker_ed_pem);
		ck_assert_ptr_nonnull(fault_of_pem(text));
	}
	(void)snprintf(text, sizeof(text), "%sx", ticket_maker_ed_pem);
	ck_assert_ptr_nonnull(fault_of_pem(text));
}
END_TEST

START_TEST(a_secret_has_32_bytes_or_more)
{
	struct ticket_keys *some = ticket_keys_new();
	char secret[TICKET_SECRET_MAX + 1] = "";

	ck_assert_str_eq(ticket_keys_add_secret(some, "a", secret, 31),
	    "has less than 32 bytes");
	ck_assert_str_eq(ticket_keys_add_secret(some, "a", secret,
	    sizeof(secret)), "has more than 4096 bytes");
	ck_assert_ptr_null(ticket_keys_add_secret(some, "a", secret, 32));
	ck_assert_ptr_null(ticket_keys_add_secret(some, "b", secret,
	    TICKET_SECRET_MAX));
	ck_assert_str_eq(ticket_keys_add_secret(some, "a", secret, 33),
	    "has the name of another key");
	ck_assert_str_eq(ticket_keys_add_pem(some, "b", ticket_maker_ed_pem,
	    strlen(ticket_maker_ed_pem)), "has the name of another key");
	ck_assert_str_eq(ticket_keys_add_secret(some, "", secret, 32),
	    "has no name in front of its suffix");
	ticket_keys_free(some);
}
END_TEST

START_TEST(there_are_at_most_64_keys)
{
	struct ticket_keys *some = ticket_keys_new();
	static const char secret[TICKET_SECRET_MIN];
	char kid[8];
	int i;

	for (i = 0; i < TICKET_KEYS_MAX; i++) {
		(void)snprintf(kid, sizeof(kid), "%d", i);
		ck_assert_ptr_null(ticket_keys_add_secret(some, kid, secret,
		    sizeof(secret)));
	}
	ck_assert_str_eq(ticket_keys_add_secret(some, "x", secret,
	    sizeof(secret)), "is one key too many");
	ticket_keys_free(some);
}
END_TEST

START_TEST(sets_of_keys_are_compared)
{
	struct ticket_keys *same = ticket_maker_keys();
	static const char secret[TICKET_SECRET_MIN];

	ck_assert(ticket_keys_are_equal(keys, same));
	ck_assert(ticket_keys_are_equal(NULL, NULL));
	ck_assert(!ticket_keys_are_equal(NULL, same));
	ck_assert(!ticket_keys_are_equal(same, NULL));
	ck_assert_ptr_null(ticket_keys_add_secret(same, "a", secret,
	    sizeof(secret)));
	ck_assert(!ticket_keys_are_equal(keys, same));
	ck_assert_ptr_null(ticket_keys_add_secret(keys, "a", secret,
	    sizeof(secret)));
	ck_assert(ticket_keys_are_equal(keys, same));
	ck_assert_ptr_null(ticket_keys_add_secret(same, "b", secret, 32));
	ck_assert_ptr_null(ticket_keys_add_secret(keys, "b",
	    "another secret of thirty-two bytes", 32));
	ck_assert(!ticket_keys_are_equal(keys, same));
	ticket_keys_free(same);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, signatures_of_the_rfcs_are_verified, 0,
	    COUNT(vectors));
	tcase_add_loop_test(tc, the_header_names_a_key_and_its_algorithm, 0,
	    COUNT(header_cases));
	tcase_add_test(tc, claims_are_one_strict_object);
	tcase_add_test(tc, times_have_a_minute_of_leeway);
	tcase_add_test(tc, a_ticket_for_somebody_is_not_for_who_has_no_name);
	tcase_add_test(tc, who_has_a_name_must_be_in_the_audience);
	tcase_add_test(tc, name_and_session_are_those_of_the_message);
	tcase_add_test(tc, every_escape_is_decoded);
	tcase_add_test(tc, a_guest_may_only_join);
	tcase_add_test(tc, an_account_has_1_to_255_characters);
	tcase_add_test(tc, a_ticket_has_at_most_4096_bytes);
	tcase_add_test(tc,
	    a_ticket_is_three_parts_of_base64url_in_one_spelling);
	tcase_add_test(tc, what_is_no_ticket_is_malformed);
	tcase_add_loop_test(tc, no_tampered_ticket_is_good, 0, COUNT(headers));
	tcase_add_test(tc, a_public_key_is_no_secret);
	tcase_add_test(tc, numbers_out_of_range_are_no_signature);
	tcase_add_test(tc, a_public_key_is_of_p256_or_ed25519);
	tcase_add_test(tc, a_secret_has_32_bytes_or_more);
	tcase_add_test(tc, there_are_at_most_64_keys);
	tcase_add_test(tc, sets_of_keys_are_compared);
}
