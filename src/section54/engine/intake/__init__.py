"""Is this file what it says, and safe to open? Answered in a child process, under limits."""
