// What Linux offers and the `Glibc` module does not export: epoll, eventfd, inotify, prctl, adjtimex, malloc_trim, an extension of
// posix_spawn. No code besides shims for what Swift cannot call or see.
#ifndef FANFARE_CLINUX_SHIM_H
#define FANFARE_CLINUX_SHIM_H

#include <netinet/in.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

/// `SOCK_STREAM` and its flags, under names that only this module has. glibc's are cases of an enum which every C module that includes
/// the header declares anew: a Swift file sees only that of the module which the compiler happened to load first, imported there or not.
static const int FANFARE_SOCK_STREAM = SOCK_STREAM;
static const int FANFARE_SOCK_CLOEXEC = SOCK_CLOEXEC;
static const int FANFARE_SOCK_NONBLOCK = SOCK_NONBLOCK;

/// Whose a file is, and who may do what with it; for the same reason not `struct stat`.
struct fanfare_file_owner {
    uid_t user;
    gid_t group;
    mode_t mode;
};

/// As `stat(2)`: 0, or -1 and `errno`.
static inline int fanfare_owner_of(const char *path, struct fanfare_file_owner *owner) {
    struct stat status;
    if (stat(path, &status) != 0) return -1;
    *owner = (struct fanfare_file_owner){status.st_uid, status.st_gid, status.st_mode};
    return 0;
}

enum { FANFARE_TCP_INFO = 11 };

/// What a TCP connection has received in all, acknowledged bytes only; 0 for any other descriptor.
///
/// glibc's `struct tcp_info` ends before `tcpi_bytes_received`, and `linux/tcp.h` cannot be included beside it. Its layout is
/// the kernel's interface: fields are only ever added at the end.
static inline uint64_t fanfare_bytes_received(int fd) {
    uint64_t info[17] = {0};
    socklen_t length = sizeof info;
    return getsockopt(fd, IPPROTO_TCP, FANFARE_TCP_INFO, info, &length) == 0 && length == sizeof info ? info[16] : 0;
}

/// glibc shows it to programs with GNU extensions only. The child closes all descriptors from `from` on.
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

/// glibc's allocator gives what is free back to the kernel, all arenas of all threads; `pad` bytes stay.
extern int malloc_trim(size_t pad);

/// `bind(2)` as the kernel's own call, past any `bind` that the process or a library defines. Same result and `errno`.
static inline int fanfare_sys_bind(int fd, const struct sockaddr *address, socklen_t length) {
    return (int)syscall(SYS_bind, fd, address, length);
}

/// `prctl(2)` is variadic in glibc; the kernel takes four further arguments, unused ones zero.
static inline int fanfare_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
    return prctl(option, a, b, c, d);
}

#endif
