/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers of the checker: see tool.h.
 */
#define _POSIX_C_SOURCE 200809L

#include "tools/checker/tool.h"

#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

void tool_fail(const char *format, ...) {
    va_list arguments;

    fflush(stdout);
    fputs("shikiri-check: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(EXIT_UNABLE);
}

void *tool_alloc(size_t size_bytes) {
    void *memory = calloc(1, size_bytes ? size_bytes : 1);

    if (!memory)
        tool_fail("found no memory for %zu bytes", size_bytes);
    return memory;
}

static void *enlarge(void *memory, size_t size_bytes) {
    void *larger = realloc(memory, size_bytes);

    if (!larger)
        tool_fail("found no memory for %zu bytes", size_bytes);
    return larger;
}

/* Room doubles: whenever the count is a power of two, it is used up. */
void *tool_grow(void *array, size_t count, size_t element_bytes) {
    if (count == 0 || (count & (count - 1)) == 0)
        array = enlarge(array, (count ? 2 * count : 1) * element_bytes);
    memset((char *)array + count * element_bytes, 0, element_bytes);
    return array;
}

char *tool_text(const char *format, ...) {
    va_list arguments, again;

    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    char *text = tool_alloc((size_t)length + 1);

    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(again);
    va_end(arguments);
    return text;
}

static void *read_stream(FILE *stream, size_t *size_bytes) {
    size_t room = 1 << 16, length = 0, got;
    char *data = enlarge(NULL, room);

    while ((got = fread(data + length, 1, room - length - 1, stream)) > 0) {
        length += got;
        if (length + 1 == room)
            data = enlarge(data, room *= 2);
    }
    data[length] = '\0';
    *size_bytes = length;
    return data;
}

void *tool_read_file(const char *path, size_t *size_bytes) {
    FILE *file = fopen(path, "rb");

    if (!file)
        return NULL;
    void *data = read_stream(file, size_bytes);
    int failed = ferror(file);

    fclose(file);
    return failed ? NULL : data;
}

bool tool_is_directory(const char *path) {
    struct stat found;

    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

bool tool_is_same_file(const char *a, const char *b) {
    struct stat first, second;

    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

const char *tool_missing(const char *path) {
    if (tool_is_directory(path))
        return "a directory";
    return access(path, F_OK) == 0 ? "a file that cannot be read" : "no such file";
}

const char *tool_printable(const char *text) {
    char *copy = tool_text("%s", text);

    for (char *c = copy; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    return copy;
}

const char *tool_directory(const char *path) {
    const char *slash = strrchr(path, '/');

    return slash ? tool_text("%.*s", slash == path ? 1 : (int)(slash - path), path) : ".";
}

const char *tool_name(const char *path) {
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

int tool_run(const char *const *command, void **output, size_t *size_bytes, char **said) {
    posix_spawn_file_actions_t actions;
    FILE *errors = tmpfile();
    int ends[2], status;
    size_t said_bytes;
    pid_t pid;

    if (!errors || pipe(ends) != 0)
        return -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fileno(errors), STDERR_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    int failed = posix_spawnp(&pid, command[0], &actions, NULL, (char *const *)command, environ);

    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    FILE *stream = fdopen(ends[0], "rb");

    *output = read_stream(stream, size_bytes);
    fclose(stream);
    if (!failed && waitpid(pid, &status, 0) != pid)
        failed = 1;
    rewind(errors);
    *said = read_stream(errors, &said_bytes);
    fclose(errors);
    return failed || !WIFEXITED(status) ? -1 : WEXITSTATUS(status);
}
