public import Glibc
import Synchronization

/// The sockets that this process listens on: no rule lets a delivery go there. A manifest that names the ops API as its
/// endpoint would otherwise be obeyed by it.
public final class OwnListeners: Sendable {
    private struct Listener {
        /// Nil: every address of this machine.
        var address: IPAddress?
        var port: UInt16
    }

    private let listeners = Mutex<[Listener]>([])

    public init() {}

    /// - Parameter host: as the listener was told; names and unspecified addresses stand for every address of this machine.
    public func add(host: String, port: UInt16) {
        let address = IPAddress(host.hasPrefix("[") ? host.dropFirst().dropLast() : host[...])
        let isSpecific = address.map { $0.bits != 0 } ?? false
        listeners.withLock { $0.append(Listener(address: isSpecific ? address : nil, port: port)) }
    }

    /// Whether a connection to this address would be answered here.
    public func contains(_ address: IPAddress, port: UInt16) -> Bool {
        // Almost always decided by the port.
        let candidates = listeners.withLock { $0.filter { $0.port == port } }
        guard !candidates.isEmpty else { return false }
        let target = address.wrappedIPv4 ?? address
        // The kernel connects to loopback instead.
        let isUnspecified = target.bits == 0
        return candidates.contains { listener in
            guard let own = listener.address, !isUnspecified else { return isUnspecified || Self.isOfThisMachine(target) }
            return (own.wrappedIPv4 ?? own) == target
        }
    }

    private static func isOfThisMachine(_ address: IPAddress) -> Bool {
        if SpecialUse(address) == .loopback { return true }
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return false }
        defer { freeifaddrs(list) }
        var entry = list
        while let current = entry {
            defer { entry = current.pointee.ifa_next }
            guard let found = current.pointee.ifa_addr else { continue }
            let length = Int32(found.pointee.sa_family) == AF_INET6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
            if IPAddress(found, length: socklen_t(length)) == address { return true }
        }
        return false
    }
}

extension OwnListeners {
    public func contains(_ address: UnsafePointer<sockaddr>, length: socklen_t) -> Bool {
        guard let ip = IPAddress(address, length: length) else { return false }
        // The port is in the same place for both families.
        let port = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self).sin_port
        return contains(ip, port: UInt16(bigEndian: port))
    }
}
