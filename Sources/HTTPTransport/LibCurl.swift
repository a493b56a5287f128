import CCurl
import Glibc

/// Small questions to libcurl.
enum LibCurl {
    static func initialize() { _ = once }

    /// libcurl wants to be initialized once per process. Writing to a connection that the peer closed raises SIGPIPE, which
    /// libcurl (told not to touch signals) leaves to us: ignored, as every server does.
    private static let once: Void = {
        guard curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK else { fatalError("curl_global_init failed.") }
        signal(SIGPIPE, SIG_IGN)
    }()

    static func number(_ easy: UnsafeMutableRawPointer, _ info: CURLINFO) -> Int {
        var value = 0
        fanfare_easy_get_long(easy, info, &value)
        return value
    }

    static func microseconds(_ easy: UnsafeMutableRawPointer, _ info: CURLINFO) -> Int {
        var value: curl_off_t = 0
        fanfare_easy_get_offset(easy, info, &value)
        return value
    }

    static func text(_ easy: UnsafeMutableRawPointer, _ info: CURLINFO) -> String? {
        var value: UnsafeMutableRawPointer?
        fanfare_easy_get_pointer(easy, info, &value)
        return value.map { String(cString: $0.assumingMemoryBound(to: CChar.self)) }
    }

    /// Its own words for a failure, in one line of printable characters and bounded: parts of them may come from the endpoint.
    ///
    /// - Parameter errorText: what it wrote into the handle's error buffer.
    static func words(_ code: CURLcode, _ errorText: UnsafePointer<CChar>) -> String {
        let own = String(cString: errorText)
        // Before it opens a connection, libcurl looks after all idle ones, and says of theirs what went wrong there in these words.
        let isOfAnother = own.hasPrefix("h2_process_pending_input")
        let text = own.isEmpty || isOfAnother ? String(cString: curl_easy_strerror(code)) : own
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(200).map { $0.properties.generalCategory == .control ? " " : $0 }))
    }

    /// The address that a socket is opened for. Not `target.pointee.addr`, which would copy the 16 bytes of the declared type: the
    /// memory behind it is longer.
    static func address(of target: UnsafePointer<curl_sockaddr>) -> UnsafePointer<sockaddr> {
        UnsafeRawPointer(target).advanced(by: MemoryLayout.offset(of: \curl_sockaddr.addr)!).assumingMemoryBound(to: sockaddr.self)
    }

    /// Nil: not one of ours.
    static func slot(of easy: UnsafeMutableRawPointer) -> Slot.Pointer? {
        var value: UnsafeMutableRawPointer?
        fanfare_easy_get_pointer(easy, CURLINFO_PRIVATE, &value)
        return value?.assumingMemoryBound(to: Slot.self)
    }

    /// 10, 11 or 20.
    static func httpVersion(_ easy: UnsafeMutableRawPointer) -> Int {
        switch number(easy, CURLINFO_HTTP_VERSION) {
        case CURL_HTTP_VERSION_1_0: 10
        case CURL_HTTP_VERSION_1_1: 11
        case CURL_HTTP_VERSION_2_0: 20
        default: 0
        }
    }

    /// A part of a parsed URL; nil where there is none.
    static func part(_ part: CURLUPart, of handle: OpaquePointer, _ flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
