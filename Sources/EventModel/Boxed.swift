/// A value behind a reference, for parts of a large value that are large themselves and mostly left as they are: each copy of the whole then
/// holds eight bytes of it, and copies share it until one of them is written.
@propertyWrapper
public struct Boxed<Value: Sendable & Equatable>: Sendable, Equatable {
    @usableFromInline
    final class Box: Sendable {
        @usableFromInline let value: Value
        @inlinable init(_ value: Value) { self.value = value }
    }

    @usableFromInline var box: Box

    @inlinable public init(wrappedValue: Value) { box = Box(wrappedValue) }

    @inlinable public var wrappedValue: Value {
        get { box.value }
        set { box = Box(newValue) }
    }

    @inlinable public static func == (one: Self, other: Self) -> Bool { one.box === other.box || one.box.value == other.box.value }
}

/// What is in a box of any kind, for what looks at properties by reflection: there it is one of that name, with an underscore before it.
package protocol AnyBoxed {
    var content: Any { get }
}

extension Boxed: AnyBoxed {
    package var content: Any { wrappedValue }
}
