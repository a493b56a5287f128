// The floor for whoever sends through libcurl: librdkafka and libcurl's multi interface driven by sockets, in one thread.
// What docs/PERFORMANCE.md says of libcurl is done: constant header nodes, a URL parsed once, no proxy looked up, descriptors that
// stay in epoll, handles that are used again. No retries, no cursors, no signatures.
#include "source.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { CONSTANTS = 8, READY = 64, BATCH_WAIT_MS = 100 };

struct request {
    CURL *handle;
    rd_kafka_message_t *event; // of one that is not a batch
    char lines[IDENTITIES][IDENTITY_SIZE];
    struct curl_slist headers[IDENTITIES + CONSTANTS];
    char *body; // of a batch
    size_t size, capacity;
    int events;
};

static struct options options;
static CURLM *multi;
static int poller, batch_open;
static long timeout_ms = -1;
static struct request **idle;
static int idle_count;
static unsigned char known[65536]; // What epoll knows of a descriptor: 1 in, 2 out.
static struct timespec batch_began;

static int watches(CURL *handle, curl_socket_t socket, int what, void *_, void *__) {
    (void)handle, (void)_, (void)__;
    // Lazy: a connection between two requests stays where it is.
    if (what == CURL_POLL_REMOVE) return 0;
    unsigned char wanted = (what & CURL_POLL_IN ? 1 : 0) | (what & CURL_POLL_OUT ? 2 : 0);
    if (socket >= (int)sizeof known) fail("too many descriptors");
    if (known[socket] == wanted) return 0;
    struct epoll_event interest = {.events = (wanted & 1 ? EPOLLIN : 0) | (wanted & 2 ? EPOLLOUT : 0), .data.fd = socket};
    epoll_ctl(poller, known[socket] ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &interest);
    known[socket] = wanted;
    return 0;
}

static int closes(void *_, curl_socket_t socket) {
    (void)_;
    known[socket] = 0;
    return close(socket);
}

static int waits(CURLM *_, long milliseconds, void *__) {
    (void)_, (void)__;
    timeout_ms = milliseconds;
    return 0;
}

static size_t ignores(char *_, size_t size, size_t count, void *__) {
    (void)_, (void)__;
    return size * count;
}

