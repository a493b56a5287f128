import CCurl
import Egress
import Glibc

/// What all requests to one endpoint share, in the form that libcurl takes without work: owner of the constant
/// headers. Freed when it is closed and its last request has ended.
final class Endpoint: OpenEndpoint {
    let id: EndpointID
    let configuration: EndpointConfiguration
    let target: Target
    /// Nil: the system's authorities, and no certificate of ours.
    let tls: TLSMaterial?
    let headers: HeaderList

    var inFlight = 0
    var isClosed = false
    /// Whether requests wait for a connection that is being made instead of making their own. Set once an answer came by
    /// HTTP/2, taken back when connecting fails: those waiting would otherwise fail one after the other, each after
    /// the whole time of its predecessor.
    var sharesConnections: Bool
    /// Whether it is being found out what the endpoint speaks.
    var trial = Trial.none

    enum Trial: Equatable {
        case none
        /// Connections are not kept: the next request may not need them.
        case running
        /// The version of its first answer.
        case ended(httpVersion: Int)
    }

    init(
        _ configuration: EndpointConfiguration, id: EndpointID, rules: EgressRules, isProxied: Bool,
        commonHeaders: UnsafeMutablePointer<curl_slist>?
    ) throws(EndpointError) {
        try configuration.check()
        target = try Target(configuration.url, configuration, rules, isProxied: isProxied)
        tls = TLSMaterial(configuration.tls)
        self.id = id
        self.configuration = configuration
        sharesConnections = configuration.httpVersion == .http2

        var bytes: [UInt8] = []
        for (name, value) in configuration.constantHeaders { bytes += Array("\(name): \(value)".utf8) + [0] }
        var list = HeaderList(byteCapacity: max(1, bytes.count), nodeCapacity: max(1, configuration.constantHeaders.count))
        bytes.withUnsafeBytes { list.fill($0, tail: commonHeaders) }
        headers = list
    }

    deinit {
        headers.deallocate()
    }

    /// Takes note of an answer. One that refuses the version itself says nothing of what to speak.
    func answered(_ target: Target?, status: Int, httpVersion: Int) {
        if httpVersion == 20 { sharesConnections = true }
        if trial == .running, isTried(by: target), status != 426, status != 505 { trial = .ended(httpVersion: httpVersion) }
    }

    /// Whether a request has to do with what is being found out: one with a URL of its own may go to another host.
    func isTried(by target: Target?) -> Bool { trial != .none && target?.authority == self.target.authority }
}
