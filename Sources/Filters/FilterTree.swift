/// What a filter asks, whatever its kind: conditions, and how they belong together. The program that runs it and the index
/// that finds it are both made of this.
indirect enum FilterTree {
    case condition(FilterCondition)
    /// In the order in which they are tried; none at all: true.
    case all([FilterTree])
    /// None at all: false.
    case any([FilterTree])
    case not(FilterTree)
}

/// A question about one event. Filters that ask the same have equal conditions, which are answered once per event.
enum FilterCondition: Hashable {
    typealias Text = ContiguousArray<UInt8>

    enum Comparison: UInt8 { case exact, prefix, suffix }

    /// The attribute, as it is written.
    case attribute(FieldTree.Field, Comparison, Text)
    case field(FieldCondition)
    /// Values that meet all of these, and that no array has in different elements.
    case together([FieldCondition])
    case sql(String)
}

/// Some value of a field is as one of the matchers says.
struct FieldCondition: Hashable {
    var field: FieldTree.Field
    var matchers: ContiguousArray<ValueMatcher>
    /// One of the matchers is `exists: false`.
    var allowsAbsence: Bool
}
