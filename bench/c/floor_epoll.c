// The floor: librdkafka and an HTTP/1.1 sender written by hand, in one thread. What a bridge could do that had nothing to look after:
// no retries, no cursors, no signatures, no second endpoint. It ends with a sentence when anything is not as it should be.
#define _GNU_SOURCE
#include "source.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

enum { HEAD = 2048, ANSWER = 4096, ANSWERS = 64 };

struct connection {
    int socket;
    rd_kafka_message_t *event; // under way, or NULL
    char head[HEAD];
    size_t head_size, sent; // of head and body together
    char answer[ANSWER + 1];
    size_t received;
};

static struct options options;
static struct addrinfo *address;
static int poller;
static char constant[HEAD];
static struct connection **idle;
static int idle_count;

static void connects(struct connection *c) {
    int yes = 1;
    c->socket = socket(address->ai_family, SOCK_STREAM, 0);
    if (c->socket < 0 || connect(c->socket, address->ai_addr, address->ai_addrlen)) fail("nothing listens at --url");
    setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct epoll_event interest = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_ADD, c->socket, &interest);
}

static void sends(struct connection *c) {
    size_t total = c->head_size + c->event->len;
    while (c->sent < total) {
        struct iovec parts[2];
        int count = 0;
        if (c->sent < c->head_size) parts[count++] = (struct iovec){c->head + c->sent, c->head_size - c->sent};
        size_t into = c->sent > c->head_size ? c->sent - c->head_size : 0;
        parts[count++] = (struct iovec){(char *)c->event->payload + into, c->event->len - into};
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
        ssize_t n = sendmsg(c->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) fail("the endpoint closed a connection in a request");
        c->sent += n;
    }
}

static void starts(struct connection *c, rd_kafka_message_t *event) {
    char lines[IDENTITIES][IDENTITY_SIZE];
    identities(&options, event, lines);
    c->event = event;
    c->sent = c->received = 0;
    c->head_size = snprintf(
        c->head, HEAD, "POST %s HTTP/1.1\r\nhost: %s:%s\r\ncontent-length: %zu\r\n%s%s\r\n%s\r\n%s\r\n%s\r\n%s\r\n\r\n", options.path, options.host,
        options.port, event->len, constant, lines[0], lines[1], lines[2], lines[3], lines[4]);
    if (c->head_size >= HEAD) fail("the request's head is too long");
    sends(c);
}

// The bytes of a whole answer, or 0 while some are missing.
static size_t answer_size(const char *answer, size_t received) {
    const char *end = strstr(answer, "\r\n\r\n");
    if (!end) return 0;
    if (strncmp(answer, "HTTP/1.1 2", 10)) fail(answer);
    const char *length = strcasestr(answer, "\r\ncontent-length:");
    size_t size = end + 4 - answer + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
    return size <= received ? size : 0;
}

static void receives(struct connection *c) {
    for (;;) {
        ssize_t n = recv(c->socket, c->answer + c->received, ANSWER - c->received, MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) fail("the endpoint closed a connection");
        c->received += n;
        c->answer[c->received] = 0;
        if (c->event && answer_size(c->answer, c->received)) {
            rd_kafka_message_destroy(c->event);
            c->event = NULL;
            c->received = 0;
            idle[idle_count++] = c;
            return;
        }
        if (c->received == ANSWER) fail("an answer that does not end");
    }
}

int main(int count, char **words) {
    options = read_options(count, words);
    if (options.batch > 1 || options.http2 || !strncmp(options.url, "https", 5)) fail("this floor knows single events and plain HTTP/1.1 only");
    for (const char *const *line = constant_headers; *line; line++) strcat(strcat(constant, *line), "\r\n");
    if (getaddrinfo(options.host, options.port, &(struct addrinfo){.ai_socktype = SOCK_STREAM}, &address)) fail("the host of --url has no address");
    poller = epoll_create1(0);
    idle = calloc(options.connections, sizeof *idle);
    struct connection *all = calloc(options.connections, sizeof *all);
    for (int i = 0; i < options.connections; i++) {
        connects(&all[i]);
        idle[idle_count++] = &all[i];
    }
    int wake[2];
    if (pipe(wake)) fail("no pipe");
    struct epoll_event interest = {.events = EPOLLIN}, ready[ANSWERS];
    epoll_ctl(poller, EPOLL_CTL_ADD, wake[0], &interest);
    source_open(&options, wake[1]);
    for (;;) {
        rd_kafka_message_t *event;
        while (idle_count && (event = source_next())) starts(idle[--idle_count], event);
        int found = epoll_wait(poller, ready, ANSWERS, 100);
        for (int i = 0; i < found; i++) {
            struct connection *c = ready[i].data.ptr;
            char bytes[256];
            if (!c) {
                if (read(wake[0], bytes, sizeof bytes) < 0) fail("the pipe broke");
                continue;
            }
            if (c->event && ready[i].events & EPOLLOUT) sends(c);
            if (ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receives(c);
        }
    }
}
