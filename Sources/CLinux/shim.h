// What Linux offers and the `Glibc` module does not export: epoll, eventfd, inotify, prctl. No code besides shims
// for functions that Swift cannot call because they are variadic.
#ifndef FANFARE_CLINUX_SHIM_H
#define FANFARE_CLINUX_SHIM_H

#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/// `bind(2)` as the kernel's own call, past any `bind` that the process or a library defines. Same result and `errno`.
static inline int fanfare_sys_bind(int fd, const struct sockaddr *address, socklen_t length) {
    return (int)syscall(SYS_bind, fd, address, length);
}

/// `prctl(2)` is variadic in glibc; the kernel takes four further arguments, unused ones zero.
static inline int fanfare_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
    return prctl(option, a, b, c, d);
}

#endif
