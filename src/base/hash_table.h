#ifndef HASH_TABLE_H
#define HASH_TABLE_H

#include "xalloc.h"

/*
 * The tables of uthash, whose own way to run out of memory is exit(-1) without
 * a word: here that ends the process as it does everywhere else.
 */
#define uthash_malloc(size) xrealloc(NULL, size)

#include <uthash.h>

#endif
