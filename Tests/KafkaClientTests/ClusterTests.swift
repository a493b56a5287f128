import Glibc
import KafkaClient
import Testing

@Suite struct ClusterTests {
    /// A free port below the range that the kernel gives away by itself.
    private func freePort(_ count: UInt16) -> UInt16 {
        func isFree(_ port: UInt16) -> Bool {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
            return withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
        }
        var port = UInt16(19_000 + getpid() % 5000)
        while !(0..<count).allSatisfy({ isFree(port + $0) }) { port += count }
        return port
    }

    @Test func theEmbeddedClusterListensWhereItIsTold() throws {
        let port = freePort(2)
        let cluster = try EmbeddedCluster(brokers: 2, port: port, topics: [(name: "orders", partitions: 3)])
        #expect(cluster.bootstrapServers == "127.0.0.1:\(port),127.0.0.1:\(port + 1)")
        let admin = try ClusterAdmin(KafkaConfiguration(bootstrapServers: "127.0.0.1:\(port + 1)"))
        let metadata = try admin.metadata(topic: "orders")
        #expect(metadata.brokers.map(\.port).sorted() == [Int(port), Int(port + 1)])
        #expect(metadata.topics.count == 1)
        #expect(metadata.topics[0].name == "orders")
        #expect(metadata.topics[0].partitions.map(\.number) == [0, 1, 2])
        #expect(metadata.topics[0].replicationFactor == 2)
        #expect(metadata.topics[0].error == nil)

        let error = #expect(throws: KafkaError.self) { try EmbeddedCluster(brokers: 1, port: port) }
        #expect(error?.message.contains("\(port)") == true)
    }

    @Test func aBrokerComesBackOnItsPort() throws {
        let port = freePort(1)
        let cluster = try EmbeddedCluster(port: port)
        cluster.takeDown(broker: 1)
        let configuration = KafkaConfiguration(bootstrapServers: cluster.bootstrapServers)
        let admin = try ClusterAdmin(configuration, timeoutMilliseconds: 300)
        let error = #expect(throws: KafkaError.self) { try admin.metadata() }
        #expect(error?.isRetriable == true)
        var failed = false
        admin.notices { if case .failed = $0 { failed = true } }
        #expect(failed)
        cluster.bringUp(broker: 1)
        admin.timeout = 10_000
        #expect(try admin.metadata().brokers.count == 1)
    }

    @Test func watermarksAndOffsetsAreAskedForDirectly() throws {
        let fixture = try Fixture(("orders", 2))
        let partition = TopicPartition(topic: "orders", partition: 0)
        try fixture.write(["a", "b", "c"], to: partition)
        let admin = try ClusterAdmin(fixture.configuration)
        let (low, high) = try admin.watermarks(of: partition)
        #expect(low == 0)
        #expect(high == 3)
        let other = TopicPartition(topic: "orders", partition: 1)
        let ends = try admin.offsets(at: [(partition, LogicalOffset.end), (other, LogicalOffset.end)])
        #expect(ends == [partition: 3, other: 0])
        let starts = try admin.offsets(at: [(partition, LogicalOffset.beginning)])
        #expect(starts == [partition: 0])
    }

    @Test func aSlowBrokerIsOnlySlow() throws {
        let fixture = try Fixture(("orders", 1))
        fixture.cluster.setRoundTripTime(milliseconds: 100)
        #expect(try fixture.write(["a"], to: TopicPartition(topic: "orders", partition: 0)) == [0])
    }
}
