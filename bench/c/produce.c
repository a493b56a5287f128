// Events at a steady rate, or as fast as the broker takes them: produce BROKERS TOPIC PARTITIONS COUNT SIZE RATE RUN TYPES [CODEC]
//
// Each is {"type":"tN","at":NANOSECONDS,"padding":"..."}, with the moment of its production; RUN of them in a row go to one partition,
// TYPES types take turns, a RATE of 0 is as fast as possible. Ends when all are acknowledged, and prints by how many microseconds the
// latest was behind its time: a large one says that the machine was too busy for the rate.
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static long failed;

static void acknowledged(rd_kafka_t *_, const rd_kafka_message_t *message, void *__) {
    (void)_, (void)__;
    failed += message->err != 0;
}

static long long now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void sleep_until(long long due) {
    struct timespec t = {due / 1000000000, due % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL)) {
    }
}

int main(int words, char **word) {
    if (words < 9) return fprintf(stderr, "produce BROKERS TOPIC PARTITIONS COUNT SIZE RATE RUN TYPES [CODEC]\n"), 64;
    int partitions = atoi(word[3]), size = atoi(word[5]), run = atoi(word[7]), types = atoi(word[8]);
    long count = atol(word[4]);
    double rate = atof(word[6]);
    char error[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const char *const properties[][2] = {
        {"bootstrap.servers", word[1]}, {"acks", "all"}, {"linger.ms", rate > 0 ? "1" : "50"}, {"compression.type", words > 9 ? word[9] : "none"},
        {"batch.size", "400000"}, {"queue.buffering.max.messages", "1000000"}, {"queue.buffering.max.kbytes", "1000000"}};
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        if (rd_kafka_conf_set(conf, properties[i][0], properties[i][1], error, sizeof error)) return fprintf(stderr, "%s\n", error), 1;
    rd_kafka_conf_set_dr_msg_cb(conf, acknowledged);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    if (!producer) return fprintf(stderr, "%s\n", error), 1;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(producer, word[2], NULL);
    char *value = malloc(size + 128);
    long long began = now(CLOCK_MONOTONIC), latest = 0;
    for (long n = 0; n < count;) {
        if (rate > 0) {
            long long due = began + (long long)(n * 1e9 / rate), behind = now(CLOCK_MONOTONIC) - due;
            if (behind < 0) sleep_until(due);
            else if (behind > latest) latest = behind;
        }
        int length = sprintf(value, "{\"type\":\"t%ld\",\"at\":%lld,\"padding\":\"", n % types, now(CLOCK_REALTIME));
        int padding = size > length + 2 ? size - length - 2 : 0;
        memset(value + length, 'x', padding);
        memcpy(value + length + padding, "\"}", 2);
        if (!rd_kafka_produce(topic, n / run % partitions, RD_KAFKA_MSG_F_COPY, value, length + padding + 2, NULL, 0, NULL)) n++;
        else if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) failed++, n++;
        else rd_kafka_poll(producer, 10);
        if (n % 100 == 0) rd_kafka_poll(producer, 0);
    }
    if (rd_kafka_flush(producer, 60000) || failed)
        return fprintf(stderr, "%ld events were not acknowledged\n", failed + rd_kafka_outq_len(producer)), 1;
    printf("%lld\n", latest / 1000);
}
