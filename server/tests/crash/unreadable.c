// Makes files of a server unreadable while a file named by $UNREADABLE exists: read(2) then fails
// with EIO below the folders "uploads" and "blobs", as on a disk that is going bad.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_unreadable(int fd) {
    char link[64], path[PATH_MAX];
    const char *marker = getenv("UNREADABLE");
    if (!marker || access(marker, F_OK) != 0) {
        return 0;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) {
        return 0;
    }
    path[length] = 0;
    return strstr(path, "/uploads/") || strstr(path, "/blobs/");
}

ssize_t read(int fd, void *buffer, size_t count) {
    static ssize_t (*next)(int, void *, size_t);
    if (!next) {
        next = (ssize_t (*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
    }
    if (is_unreadable(fd)) {
        errno = EIO;
        return -1;
    }
    return next(fd, buffer, count);
}
