"""Drives the real program from outside: an embedded Kafka, endpoints that misbehave, and the bridge between them.

Nothing here imports or links Fanfare: the receiver verifies with the Standard Webhooks library and the Kafka client
is librdkafka's Python binding, in another version than the one the bridge is linked with.
"""
