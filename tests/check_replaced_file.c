/*
 * A replaced file is freed bit by bit, and only if nobody can read it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "audit/pace.h"
#include "audit/replaced_file.h"

#include "daemon.h"
#include "suite.h"

const char suite_name[] = "replaced_file";

enum {
	PATH_BYTES = DAEMON_PATH_MAX + 32,
	MIB = 1 << 20,
	FILE_BYTES = 3 * MIB + 5000,
	CALLS_MAX = 16
};

/* What was asked of the kernel, in order: lengths, and -1 for an fsync. */
static off_t calls[CALLS_MAX];
static size_t call_count;

static void
note_call(off_t call)
{
	ck_assert_uint_lt(call_count, CALLS_MAX);
	calls[call_count++] = call;
}

/* In the place of the C library's. */
int
ftruncate(int fd, off_t length)
{
	note_call(length);
	return (int)syscall(SYS_ftruncate, fd, length);
}

int
fsync(int fd)
{
	note_call(-1);
	return (int)syscall(SYS_fsync, fd);
}

struct place {
	char	 directory[DAEMON_PATH_MAX];
	char	 path[PATH_BYTES];
	char	 other[PATH_BYTES];
	struct pace *pace;
	int	 fd;
};

static void
place_init(struct place *place)
{
	int fd;

	directory_make(place->directory);
	(void)snprintf(place->path, PATH_BYTES, "%s/old", place->directory);
	(void)snprintf(place->other, PATH_BYTES, "%s/other", place->directory);
	fd = open(place->path, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(syscall(SYS_ftruncate, fd, (off_t)FILE_BYTES), 0);
	ck_assert_int_eq(close(fd), 0);
	place->pace = pace_new(place->path, PACE_OF_WRITING);
	place->fd = replaced_file_open(place->path);
}

static void
place_clear(struct place *place)
{
	pace_free(place->pace);
	directory_remove(place->directory);
}

static off_t
size_of(int fd)
{
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	return st.st_size;
}

START_TEST(it_is_shortened_by_a_mebibyte_at_a_time_on_the_disk)
{
	static const off_t expected[] = {
		FILE_BYTES - MIB, -1,
		FILE_BYTES - 2 * MIB, -1,
		FILE_BYTES - 3 * MIB, -1,
		0, -1,
	};
	struct place place;
	size_t i;

	place_init(&place);
	ck_assert_int_ne(place.fd, -1);
	ck_assert_int_eq(unlink(place.path), 0);

	replaced_file_close(place.fd, place.pace);

	ck_assert_uint_eq(call_count, 8);
	for (i = 0; i < 8; i++)
		ck_assert_int_eq(calls[i], expected[i]);
	ck_assert_int_eq(fcntl(place.fd, F_GETFD), -1);
	place_clear(&place);
}
END_TEST

START_TEST(it_stays_whole_for_who_reads_it)
{
	struct place place;
	int reader;

	place_init(&place);
	reader = open(place.path, O_RDONLY);
	ck_assert_int_eq(unlink(place.path), 0);

	replaced_file_close(place.fd, place.pace);

	ck_assert_uint_eq(call_count, 0);
	ck_assert_int_eq(size_of(reader), FILE_BYTES);
	ck_assert_int_eq(close(reader), 0);
	place_clear(&place);
}
END_TEST

START_TEST(it_stays_whole_by_another_name)
{
	struct place place;
	struct stat st;

	place_init(&place);
	ck_assert_int_eq(link(place.path, place.other), 0);
	ck_assert_int_eq(unlink(place.path), 0);

	replaced_file_close(place.fd, place.pace);

	ck_assert_uint_eq(call_count, 0);
	ck_assert_int_eq(stat(place.other, &st), 0);
	ck_assert_int_eq(st.st_size, FILE_BYTES);
	place_clear(&place);
}
END_TEST

START_TEST(it_stays_whole_where_it_was_not_replaced)
{
	struct place place;
	struct stat st;

	place_init(&place);

	replaced_file_close(place.fd, place.pace);

	ck_assert_uint_eq(call_count, 0);
	ck_assert_int_eq(stat(place.path, &st), 0);
	ck_assert_int_eq(st.st_size, FILE_BYTES);
	place_clear(&place);
}
END_TEST

START_TEST(there_need_not_be_one)
{
	struct place place;
	int fd;

	place_init(&place);
	replaced_file_close(place.fd, place.pace);

	fd = replaced_file_open(place.other);
	ck_assert_int_eq(fd, -1);
	replaced_file_close(fd, place.pace);

	ck_assert_uint_eq(call_count, 0);
	place_clear(&place);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc,
	    it_is_shortened_by_a_mebibyte_at_a_time_on_the_disk);
	tcase_add_test(tc, it_stays_whole_for_who_reads_it);
	tcase_add_test(tc, it_stays_whole_by_another_name);
	tcase_add_test(tc, it_stays_whole_where_it_was_not_replaced);
	tcase_add_test(tc, there_need_not_be_one);
}
