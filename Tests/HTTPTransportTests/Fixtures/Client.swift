import Egress
import EventLoop
import HTTPTransport
import Testing

/// A transport with its loop on the test's own thread, and what it reported.
final class Client: HTTPTransportDelegate {
    struct Outcome {
        var status: Int
        var failure: HTTPResult.Failure
        var refused: Bool
        var message: String
        var retryAfter: RetryAfter?
        var directive: HTTPResult.Directive
        var headers: [String: String]
        var body: [UInt8]
        var httpVersion: Int
        var duration: Int64
        var reused: Bool
    }

    let loop: EventLoop
    let transport: any ObservedTransport
    private(set) var outcomes: [Int: Outcome] = [:]
    private(set) var order: [Int] = []
    /// Called after each completion.
    var whenCompleted: (Int) -> Void = { _ in }
    private var bodies: [Int: UnsafeMutableRawBufferPointer] = [:]

    /// Loopback servers need http and private addresses.
    static let local = try! EgressRules(allowHTTP: true, allowPrivate: true)

    init(
        _ sender: Sender, _ rules: EgressRules = Client.local, ownListeners: OwnListeners = OwnListeners(), proxy: Proxy? = nil,
        maximumConnections: Int = DescriptorBudget.ofThisProcess.connections
    ) {
        loop = try! EventLoop()
        transport = sender.make(loop, rules, ownListeners: ownListeners, proxy: proxy, maximumConnections: maximumConnections)
        transport.delegate = self
    }

    deinit { for body in bodies.values { body.deallocate() } }

    func requestCompleted(_ token: Int, _ result: borrowing HTTPResult) {
        #expect(outcomes[token] == nil, "completed twice")
        outcomes[token] = Outcome(
            status: result.status, failure: result.failure, refused: result.connectionRefused, message: result.message,
            retryAfter: result.retryAfter, directive: result.directive, headers: result.headers, body: Array(result.body),
            httpVersion: result.httpVersion, duration: result.duration, reused: result.reusedConnection)
        order.append(token)
        bodies.removeValue(forKey: token)?.deallocate()
        whenCompleted(token)
    }

    func send(_ endpoint: EndpointID, _ token: Int = 0, headers: [String] = [], body: [UInt8] = Array("{}".utf8)) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: body.count, alignment: 1)
        memory.copyBytes(from: body)
        bodies[token] = memory
        let lines: [UInt8] = headers.flatMap { [UInt8]($0.utf8) + [0] }
        lines.withUnsafeBytes {
            transport.send(endpoint: endpoint, token: token, headers: $0, body: UnsafeRawBufferPointer(memory))
        }
    }

    /// One after the other, each when the one before has ended.
    func sendInTurn(_ endpoint: EndpointID, _ tokens: Range<Int>, headers: [String] = [], _ location: SourceLocation = #_sourceLocation) {
        for token in tokens {
            send(endpoint, token, headers: headers)
            run(until: token + 1, location)
        }
    }

    /// To a URL of its own.
    func send(_ endpoint: EndpointID, to url: String, _ token: Int) throws {
        try Array(url.utf8).withUnsafeBytes {
            try transport.send(endpoint: endpoint, to: $0, token: token, headers: UnsafeRawBufferPointer(start: nil, count: 0), body: UnsafeRawBufferPointer(start: nil, count: 0))
        }
    }

    /// Runs the loop until so many requests are completed in all.
    func run(until count: Int, _ location: SourceLocation = #_sourceLocation) {
        let giveUp = EventLoop.now() + 60_000_000_000
        while outcomes.count < count {
            guard EventLoop.now() < giveUp else {
                Issue.record("only \(outcomes.count) of \(count) requests completed", sourceLocation: location)
                return
            }
            loop.run(until: giveUp)
        }
    }

    /// Opens the endpoint, sends one request and waits for its end.
    func post(
        _ configuration: EndpointConfiguration, headers: [String] = [], body: [UInt8] = Array("{}".utf8),
        _ location: SourceLocation = #_sourceLocation
    ) throws -> Outcome {
        let endpoint = try transport.open(configuration)
        let token = outcomes.count
        send(endpoint, token, headers: headers, body: body)
        run(until: token + 1, location)
        transport.close(endpoint)
        return try #require(outcomes[token], sourceLocation: location)
    }
}
