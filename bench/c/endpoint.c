// An endpoint that counts events, batched or not, and keeps how long each took to get here: endpoint PORT
//
//     POST anything      204; an event carries the moment of its production, "at":NANOSECONDS, by the clock of this machine
//     GET /count         events taken since the start
//     GET /latencies     what was kept since the last question: pairs of signed 64-bit integers, moment of production and nanoseconds until here
//
// One thread and epoll: a few microseconds a request, so that it is not what is measured.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READY = 64, KEPT = 1 << 22 };

struct connection {
    int socket;
    char *buffer;
    size_t size, capacity;
};

static const char TAKEN[] = "HTTP/1.1 204 No Content\r\n\r\n";
static long long (*kept)[2];
static long kept_count, count;

static void notes(const char *body, size_t size) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    long long now = t.tv_sec * 1000000000LL + t.tv_nsec;
    const char *end = body + size, *at = body;
    while ((at = memmem(at, end - at, "\"at\":", 5))) {
        at += 5;
        long long produced = strtoll(at, NULL, 10);
        count++;
        if (kept_count < KEPT) {
            kept[kept_count][0] = produced;
            kept[kept_count++][1] = now - produced;
        }
    }
}

static void writes(int socket, const void *bytes, size_t size) {
    while (size) {
        ssize_t n = send(socket, bytes, size, MSG_NOSIGNAL);
        if (n <= 0) return;
        bytes = (const char *)bytes + n;
        size -= n;
    }
}

static void tells(int socket, const void *body, size_t size) {
    char head[128];
    writes(socket, head, snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\ncontent-length: %zu\r\n\r\n", size));
    writes(socket, body, size);
}

// Takes one request off the buffer; its size, or 0 while bytes are missing.
static size_t takes(struct connection *c, char *request, size_t size) {
    char *end = memmem(request, size, "\r\n\r\n", 4);
    if (!end) return 0;
    *end = 0;
    char *length = strcasestr(request, "\r\ncontent-length:");
    size_t body = length ? strtoul(length + 17, NULL, 10) : 0, head = end + 4 - request;
    *end = '\r';
    if (head + body > size) return 0;
    if (!strncmp(request, "GET /count", 10)) {
        char text[32];
        tells(c->socket, text, sprintf(text, "%ld", count));
    } else if (!strncmp(request, "GET", 3)) {
        tells(c->socket, kept, kept_count * sizeof *kept);
        kept_count = 0;
    } else {
        notes(request + head, body);
        writes(c->socket, TAKEN, sizeof TAKEN - 1);
    }
    return head + body;
}

// False when the other side has gone.
static int receives(struct connection *c) {
    for (;;) {
        if (c->capacity - c->size < 16384) c->buffer = realloc(c->buffer, c->capacity = 2 * c->capacity + 65536);
        ssize_t n = recv(c->socket, c->buffer + c->size, c->capacity - c->size, MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) return 1;
        if (n <= 0) return 0;
        c->size += n;
        size_t done = 0, step;
        while (done < c->size && (step = takes(c, c->buffer + done, c->size - done))) done += step;
        memmove(c->buffer, c->buffer + done, c->size - done);
        c->size -= done;
    }
}

int main(int words, char **word) {
    if (words != 2) return fprintf(stderr, "endpoint PORT\n"), 64;
    int listener = socket(AF_INET, SOCK_STREAM, 0), poller = epoll_create1(0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(word[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) return perror("endpoint"), 1;
    kept = calloc(KEPT, sizeof *kept);
    struct epoll_event interest = {.events = EPOLLIN}, ready[READY];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &interest);
    for (;;) {
        int found = epoll_wait(poller, ready, READY, -1);
        for (int i = 0; i < found; i++) {
            struct connection *c = ready[i].data.ptr;
            if (!c) {
                c = calloc(1, sizeof *c);
                c->socket = accept(listener, NULL, NULL);
                setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                interest.data.ptr = c;
                epoll_ctl(poller, EPOLL_CTL_ADD, c->socket, &interest);
            } else if (!receives(c)) {
                close(c->socket);
                free(c->buffer);
                free(c);
            }
        }
    }
}
