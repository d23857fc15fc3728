/// The name by which sentences call the command line that the reader uses.
public enum CommandName {
    /// `plumb`, or the name of another package's executable while its command runs.
    @TaskLocal public static var current = "plumb"
}
