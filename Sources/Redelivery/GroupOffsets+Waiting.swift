internal import KafkaClient

extension GroupOffsets {
    /// Waits for the answer to a request, which is repeated while it fails. For commands.
    func answer(attempts: Int, _ request: () -> Void) throws(KafkaError) -> [Entry] {
        var failure = KafkaError(code: ._TIMED_OUT)
        for _ in 0..<attempts {
            request()
            var completion: Completion?
            while completion == nil { wait(milliseconds: 1000) { completion = $0 } }
            if let error = completion!.error ?? completion!.partitions.lazy.compactMap(\.error).first {
                failure = error
            } else {
                return completion!.partitions
            }
        }
        throw failure
    }
}
