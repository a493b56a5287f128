// What both floors share: their options, events out of Kafka one by one, and the header lines that differ between events.
#pragma once

#include <librdkafka/rdkafka.h>
#include <stddef.h>

struct options {
    const char *brokers, *topic, *host, *port, *path, *url, *ca;
    int partitions, connections, batch, http2;
};

// Ends the program with a sentence when a word is not understood.
struct options read_options(int count, char **words);

// Reads all partitions from their beginning, by assignment: without a group there is nothing to wait for and nothing to commit.
// `wake` becomes readable when there is something to read again.
void source_open(const struct options *options, int wake);

// The next event, which the caller destroys; NULL when there is none at this moment.
rd_kafka_message_t *source_next(void);

enum { IDENTITIES = 5, IDENTITY_SIZE = 160 };

// The headers that no two events have in common, as lines without an end, and those that all have.
void identities(const struct options *options, const rd_kafka_message_t *event, char lines[IDENTITIES][IDENTITY_SIZE]);
extern const char *const constant_headers[];

void fail(const char *what) __attribute__((noreturn));
