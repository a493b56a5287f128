import Glibc

/// The beginning of an answer's body: as much of it as its endpoint wants to see, for as long as it is looked at.
///
/// A plain value that owns memory: whoever holds it calls ``forget()``.
package struct KeptBody {
    /// Bytes that came, kept or not.
    package private(set) var received = 0
    /// Of which so many are kept at most.
    var limit = 0
    private var memory: UnsafeMutableRawPointer?
    private var capacity = 0

    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: min(received, limit)) }

    /// Another answer begins.
    mutating func begin(keeping limit: Int) {
        received = 0
        self.limit = limit
    }

    mutating func take(_ bytes: UnsafeRawPointer, _ count: Int) {
        let kept = min(count, limit - received)
        if kept > 0 {
            if received + kept > capacity {
                capacity = min(limit, max(received + kept, 2 * capacity))
                memory = realloc(memory, capacity)
            }
            memcpy(memory! + received, bytes, kept)
        }
        received += count
    }

    /// There are as many places as there ever were requests at once, and few answers have a body that is kept.
    package mutating func forget() {
        guard memory != nil else { return }
        free(memory)
        memory = nil
        capacity = 0
    }
}
