/*
 * Drafts: what is in the folder beside a path, whose it has to be, and what
 * appears under the name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "storage/atomic_file.h"

#include "daemon.h"
#include "suite.h"

const char suite_name[] = "atomic_file";

enum {
	PATH_BYTES = DAEMON_PATH_MAX + 64,
	NOBODY = 65534
};

static bool renames_plainly;

/* In the place of the C library's: a filesystem without RENAME_NOREPLACE. */
int
renameat2(int from, const char *name, int to, const char *path,
    unsigned flags)
{
	if (renames_plainly && flags != 0) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_renameat2, from, name, to, path, flags);
}

struct place {
	char	 directory[DAEMON_PATH_MAX];
	char	 path[PATH_BYTES];
	char	 folder[PATH_BYTES];	/* of the draft */
};

static void
path_in(const struct place *place, const char *name, char path[PATH_BYTES])
{
	(void)snprintf(path, PATH_BYTES, "%s/%s", place->directory, name);
}

static void
place_init(struct place *place)
{
	log_set_level(0);
	directory_make(place->directory);
	path_in(place, "x.db", place->path);
	path_in(place, "x.db.new", place->folder);
}

static void
place_clear(const struct place *place)
{
	directory_remove(place->directory);
}

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(close(fd), 0);
}

static void
expect_text(const char *path, const char *expected)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_ge(read(fd, text, sizeof(text) - 1), 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_str_eq(text, expected);
}

static struct atomic_file *
open_draft(const struct place *place)
{
	struct atomic_file *draft;

	ck_assert_int_eq(atomic_file_open(place->path, ".new", &draft),
	    STORE_OPENED);
	return draft;
}

static struct atomic_file *
write_draft(const struct place *place, const char *text)
{
	struct atomic_file *draft = open_draft(place);

	ck_assert_int_eq(write(atomic_file_fd(draft), text, strlen(text)),
	    (ssize_t)strlen(text));
	return draft;
}

static void
expect_refusal(const struct place *place)
{
	struct atomic_file *draft;

	ck_assert_int_eq(atomic_file_open(place->path, ".new", &draft),
	    STORE_CANNOT_CREATE);
}

