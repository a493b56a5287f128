#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHUNK = 1000 };

const char *const constant_headers[] = {
    "user-agent: floor/1", "content-type: application/json", "ce-specversion: 1.0", "ce-type: bench.orders", "ce-source: kafka:bench.orders",
    "fanfare-subscription: floor", "fanfare-attempt: 1", NULL};

static rd_kafka_queue_t *queue;
static rd_kafka_message_t *chunk[CHUNK];
static ssize_t filled, taken;

void fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(1);
}

// http://HOST:PORT/PATH, as benchmarks write it
static void split(struct options *o) {
    char *text = strdup(o->url), *host = strstr(text, "://");
    if (!host) fail("--url needs http:// or https://");
    host += 3;
    char *colon = strchr(host, ':'), *slash = colon ? strchr(colon, '/') : NULL;
    if (!slash) fail("--url needs a port and a path");
    o->path = strdup(slash);
    *colon = *slash = 0;
    o->host = host;
    o->port = colon + 1;
}

struct options read_options(int count, char **words) {
    struct options o = {.partitions = 1, .connections = 64, .batch = 1};
    for (int i = 1; i < count; i++) {
        const char *name = words[i], *value = i + 1 < count ? words[++i] : "";
        if (!strcmp(name, "--brokers")) o.brokers = value;
        else if (!strcmp(name, "--topic")) o.topic = value;
        else if (!strcmp(name, "--url")) o.url = value;
        else if (!strcmp(name, "--ca")) o.ca = value;
        else if (!strcmp(name, "--partitions")) o.partitions = atoi(value);
        else if (!strcmp(name, "--connections")) o.connections = atoi(value);
        else if (!strcmp(name, "--batch")) o.batch = atoi(value);
        else if (!strcmp(name, "--http2")) o.http2 = atoi(value);
        else fail("options: --brokers --topic --url --partitions --connections --batch --http2 --ca");
    }
    if (!o.brokers || !o.topic || !o.url || o.partitions < 1 || o.connections < 1 || o.batch < 1) fail("--brokers, --topic and --url are needed");
    split(&o);
    return o;
}

void source_open(const struct options *o, int wake) {
    char error[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const char *const properties[][2] = {
        {"bootstrap.servers", o->brokers}, {"group.id", "floor"}, {"enable.auto.commit", "false"}, {"fetch.wait.max.ms", "2"},
        {"queued.min.messages", "100000"}};
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        if (rd_kafka_conf_set(conf, properties[i][0], properties[i][1], error, sizeof error)) fail(error);
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    if (!consumer) fail(error);
    rd_kafka_poll_set_consumer(consumer);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(o->partitions);
    for (int p = 0; p < o->partitions; p++) rd_kafka_topic_partition_list_add(all, o->topic, p)->offset = RD_KAFKA_OFFSET_BEGINNING;
    queue = rd_kafka_queue_get_consumer(consumer);
    rd_kafka_queue_io_event_enable(queue, wake, "1", 1);
    if (rd_kafka_assign(consumer, all)) fail("the partitions cannot be assigned");
}

rd_kafka_message_t *source_next(void) {
    for (;;) {
        if (taken == filled) {
            taken = 0;
            filled = rd_kafka_consume_batch_queue(queue, 0, chunk, CHUNK);
            if (filled <= 0) {
                filled = 0;
                return NULL;
            }
        }
        rd_kafka_message_t *event = chunk[taken++];
        if (!event->err) return event;
        // The end of a partition, or a broker that went away for a moment.
        rd_kafka_message_destroy(event);
    }
}

void identities(const struct options *o, const rd_kafka_message_t *event, char lines[IDENTITIES][IDENTITY_SIZE]) {
    static time_t second;
    static char date[32];
    long long stamp = rd_kafka_message_timestamp(event, NULL);
    time_t now = stamp / 1000;
    if (now != second) {
        struct tm parts;
        second = now;
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", gmtime_r(&now, &parts));
    }
    int p = event->partition;
    long long at = event->offset;
    snprintf(lines[0], IDENTITY_SIZE, "ce-id: %s-%d-%lld", o->topic, p, at);
    snprintf(lines[1], IDENTITY_SIZE, "ce-time: %s.%03dZ", date, (int)(stamp % 1000));
    snprintf(lines[2], IDENTITY_SIZE, "webhook-id: %s-%d-%lld", o->topic, p, at);
    snprintf(lines[3], IDENTITY_SIZE, "webhook-timestamp: %lld", (long long)time(NULL));
    snprintf(lines[4], IDENTITY_SIZE, "traceparent: 00-%016llx%016llx-%016llx-00", at + 1, (long long)p + 1, at + 1);
}
