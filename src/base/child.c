/* child.c: see child.h. posix_spawn, not fork: other threads may hold locks. The limits are set on
 * the running child (prlimit), which is before it can do much. */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

extern char **environ;

enum { COMPLAINTS_BYTES_MAX = 4096, READ_BYTES = 65536 };

/* Both ends closed when nonnegative. */
static void pipe_close(int ends[2]) {
    for (int k = 0; k < 2; k++)
        if (ends[k] >= 0) close(ends[k]);
}

static rp_status spawn(pid_t *pid, const rp_child *child, const int out[2], const int complaints[2],
                       rp_error *error) {
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return rp_fail_memory(error, "a child process");
    int failed = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (failed == 0) failed = posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    if (failed == 0) failed = posix_spawn_file_actions_adddup2(&actions, complaints[1], 2);
    if (failed == 0)
        failed = posix_spawnp(pid, child->arguments[0], &actions, NULL,
                              (char *const *)(uintptr_t)child->arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed == ENOENT)
        return rp_fail(error, RP_SYSTEM, 0, "%s is not installed; apt-get install %s",
                       child->arguments[0], child->package);
    if (failed != 0) {
        errno = failed;
        return rp_fail_errno(error, "%s", child->arguments[0]);
    }
    const struct rlimit memory = {child->memory_bytes_max, child->memory_bytes_max};
    const struct rlimit cpu = {(rlim_t)child->seconds_max + 1, (rlim_t)child->seconds_max + 2};
    (void)prlimit(*pid, RLIMIT_AS, &memory, NULL); /* fails only when the child has ended */
    (void)prlimit(*pid, RLIMIT_CPU, &cpu, NULL);
    return RP_OK;
}

/* Reads once from `from` into `text`, which keeps at most `limit` bytes; false at the end. */
static bool drain(int from, rp_text *text, size_t limit, bool *has_overrun) {
    char bytes[READ_BYTES];
    const ssize_t count = read(from, bytes, sizeof bytes);
    if (count < 0) return errno == EINTR || errno == EAGAIN;
    if (count == 0) return false;
    const size_t room = limit - text->length;
    *has_overrun = (size_t)count > room;
    rp_text_add_bytes(text, bytes, (size_t)count < room ? (size_t)count : room);
    return true;
}

static rp_status collect(const rp_child *child, const int from[2], rp_text *texts[2],
                         rp_error *error) {
    const double end = rp_clock_seconds() + child->seconds_max;
    bool is_open[2] = {true, true}, has_overrun = false, ignored = false;
    while (is_open[0] || is_open[1]) {
        const double left = end - rp_clock_seconds();
        if (left <= 0)
            return rp_fail(error, RP_SYSTEM, 0, "%s took longer than %.0f s", child->arguments[0],
                           child->seconds_max);
        struct pollfd polled[2];
        for (int k = 0; k < 2; k++)
            polled[k] = (struct pollfd){.fd = is_open[k] ? from[k] : -1, .events = POLLIN};
        if (poll(polled, 2, (int)(left * 1000) + 1) < 0 && errno != EINTR)
            return rp_fail_errno(error, "%s", child->arguments[0]);
        if (polled[0].revents != 0)
            is_open[0] = drain(from[0], texts[0], child->output_bytes_max, &has_overrun);
        if (polled[1].revents != 0)
            is_open[1] = drain(from[1], texts[1], COMPLAINTS_BYTES_MAX, &ignored);
        if (has_overrun)
            return rp_fail(error, RP_SYSTEM, 0, "%s wrote more than %zu bytes", child->arguments[0],
                           child->output_bytes_max);
        if (texts[0]->failed || texts[1]->failed)
            return rp_fail_memory(error, "what a helper program writes");
    }
    return RP_OK;
}

rp_status rp_child_run(const rp_child *child, rp_text *output, rp_text *complaints,
                       int *exit_status, rp_error *error) {
    int out[2] = {-1, -1}, grumble[2] = {-1, -1};
    pid_t pid = -1;
    rp_status status = RP_OK;
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(grumble, O_CLOEXEC) != 0)
        status = rp_fail_errno(error, "a pipe for %s", child->arguments[0]);
    if (status == RP_OK) status = spawn(&pid, child, out, grumble, error);
    if (status == RP_OK) {
        close(out[1]);
        close(grumble[1]);
        out[1] = grumble[1] = -1;
        status = collect(child, (const int[2]){out[0], grumble[0]},
                         (rp_text *[2]){output, complaints}, error);
        if (status != RP_OK) (void)kill(pid, SIGKILL);
        int ended = 0;
        while (waitpid(pid, &ended, 0) < 0 && errno == EINTR) continue;
        *exit_status = WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
    }
    pipe_close(out);
    pipe_close(grumble);
    return status;
}
