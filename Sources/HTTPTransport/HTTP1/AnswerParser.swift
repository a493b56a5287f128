import Glibc

/// The answer to one request of HTTP/1.1, from the bytes of its connection in whatever portions they come. Pure: knows no socket
/// and no clock, and ends the same way however the bytes were cut.
///
/// An answer that is written in an odd way counts, and its connection is not used again, so that no bytes of it are taken for the next
/// one's: see ``AnswerFraming``. Bounded: the head by ``ResponseHead``, the body by `maximumBody`, what chunks carry beside it by
/// `maximumExtensions`.
package struct AnswerParser {
    package enum Step: Equatable {
        case needsMore
        /// `status`, `head` and `body` hold.
        case complete
        case failed(Problem)
    }

    package enum Problem: Equatable {
        case notHTTP
        case headTooLarge
        case malformedChunks
        case endedEarly
        /// The connection ended before the first byte.
        case nothing
    }

    /// Bytes of chunk sizes and their extensions beyond what a size needs, all chunks together. Nobody knows any extension.
    static let maximumExtensions = 16 << 10

    /// Of the last answer that began; the final one's when it is complete.
    package private(set) var status = 0
    /// 10 or 11; 20 from who writes that in HTTP/1.1's way.
    package private(set) var version = 0
    package private(set) var head = ResponseHead()
    package var body = KeptBody()
    /// Anything came.
    package private(set) var hasBegun = false
    /// Whether another request may follow on the same connection. Holds once it is complete.
    package private(set) var keepsConnection = false

    private let maximumBody: Int
    private var state = State.statusLine
    private var framing = AnswerFraming()
    /// Of the status line.
    private var isPlain = true
    /// Of the body or the chunk.
    private var left = 0
    private var extensions = 0
    /// The beginning of a line whose end has not come. Empty for most answers, which come whole.
    private var partial: [UInt8] = []

    private enum State {
        case statusLine, headers, body, bodyToEnd, chunkSize, chunk, chunkEnd, trailers, complete
        case failed(Problem)
    }

    /// - Parameter maximumBody: after so many bytes of the body the answer counts as complete, and its connection is not used again.
    package init(maximumBody: Int) { self.maximumBody = maximumBody }

    /// Another answer begins.
    package mutating func begin(keeping headers: [String], body limit: Int) {
        status = 0
        version = 0
        head = ResponseHead(keeping: headers)
        body.begin(keeping: limit)
        hasBegun = false
        keepsConnection = false
        state = .statusLine
        framing = AnswerFraming()
        extensions = 0
        if !partial.isEmpty { partial.removeAll() }
    }

    /// Takes the next bytes. Those behind the end of the answer belong to nothing: the connection cannot be used again.
    package mutating func take(_ bytes: UnsafeRawBufferPointer) -> Step {
        guard !bytes.isEmpty else { return step }
        hasBegun = true
        var rest = bytes
        while !rest.isEmpty {
            switch state {
            case .body, .chunk: takeBody(&rest, min(left, rest.count))
            case .bodyToEnd: takeBody(&rest, rest.count)
            case .statusLine, .headers, .chunkSize, .chunkEnd, .trailers: takeLine(&rest)
            case .complete:
                keepsConnection = false
                return .complete
            case .failed(let problem): return .failed(problem)
            }
        }
        return step
    }

    /// The other side closed the connection.
    ///
    /// - Parameter isTruncated: in a way that anybody on the way could have; then it does not end a body.
    package mutating func end(isTruncated: Bool = false) -> Step {
        switch state {
        case .bodyToEnd: state = isTruncated ? .failed(.endedEarly) : .complete
        case .complete, .failed: break
        default: state = .failed(hasBegun ? .endedEarly : .nothing)
        }
        keepsConnection = false
        return step
    }

    private var step: Step {
        switch state {
        case .complete: .complete
        case .failed(let problem): .failed(problem)
        default: .needsMore
        }
    }

    // MARK: Bodies

    private mutating func takeBody(_ rest: inout UnsafeRawBufferPointer, _ count: Int) {
        body.take(rest.baseAddress!, count)
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        if body.received > maximumBody {
            keepsConnection = false
            state = .complete
        } else if case .bodyToEnd = state {
            return
        } else {
            left -= count
            guard left == 0 else { return }
            if case .chunk = state { state = .chunkEnd } else { state = .complete }
        }
    }

    // MARK: Lines

    private mutating func takeLine(_ rest: inout UnsafeRawBufferPointer) {
        guard let end = memchr(rest.baseAddress!, 0x0a, rest.count) else {
            keep(rest)
            rest = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let line = UnsafeRawBufferPointer(start: rest.baseAddress!, count: UnsafeRawPointer(end) - rest.baseAddress! + 1)
        rest = UnsafeRawBufferPointer(rebasing: rest[line.count...])
        if partial.isEmpty {
            take(line: line)
        } else {
            // However long its end is: what takes the line judges its length.
            var whole: [UInt8] = []
            swap(&whole, &partial)
            whole += line
            whole.withUnsafeBytes { take(line: $0) }
        }
    }

    /// Keeps the beginning of a line, if it can become one.
    private mutating func keep(_ bytes: UnsafeRawBufferPointer) {
        partial += bytes
        switch state {
        case .chunkSize:
            if extensions + partial.count - ChunkSize.longest > Self.maximumExtensions { state = .failed(.malformedChunks) }
        case .chunkEnd:
            if partial != [0x0d] { state = .failed(.malformedChunks) }
        default:
            if case .statusLine = state, !partial.withUnsafeBytes(StatusLine.mayBegin) {
                state = .failed(.notHTTP)
            } else if head.byteCount + partial.count > ResponseHead.maximumBytes {
                state = .failed(.headTooLarge)
            }
        }
    }

    private mutating func take(line: UnsafeRawBufferPointer) {
        switch state {
        case .chunkSize: takeChunkSize(line)
        case .chunkEnd: state = Self.isEmpty(line) ? .chunkSize : .failed(.malformedChunks)
        default:
            // In the order in which the beginning of a line is judged.
            if case .statusLine = state, !StatusLine.mayBegin(line) {
                state = .failed(.notHTTP)
                return
            }
            guard head.take(line) else {
                state = .failed(.headTooLarge)
                return
            }
            takeHead(line)
        }
    }

    private mutating func takeHead(_ line: UnsafeRawBufferPointer) {
        switch state {
        case .statusLine:
            guard let parsed = StatusLine(line) else {
                state = .failed(.notHTTP)
                return
            }
            status = parsed.status
            version = parsed.version
            isPlain = parsed.isPlain
            framing = AnswerFraming()
            state = .headers
        case .headers:
            if Self.isEmpty(line) { return endHead() }
            if !framing.take(line) { state = .failed(.notHTTP) }
        default:  // trailers
            if Self.isEmpty(line) {
                state = .complete
            } else if !AnswerFraming.isTrailer(line) {
                state = .failed(.notHTTP)
            }
        }
    }

    private mutating func endHead() {
        guard let length = framing.body(status: status) else {
            state = .failed(.notHTTP)
            return
        }
        keepsConnection = isPlain && framing.keepsConnection(version: version)
        switch length {
        // Nobody asked for another protocol, and what comes next is not an answer.
        case .interim: state = status == 101 ? .failed(.endedEarly) : .statusLine
        case .bytes(0): state = .complete
        case .bytes(let count):
            left = count
            state = .body
        case .chunks: state = .chunkSize
        case .toEnd:
            keepsConnection = false
            state = .bodyToEnd
        }
    }

    private mutating func takeChunkSize(_ line: UnsafeRawBufferPointer) {
        extensions += max(0, line.count - ChunkSize.longest)
        guard extensions <= Self.maximumExtensions, let chunk = ChunkSize(line) else {
            state = .failed(.malformedChunks)
            return
        }
        if !chunk.isPlain { keepsConnection = false }
        left = chunk.size
        state = left == 0 ? .trailers : .chunk
    }

    private static func isEmpty(_ line: UnsafeRawBufferPointer) -> Bool { line.count == 1 || line.count == 2 && line[0] == 0x0d }
}
