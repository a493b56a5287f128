"""mq-bridge as a bridge from Kafka to HTTP: mq_bridge_route.py BROKERS TOPIC GROUP URL BATCH

Its own Rust core does everything; this only starts the route. With BATCH above 1 it packs so many events into a request.
"""

import sys

import mq_bridge

brokers, topic, group, url, pack = sys.argv[1:]
output = {"http": {"url": url, "batch_concurrency": 64, "custom_headers": {"content-type": "application/json"}}}
if int(pack) > 1:
    output["middlewares"] = [{"pack": {"max_messages": int(pack)}}]
mq_bridge.Route.from_config({
    "input": {"kafka": {"url": brokers, "topic": topic, "group_id": group, "consumer_options": [
        ["auto.offset.reset", "earliest"], ["fetch.wait.max.ms", "20"], ["session.timeout.ms", "6000"]]}},
    "output": output,
    "batch_size": 256 if int(pack) == 1 else int(pack),
    "concurrency": 64,
}).run()
