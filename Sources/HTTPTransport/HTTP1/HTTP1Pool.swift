import Egress
import Glibc

/// The connections to one host and port with the same idea of TLS, and where that host is.
final class HTTP1Pool {
    struct Key: Hashable {
        /// In lower case; an address as URLs have it.
        var host: String
        var port: UInt16
        /// Of a link-local address.
        var zone: String?
        /// Nil: without TLS.
        var tls: ObjectIdentifier?
    }

    let key: Key
    let host: String
    /// Nil: without TLS.
    let tls: TLSContext?
    let sessions = TLSSessions()
    /// Targets that lead here.
    var users = 0
    /// Open ones, those that are being made included.
    var connections = 0
    /// In the order of their last use: the last one goes first, so that those beyond what is needed are the ones that get old.
    var idle = LinkedList()

    private(set) var addresses: [SocketAddress]
    /// The first to try: it answered last time.
    var preferredAddress = 0
    /// Nanoseconds of the loop's clock; an address as host never changes.
    private var validUntil: Int64
    var isResolving = false

    /// As long as libcurl remembers.
    private static let cacheTime: Int64 = 60_000_000_000

    init(_ key: Key, tls: TLSContext?) {
        self.key = key
        host = key.host
        self.tls = tls
        addresses = SocketAddress.known(host: key.host, port: key.port, zone: key.zone)
        validUntil = addresses.isEmpty ? .min : .max
    }

    func hasAddresses(_ now: Int64) -> Bool { now < validUntil }

    func resolved(_ found: [SocketAddress], _ now: Int64) {
        isResolving = false
        if found != addresses { preferredAddress = 0 }
        addresses = found
        validUntil = found.isEmpty ? .min : now + Self.cacheTime
    }

    /// The `index`th to try, for who began at `first`.
    func address(_ index: Int, from first: Int) -> SocketAddress? {
        index < addresses.count ? addresses[(first + index) % addresses.count] : nil
    }

    /// It answered, so that others begin with it.
    func prefer(_ index: Int, from first: Int) {
        if !addresses.isEmpty { preferredAddress = (first + index) % addresses.count }
    }
}

/// An address with a port, as the kernel takes it.
struct SocketAddress: Equatable, Sendable {
    let ip: IPAddress
    let port: UInt16
    /// The interface, for link-local addresses that came with one.
    var scope: UInt32 = 0

    /// What needs no name service: addresses, and the names of the loopback interface (RFC 6761). Empty: everything else.
    static func known(host: String, port: UInt16, zone: String?) -> [SocketAddress] {
        if let ip = IPAddress(host) {
            return [SocketAddress(ip: ip, port: port, scope: zone.map { UInt32($0) ?? if_nametoindex($0) } ?? 0)]
        }
        guard HostPolicy.isLoopback(name: host) else { return [] }
        return [SocketAddress(ip: IPAddress(v6: 1), port: port), SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: port)]
    }

    var family: Int32 { ip.family == .v4 ? AF_INET : AF_INET6 }

    func withSockaddr<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        switch ip.family {
        case .v4:
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(ip.bits).bigEndian
            return withUnsafeBytes(of: &address) { body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count)) }
        case .v6:
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_scope_id = scope
            withUnsafeMutableBytes(of: &address.sin6_addr) { $0.storeBytes(of: ip.bits.bigEndian, as: UInt128.self) }
            return withUnsafeBytes(of: &address) { body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count)) }
        }
    }
}
