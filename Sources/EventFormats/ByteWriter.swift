import Glibc

/// A growing buffer of bytes that is filled again and again: it belongs to a slot that outlives many requests.
///
/// It owns its memory and frees it in the end. `bytes` and everything derived from it is valid until the next call that
/// appends or removes. Not thread-safe.
public final class ByteWriter {
    @usableFromInline var base: UnsafeMutableRawPointer
    @usableFromInline var limit: Int
    @usableFromInline var end = 0

    @inlinable public var count: Int { end }
    /// Bytes that fit before the memory moves.
    public var capacity: Int { limit }

    /// - Parameter capacity: in bytes, to begin with.
    public init(capacity: Int = 256) {
        limit = max(capacity, 16)
        base = ByteWriter.allocate(limit, replacing: nil)
    }

    deinit { free(base) }

    @inlinable public var isEmpty: Bool { count == 0 }

    /// What has been written. The address is never nil.
    @inlinable public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// What has been written from `position` on.
    @inlinable public func bytes(from position: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[position...])
    }

    func mutableBytes(from position: Int) -> UnsafeMutableRawBufferPointer {
        precondition(position >= 0 && position <= count, "a position outside of what was written")
        return UnsafeMutableRawBufferPointer(start: base + position, count: count - position)
    }

    /// Forgets the content, keeps the memory.
    public func removeAll(keepingCapacity: Bool = true) {
        removeAll(keepingAtMost: keepingCapacity ? .max : 0)
    }

    /// Forgets the content; memory beyond `kept` bytes is given back, so that one huge event does not stay in its slot.
    public func removeAll(keepingAtMost kept: Int) {
        end = 0
        let size = max(kept, 16)
        guard limit > size else { return }
        base = ByteWriter.allocate(size, replacing: base)
        limit = size
    }

    /// Forgets what was written from `position` on.
    @inlinable public func truncate(to position: Int) {
        precondition(position >= 0 && position <= count, "truncate(to:) cannot make a ByteWriter longer")
        end = position
    }

    /// Makes room: the next `more` bytes do not move the memory.
    @inlinable public func reserve(_ more: Int) {
        if limit - end < more { grow(more) }
    }

    @inlinable public func append(_ byte: UInt8) {
        reserve(1)
        base.storeBytes(of: byte, toByteOffset: end, as: UInt8.self)
        end += 1
    }

    /// `bytes` must not be the writer's own.
    @inlinable public func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count)
        (base + end).copyMemory(from: source, byteCount: bytes.count)
        end += bytes.count
    }

    @inlinable public func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// The text as UTF-8.
    public func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Up to `room` bytes that `body` writes in place; it returns how many.
    public func append(upTo room: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        reserve(room)
        let written = body(UnsafeMutableRawBufferPointer(start: base + end, count: room))
        precondition(written >= 0 && written <= room, "more bytes written than asked for")
        end += written
    }

    /// In decimal digits.
    public func append(decimal value: Int64) {
        reserve(20)
        if value < 0 { append(UInt8(ascii: "-")) }
        var rest = value.magnitude
        let digits = ByteWriter.decimalDigits(rest)
        var position = end + digits
        repeat {
            position -= 1
            base.storeBytes(of: UInt8(ascii: "0") + UInt8(rest % 10), toByteOffset: position, as: UInt8.self)
            rest /= 10
        } while rest > 0
        end += digits
    }

    /// In decimal digits, with zeros in front up to `width`.
    func append(_ value: Int, width: Int) {
        for _ in 0..<max(0, width - ByteWriter.decimalDigits(value.magnitude)) { append(UInt8(ascii: "0")) }
        append(decimal: Int64(value))
    }

    private static func decimalDigits(_ value: some UnsignedInteger) -> Int {
        var digits = 1
        var rest = value / 10
        while rest > 0 {
            digits += 1
            rest /= 10
        }
        return digits
    }

    @inline(never)
    @usableFromInline func grow(_ more: Int) {
        limit = max(limit * 2, end + more)
        base = ByteWriter.allocate(limit, replacing: base)
    }

    private static func allocate(_ size: Int, replacing old: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer {
        guard let memory = realloc(old, size) else { fatalError("out of memory for a buffer of \(size) bytes") }
        return memory
    }
}
