import Egress
import EventLoop
import HTTPTransport
import Testing

/// The implementations of the transport. Where they differ for their users, one of them is wrong.
enum Sender: CaseIterable, CustomTestStringConvertible {
    case curl, http1
    /// Either of them.
    case choosing

    /// Those that have a way of their own.
    static let allCases: [Sender] = [.curl, .http1]

    func make(
        _ loop: EventLoop, _ rules: EgressRules, ownListeners: OwnListeners = OwnListeners(), proxy: Proxy? = nil,
        maximumConnections: Int = DescriptorBudget.ofThisProcess.connections
    ) -> any ObservedTransport {
        switch self {
        case .curl:
            return CurlTransport(
                loop: loop, rules: rules, ownListeners: ownListeners, proxy: proxy, requests: 2, maximumConnections: maximumConnections)
        case .choosing:
            return ChoosingTransport(
                loop: loop, rules: rules, ownListeners: ownListeners, proxy: proxy, requests: 2, maximumConnections: maximumConnections)
        case .http1:
            precondition(proxy == nil, "Proxies are libcurl's.")
            return HTTP1Transport(loop: loop, rules: rules, ownListeners: ownListeners, requests: 2, maximumConnections: maximumConnections)
        }
    }

    var testDescription: String {
        switch self {
        case .curl: "libcurl"
        case .http1: "our own"
        case .choosing: "either"
        }
    }
}

/// What tests see of a transport besides its contract.
protocol ObservedTransport: HTTPTransport {
    var inFlight: Int { get }
    var connectionsOpened: Int { get }
}

extension CurlTransport: ObservedTransport {}
extension HTTP1Transport: ObservedTransport {}
extension ChoosingTransport: ObservedTransport {}
