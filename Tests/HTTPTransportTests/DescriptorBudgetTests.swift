import HTTPTransport
import Testing

/// Connections take a part of what the process may have open, and no more.
@Suite struct DescriptorBudgetTests {
    @Test(arguments: [(1, 1), (64, 32), (1024, 512), (1 << 20, 1 << 19)]) func halfIsForConnections(limit: Int, connections: Int) {
        #expect(DescriptorBudget(limit: limit).connections == connections)
    }

    @Test(arguments: Sender.allCases) func anIdleConnectionMakesWayWhenThereAreEnough(sender: Sender) throws {
        let servers = (0..<3).map { _ in RawServer.answering("HTTP/1.1 204 X\r\n\r\n") }
        defer { for server in servers { server.stop() } }
        let client = Client(sender, maximumConnections: 2)
        for (token, server) in (servers + servers).enumerated() {
            client.send(try client.transport.open(EndpointConfiguration(url: server.url)), token)
            client.run(until: token + 1)
        }
        #expect(client.outcomes.values.allSatisfy { $0.status == 204 })
        #expect(servers.reduce(0) { $0 + $1.accepted } > 3, "one had to be made again")
    }

    @Test(arguments: Sender.allCases) func requestsBeyondTheConnectionsWaitForOne(sender: Sender) throws {
        let server = RawServer.answering("HTTP/1.1 204 X\r\n\r\n")
        defer { server.stop() }
        let client = Client(sender, maximumConnections: 2)
        let endpoint = try client.transport.open(EndpointConfiguration(url: server.url))
        for token in 0..<20 { client.send(endpoint, token) }
        client.run(until: 20)
        #expect(client.outcomes.values.allSatisfy { $0.status == 204 })
        #expect(server.accepted <= 2)
    }
}
