"""What is quickly written in Python: aiokafka, aiohttp, 64 requests at once, a commit after each chunk.

    aiokafka_aiohttp.py BROKERS TOPIC GROUP URL
"""

import asyncio
import sys

import aiohttp
import aiokafka

CONCURRENCY, CHUNK = 64, 1000


async def main(brokers, topic, group, url):
    consumer = aiokafka.AIOKafkaConsumer(
        topic, bootstrap_servers=brokers, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False,
        session_timeout_ms=6000, fetch_max_wait_ms=20, max_partition_fetch_bytes=1 << 20)
    await consumer.start()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONCURRENCY)) as session:
        async def worker(events):
            # All workers share one iterator: each takes the next event.
            for event in events:
                headers = {
                    "content-type": "application/json", "ce-specversion": "1.0", "ce-type": topic, "ce-source": f"kafka:{topic}",
                    "ce-id": f"{topic}-{event.partition}-{event.offset}"}
                async with session.post(url, data=event.value, headers=headers) as answer:
                    answer.raise_for_status()

        while True:
            chunks = await consumer.getmany(timeout_ms=100, max_records=CHUNK)
            events = iter([event for chunk in chunks.values() for event in chunk])
            await asyncio.gather(*(worker(events) for _ in range(CONCURRENCY)))
            if chunks:
                await consumer.commit()


asyncio.run(main(*sys.argv[1:]))
