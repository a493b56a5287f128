/// What a job does.
public enum JobVerb: String, Sendable, CaseIterable { case redrive, replay }
