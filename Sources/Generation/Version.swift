/// The version that every command prints and every checkpoint records.
public let catganVersion = "0.2.0-dev"
