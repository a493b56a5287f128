import CCurl
import Glibc

/// One request at a time, waited for on the caller's thread: for what is asked rarely. Not for a shard's thread.
///
/// Redirects are not followed, and no proxy is used. Egress rules are about endpoints; here operators say where it goes.
public struct BlockingRequest: Sendable {
    public struct Response: Sendable {
        public var status: Int
        public var body: [UInt8]
    }

    /// No answer; says nothing of what was sent.
    public struct Failure: Error, CustomStringConvertible {
        public var description: String
    }

    /// `Name: value`.
    public var headers: [String] = []
    /// Instead of GET, and of POST where there is a body.
    public var method: String? = nil
    /// Instead of the system's authorities.
    public var caFile: String? = nil
    public var timeoutMilliseconds = 5000
    public var maximumBody = 1 << 20

    public init() {}

    /// - Parameter body: sent with POST; a GET without one. Its `Content-Type` is the caller's, among the headers.
    public func response(of url: String, body: [UInt8]? = nil) throws(Failure) -> Response {
        LibCurl.initialize()
        guard let easy = curl_easy_init() else { throw Failure(description: "out of memory") }
        defer { curl_easy_cleanup(easy) }
        let list = headers.reduce(nil) { (list: UnsafeMutablePointer<curl_slist>?, header) in curl_slist_append(list, header) }
        defer { curl_slist_free_all(list) }
        fanfare_easy_set_string(easy, CURLOPT_URL, url)
        fanfare_easy_set_pointer(easy, CURLOPT_HTTPHEADER, list)
        fanfare_easy_set_long(easy, CURLOPT_TIMEOUT_MS, timeoutMilliseconds)
        fanfare_easy_set_long(easy, CURLOPT_NOSIGNAL, 1)
        fanfare_easy_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        fanfare_easy_set_string(easy, CURLOPT_PROXY, "")
        if let caFile {
            fanfare_easy_set_string(easy, CURLOPT_CAINFO, caFile)
            fanfare_easy_set_string(easy, CURLOPT_CAPATH, nil)
        }
        if let body {
            fanfare_easy_set_long(easy, CURLOPT_POSTFIELDSIZE, body.count)
            // Copied, and so the size comes first.
            body.withUnsafeBytes { _ = fanfare_easy_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, $0.baseAddress) }
        }
        if let method { fanfare_easy_set_string(easy, CURLOPT_CUSTOMREQUEST, method) }
        var sink = Sink(limit: maximumBody)
        let code = withUnsafeMutablePointer(to: &sink) { sink in
            fanfare_easy_set_pointer(easy, CURLOPT_WRITEDATA, sink)
            fanfare_easy_set_writer(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, sink in
                sink!.assumingMemoryBound(to: Sink.self).pointee.take(UnsafeRawBufferPointer(start: bytes, count: size * count))
            }
            return curl_easy_perform(easy)
        }
        if sink.isFull { throw Failure(description: "the answer has more than \(maximumBody) bytes") }
        guard code == CURLE_OK else { throw Failure(description: String(cString: curl_easy_strerror(code))) }
        return Response(status: LibCurl.number(easy, CURLINFO_RESPONSE_CODE), body: sink.bytes)
    }

    private struct Sink {
        let limit: Int
        var bytes: [UInt8] = []
        var isFull = false

        /// How many were taken; fewer than given end the request.
        mutating func take(_ more: UnsafeRawBufferPointer) -> Int {
            isFull = bytes.count + more.count > limit
            if isFull { return 0 }
            bytes.append(contentsOf: more)
            return more.count
        }
    }
}
