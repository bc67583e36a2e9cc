#include "suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/id.h"

const char suite_name[] = "id";

/* Expected bytes come from openssl's dgst and enc under this key. */
static const struct id_key key = { {
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
	0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
	0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
	0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f,
} };

static struct customer_id
customer(const char *hex)
{
	struct customer_id id;

	ck_assert_int_eq(customer_id_parse(hex, strlen(hex), &id), 0);
	return id;
}

static const struct {
	const char *session;
	const char *customer;
	const char *token;
} tokens[] = {
	{ "shop-1", "00112233445566778899aabb",
	    "qqLiRYA_U7exCEXdl09Pgrz88EU8c8GARwZ8xYD2Tmg" },
	{ "a", "ffffffffffffffffffffffff",
	    "WyQ9CE8S5mYS2mQ7n_aa75QD7GzizassxQnaszRPf9Q" },
	{ "a-longer.session~id_0", "000000000000000000000000",
	    "z_9kYalD6gm4I9jFp301mS8DOJGK2k-y5Vw77wyFHvU" },
};

enum { TOKENS = sizeof(tokens) / sizeof(tokens[0]) };

START_TEST(token_is_the_hmac_in_base64url)
{
	struct customer_id id = customer(tokens[_i].customer);
	char token[ID_TOKEN_CHARS + 1];

	id_token(&key, tokens[_i].session, &id, token);

	ck_assert_str_eq(token, tokens[_i].token);
	ck_assert(id_token_is_valid(&key, tokens[_i].session, &id, token));
}
END_TEST

START_TEST(token_proves_one_customer_of_one_session_only)
{
	struct customer_id id = customer(tokens[0].customer);
	struct customer_id other = customer(tokens[1].customer);
	const char *token = tokens[0].token;
	struct id_key other_key = key;

	other_key.bytes[31] ^= 1;

	ck_assert(id_token_is_valid(&key, "shop-1", &id, token));
	ck_assert(!id_token_is_valid(&key, "shop-1", &other, token));
	ck_assert(!id_token_is_valid(&key, "shop-2", &id, token));
	ck_assert(!id_token_is_valid(&key, "shop-", &id, token));
	ck_assert(!id_token_is_valid(&other_key, "shop-1", &id, token));
}
END_TEST

START_TEST(token_with_one_wrong_character_proves_nothing)
{
	struct customer_id id = customer(tokens[0].customer);
	char token[ID_TOKEN_CHARS + 1];

	memcpy(token, tokens[0].token, sizeof(token));
	token[_i] = token[_i] == 'A' ? 'B' : 'A';

	ck_assert(!id_token_is_valid(&key, "shop-1", &id, token));
}
END_TEST

START_TEST(token_of_another_length_proves_nothing)
{
	struct customer_id id = customer(tokens[0].customer);
	char token[ID_TOKEN_CHARS + 3];

	memcpy(token, tokens[0].token, ID_TOKEN_CHARS);
	memcpy(token + ID_TOKEN_CHARS, "=", 2);
	ck_assert(!id_token_is_valid(&key, "shop-1", &id, token));

	token[ID_TOKEN_CHARS - 1] = '\0';
	ck_assert(!id_token_is_valid(&key, "shop-1", &id, token));
	ck_assert(!id_token_is_valid(&key, "shop-1", &id, ""));
}
END_TEST

START_TEST(request_proof_is_the_hmac)
{
	/* ad7ffa16 e1ed8106 f7602d28 f3ecf69a 061a5ae1 4643b2f8 ... */
	static const uint8_t expected[ID_PROOF_BYTES] = {
		0xad, 0x7f, 0xfa, 0x16, 0xe1, 0xed, 0x81, 0x06,
		0xf7, 0x60, 0x2d, 0x28, 0xf3, 0xec, 0xf6, 0x9a,
		0x06, 0x1a, 0x5a, 0xe1, 0x46, 0x43, 0xb2, 0xf8,
		0x73, 0x57, 0x34, 0xd3, 0x28, 0xe0, 0x64, 0xe3,
	};
	uint8_t proof[ID_PROOF_BYTES];

	id_request_digest(&key, "shop-1", "abcdefghijklmnopqrstuv", proof);

	ck_assert_mem_eq(proof, expected, sizeof(expected));
}
END_TEST

