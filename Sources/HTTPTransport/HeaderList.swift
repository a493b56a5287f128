import CCurl
import Glibc

/// A list of headers as libcurl wants it (`curl_slist`), in memory that is filled again for every request.
///
/// `CURLOPT_HTTPHEADER` wants a linked list of strings, and says
/// > libcurl does not copy the list; you must keep it around until you no longer use this handle for a transfer
///
/// libcurl reads `data` and `next` of each node while it writes the request, and neither changes nor frees them. So the
/// nodes may lie in an array and their strings in one buffer, both of ours, and the last node may lead on into a list
/// that belongs to somebody else: a slot's own headers, then the endpoint's constant ones, then the transport's. That is
/// sound while (1) the tail outlives the transfer: an endpoint lives until its last request has ended, the transport longer;
/// (2) a list is filled only between transfers; (3) no such list is ever given to `curl_slist_free_all`.
struct HeaderList {
    private var bytes: UnsafeMutablePointer<CChar>
    private var byteCapacity: Int
    private var nodes: UnsafeMutablePointer<curl_slist>
    private var nodeCapacity: Int
    /// What to hand to libcurl; moves when a request needs more room than any before.
    private(set) var head: UnsafeMutablePointer<curl_slist>?

    init(byteCapacity: Int = 1024, nodeCapacity: Int = 16) {
        self.byteCapacity = byteCapacity
        self.nodeCapacity = nodeCapacity
        bytes = .allocate(capacity: byteCapacity)
        nodes = .allocate(capacity: nodeCapacity)
    }

    func deallocate() {
        bytes.deallocate()
        nodes.deallocate()
    }

    /// Copies headers (`Name: value` and a NUL each) and links them before `tail`.
    ///
    /// Line breaks become spaces: they would end the header and let a value smuggle in others. A header with an empty
    /// value is written as `Name;`, which is how libcurl is told to send it; with a colon it would leave the header out.
    mutating func fill(_ headers: UnsafeRawBufferPointer, tail: UnsafeMutablePointer<curl_slist>?) {
        guard let source = headers.baseAddress, headers.count > 0 else {
            head = tail
            return
        }
        precondition(headers[headers.count - 1] == 0, "The headers of a request end with a NUL.")
        if headers.count > byteCapacity {
            bytes.deallocate()
            byteCapacity = headers.count * 2
            bytes = .allocate(capacity: byteCapacity)
        }
        memcpy(bytes, source, headers.count)
        blank(0x0a, headers.count)
        blank(0x0d, headers.count)

        var count = 0
        var position = bytes
        let end = bytes + headers.count
        while position < end {
            let length = strlen(position)
            guard let colon = memchr(position, 0x3a, length)?.assumingMemoryBound(to: CChar.self) else {
                preconditionFailure("A header is written 'Name: value'.")
            }
            if strspn(colon + 1, " \t") == length - (colon + 1 - position) {
                colon[0] = 0x3b
                colon[1] = 0
            }
            if count == nodeCapacity { growNodes() }
            nodes[count].data = position
            count += 1
            position += length + 1
        }
        for index in 0..<count - 1 { nodes[index].next = nodes + index + 1 }
        nodes[count - 1].next = tail
        head = nodes
    }

    private func blank(_ character: Int32, _ count: Int) {
        var rest = UnsafeMutableRawPointer(bytes)
        let end = rest + count
        while let found = memchr(rest, character, end - rest) {
            found.storeBytes(of: 0x20, as: UInt8.self)
            rest = found + 1
        }
    }

    private mutating func growNodes() {
        let larger = UnsafeMutablePointer<curl_slist>.allocate(capacity: nodeCapacity * 2)
        memcpy(larger, nodes, nodeCapacity * MemoryLayout<curl_slist>.stride)
        nodes.deallocate()
        nodes = larger
        nodeCapacity *= 2
    }
}
