"""What stands in many tutorials, with threads: confluent-kafka, requests, 16 at once, a commit after each chunk.

    confluent_requests.py BROKERS TOPIC GROUP URL
"""

import concurrent.futures
import sys
import threading

import confluent_kafka
import requests

WORKERS, CHUNK = 16, 1000

brokers, topic, group, url = sys.argv[1:]
own = threading.local()


def post(event):
    if not hasattr(own, "session"):
        own.session = requests.Session()
        # A look at proxies in the environment for every request would cost a third.
        own.session.trust_env = False
    own.session.post(url, data=event.value(), headers={
        "content-type": "application/json", "ce-specversion": "1.0", "ce-type": topic, "ce-source": f"kafka:{topic}",
        "ce-id": f"{topic}-{event.partition()}-{event.offset()}"}).raise_for_status()


consumer = confluent_kafka.Consumer({
    "bootstrap.servers": brokers, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False,
    "session.timeout.ms": 6000, "fetch.wait.max.ms": 20})
consumer.subscribe([topic])
with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
    while True:
        events = [event for event in consumer.consume(CHUNK, timeout=0.1) if not event.error()]
        list(pool.map(post, events))
        if events:
            consumer.commit(asynchronous=False)
