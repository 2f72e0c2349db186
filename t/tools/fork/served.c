/*
 * A program that runs again and again without being started again: preloaded into htanshin by Anshin::Command. In place
 * of main() stands a loop that reads what to run from its standard input, forks, and lets the child be what the program
 * would have been: with the arguments, standard files and nothing else. Loading costs more than most commands,
 * sanitized most of all.
 *
 * A request: the length of what follows (uint32_t), then texts, each with its NUL: the files for standard input, output
 * and error output, and the arguments. The answer: the status of waitpid() (int).
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REQUEST_MAX = 65536, ARGUMENTS_MAX = 256, FILES = 3 };

typedef int (*main_t)(int argc, char **argv, char **environment);

static main_t real_main;

static int read_whole(void *to, size_t length)
{
    char *at = to;

    while (length > 0) {
        ssize_t count = read(STDIN_FILENO, at, length);
        if (count <= 0) {
            return 0;
        }
        at += count;
        length -= (size_t)count;
    }
    return 1;
}

/* The child. The pipes of the parent are what 0 and 1 were until now. */
static int be_the_program(char *name, char *request, uint32_t length)
{
    static const int flags[FILES] = {O_RDONLY, O_WRONLY, O_WRONLY};
    char *argv[ARGUMENTS_MAX + 2] = {name, NULL};
    int argc = 1;
    int number = 0;

    for (char *text = request; text < request + length; text += strlen(text) + 1, ++number) {
        if (number < FILES) {
            int file = open(text, flags[number]);
            if (file < 0 || dup2(file, number) != number || (file > STDERR_FILENO && close(file) != 0)) {
                _exit(126);
            }
        } else if (argc <= ARGUMENTS_MAX) {
            argv[argc++] = text;
        } else {
            _exit(126);
        }
    }
    exit(real_main(argc, argv, environ));
}

static int serve(int argc, char **argv, char **environment)
{
    static char request[REQUEST_MAX];
    uint32_t length;

    (void)argc;
    (void)environment;
    unsetenv("LD_PRELOAD"); /* what the program starts is no such loop */
    while (read_whole(&length, sizeof(length))) {
        int status = -1;
        pid_t child;

        if (length == 0 || length > sizeof(request) || !read_whole(request, length) || request[length - 1] != '\0') {
            return 125;
        }
        child = fork();
        if (child == 0) {
            return be_the_program(argv[0], request, length);
        }
        if (child < 0 || waitpid(child, &status, 0) != child ||
            write(STDOUT_FILENO, &status, sizeof(status)) != sizeof(status)) {
            return 125;
        }
    }
    return 0;
}

#pragma GCC visibility push(default) /* this takes the place of libc's */

int __libc_start_main(main_t main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack);

int __libc_start_main(main_t main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack)
{
    int (*real)(main_t, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

    real_main = main;
    *(void **)&real = dlsym(RTLD_NEXT, "__libc_start_main");
    return real(serve, argc, argv, init, fini, rtld_fini, stack);
}