START_TEST(draft_grows_in_a_folder_that_only_we_can_enter)
{
	struct place place;
	struct atomic_file *draft;
	struct stat st;

	place_init(&place);

	draft = open_draft(&place);

	ck_assert_int_eq(lstat(place.folder, &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFDIR | 0700);
	ck_assert_int_eq(lstat(atomic_file_path(draft), &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_str_eq(directory_list(place.directory), "x.db.new ");
	ck_assert_str_eq(directory_list(place.folder), "x.db ");
	atomic_file_close(draft);
	ck_assert_str_eq(directory_list(place.directory), "");
	place_clear(&place);
}
END_TEST

START_TEST(published_draft_has_the_name_and_no_folder)
{
	struct place place;
	struct atomic_file *draft;
	int way;

	place_init(&place);
	for (way = 0; way < 2; way++) {
		renames_plainly = way == 1;
		draft = write_draft(&place, "whole");

		ck_assert_int_eq(atomic_file_publish(draft), 0);
		atomic_file_close(draft);

		expect_text(place.path, "whole");
		ck_assert_str_eq(directory_list(place.directory), "x.db ");
		ck_assert_int_eq(unlink(place.path), 0);
	}
	place_clear(&place);
}
END_TEST

START_TEST(what_has_the_name_by_then_stays)
{
	struct place place;
	struct atomic_file *draft;
	int way;

	place_init(&place);
	for (way = 0; way < 2; way++) {
		renames_plainly = way == 1;
		draft = write_draft(&place, "whole");
		write_file(place.path, "another's");

		ck_assert_int_eq(atomic_file_publish(draft), -1);
		ck_assert_int_eq(errno, EEXIST);
		atomic_file_close(draft);

		expect_text(place.path, "another's");
		ck_assert_str_eq(directory_list(place.directory), "x.db ");
		ck_assert_int_eq(unlink(place.path), 0);
	}
	place_clear(&place);
}
END_TEST

START_TEST(what_is_to_be_replaced_goes)
{
	struct place place;
	struct atomic_file *draft;

	place_init(&place);
	write_file(place.path, "old");
	draft = write_draft(&place, "whole");

	ck_assert_int_eq(atomic_file_replace(draft), 0);
	atomic_file_close(draft);

	expect_text(place.path, "whole");
	ck_assert_str_eq(directory_list(place.directory), "x.db ");
	place_clear(&place);
}
END_TEST

START_TEST(what_a_killed_draft_left_goes)
{
	static const char *const names[] = {
		"x.db.new/x.db", "x.db.new/x.db-wal", "x.db.new/x.db-shm",
		"x.db.new/x.db-journal",
	};
	char path[PATH_BYTES];
	struct place place;
	struct atomic_file *draft;
	size_t i;

	place_init(&place);
	ck_assert_int_eq(mkdir(place.folder, 0700), 0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_in(&place, names[i], path);
		write_file(path, "half");
	}

	draft = open_draft(&place);

	expect_text(atomic_file_path(draft), "");
	ck_assert_str_eq(directory_list(place.folder), "x.db ");
	atomic_file_close(draft);
	ck_assert_str_eq(directory_list(place.directory), "");
	place_clear(&place);
}
END_TEST

START_TEST(draft_of_an_older_version_goes)
{
	struct place place;

	place_init(&place);
	write_file(place.folder, "half");

	atomic_file_close(open_draft(&place));

	ck_assert_str_eq(directory_list(place.directory), "");
	place_clear(&place);
}
END_TEST

START_TEST(folder_that_others_may_write_to_is_refused)
{
	static const mode_t modes[] = { 0720, 0702, 0777, 01777 };
	char path[PATH_BYTES];
	struct place place;
	size_t i;

	place_init(&place);
	ck_assert_int_eq(mkdir(place.folder, 0700), 0);
	path_in(&place, "x.db.new/x.db", path);
	write_file(path, "another's");
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		ck_assert_int_eq(chmod(place.folder, modes[i]), 0);

		expect_refusal(&place);

		expect_text(path, "another's");
	}
	ck_assert_int_eq(unlink(path), 0);
	place_clear(&place);
}
END_TEST

START_TEST(folder_that_is_none_is_refused)
{
	char other[PATH_BYTES];
	struct place place;

	place_init(&place);
	path_in(&place, "other", other);
	ck_assert_int_eq(mkdir(other, 0700), 0);
	ck_assert_int_eq(symlink("other", place.folder), 0);
	expect_refusal(&place);
	ck_assert_str_eq(directory_list(other), "");
	ck_assert_int_eq(unlink(place.folder), 0);

	ck_assert_int_eq(mkfifo(place.folder, 0600), 0);
	expect_refusal(&place);

	ck_assert_str_eq(directory_list(place.directory), "other x.db.new ");
	place_clear(&place);
}
END_TEST

START_TEST(what_another_user_has_put_there_is_refused)
{
	char path[PATH_BYTES];
	struct place place;

	if (geteuid() != 0) {
		printf("another user's folder: skipped, only root is two "
		    "users\n");
		return;
	}
	place_init(&place);
	ck_assert_int_eq(chmod(place.directory, 01777), 0);
	path_in(&place, "x.db.new/x.db-wal", path);

	ck_assert_int_eq(seteuid(NOBODY), 0);
	ck_assert_int_eq(mkdir(place.folder, 0700), 0);
	write_file(path, "another's");
	ck_assert_int_eq(seteuid(0), 0);
	expect_refusal(&place);
	expect_text(path, "another's");

	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(place.folder), 0);
	ck_assert_int_eq(seteuid(NOBODY), 0);
	write_file(place.folder, "another's");
	ck_assert_int_eq(seteuid(0), 0);
	expect_refusal(&place);
	expect_text(place.folder, "another's");
	place_clear(&place);
}
END_TEST

START_TEST(folder_is_one_drafts_at_a_time)
{
	struct place place;
	struct atomic_file *draft, *other;

	place_init(&place);
	draft = write_draft(&place, "whole");

	ck_assert_int_eq(atomic_file_open(place.path, ".new", &other),
	    STORE_IN_USE);

	ck_assert_int_eq(atomic_file_publish(draft), 0);
	atomic_file_close(draft);
	expect_text(place.path, "whole");
	place_clear(&place);
}
END_TEST

START_TEST(draft_needs_a_folder_to_be_in)
{
	struct place place;
	struct atomic_file *draft;

	place_init(&place);
	path_in(&place, "missing/x.db", place.path);

	ck_assert_int_eq(atomic_file_open(place.path, ".new", &draft),
	    STORE_CANNOT_CREATE);

	place_clear(&place);
}
END_TEST

START_TEST(room_is_what_the_disk_has)
{
	struct place place;
	struct atomic_file *draft;

	place_init(&place);
	draft = open_draft(&place);

	ck_assert_int_eq(atomic_file_check_room(draft, 1), 0);
	ck_assert_int_eq(atomic_file_check_room(draft, INT64_MAX), -1);

	atomic_file_close(draft);
	place_clear(&place);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, draft_grows_in_a_folder_that_only_we_can_enter);
	tcase_add_test(tc, published_draft_has_the_name_and_no_folder);
	tcase_add_test(tc, what_has_the_name_by_then_stays);
	tcase_add_test(tc, what_is_to_be_replaced_goes);
	tcase_add_test(tc, what_a_killed_draft_left_goes);
	tcase_add_test(tc, draft_of_an_older_version_goes);
	tcase_add_test(tc, folder_that_others_may_write_to_is_refused);
	tcase_add_test(tc, folder_that_is_none_is_refused);
	tcase_add_test(tc, what_another_user_has_put_there_is_refused);
	tcase_add_test(tc, folder_is_one_drafts_at_a_time);
	tcase_add_test(tc, draft_needs_a_folder_to_be_in);
	tcase_add_test(tc, room_is_what_the_disk_has);
}
