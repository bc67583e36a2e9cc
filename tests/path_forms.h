#ifndef PATH_FORMS_H
#define PATH_FORMS_H

#include <stdbool.h>

/*
 * Paths and their normal forms, for the daemon's and the browser client's
 * tests, the latter of which read these lines.  With dots, where there are such
 * segments.
 */
static const struct {
	const char *path;
	const char *normal;
	bool	 has_dots;
} path_forms[] = {
	{ "", "", false },
	{ "/", "/", false },
	{ "/Abc", "/Abc", false },
	{ "/%41%62c", "/Abc", false },
	{ "/%7e%2D%2e%5f", "/~-._", false },
	{ "/a%2fb", "/a/b", false },
	{ "/%c3%a9", "/%C3%A9", false },
	{ "/%2541", "/%2541", false },
	{ "/%4", "/%254", false },
	{ "/%4g%", "/%254g%25", false },
	{ "/%4%31", "/%2541", false },
	{ "/%%34%31", "/%2541", false },
	{ "//a///b//", "/a/b/", false },
	{ "/%2F/a", "/a", false },
	{ "/.", "/", true },
	{ "/..", "/", true },
	{ "/../..", "/", true },
	{ "/./a", "/a", true },
	{ "/a/.", "/a/", true },
	{ "/a/..", "/", true },
	{ "/a/../", "/", true },
	{ "/a/../b", "/b", true },
	{ "/a/b/../../c", "/c", true },
	{ "/a/b/..", "/a/", true },
	{ "/../a", "/a", true },
	{ "/x//../a", "/a", true },
	{ "/a/%2E%2e/b", "/b", true },
	{ "/a/.%2e/b/%2e", "/b/", true },
	{ "/a/...", "/a/...", false },
	{ "/.a/..b/a./b../.a.", "/.a/..b/a./b../.a.", false },
	{ "/shop%2Fs1", "/shop/s1", false },
	{ "/s1%2f", "/s1/", false },
	{ "/a%2f%2f/b", "/a/b", false },
	{ "/a%2F..", "/", true },
	{ "/a/x%2f..%2Fb", "/a/b", true },
	{ "/a/%2f..%2Fb", "/b", true },
	{ "/a%5Cb%7c%2c%e4", "/a%5Cb%7C%2C%E4", false },
	{ "/%252e%252e/%25", "/%252e%252e/%25", false },
	{ "/a%%2f%2", "/a%25/%252", false },
};

#endif
