import KafkaClient
import Testing

@Suite struct `A key's partition` {
    /// From Kafka's own tests (`UtilsTest.testMurmur2`).
    @Test(arguments: [
        ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829), ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
    ])
    func `is that of Kafka's Java producer`(key: String, hash: Int) {
        for partitions in [1, 3, 1000] as [Int32] {
            let partition = Array(key.utf8).withUnsafeBytes { Partitioner.murmur2($0, partitions: partitions) }
            #expect(Int(partition) == (hash & 0x7FFF_FFFF) % Int(partitions))
        }
    }

    @Test func `is one for an empty key, too`() {
        #expect([UInt8]().withUnsafeBytes { Partitioner.murmur2($0, partitions: 1) } == 0)
    }
}
