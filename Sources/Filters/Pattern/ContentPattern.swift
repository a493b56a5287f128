/// A pattern, understood: alternatives, of which one must hold, each a list of fields, all of which must match.
struct ContentPattern {
    struct Field {
        /// Names of members joined by dots. A name with dots is the same as objects inside each other, as in event-ruler.
        var path: String
        /// One must match.
        var matchers: [ValueMatcher]
        /// As the manifest says them, for people.
        var shown: [String]
    }

    /// The fields of each in the order of their paths: it decides where `exists: false` looks (see `PatternMatch`).
    var alternatives: [[Field]]
}
