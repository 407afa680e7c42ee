/// The version that every command prints and every checkpoint records.
public let catganVersion = "0.1.0"
