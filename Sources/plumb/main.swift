internal import PlumbCommand

// The command with the experiments that come with Plumbline; another package adds its own in the same line.
Plumb.main()
