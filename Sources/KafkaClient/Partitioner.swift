internal import CRDKafka

/// Which partition a key goes to, unless its producer has a partitioner of its own.
public enum Partitioner {
    /// As Kafka's Java producer does it: by MurmurHash2.
    public static func murmur2(_ key: UnsafeRawBufferPointer, partitions: Int32) -> Int32 {
        rd_kafka_msg_partitioner_murmur2(nil, key.baseAddress ?? HeaderList.somewhere, key.count, partitions, nil, nil)
    }
}
