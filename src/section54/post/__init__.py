"""What must reach people, and what runs in the background or by the clock."""
