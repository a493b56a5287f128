import Glibc

/// A TCP socket bound to a loopback port of the kernel's choice.
func boundSocket() -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutableBytes(of: &address) { bytes in
        let address = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
        precondition(bind(descriptor, address, length) == 0, "cannot bind: errno \(errno)")
        getsockname(descriptor, address, &length)
    }
    return (descriptor, UInt16(bigEndian: address.sin_port))
}

/// Nil: nothing listens there.
func connectedSocket(_ port: UInt16) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = loopback(port: port)
    let isConnected = withUnsafeBytes(of: &address) {
        connect(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count)) == 0
    }
    if !isConnected { close(descriptor) }
    return isConnected ? descriptor : nil
}

private func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = port.bigEndian
    return address
}

/// A port that is taken but not listened on: connecting to it is refused, and no other test gets it meanwhile.
final class SilentPort {
    let port: UInt16
    private let descriptor: Int32

    init() { (descriptor, port) = boundSocket() }

    deinit { close(descriptor) }
}

/// A port whose queue of connections is full, so that the kernel drops further handshakes: connecting to it hangs.
final class FullPort {
    let port: UInt16
    private var descriptors: [Int32] = []

    init() {
        let (listener, port) = boundSocket()
        self.port = port
        descriptors.append(listener)
        precondition(listen(listener, 0) == 0)
        var address = loopback(port: port)
        for _ in 0..<4 {
            let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            withUnsafeBytes(of: &address) {
                _ = connect(client, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
            }
            descriptors.append(client)
        }
    }

    deinit { for descriptor in descriptors { close(descriptor) } }
}
