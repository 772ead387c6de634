"""The async shell around the kernel: mailboxes, durable commits, timers, delivery."""
