import Egress
import EventLoop
import EventModel
import HTTPTransport
import Manifests

/// The transport of deliveries in a loop of its own on the caller's thread, for one request at a time that is waited for.
final class LoneRequests: HTTPTransportDelegate {
    private let loop: EventLoop
    let transport: ChoosingTransport
    private var completion: ((borrowing HTTPResult) -> Void)?

    /// - Throws: `EgressRuleError`, `EndpointError`, `EventLoopError`.
    init(_ egress: BridgeConfiguration.Egress, _ ownListeners: OwnListeners = OwnListeners()) throws {
        loop = try EventLoop()
        transport = ChoosingTransport(
            loop: loop, rules: try EgressRules(egress), ownListeners: ownListeners, proxy: try egress.proxy.map { try Proxy($0) },
            requests: 1)
        transport.delegate = self
    }

    /// Returns when the request that was sent has ended.
    func wait(_ take: @escaping (borrowing HTTPResult) -> Void) {
        completion = take
        while completion != nil { loop.run() }
    }

    func requestCompleted(_ token: Int, _ result: borrowing HTTPResult) {
        completion?(result)
        completion = nil
    }
}