static void prepares(struct request *r, CURLU *url) {
    r->handle = curl_easy_init();
    curl_easy_setopt(r->handle, CURLOPT_CURLU, url);
    curl_easy_setopt(r->handle, CURLOPT_PROXY, "");
    curl_easy_setopt(r->handle, CURLOPT_POST, 1L);
    curl_easy_setopt(r->handle, CURLOPT_WRITEFUNCTION, ignores);
    curl_easy_setopt(r->handle, CURLOPT_CLOSESOCKETFUNCTION, closes);
    curl_easy_setopt(r->handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(r->handle, CURLOPT_PRIVATE, r);
    curl_easy_setopt(r->handle, CURLOPT_HTTP_VERSION, options.http2 ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
    if (options.http2) curl_easy_setopt(r->handle, CURLOPT_PIPEWAIT, 1L);
    if (options.ca) curl_easy_setopt(r->handle, CURLOPT_CAINFO, options.ca);
    // A chain of nodes of our own, that stays; only what the first lines say changes. A batch has no identity of one event.
    int count = 0;
    if (options.batch == 1)
        for (; count < IDENTITIES; count++) r->headers[count].data = r->lines[count];
    for (const char *const *line = constant_headers; *line; line++) r->headers[count++].data = (char *)*line;
    // Neither asked for nor waited for.
    r->headers[count++].data = "expect:";
    for (int i = 0; i + 1 < count; i++) r->headers[i].next = &r->headers[i + 1];
    curl_easy_setopt(r->handle, CURLOPT_HTTPHEADER, r->headers);
}

static void sends(struct request *r, const void *body, size_t size) {
    curl_easy_setopt(r->handle, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(r->handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
    curl_multi_add_handle(multi, r->handle);
}

static void joins(struct request *r, const rd_kafka_message_t *event) {
    size_t needed = r->size + event->len + 2;
    if (needed > r->capacity) r->body = realloc(r->body, r->capacity = 2 * needed);
    r->body[r->size++] = r->events++ ? ',' : '[';
    memcpy(r->body + r->size, event->payload, event->len);
    r->size += event->len;
}

static void sends_batch(struct request *r) {
    r->body[r->size++] = ']';
    batch_open = 0;
    idle_count--;
    sends(r, r->body, r->size);
}

static int overdue(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (now.tv_sec - batch_began.tv_sec) * 1000 + (now.tv_nsec - batch_began.tv_nsec) / 1000000 >= BATCH_WAIT_MS;
}

// Takes events while a request is free; the batch that is being filled is the last of the idle ones.
static void takes(void) {
    rd_kafka_message_t *event;
    while (idle_count && (event = source_next())) {
        struct request *r = idle[idle_count - 1];
        if (options.batch == 1) {
            identities(&options, event, r->lines);
            r->event = event;
            idle_count--;
            sends(r, event->payload, event->len);
            continue;
        }
        if (!batch_open) {
            batch_open = 1;
            r->size = r->events = 0;
            clock_gettime(CLOCK_MONOTONIC_COARSE, &batch_began);
        }
        joins(r, event);
        rd_kafka_message_destroy(event);
        if (r->events == options.batch) sends_batch(r);
    }
    if (batch_open && overdue()) sends_batch(idle[idle_count - 1]);
}

static void completes(void) {
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(multi, &left))) {
        struct request *r;
        long status = 0;
        if (message->data.result) fail(curl_easy_strerror(message->data.result));
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &r);
        curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        if (status / 100 != 2) {
            fprintf(stderr, "status %ld: ", status);
            fail("the endpoint did not answer with 2xx");
        }
        curl_multi_remove_handle(multi, r->handle);
        if (r->event) rd_kafka_message_destroy(r->event);
        r->event = NULL;
        idle[idle_count++] = r;
        // The batch that is being filled stays on top.
        if (batch_open && idle_count > 1) {
            idle[idle_count - 1] = idle[idle_count - 2];
            idle[idle_count - 2] = r;
        }
    }
}

int main(int count, char **words) {
    options = read_options(count, words);
    curl_global_init(CURL_GLOBAL_ALL);
    poller = epoll_create1(0);
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watches);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, waits);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)options.connections);
    CURLU *url = curl_url();
    if (curl_url_set(url, CURLUPART_URL, options.url, 0)) fail("--url is none");
    idle = calloc(options.connections, sizeof *idle);
    struct request *all = calloc(options.connections, sizeof *all);
    for (int i = 0; i < options.connections; i++) {
        prepares(&all[i], url);
        idle[idle_count++] = &all[i];
    }
    int wake[2], running;
    if (pipe(wake)) fail("no pipe");
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = wake[0]}, ready[READY];
    epoll_ctl(poller, EPOLL_CTL_ADD, wake[0], &interest);
    source_open(&options, wake[1]);
    for (;;) {
        takes();
        int found = epoll_wait(poller, ready, READY, timeout_ms >= 0 && timeout_ms < BATCH_WAIT_MS ? (int)timeout_ms : BATCH_WAIT_MS);
        if (timeout_ms == 0 || !found) {
            timeout_ms = -1;
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        for (int i = 0; i < found; i++) {
            int socket = ready[i].data.fd;
            char bytes[256];
            if (socket == wake[0]) {
                if (read(socket, bytes, sizeof bytes) < 0) fail("the pipe broke");
                continue;
            }
            int what = (ready[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) | (ready[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                       (ready[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
            curl_multi_socket_action(multi, socket, what, &running);
        }
        completes();
    }
}