START_TEST(log_tag_is_the_beginning_of_the_hmac)
{
	char tag[ID_TAG_HEX + 1];

	id_log_tag(&key, "shop-1", tag);

	ck_assert_str_eq(tag, "ac84e566");
}
END_TEST

START_TEST(hash_is_the_beginning_of_the_hmac)
{
	static const uint8_t expected[] = { 0xdc, 0x46, 0x8b, 0xa0 };
	unsigned hash = id_hash(&key, "four", 4);

	ck_assert_mem_eq(&hash, expected, sizeof(hash));
}
END_TEST

/* ChaCha20 of zeros under the key: the first block of nonces 0, 1 and 2. */
static const uint8_t stream[192] = {
	0x39, 0xfd, 0x2b, 0x7d, 0xd9, 0xc5, 0x19, 0x6a,
	0x8d, 0xbd, 0x03, 0x77, 0xb8, 0xdc, 0x4a, 0x49,
	0x8a, 0x35, 0xd8, 0x6f, 0xbc, 0xde, 0x6a, 0xcc,
	0xb2, 0xcc, 0x7d, 0x4c, 0xd8, 0xea, 0x24, 0x92,
	0x2b, 0x23, 0xcc, 0xe7, 0xa2, 0x60, 0x23, 0xab,
	0x3f, 0x0e, 0xef, 0x69, 0x3a, 0xc8, 0x7f, 0x64,
	0x25, 0x82, 0x35, 0xea, 0xb1, 0xf7, 0xa3, 0x2d,
	0xc2, 0x27, 0x62, 0xa0, 0x48, 0x5b, 0x41, 0x0c,
	0x2f, 0xa4, 0xf1, 0x02, 0x50, 0x80, 0x8e, 0x89,
	0xa2, 0x52, 0x31, 0xe5, 0x0f, 0xdf, 0x6e, 0xe0,
	0x71, 0xc6, 0x5f, 0x21, 0xef, 0x9e, 0xee, 0x78,
	0x4c, 0x3f, 0x2d, 0x89, 0x06, 0x1a, 0xe8, 0x95,
	0x1e, 0xeb, 0xde, 0x59, 0x04, 0x27, 0x84, 0xfa,
	0x27, 0x1f, 0xb5, 0xde, 0x37, 0x89, 0x6d, 0xaf,
	0x00, 0x04, 0xe4, 0xf4, 0x7d, 0x05, 0xfe, 0x33,
	0xbc, 0x14, 0x1d, 0x74, 0x6f, 0x04, 0xfa, 0x09,
	0x54, 0xb2, 0x75, 0xd1, 0x4c, 0x65, 0xd8, 0x17,
	0x4a, 0xc3, 0xa4, 0x99, 0xcf, 0x3e, 0x84, 0x06,
	0xa9, 0x3c, 0xc7, 0x7a, 0xc6, 0x46, 0xcb, 0xca,
	0x74, 0x4f, 0xdf, 0x18, 0x76, 0xad, 0x1a, 0x39,
	0xc2, 0xf8, 0x8e, 0x38, 0xd3, 0xa5, 0xf4, 0xc6,
	0x88, 0x37, 0x94, 0x15, 0x59, 0x48, 0x83, 0x24,
	0x5a, 0xc3, 0x38, 0x93, 0x40, 0x71, 0xcb, 0x6e,
	0xef, 0xcf, 0xbd, 0xb4, 0x23, 0x54, 0x99, 0xd2,
};

START_TEST(source_is_the_same_in_pieces_of_any_size)
{
	uint8_t bytes[sizeof(stream)];
	struct id_source source;
	size_t piece = (size_t)_i, at, n;

	id_source_init(&source, &key);
	for (at = 0; at < sizeof(bytes); at += n) {
		n = sizeof(bytes) - at < piece ? sizeof(bytes) - at : piece;
		id_source_bytes(&source, bytes + at, n);
	}

	ck_assert_mem_eq(bytes, stream, sizeof(stream));
}
END_TEST

START_TEST(source_gives_no_bytes_without_moving_on)
{
	struct id_source source;
	uint8_t bytes[64];

	id_source_init(&source, &key);
	id_source_bytes(&source, bytes, 0);
	id_source_bytes(&source, bytes, sizeof(bytes));
	id_source_bytes(&source, bytes, 0);
	ck_assert_mem_eq(bytes, stream, sizeof(bytes));

	id_source_bytes(&source, bytes, sizeof(bytes));
	ck_assert_mem_eq(bytes, stream + 64, sizeof(bytes));
}
END_TEST

