/// Sends requests (POST, where an endpoint's configuration says nothing else) and reports how each ended. Knows URLs and bytes, no
/// events and no subscriptions.
///
/// Everything belongs to the thread of the `EventLoop` that the transport was made with, which also drives it: nothing
/// happens outside of `EventLoop.run`, and completions are delivered from within it.
///
/// Every `send` is completed exactly once, whatever happens: an answer, a failure, the timeout or a cancellation.
public protocol HTTPTransport: AnyObject {
    /// Receives the completions. Not retained: it must outlive the requests in flight.
    var delegate: (any HTTPTransportDelegate)? { get set }

    /// Checks the configuration (URL, headers, egress rules, files) and prepares what its requests share. Opens no
    /// connection. The error says what to write instead.
    func open(_ configuration: EndpointConfiguration) throws(EndpointError) -> EndpointID

    /// Nothing more is sent to this endpoint; its requests in flight finish. Idle connections close when they are next
    /// looked at.
    func close(_ endpoint: EndpointID)

    /// Starts a request.
    ///
    /// - Parameters:
    ///   - token: the caller's name for the request, unique among those in flight.
    ///   - headers: the headers of this request alone, each `Name: value` and a NUL, back to back. Copied. They precede
    ///     the endpoint's constant headers. Line breaks in values become spaces, as RFC 9110, section 5.5, allows.
    ///   - body: must stay valid and unchanged until the completion of `token` has been delivered; it is not copied.
    func send(endpoint: EndpointID, token: Int, headers: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer)

    /// The same to a URL of its own, with all else as the endpoint has it. The URL is judged as that of an endpoint is.
    ///
    /// - Throws: why nothing can be sent there; then there is no completion.
    func send(
        endpoint: EndpointID, to url: UnsafeRawBufferPointer, token: Int, headers: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer
    ) throws(EndpointError)

    /// Aborts a request. Its completion (`cancelled`) is not delivered from within this call but by the next
    /// `EventLoop.run`, so that it may be called from anywhere, also from a completion. A request of HTTP/1.1 takes its
    /// connection with it. Without effect when the token is not in flight.
    func cancel(_ token: Int)
}

public protocol HTTPTransportDelegate: AnyObject {
    /// A request ended. The result is valid during the call only. From within it requests may be sent, and endpoints opened and closed.
    func requestCompleted(_ token: Int, _ result: borrowing HTTPResult)
}