START_TEST(other_seed_gives_another_stream)
{
	struct id_key seed = key;
	struct id_source source;
	uint8_t bytes[64];

	seed.bytes[0] ^= 0x80;
	id_source_init(&source, &seed);
	id_source_bytes(&source, bytes, sizeof(bytes));

	ck_assert_mem_ne(bytes, stream, sizeof(bytes));
}
END_TEST

START_TEST(random_keys_differ)
{
	struct id_key a = { { 0 } }, b = { { 0 } };
	static const struct id_key zero;

	id_key_random(&a);
	id_key_random(&b);

	ck_assert_mem_ne(a.bytes, b.bytes, sizeof(a.bytes));
	ck_assert_mem_ne(a.bytes, zero.bytes, sizeof(a.bytes));
	ck_assert_mem_ne(a.bytes + 16, zero.bytes, 16);
}
END_TEST

START_TEST(customer_id_is_read_as_it_is_written)
{
	static const struct customer_id expected = { {
		0x00, 0x19, 0x9a, 0xa9, 0xaf, 0xfa, 0xff, 0xde,
		0xad, 0xbe, 0xef, 0x0f,
	} };
	const char *text = "00199aa9affaffdeadbeef0f";
	struct customer_id id;
	char hex[ID_CUSTOMER_HEX + 1];

	ck_assert_int_eq(customer_id_parse(text, strlen(text), &id), 0);
	ck_assert(customer_id_equal(&id, &expected));

	customer_id_format(&id, hex);
	ck_assert_str_eq(hex, text);
}
END_TEST

START_TEST(customer_ids_differ_in_any_byte)
{
	struct customer_id a = customer("00112233445566778899aabb"), b = a;

	ck_assert(customer_id_equal(&a, &b));
	b.bytes[_i] ^= 1;
	ck_assert(!customer_id_equal(&a, &b));
}
END_TEST

START_TEST(anything_but_24_hex_digits_is_no_customer_id)
{
	static const char *const texts[] = {
		"", "0", "00112233445566778899aab", "00112233445566778899aabbc",
		"0x112233445566778899aabb", "00112233445566778899aab ",
		" 0112233445566778899aabb", "00112233445566778899aagb",
		"0011223344556677-899aabb", "00112233445566778899aab/",
		"00112233445566778899aab:", "00112233445566778899aab@",
		"00112233445566778899aabG", "00112233445566778899aabB",
		"A0112233445566778899aabb", "00112233445566778899aab`",
		"00112233445\303\24478899aabb",
	};
	struct customer_id id;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (customer_id_parse(texts[i], strlen(texts[i]), &id) != -1)
			ck_abort_msg("\"%s\" was read", texts[i]);
	ck_assert_int_eq(customer_id_parse("0011223344\0" "66778899aabbb", 24,
	    &id), -1);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, token_is_the_hmac_in_base64url, 0, TOKENS);
	tcase_add_test(tc, token_proves_one_customer_of_one_session_only);
	tcase_add_loop_test(tc, token_with_one_wrong_character_proves_nothing,
	    0, ID_TOKEN_CHARS);
	tcase_add_test(tc, token_of_another_length_proves_nothing);
	tcase_add_test(tc, request_proof_is_the_hmac);
	tcase_add_test(tc, log_tag_is_the_beginning_of_the_hmac);
	tcase_add_test(tc, hash_is_the_beginning_of_the_hmac);
	tcase_add_loop_test(tc, source_is_the_same_in_pieces_of_any_size, 1,
	    193);
	tcase_add_test(tc, source_gives_no_bytes_without_moving_on);
	tcase_add_test(tc, other_seed_gives_another_stream);
	tcase_add_test(tc, random_keys_differ);
	tcase_add_test(tc,
	    customer_id_is_read_as_it_is_written);
	tcase_add_loop_test(tc, customer_ids_differ_in_any_byte, 0,
	    ID_CUSTOMER_BYTES);
	tcase_add_test(tc, anything_but_24_hex_digits_is_no_customer_id);
}
